"""The hospital's clock and calendar: local time, weeks, seasons, days of the year.

Instants are int64 microseconds (UTC). "Same hour last week" is local clock: it stays at 08:00 when summer
time begins; horizons are elapsed hours and do not.
"""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.times import DAY, HOUR

__all__ = [
    "days_before_local",
    "days_from_new_year",
    "hour_of",
    "local_clock",
    "local_day",
    "local_hour",
    "of_each",
    "season",
    "weekday",
]

_SLOT = HOUR // 4  # every zone of today changes its offset on a quarter of an hour
_EPOCH = date(1970, 1, 1)
_FEW = 64
_CHANGES = -DAY  # no zone is a day behind


def local_clock(times: Array, zone: ZoneInfo) -> Array:
    """Local wall-clock microseconds since 1970-01-01T00:00 on that clock: int64 [n]."""
    return times + _offset(times, zone)


def local_day(times: Array, zone: ZoneInfo) -> Array:
    """Days since 1970-01-01 on the local calendar: int64 [n]."""
    return local_clock(times, zone) // DAY


def local_hour(times: Array, zone: ZoneInfo) -> Array:
    """Hour of the local clock with its fraction, 0 up to 24: float64 [n]."""
    return hour_of(local_clock(times, zone))


def hour_of(clock: Array) -> Array:
    """`local_hour` (float64) of local wall-clock times (int64, `local_clock`)."""
    return (clock % DAY) / HOUR


def weekday(days: Array) -> Array:
    """Day of the week of local days, Monday 0: int64 [n]."""
    return (days + 3) % 7


def season(days: Array) -> tuple[Array, Array]:
    """(cosine, sine) of the place in the year, 365.25 days, of each local day: float64 [n] each.

    The cosine peaks on 1 January.
    """
    # One cosine a day by the C library: NumPy's vectorised ones may differ in the last bit by array length.
    return of_each(days, lambda day: math.cos(_angle(day))), of_each(days, lambda day: math.sin(_angle(day)))


def _angle(day: int) -> float:
    return 2 * math.pi * (day / 365.25)


def days_from_new_year(days: Array) -> Array:
    """Days from the nearest 1 January, from -183 to 183 (float64 [n]): negative before it.

    The weeks around it are like no others in a hospital, and a wave through the year cannot follow them.
    """
    return of_each(days, _from_new_year)


def _from_new_year(day: int) -> int:
    found = _EPOCH + timedelta(days=day)
    return (found - date(found.year + (found.month > 6), 1, 1)).days


def of_each(values: Array, of: Callable[[int], float], kind: type = np.float64) -> Array:
    """`of` each value (int64, any shape), asked once for each that differs where they are more than a few."""
    if values.size <= _FEW:
        return np.array([of(value) for value in values.ravel().tolist()], kind).reshape(values.shape)
    first, last = int(values.min()), int(values.max())
    if last - first > 2 * values.size:
        unique, inverse = np.unique(values, return_inverse=True)
        return np.array([of(value) for value in unique.tolist()], kind)[inverse]
    # Close together: a table of all that lie between is quicker than sorting them.
    there = np.zeros(last - first + 1, bool)
    there[values - first] = True
    table: Array = np.zeros(there.size, kind)
    table[there] = [of(value) for value in (np.flatnonzero(there) + first).tolist()]
    return table[values - first]


def days_before_local(times: Array, days: Array | int, zone: ZoneInfo) -> Array:
    """The instant at which the local clock showed the same, `days` days earlier: int64 [n].

    A local time that did not exist (the skipped hour in spring) counts as the hour after it; of a repeated one
    the same of the two is taken that the offset at the later time leads to. Both are fixed rules, so that
    training and a live answer agree.
    """
    wanted = local_clock(times, zone) - np.asarray(days, np.int64) * DAY
    estimate = wanted - _offset(times, zone)
    return wanted - _offset(estimate, zone)


def _offset(times: Array, zone: ZoneInfo) -> Array:
    """UTC offset of the zone in microseconds: int64 [n]."""
    if times.size <= _FEW:
        return of_each(times // _SLOT, lambda slot: _slot_offset(slot, zone), np.int64)
    offset = of_each(times // DAY, lambda day: _day_offset(day, zone), np.int64)
    changes = offset == _CHANGES
    if changes.any():
        offset[changes] = of_each(times[changes] // _SLOT, lambda slot: _slot_offset(slot, zone), np.int64)
    return offset


@lru_cache(maxsize=1 << 15)
def _day_offset(day: int, zone: ZoneInfo) -> int:
    """The offset of the whole day (UTC), or `_CHANGES`: no zone changes twice in a day."""
    slots = DAY // _SLOT
    first, last = _slot_offset(day * slots, zone), _slot_offset((day + 1) * slots - 1, zone)
    return first if first == last else _CHANGES


@lru_cache(maxsize=1 << 18)
def _slot_offset(slot: int, zone: ZoneInfo) -> int:
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=slot * _SLOT)
    offset = when.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset / timedelta(microseconds=1))
