"""French school holidays by zone: the official dates, and unknown before and beyond the years that are known.

The dates and their source stand in `data/school_holidays.toml`. Corsica and the overseas departments have calendars of
their own, which are not here: of them school holidays are unknown.
"""

import tomllib
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from hospital.arrays import Array
from hospital.calendar import of_each

__all__ = [
    "SCHOOL_ZONES",
    "Period",
    "days_to_school_holiday",
    "ends_soon",
    "first_school_day",
    "last_school_day",
    "school_days",
    "school_years",
]

SCHOOL_ZONES = ("A", "B", "C")

_PATH = Path(__file__).with_name("data") / "school_holidays.toml"
_EPOCH = date(1970, 1, 1)
_SOON_DAYS = 183

Period = tuple[date, date]
"""The first and the last day without class, both inclusive."""


def school_days(days: Array, zone: str) -> Array:
    """1 for each local day (days since 1970-01-01) in a school holiday of the zone, 0 for another: float64 [n].

    NaN where it is unknown: without a zone, and before and beyond the school years of the table.
    """
    if zone not in SCHOOL_ZONES:
        return np.full(days.shape, np.nan)
    return of_each(days, lambda day: _value(_EPOCH + timedelta(days=day), zone))


def days_to_school_holiday(days: Array, zone: str) -> Array:
    """Days from each local day (since 1970-01-01) until the next school holiday begins, 0 within one: float64 [n].

    NaN where it is unknown, and where the next one is not in the table.
    """
    if zone not in SCHOOL_ZONES:
        return np.full(days.shape, np.nan)
    return of_each(days, lambda day: _until(_EPOCH + timedelta(days=day), zone))


def first_school_day() -> date:
    """The first day of which it is known whether it is a school holiday: 1 September of the first school year."""
    return date(min(school_years()), 9, 1)


def last_school_day() -> date:
    """The last such day: that of the last summer in the table."""
    return min(max(last for _, last in of_zone) for of_zone in school_years()[max(school_years())].values())


def ends_soon(today: date) -> bool:
    """Whether the calendar has ended, or ends within six months: forecasts then lack the school holidays ahead."""
    return (last_school_day() - today).days < _SOON_DAYS


def _value(day: date, zone: str) -> float:
    if not first_school_day() <= day <= last_school_day():
        return float("nan")
    return float(any(first <= day <= last for first, last in _periods(zone)))


def _until(day: date, zone: str) -> float:
    if day < first_school_day():
        return float("nan")
    ahead = (max((first - day).days, 0) for first, last in _periods(zone) if last >= day)
    return float(min(ahead, default=float("nan")))


@lru_cache(maxsize=len(SCHOOL_ZONES))
def _periods(zone: str) -> tuple[Period, ...]:
    """All holidays of a zone."""
    return tuple(period for of_zone in school_years().values() for period in of_zone[zone])


@lru_cache(maxsize=1)
def school_years() -> dict[int, dict[str, tuple[Period, ...]]]:
    """First year of each school year: zone: first and last days of its holidays."""
    with _PATH.open("rb") as file:
        years = tomllib.load(file)["year"]
    return {
        int(year["name"][:4]): {
            zone: tuple(
                (date.fromisoformat(first), date.fromisoformat(last))
                for first, last in year["all"] + year[zone]
            )
            for zone in SCHOOL_ZONES
        }
        for year in years
    }
