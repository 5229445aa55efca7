"""French school holidays by zone: the official dates where they are known, an assumed rule beyond.

The dates and their source stand in `hospital/holidays/data/school_holidays.toml`. A run may begin in any year; for
the years that the table lacks the pattern of the calendars since 2022 is carried on, which is assumed and not
official.
"""

from datetime import date, timedelta

from hospital.holidays.school_holidays import SCHOOL_ZONES, Period, school_years

__all__ = ["SCHOOL_ZONES", "is_school_holiday", "official_years"]

_SATURDAY = 5
_SHORT = timedelta(days=15)  # a holiday of two weeks runs from a Saturday to the Sunday 15 days later
# Which zone goes first in winter and spring, by year modulo 3.
_ORDERS = ("BCA", "ABC", "CAB")


def is_school_holiday(day: date, zone: str) -> bool:
    """Whether schools of the zone (one of `SCHOOL_ZONES`) are closed for a holiday on `day`."""
    first_year = day.year if day.month >= 9 and day > date(day.year, 9, 10) else day.year - 1
    return any(first <= day <= last for first, last in _periods(first_year, zone))


def official_years() -> tuple[int, ...]:
    """The years in which the school years of the table begin, in order."""
    return tuple(sorted(school_years()))


def _periods(first_year: int, zone: str) -> tuple[Period, ...]:
    """The five holidays of the school year that begins in `first_year`."""
    official = school_years().get(first_year)
    return _assumed(first_year, zone) if official is None else official[zone]


def _assumed(first_year: int, zone: str) -> tuple[Period, ...]:
    """The pattern of the official calendars since 2022: two weeks each from a Saturday, zones a week apart in turn."""
    turn = timedelta(days=7 * _ORDERS[(first_year + 1) % 3].index(zone))
    short = [
        _saturday(date(first_year, 10, 17)),
        _saturday(date(first_year, 12, 17)),
        _saturday(date(first_year + 1, 2, 4)) + turn,
        _saturday(date(first_year + 1, 4, 3)) + turn,
    ]
    summer = (_saturday(date(first_year + 1, 7, 3)), date(first_year + 1, 8, 31))
    return (*((first, first + _SHORT) for first in short), summer)


def _saturday(earliest: date) -> date:
    """The first Saturday from `earliest` on."""
    return earliest + timedelta(days=(_SATURDAY - earliest.weekday()) % 7)
