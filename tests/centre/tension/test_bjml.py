"""The BJML by hand: no worked example of the circular is at hand."""

from datetime import date, timedelta

import pytest

from centre.tension.bjml import bjml

DAY = date(2026, 3, 4)  # week 10
MONDAYS = (date(2023, 3, 6), date(2024, 3, 4), date(2025, 3, 3))


def weeks(*counts: list[int]) -> dict[date, int]:
    """Hospitalisations of week 10 of past years, and of days beside it that do not count."""
    out = {m + timedelta(days=n): 1000 for m in MONDAYS for n in (-1, 7)}
    for monday, days in zip(MONDAYS, counts, strict=True):
        out |= {monday + timedelta(days=n): count for n, count in enumerate(days)}
    return out


def test_a_quarter_of_the_days_of_that_week_lie_below() -> None:
    """Of 21 days, 1 to 21 in any order, the 25th percentile is the sixth."""
    counts = weeks([21, 3, 8, 4, 19, 12, 1], [2, 20, 5, 17, 6, 10, 7], [9, 11, 13, 14, 15, 16, 18])
    assert bjml(counts, DAY) == 6
    assert bjml(counts, date(2026, 3, 8)) == 6  # Sunday of the same week


def test_between_two_days_it_is_interpolated_and_years_are_a_parameter() -> None:
    """Of 7 days 10, 20, … 70 the place is 1.5: half-way from 20 to 30."""
    counts = weeks([1] * 7, [1] * 7, [70, 10, 30, 20, 50, 40, 60])
    assert bjml(counts, DAY, years=1) == 25


def test_a_day_that_is_missing_is_no_zero() -> None:
    """Nor is a year that was not recorded."""
    counts = weeks([1] * 7, [1] * 7, [1] * 7)
    del counts[MONDAYS[1] + timedelta(days=6)]
    for history, years in ((counts, 3), ({}, 3), (weeks([1] * 7, [1] * 7, [1] * 7), 4)):
        with pytest.raises(ValueError, match="days_of_past_years_are_missing"):
            bjml(history, DAY, years=years)


def test_a_fifty_third_week() -> None:
    """2026 has one, 2020 had one, and the years between had none."""
    counts = {date(2020, 12, 28) + timedelta(days=n): 5 for n in range(7)}
    assert bjml(counts, date(2026, 12, 31), years=7) == 5
    with pytest.raises(ValueError, match="no_past_year_has_this_week"):
        bjml(counts, date(2026, 12, 31), years=3)
