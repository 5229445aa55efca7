"""BJML, the least daily need of beds for those who come through the emergency department; it is no forecast.

Circular DGOS/R2/2019/235 of 7 November 2019: the 25th percentile, by calendar week, of a day's hospitalisations from
the emergency department over several years.
"""

from collections.abc import Mapping
from datetime import date, timedelta

__all__ = ["BJML_FORMULA", "bjml"]

BJML_FORMULA = "percentile 25 of hospitalisations_by_day of the calendar week in past_years"


def bjml(hospitalisations: Mapping[date, int], day: date, *, years: int = 3) -> float:
    """The BJML of a day's calendar week (ISO 8601), in beds a day.

    Args:
        hospitalisations: by day, those from the emergency department, transfers and moves.
        years: how many past years count; a year without a 53rd week gives nothing to it.

    Returns:
        The percentile, interpolated linearly between the days in order.

    Raises:
        ValueError: a day of these weeks is missing, or no past year has this week.
    """
    year, week, _ = day.isocalendar()
    days = [d for past in range(year - years, year) for d in _days(past, week)]
    if not days:
        raise ValueError("no_past_year_has_this_week")
    if any(d not in hospitalisations for d in days):
        raise ValueError("days_of_past_years_are_missing")
    counts = sorted(hospitalisations[d] for d in days)
    place = 0.25 * (len(counts) - 1)
    low = int(place)
    high = min(low + 1, len(counts) - 1)
    return counts[low] + (place - low) * (counts[high] - counts[low])


def _days(year: int, week: int) -> list[date]:
    try:
        monday = date.fromisocalendar(year, week, 1)
    except ValueError:  # that year has no 53rd week
        return []
    return [monday + timedelta(days=n) for n in range(7)]
