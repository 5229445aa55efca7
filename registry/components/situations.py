"""In which situation a forecast is made: the hour, the kind of day and the season of the hospital's own clock.

What is usual is the mean of cases in the same situation; of too few of them wider ones are taken, in a fixed order.
"""

from typing import Literal

import numpy as np

from hospital.arrays import Array
from hospital.calendar import hour_of, local_clock, weekday
from hospital.holidays.place import Place
from hospital.holidays.public_holidays import is_holiday
from hospital.times import DAY

__all__ = [
    "KINDS_OF_DAY",
    "LEAST_CASES",
    "SEASONS",
    "SITUATIONS",
    "WIDENINGS",
    "hour_of_day",
    "kind_of_day",
    "members",
    "season_of",
    "situations",
]

KindOfDay = Literal["weekday", "saturday", "sunday"]
Season = Literal["winter", "spring", "summer", "autumn"]
KINDS_OF_DAY: tuple[KindOfDay, ...] = ("weekday", "saturday", "sunday")
"""Public holidays are as Sundays."""
SEASONS: tuple[Season, ...] = ("winter", "spring", "summer", "autumn")
"""Three whole months each, winter from December on."""
SITUATIONS = 24 * len(KINDS_OF_DAY) * len(SEASONS)
WIDENINGS = ("same", "hours", "seasons", "days")
"""The situation itself; then with the hours before and after; then of all seasons; then on all days."""
LEAST_CASES = 30
"""Under so many cases nothing is called usual."""

_SHAPE = (24, len(KINDS_OF_DAY), len(SEASONS))
_SATURDAY = 5


def situations(times: Array, place: Place) -> Array:
    """The situation of each instant (int64 [n]), 0 up to `SITUATIONS`: int64 [n]."""
    clock = local_clock(times, place.zone)
    days = clock // DAY
    hour = hour_of(clock).astype(np.int64)
    kind = np.maximum(weekday(days) - _SATURDAY + 1, 0)
    kind = np.where(is_holiday(days, place), len(KINDS_OF_DAY) - 1, kind)
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return np.asarray(np.ravel_multi_index((hour, kind, month % 12 // 3), _SHAPE), np.int64)


def hour_of_day(situation: Array) -> Array:
    """The hour of the clock (0 to 23) that each situation (int64 [n]) is of: int64 [n]."""
    return np.asarray(situation // (len(KINDS_OF_DAY) * len(SEASONS)))


def kind_of_day(situation: int) -> KindOfDay:
    """Which of `KINDS_OF_DAY` a situation is of."""
    return KINDS_OF_DAY[situation // len(SEASONS) % len(KINDS_OF_DAY)]


def season_of(situation: int) -> Season:
    """Which of `SEASONS` a situation is of."""
    return SEASONS[situation % len(SEASONS)]


def members(situation: Array, widening: int) -> Array:
    """The situations that are compared with each (int64 [n]) at a place of `WIDENINGS`: int64 [n, members]."""
    hour, kind, season = np.unravel_index(situation, _SHAPE)
    hours = np.array((0,) if widening == 0 else (-1, 0, 1))
    kinds = np.arange(len(KINDS_OF_DAY)) if widening >= 3 else kind[:, None]
    seasons = np.arange(len(SEASONS)) if widening >= 2 else season[:, None]
    n = situation.size
    parts = np.broadcast_arrays(
        ((hour[:, None] + hours) % 24)[:, :, None, None],
        np.broadcast_to(kinds, (n, kinds.shape[-1]))[:, None, :, None],
        np.broadcast_to(seasons, (n, seasons.shape[-1]))[:, None, None, :],
    )
    return np.asarray(
        np.ravel_multi_index(tuple(p.reshape(n, int(np.prod(p.shape[1:]))) for p in parts), _SHAPE), np.int64
    )
