"""A hospital's clock: local times as instants, with the hours that it skips and repeats.

Columns of times are read by `hospital.contracts.time_columns`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hospital.contracts.repeated_hours import RowOrder
from hospital.times import YEARS, Repeated, Skipped, TimeError, localize, start_of_day

__all__ = ["Clock", "Mask", "in_zone", "no_dates", "spread", "within_years"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Clock:
    """How the written times of a table are read.

    Attributes:
        zone: of naive times; None: they are refused.
        repeated: which of the two hours in autumn.
        skipped: what becomes of spring's.
        forms: `strptime` forms by column; the other columns are ISO 8601.
        order: of the rows, by the column whose times they are in the order of.
    """

    zone: ZoneInfo | None = None
    repeated: Repeated = "refuse"
    forms: dict[str, str] = field(default_factory=dict)
    skipped: Skipped = "refuse"
    order: tuple[str, RowOrder] | None = None

    def of(self, column: str) -> "Clock":
        """The clock of one column: without an order that is another's."""
        return self if self.order is None or self.order[0] == column else replace(self, order=None)


def spread(rows: Mask, among: Mask) -> Mask:
    """A mask of the true ones of `among` as one of all (bool [n])."""
    out = np.zeros(len(among), bool)
    out[among] = rows
    return out


def no_dates() -> None:
    """Of times that hold an hour, whatever it is."""


def in_zone(
    naive: pd.Series, clock: Clock, dates: Callable[[], Mask | None], rows: NDArray[np.int64] | None = None
) -> tuple[pd.Series, dict[str, Mask]]:
    """Local times as instants.

    Args:
        dates: which of them (bool [n]) were written without an hour.
        rows: of the column (int64 [n]); None: all.
    """
    given = naive.notna().to_numpy(bool)
    nothing = pd.Series(pd.NaT, index=naive.index).dt.tz_localize("UTC").dt.as_unit("us")
    if clock.zone is None:
        return nothing, {"naive_time": given} if given.any() else {}
    naive, faults = within_years(naive, {})
    given = naive.notna().to_numpy(bool)
    first, second = (
        naive.dt.tz_localize(clock.zone, ambiguous=np.full(len(naive), summer), nonexistent="NaT")
        .dt.tz_convert("UTC")
        .dt.as_unit("us")
        for summer in (True, False)
    )
    skipped = given & first.isna().to_numpy(bool)
    repeated = given & ~skipped & (first != second).to_numpy(bool)
    if not (skipped.any() or repeated.any()):
        return first, faults
    days = _days(naive, dates())
    times, unread = _skipped(first, naive, clock.zone, clock.skipped, skipped, days)
    if unread.any():
        faults["nonexistent_local_time"] = unread
    shifted = skipped & ~unread & ~days
    if clock.order is not None and shifted.any():
        place = np.arange(len(naive)) if rows is None else rows
        instants = times.dt.tz_convert(None).to_numpy("datetime64[us]").view(np.int64)
        met = spread(clock.order[1].met(place, instants, shifted), shifted)
        if met.any():
            faults["hour_after_skipped"], times = met, times.mask(met)
    hours = repeated & ~days
    later, unclear = _second(naive, clock, hours, rows)
    times = times.mask(later, second)
    for code, wrong in unclear.items():
        faults[code] = wrong
        times = times.mask(wrong)
    return times, faults


def _days(naive: pd.Series, dates: Mask | None) -> Mask:
    """Which local times mean a day: those written without an hour, or all where nothing but midnights is there."""
    known = naive.dropna()
    if (known == known.dt.normalize()).all():
        return np.ones(len(naive), bool)
    return np.zeros(len(naive), bool) if dates is None else dates


def _skipped(
    times: pd.Series, naive: pd.Series, zone: ZoneInfo, rule: Skipped, skipped: Mask, days: Mask
) -> tuple[pd.Series, Mask]:
    """The times with those of skipped ones that mean something, and which (bool [n]) mean nothing."""
    unread = skipped.copy()
    meant: dict[tuple[pd.Timestamp, bool], datetime | None] = {}
    for row in np.flatnonzero(skipped).tolist():
        key = (naive.iloc[row], bool(days[row]))
        if key not in meant:
            meant[key] = _meant(key[0].to_pydatetime(), key[1], zone, rule)
        when = meant[key]
        if when is not None:
            unread[row] = False
            times.iloc[row] = pd.Timestamp(when)
    return times, unread


def _meant(naive: datetime, is_day: bool, zone: ZoneInfo, skipped: Skipped) -> datetime | None:
    try:
        return start_of_day(naive.date(), zone) if is_day else localize(naive, zone, "refuse", skipped)
    except TimeError:
        return None


def _second(
    naive: pd.Series, clock: Clock, hours: Mask, rows: NDArray[np.int64] | None
) -> tuple[Mask, dict[str, Mask]]:
    """Which repeated times (bool [n]) are the second of two, and which are faulty, by code."""
    none = np.zeros(len(naive), bool)
    if not hours.any():
        return none, {}
    if clock.order is not None:
        order = clock.order[1]
        local = naive.to_numpy("datetime64[us]").view(np.int64)
        place = np.arange(len(naive)) if rows is None else rows
        again = spread(order.number(place, local, hours) > 0, hours)
        if clock.repeated == "in_order":
            apart = spread(order.out_of_order(place, local, hours), hours)
            later = again ^ spread(order.newest_first(place, local, hours), hours)
            return later & ~apart, {"hours_apart": apart} if apart.any() else {}
        if clock.repeated != "refuse" and again.any():
            return none, {"both_hours": again}
    if clock.repeated in ("first", "second"):
        return hours if clock.repeated == "second" else none, {}
    return none, {"repeated_local_time": hours}


def within_years(times: pd.Series, faults: dict[str, Mask]) -> tuple[pd.Series, dict[str, Mask]]:
    """The times without those outside `YEARS`, and the faults with them."""
    year = times.dt.year
    wrong = (times.notna() & ~year.between(*YEARS)).to_numpy(bool)
    return (times.mask(wrong), {**faults, "year_of_never": wrong}) if wrong.any() else (times, faults)
