"""Public holidays by country and region, held against dates that states publish, and unknown where nobody knows."""

from datetime import date
from itertools import product
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from holidays import country_holidays

from hospital.arrays import Array
from hospital.holidays.place import Locality, Place, country_of_zone
from hospital.holidays.public_holidays import (
    french_public_holidays,
    german_public_holidays,
    holiday_values,
    holidays_known,
    is_holiday,
)

_EPOCH = date(1970, 1, 1)


def _days(*dates: date) -> Array:
    return np.array([(d - _EPOCH).days for d in dates], np.int64)


def _place(zone: str, country: str = "", region: str = "") -> Place:
    return Place(ZoneInfo(zone), Locality(country, region))


@pytest.mark.parametrize(
    ("zone", "country", "region", "day", "holiday"),
    [
        ("Europe/Rome", "", "", date(2024, 4, 25), True),  # Liberation Day
        ("Europe/Rome", "", "", date(2024, 12, 7), False),
        ("Europe/Rome", "", "MI", date(2024, 12, 7), True),  # Saint Ambrose, in Milan alone
        ("Europe/Rome", "", "RM", date(2024, 12, 7), False),
        ("Europe/Rome", "", "RM", date(2024, 6, 29), True),  # Saint Peter and Paul, in Rome
        ("Europe/Paris", "", "6AE", date(2024, 3, 29), True),  # Good Friday, in Alsace and Moselle
        ("Europe/Paris", "", "57", date(2024, 12, 26), True),
        ("Europe/Paris", "", "", date(2024, 12, 26), False),
        ("Indian/Reunion", "FR", "974", date(2024, 12, 20), True),  # the end of slavery
        ("Indian/Reunion", "", "", date(2024, 12, 20), False),
        ("Europe/Berlin", "", "BY", date(2024, 1, 6), True),
        ("Europe/Berlin", "", "BE", date(2024, 1, 6), False),
        ("Europe/Berlin", "", "BE", date(2024, 3, 8), True),
        ("Europe/Berlin", "", "BE", date(2018, 3, 8), False),  # since 2019
        ("Europe/Berlin", "", "", date(2017, 10, 31), True),  # once in all states
        ("Europe/Berlin", "", "", date(2018, 10, 31), False),
        ("Europe/Zurich", "", "", date(2024, 8, 1), True),
        ("Europe/Zurich", "", "TI", date(2024, 3, 19), True),  # Saint Joseph
        ("Europe/Zurich", "", "GE", date(2024, 3, 19), False),
        ("Europe/Zurich", "", "GE", date(2024, 12, 31), True),  # the Restoration
        ("Europe/Paris", "CH", "GE", date(2024, 7, 14), False),  # the mapping's country, not the zone's
        ("Europe/London", "", "ENG", date(2022, 1, 3), True),  # moved from Saturday
        (
            "America/New_York",
            "",
            "",
            date(2021, 12, 31),
            True,
        ),  # that of 1 January 2022, on the Friday before
        ("America/New_York", "", "", date(2020, 12, 31), False),
        ("Europe/Madrid", "", "", date(2024, 2, 29), False),  # a leap day
    ],
)
def test_a_holiday_is_one_of_the_country_and_region(
    zone: str, country: str, region: str, day: date, holiday: bool
) -> None:
    """As the states publish them."""
    assert is_holiday(_days(day), _place(zone, country, region)).tolist() == [holiday]


def test_what_is_computed_here_is_what_the_package_knows() -> None:
    """France and Germany as a whole, by the package; in 2005 to 2007 Whit Monday was a day of work for solidarity."""
    for code, of_year in (("FR", french_public_holidays), ("DE", german_public_holidays)):
        for year in range(1995, 2060):
            known = {day for day in country_holidays(code, years=year) if day.year == year}
            ours = set(of_year(year))
            if code == "FR" and year in (2005, 2006, 2007):
                assert len(ours - known) == 1
                continue
            assert ours == known, (code, year)


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("Europe/Rome", "IT"),
        ("Europe/Zurich", "CH"),
        ("Europe/Paris", "FR"),
        ("America/Guadeloupe", "FR"),
        ("UTC", ""),
        ("Etc/GMT+3", ""),
        ("US/Eastern", ""),  # a former name
    ],
)
def test_the_country_of_a_zone(zone: str, country: str) -> None:
    """Zones of no country, and former names, have none."""
    assert country_of_zone(zone) == country
    assert holidays_known(_place(zone)) == bool(country)


def test_unknown_is_missing_and_not_a_working_day() -> None:
    """A country without a calendar, a region that is none, and years that a calendar does not reach."""
    nowhere = holiday_values(_days(date(2024, 1, 1)), _place("UTC"))
    assert np.isnan(nowhere).all()
    assert not is_holiday(_days(date(2024, 1, 1)), _place("UTC")).any()
    assert np.isnan(holiday_values(_days(date(2024, 1, 1)), _place("Europe/Rome", "IT", "QQ"))).all()
    spain = country_holidays("ES")
    before, first = date(spain.start_year - 1, 1, 1), date(spain.start_year, 1, 1)
    values = holiday_values(_days(before, first), _place("Europe/Madrid"))
    assert np.isnan(values[0])
    assert values[1] == 1.0


def test_hospitals_of_different_places_share_no_day() -> None:
    """Whatever was asked before, in one process, and for many days as for few."""
    day = _days(date(2024, 12, 7), date(2024, 12, 26), date(2024, 7, 14))
    expected = {
        ("Europe/Rome", "", ""): [False, True, False],
        ("Europe/Rome", "", "MI"): [True, True, False],
        ("Europe/Rome", "FR", ""): [False, False, True],
        ("Europe/Paris", "", ""): [False, False, True],
        ("Europe/Paris", "", "57"): [False, True, True],
        ("Europe/Paris", "IT", "MI"): [True, True, False],
    }
    for (asked, days), _ in product(expected.items(), range(2)):
        place = _place(*asked)
        assert is_holiday(day, place).tolist() == days
        long = is_holiday(np.arange(day.min(), day.max() + 1), place)
        assert long[day - day.min()].tolist() == days
