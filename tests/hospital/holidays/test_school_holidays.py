"""French school holidays by zone: the official dates, and unknown where no calendar reaches."""

from datetime import date, timedelta

import numpy as np
import pytest
from holidays import France

from hospital.arrays import Array
from hospital.holidays.school_holidays import (
    SCHOOL_ZONES,
    days_to_school_holiday,
    ends_soon,
    first_school_day,
    last_school_day,
    school_days,
)

_EPOCH = date(1970, 1, 1)


def _days(*dates: date) -> Array:
    return np.array([(d - _EPOCH).days for d in dates], np.int64)


@pytest.mark.parametrize("zone", SCHOOL_ZONES)
def test_the_table_is_what_another_one_has(zone: str) -> None:
    """Held against the package's own table from 2017-2018 on; Ascension's bridge is left out here, as documented."""
    other = set(France(subdiv=f"Zone {zone}", categories="school", years=range(2017, 2030)))
    span = [date(2017, 9, 5) + timedelta(n) for n in range((last_school_day() - date(2017, 9, 4)).days)]
    ours = dict(zip(span, school_days(_days(*span), zone) == 1.0, strict=True))
    differ = {day for day in span if ours[day] != (day in other)}
    bridges = {day for day in differ if day.month in (5, 6) and not ours[day]}
    # The day on which school begins; and those on whose evening the summer does, in the middle of a week.
    edges = {day for day in differ if (day.month, day.day) == (9, 1)}
    edges |= {date(2021, 7, 6), date(2022, 7, 7), date(2028, 7, 4)}
    assert len(bridges) == 4 * 10
    assert differ == bridges | edges


def test_the_first_and_last_day_belong_to_a_holiday_and_those_around_do_not() -> None:
    """Zone C, February 2024, with its leap day in term."""
    days = [date(2024, 2, 9), date(2024, 2, 10), date(2024, 2, 25), date(2024, 2, 26), date(2024, 2, 29)]
    assert school_days(_days(*days), "C").tolist() == [0, 1, 1, 0, 0]
    assert school_days(_days(date(2024, 2, 29)), "B").tolist() == [1]


def test_days_until_the_next_holiday() -> None:
    """Zero within one, counted over the turn of the year, and by zone."""
    days = _days(
        date(2023, 12, 22), date(2023, 12, 23), date(2024, 1, 7), date(2024, 1, 8), date(2024, 1, 31)
    )
    assert days_to_school_holiday(days, "C").tolist() == [1, 0, 0, 33, 10]
    assert days_to_school_holiday(days, "B").tolist() == [1, 0, 0, 47, 24]


def test_before_and_beyond_the_calendar_all_is_unknown() -> None:
    """Missing, and never "no holidays"; so it is without a zone and for one that is not here."""
    day = timedelta(1)
    edge = [first_school_day() - day, first_school_day(), last_school_day(), last_school_day() + day]
    values = school_days(_days(*edge), "A")
    assert np.isnan(values).tolist() == [True, False, False, True]
    until = days_to_school_holiday(_days(*edge), "A")
    assert np.isnan(until).tolist() == [True, False, False, True]
    assert until[2] == 0.0
    for zone in ("", "corse", "a"):
        assert np.isnan(school_days(_days(date(2024, 7, 20)), zone)).all()
        assert np.isnan(days_to_school_holiday(_days(date(2024, 7, 20)), zone)).all()


def test_six_months_before_its_end_the_calendar_is_said_to_end() -> None:
    """And after it; not a day earlier."""
    last = last_school_day()
    assert [ends_soon(last - timedelta(n)) for n in (183, 182, 0, -400)] == [False, True, True, True]
