"""Hours of the week in which people are looked after differently: parts of the day, nights, weekends."""

import numpy as np

from hospital.arrays import Array
from hospital.times import DAY, HOUR
from registry.evidence.records import Scored

__all__ = ["HOURS_OF_WEEK", "hours_of_week"]

_QUARTERS = (("00-06", 0), ("06-12", 6), ("12-18", 12), ("18-24", 18))
_EVENING, _MORNING = 20, 8
_SATURDAY = 5

HOURS_OF_WEEK = (*(name for name, _ in _QUARTERS), "night", "weekend")
"""Their names, as findings have them."""


def hours_of_week(rows: Scored) -> dict[str, Array]:
    """Which rows were forecast in which of the hours, by the hospital's clock: bool [n] by name.

    A quarter of the day, beside the night from 20:00 to 08:00: a disparity between midnight and six alone looks less
    than half as large over a night.
    """
    hour = rows.local_hour
    ahead = (hour - rows.prediction_time // HOUR % 24 + 12) % 24 - 12
    weekday = ((rows.prediction_time + ahead * HOUR) // DAY + 3) % 7  # the first day of 1970 was a Thursday
    quarters = {name: (hour >= begin) & (hour < begin + 6) for name, begin in _QUARTERS}
    night = (hour < _MORNING) | (hour >= _EVENING)
    return {**quarters, "night": night, "weekend": np.asarray(weekday >= _SATURDAY)}
