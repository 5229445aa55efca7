"""Levels of each unit's demand and of all units together, at their prediction times.

Units share what moves a hospital: one ward's last days are mostly chance, those of all wards together are not.
Shares of a usual level let a unit of 20 beds learn from one of 2,000.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.calendar import days_before_local
from hospital.features.demand import Demand
from hospital.features.lookback import SEASONAL_PROFILE_WEEKS
from hospital.times import DAY

__all__ = ["Levels", "levels_of"]

_DAYS, _WEEKS = 28, 4
_LEAST_SEASONAL_PROFILE_WEEKS = 4
_BACK_DAYS = np.arange(_DAYS + 1)  # 0 is now; every one at the same local clock
_SAME_WEEKDAY = np.arange(7, _DAYS + 1, 7)


@dataclass(frozen=True)
class Levels:
    """One entry a row asked for (float64 [n]), NaN unknown.

    Attributes:
        week, month: the unit's mean demand at this local clock over the last 7 and 28 days, beds.
        change_24h, above_usual: all units' change and excess over their last four same weekdays,
        in percent of their usual level.
        usual_change: all units' mean change from this weekday and clock to the target's in the last four whole
        weeks, in percent of their usual level.
        seasonal_profile: mean change of the unit's occupied beds from this weekday and clock to the target's within a
        week, over those of the last twelve weeks of which both ends are known; 0 a whole number of weeks ahead by the
        local clock, unknown of under four weeks.
    """

    week: Array
    month: Array
    change_24h: Array
    above_usual: Array
    usual_change: Array
    seasonal_profile: Array


def levels_of(demand: Demand, units: int, zone: ZoneInfo, unit: Array, at: Array, target: Array) -> Levels:
    """The levels at instants `at`, for `target` (int64 [n] each), of `unit` (positions); each as it was known."""
    times, row_of = np.unique(at, return_inverse=True)
    leads, lead_of = np.unique(target - at, return_inverse=True)
    # Horizon by horizon, so that the times asked for go up.
    kinds, span_of = np.unique(lead_of * times.size + row_of, return_inverse=True)
    spans = np.stack([times[kinds % times.size], times[kinds % times.size] + leads[kinds // times.size]])
    days = _known(
        days_before_local(np.repeat(times, _BACK_DAYS.size), np.tile(_BACK_DAYS, times.size), zone), times
    )
    before, after = _weeks_before(spans, zone)
    from_then, to_then, known_then = _seasonal_profile_times(times, spans, zone)
    change_of = np.searchsorted(times, spans[0])
    week, month = np.full((2, units, times.size), np.nan)
    seasonal_profile = np.full((units, spans.shape[1]), np.nan)
    sums = [_Shares(times.size) for _ in range(2)]
    usual = _Shares(spans.shape[1])
    for u in range(units):
        # Day by day back, so that the times asked for go up: they are found much faster.
        seen = demand.at(u, days.T.ravel(), np.tile(times, _BACK_DAYS.size)).reshape(days.T.shape).T
        week[u], month[u] = _mean(seen[:, 1:8]), _mean(seen[:, 1:])
        now = seen[:, 0]
        for share, then in zip(sums, (seen[:, 1], _mean(seen[:, _SAME_WEEKDAY])), strict=True):
            share.add(now - then, month[u])
        known_at = np.repeat(spans[0], _WEEKS)
        moved = demand.at(u, after.ravel(), known_at) - demand.at(u, before.ravel(), known_at)
        usual.add(_mean(moved.reshape(before.shape)), month[u, change_of])
        start = demand.occupied(u, from_then.ravel(), np.tile(times, SEASONAL_PROFILE_WEEKS)).reshape(
            SEASONAL_PROFILE_WEEKS, -1
        )
        end = demand.occupied(u, to_then.ravel(), known_then).reshape(SEASONAL_PROFILE_WEEKS, -1)
        seasonal_profile[u] = _mean_of_known(end - start[:, change_of])
    day, same = (share.percent()[row_of] for share in sums)
    return Levels(
        week[unit, row_of],
        month[unit, row_of],
        day,
        same,
        usual.percent()[span_of],
        seasonal_profile[unit, span_of],
    )


class _Shares:
    """A change of all units of which it is known, in percent of their usual level."""

    def __init__(self, size: int) -> None:
        self._beds, self._level = np.zeros(size), np.zeros(size)

    def add(self, beds: Array, level: Array) -> None:
        known = ~np.isnan(beds + level)
        self._beds += np.where(known, beds, 0.0)
        self._level += np.where(known, level, 0.0)

    def percent(self) -> Array:
        some = self._level > 0
        return np.where(some, 100 * self._beds / np.where(some, self._level, 1.0), np.nan)


def _weeks_before(spans: Array, zone: ZoneInfo) -> tuple[Array, Array]:
    """The last whole weeks' spans from the same local clock to the target's: instants [spans, weeks] each."""
    at, target = spans
    first = np.maximum(-(-(target - at) // (7 * DAY)), 1)
    back = 7 * (first[:, None] + np.arange(_WEEKS)).ravel()
    before = days_before_local(np.repeat(at, _WEEKS), back, zone)
    after = days_before_local(np.repeat(target, _WEEKS), back, zone)
    return _known(before, at), _known(after, at)


def _seasonal_profile_times(times: Array, spans: Array, zone: ZoneInfo) -> tuple[Array, Array, Array]:
    """The same local clock 1 to 12 weeks before `times` (instants [weeks, times]); that of the targets in those weeks,
    none later than the time asked from (instants [weeks, spans]); that time of each of the latter ([weeks x spans]).

    Week by week, so that the times asked for go up.
    """
    at, target = spans
    weeks = np.arange(1, SEASONAL_PROFILE_WEEKS + 1)
    whole = (target - at) // (7 * DAY)
    before = days_before_local(np.tile(times, weeks.size), 7 * np.repeat(weeks, times.size), zone)
    back = 7 * (weeks[:, None] + whole).ravel()
    after = days_before_local(np.tile(target, weeks.size), back, zone)
    known_at = np.tile(at, weeks.size)
    return before.reshape(weeks.size, -1), np.minimum(after, known_at).reshape(weeks.size, -1), known_at


def _known(times: Array, at: Array) -> Array:
    """[n, k] of n x k instants; a clock change can put one an hour past now: now is the latest known."""
    return np.minimum(times.reshape(at.size, -1), at[:, None])


def _mean(values: Array) -> Array:
    """Mean along the rows, added in order: the same bits for one row as for many."""
    total = np.zeros(len(values))
    for column in values.T:
        total = total + column
    return total / values.shape[1]


def _mean_of_known(values: Array) -> Array:
    """Mean down the columns of what is known, NaN of under four; added in order, as `_mean`."""
    total, known = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for row in values:
        there = ~np.isnan(row)
        total += np.where(there, row, 0.0)
        known += there
    enough = known >= _LEAST_SEASONAL_PROFILE_WEEKS
    return np.where(enough, total / np.where(enough, known, 1.0), np.nan)
