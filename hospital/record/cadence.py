"""Whether a census is hourly or daily; another one holds neither hours nor days."""

import math
from typing import Literal

import pandas as pd

from hospital.errors import HistoryError

__all__ = ["Cadence", "cadence_of", "usual_hours"]

Cadence = Literal["hourly", "daily", "other"]


def cadence_of(census: pd.DataFrame, *, any_step: bool = False) -> Cadence:
    """By the usual gap between two times of a unit.

    Args:
        any_step: whether one with a row every few hours is "other", to be looked at, and not refused.

    Raises:
        HistoryError: the census has no history, or a row a week, a month or at another pace.
    """
    usual = usual_hours(census)
    if math.isnan(usual):
        raise HistoryError("faults.histories.one_row")
    if usual <= 1.5:
        return "hourly"
    if 20 <= usual <= 28:
        return "daily"
    if any_step and usual < 20:
        return "other"
    if 27 <= usual / 24 <= 32:
        raise HistoryError("faults.histories.monthly")
    raise HistoryError("faults.histories.step", n=round(usual))


def usual_hours(census: pd.DataFrame) -> float:
    """The median of the hours between two times of a unit; NaN where no unit has two."""
    times = census[["unit", "at"]].drop_duplicates().sort_values(["unit", "at"])
    gaps = times.groupby("unit")["at"].diff().dropna()
    return float(gaps.dt.total_seconds().median()) / 3600
