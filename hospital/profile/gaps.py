"""Time without a row where there normally are some."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_clock
from hospital.holidays.place import Place
from hospital.holidays.public_holidays import is_holiday
from hospital.profile.current_rows import Latest, day_text, span
from hospital.profile.facts import Finding, Gap, Weight
from hospital.times import DAY, HOUR

__all__ = ["LEAST_EXPECTED", "gap_findings", "gaps", "steady_gaps", "table_gaps"]

LEAST_EXPECTED = 15.0
"""Rows that usually come in a gap; by chance a Poisson stream is silent so long once in three million times."""
_LEAST_HOURS: Mapping[str, float] = {"visits": 6, "stays": 12, "operations": 96, "staffing": 96}
"""An emergency department is never silent; a theatre may be over a bridged holiday, a plan is published in blocks."""


def table_gaps(table: Latest, now: int) -> tuple[Gap, ...]:
    """Gaps of a whole table; of a census its units are looked at one by one instead.

    Args:
        now: what is planned later than this instant is not yet whole.
    """
    least = _LEAST_HOURS.get(table.contract.name)
    if least is None:
        return ()
    return gaps(table.times[table.times <= now], table.place, least)


def gaps(
    times: Array, place: Place, least_hours: float, least_expected: float = LEAST_EXPECTED
) -> tuple[Gap, ...]:
    """Gaps between sorted instants (int64 [n]) that are long and in which many rows were expected.

    What is expected is the mean by hour and weekday over the days that have rows; a public holiday is a Sunday.
    """
    bounds = span(times)
    if bounds is None:
        return ()
    times = times[(times >= bounds[0]) & (times <= bounds[1])]
    wide = np.flatnonzero(np.diff(times) >= least_hours * HOUR)
    if not wide.size:
        return ()
    first = int(times[0] // HOUR)
    expected = np.concatenate([np.zeros(1), np.cumsum(_rates(times, place))])
    out = []
    for i in wide:
        start, end = int(times[i]), int(times[i + 1])
        rows = float(expected[end // HOUR - first] - expected[min(start // HOUR + 1, end // HOUR) - first])
        if rows >= least_expected:
            out.append(
                Gap(
                    day_text(start, place.zone),
                    day_text(end, place.zone),
                    (end - start) / HOUR,
                    round(rows, 1),
                )
            )
    return tuple(out)


def _rates(times: Array, place: Place) -> Array:
    """Rows usual in each elapsed hour from the first time to the last: float64 [hours]."""
    hours = np.arange(times[0] // HOUR, times[-1] // HOUR + 1) * HOUR
    slot, day = _slots(hours, place)
    counts = np.bincount(times // HOUR - times[0] // HOUR, minlength=hours.size)
    # A day without any row says nothing of what is usual, else a long gap would hide itself.
    days, inverse = np.unique(day, return_inverse=True)
    present = np.bincount(inverse, weights=counts, minlength=days.size)[inverse] > 0
    rows = np.bincount(slot[present], weights=counts[present], minlength=168)
    seen = np.bincount(slot[present], minlength=168)
    return (rows / np.maximum(seen, 1))[slot]


def _slots(hours: Array, place: Place) -> tuple[Array, Array]:
    clock = local_clock(hours, place.zone)
    day = clock // DAY
    weekday = np.where(is_holiday(day, place), 6, (day + 3) % 7)
    return weekday * 24 + clock % DAY // HOUR, day


def steady_gaps(times: Array, zone: ZoneInfo, cadence_hours: float, longest_hours: float) -> tuple[Gap, ...]:
    """Gaps of a row that comes at every hour or day: those longer than `longest_hours` (int64 [n], sorted)."""
    steps = np.diff(times)
    return tuple(
        Gap(
            day_text(int(times[i]), zone),
            day_text(int(times[i + 1]), zone),
            float(steps[i] / HOUR),
            round(float(steps[i] / HOUR / cadence_hours) - 1, 1),
        )
        for i in np.flatnonzero(steps > longest_hours * HOUR)
    )


def gap_findings(table: str, found: tuple[Gap, ...], unit: str = "", code: str = "gap") -> list[Finding]:
    """The gaps of a table or unit, as one finding: how many, from when to when, and the longest."""
    if not found:
        return []
    longest = max(found, key=lambda g: g.hours)
    return [
        Finding(
            table,
            code,
            Weight.LOOK,
            unit=unit,
            rows=len(found),
            first=longest.first,
            last=longest.last,
            after=round(longest.hours / 24, 1),
        )
    ]
