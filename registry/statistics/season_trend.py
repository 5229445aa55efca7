"""Season and trend of a daily series, fitted on its earlier days: what drift is measured against.

Week days, public holidays, and a yearly wave where more than thirteen months were seen. No trend: carried on
over the test set, it alarms falsely more often than it helps.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.calendar import is_holiday

__all__ = ["SeasonFit", "fit_season"]

_YEAR = 365.25
_FRANCE = ZoneInfo("Europe/Paris")
_YEARLY_FROM_DAYS = 395


@dataclass(frozen=True)
class SeasonFit:
    """Residuals of both parts; `level` and `spread` of the earlier days' values; whether a year of them was seen."""

    level: float
    spread: float
    earlier: Array
    judged: Array
    year_known: bool = False


def fit_season(days: Array, values: Array, test_start: int, zone: ZoneInfo = _FRANCE) -> SeasonFit:
    """Fits on the days before `judged_from` (local days since 1970-01-01); days without a value are left out.

    Args:
        days: int64 [d], increasing. values: float64 [d]. zone: whose public holidays count.
    """
    known = np.isfinite(values)
    days, values = days[known], values[known]
    past = days < test_start
    if past.sum() < 14 or not (~past).any():
        nothing = np.empty(0)
        return SeasonFit(float("nan"), float("nan"), nothing, nothing)
    yearly = bool(days[past].max() - days[past].min() >= _YEARLY_FROM_DAYS)
    X = _design(days, zone, yearly=yearly)
    ridge = 1e-6 * np.eye(X.shape[1])
    fitted = X @ np.linalg.solve(X[past].T @ X[past] + ridge, X[past].T @ values[past])
    residual = values - fitted
    return SeasonFit(
        float(values[past].mean()), float(values[past].std()), residual[past], residual[~past], yearly
    )


def _design(days: Array, zone: ZoneInfo, *, yearly: bool) -> Array:
    columns = [(days % 7 == d).astype(np.float64) for d in range(7)]
    columns.append(is_holiday(days, zone).astype(np.float64))
    if yearly:
        angle = 2 * np.pi * days / _YEAR
        columns += [np.cos(angle), np.sin(angle)]
    return np.column_stack(columns)
