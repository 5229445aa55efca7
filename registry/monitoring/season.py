"""What a day's figure usually is: week days, public holidays and a yearly wave, fitted on the reference alone.

A short reference knows less: under two months only the level, under thirteen months no yearly wave. Nothing is
adapted afterwards: a figure that learned from the days it judges would learn the shift too.
"""

from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.calendar import is_holiday

__all__ = ["epidemic_days", "usual"]

_YEAR = 365.25
_FRANCE = ZoneInfo("Europe/Paris")
_WEEK_FROM_DAYS = 56
_YEARLY_FROM_DAYS = 395
_HOLIDAYS_SEEN = 4
_RIDGE = 1e-6


def usual(days: Array, values: Array, released_day: int, epidemic: Array, zone: ZoneInfo = _FRANCE) -> Array:
    """What is expected of each day by those before `released_day`: float64 like `values`, NaN without a reference.

    Args:
        days: int64 [d], increasing local days since 1970-01-01. values: float64 [d] or [d, k], NaN where unknown.
        epidemic: bool [d], days of the months in which epidemics come.
        zone: whose public holidays count.
    """
    table = values.reshape(days.size, -1)
    out = np.full(table.shape, np.nan)
    past = days < released_day
    known = np.isfinite(table) & past[:, None]
    whole = known[past].all(axis=0)
    together = [np.flatnonzero(whole)] if whole.any() else []
    for columns in [*together, *(np.array([i]) for i in np.flatnonzero(~whole))]:
        seen = known[:, int(columns[0])]
        if not seen.any():
            continue
        X = _design(days, days[seen], epidemic, zone)
        square = X[seen].T @ X[seen] + _RIDGE * np.eye(X.shape[1])
        out[:, columns] = X @ np.linalg.solve(square, X[seen].T @ table[np.ix_(seen, columns)])
    return out.reshape(values.shape)


def _design(days: Array, seen: Array, epidemic: Array, zone: ZoneInfo) -> Array:
    span = int(seen.max() - seen.min()) + 1
    if span < _WEEK_FROM_DAYS or np.unique(seen % 7).size < 7:
        return np.ones((days.size, 1))
    columns = [(days % 7 == d).astype(np.float64) for d in range(7)]
    if is_holiday(seen, zone).sum() >= _HOLIDAYS_SEEN:
        columns.append(is_holiday(days, zone).astype(np.float64))
    if span >= _YEARLY_FROM_DAYS:
        angle = 2 * np.pi * days / _YEAR
        columns += [np.cos(angle), np.sin(angle), epidemic.astype(np.float64)]
    return np.column_stack(columns)


def epidemic_days(days: Array, months: tuple[int, ...]) -> Array:
    """Which days lie in the months in which epidemics come: bool [d]."""
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return np.isin(month, months)
