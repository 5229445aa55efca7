"""Hours of the week in which people are looked after differently: parts of the day, nights, weekends."""

import numpy as np

from hospital.arrays import Array
from hospital.times import DAY, HOUR
from registry.evidence.records import Scored

__all__ = ["HOURS_OF_WEEK", "NARROW_HOURS", "hours_of_week", "narrow_hours"]

_QUARTERS = (("00-06", 0), ("06-12", 6), ("12-18", 12), ("18-24", 18))
_EVENING, _MORNING = 20, 8
_SATURDAY = 5

HOURS_OF_WEEK = (*(name for name, _ in _QUARTERS), "night", "weekend")
"""Their names, as findings have them."""
_TWO = tuple((f"{begin:02d}-{begin + 2:02d}", begin) for begin in range(0, 24, 2))
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

NARROW_HOURS = (*(name for name, _ in _TWO), *_WEEKDAYS)
"""Names of two hours of the day, and of days of the week."""


def hours_of_week(rows: Scored) -> dict[str, Array]:
    """Which rows were forecast in which of the hours, by the hospital's clock: bool [n] by name.

    A quarter of the day, beside the night from 20:00 to 08:00: a disparity between midnight and six alone looks less
    than half as large over a night.
    """
    hour, weekday = rows.local_hour, _weekday(rows)
    quarters = {name: (hour >= begin) & (hour < begin + 6) for name, begin in _QUARTERS}
    night = (hour < _MORNING) | (hour >= _EVENING)
    return {**quarters, "night": night, "weekend": np.asarray(weekday >= _SATURDAY)}


def narrow_hours(rows: Scored) -> dict[str, Array]:
    """Which rows were forecast in which two hours of the day, and on which day of the week: bool [n] by name.

    A disparity at one hour alone is diluted sixfold in a quarter of the day, and one of Mondays in a week.
    """
    hour, weekday = rows.local_hour, _weekday(rows)
    two = {name: (hour >= begin) & (hour < begin + 2) for name, begin in _TWO}
    return two | {name: np.asarray(weekday == day) for day, name in enumerate(_WEEKDAYS)}


def _weekday(rows: Scored) -> Array:
    """The day of the week by the hospital's clock, Monday 0: int64 [n]."""
    ahead = (rows.local_hour - rows.prediction_time // HOUR % 24 + 12) % 24 - 12
    return np.asarray(((rows.prediction_time + ahead * HOUR) // DAY + 3) % 7)  # 1 January 1970 was a Thursday
