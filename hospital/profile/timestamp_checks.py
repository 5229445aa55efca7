"""Times that cannot be, or that people write when they do not know."""

from dataclasses import dataclass

import numpy as np

from hospital.calendar import local_clock
from hospital.contracts.request_models import CLOCK_TOLERANCE
from hospital.profile.current_rows import Latest, day_text, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.times import DAY, HOUR, MINUTE, MISSING_TIME, moment

__all__ = ["clock_findings", "timestamp_findings"]

_PLANNED_DAYS = 1096
"""Nobody plans further than three years: such a time is a code or a typing error."""
_FAR = 366 * DAY
_SETTLED = 7 * DAY
"""After so long somebody has left any unit."""
_HEAP_SHARE, _HEAP_FACTOR = 0.005, 10.0
_LEAST_PHASE_HOURS, _PHASE_ERRORS, _LEAST_OF_MONTH = 0.75, 5.0, 300


@dataclass(frozen=True)
class _Order:
    """Two times that usually come in this order.

    Attributes:
        share: of the rows that have both, from which a person should look.
    """

    table: str
    earlier: str
    later: str
    share: float


_ORDERS = (
    _Order("visits", "triaged_at", "left_at", 0.0),
    _Order("visits", "triaged_at", "seen_at", 0.05),
    _Order("visits", "seen_at", "bed_requested_at", 0.05),
    _Order("operations", "booked_at", "planned_at", 0.05),
    _Order("staffing", "known_at", "at", 0.5),
)


@dataclass(frozen=True)
class _Length:
    """How long something lasts; `low` and `high` in hours, both included; a share beyond which to look."""

    table: str
    code: str
    start: str
    end: str
    low: float
    high: float
    share: float


_LENGTHS = (
    _Length("visits", "zero_wait", "arrived_at", "seen_at", 0, 0, 0.05),
    _Length("visits", "zero_care", "seen_at", "left_at", 0, 0, 0.01),
    _Length("visits", "long_visit", "arrived_at", "left_at", 72, np.inf, 0.01),
    _Length("stays", "zero_stay", "entered_at", "left_at", 0, 0, 0.01),
    _Length("stays", "long_stay", "entered_at", "left_at", 365 * 24, np.inf, 0.01),
)


def timestamp_findings(table: Latest, now: int) -> list[Finding]:
    """What is suspicious in the times of a table; `now` is the instant after which nothing has happened yet."""
    return [
        *_future(table, now),
        *_isolated(table),
        *_heaps(table),
        *_orders(table),
        *_lengths(table),
        *_never_left(table),
        *_units_never_left(table),
    ]


def _future(table: Latest, now: int) -> list[Finding]:
    name, out = table.contract.name, []
    for column in table.contract.columns:
        if column.name not in table.frame or column.kind != "time" or column.name in ("open_from", "open_to"):
            continue
        limit = now + (_PLANNED_DAYS * DAY if column.planned else CLOCK_TOLERANCE)
        rows = int((instants(table.frame[column.name]) > limit).sum())
        if rows:
            code = "planned_far" if column.planned else "future"
            out.append(Finding(name, code, Weight.LOOK, column.name, rows=rows, share=rows / table.size))
    return out


def _isolated(table: Latest) -> list[Finding]:
    bounds = table.bounds
    if bounds is None:
        return []
    far = (table.times != MISSING_TIME) & (
        (table.times < bounds[0] - _FAR) | (table.times > bounds[1] + _FAR)
    )
    rows, column = int(far.sum()), table.contract.time or ""
    if not rows:
        return []
    return [Finding(table.contract.name, "isolated", Weight.LOOK, column, rows=rows, share=rows / table.size)]


def _heaps(table: Latest) -> list[Finding]:
    """Times at exactly local midnight, far more than in the minutes around: dates without their hour."""
    name, out = table.contract.name, []
    if name not in ("visits", "stays"):
        return []
    for column in table.contract.event_times:
        times = instants(table.frame[column])
        times = times[times != MISSING_TIME]
        clock = local_clock(times, table.zone) % DAY
        rows = int((clock == 0).sum())
        if rows < FLOOR or rows / times.size < _HEAP_SHARE:
            continue
        by_hour = bool((clock % HOUR == 0).mean() > 0.9)
        # Where only hours are written, midnight is compared with the hours beside it, else with the minutes.
        step, factor = (HOUR, 3.0) if by_hour else (MINUTE, _HEAP_FACTOR)
        near = (clock != 0) & ((clock <= HOUR) | (clock >= DAY - HOUR))
        usual = max(near.sum() / (2 if by_hour else 2 * HOUR / step - 1), 0.5)
        if rows > factor * usual:
            out.append(
                Finding(name, "midnight", Weight.LOOK, column, rows=rows, share=rows / int(times.size))
            )
    return out


def _orders(table: Latest) -> list[Finding]:
    out = []
    for order in _ORDERS:
        if order.table != table.contract.name:
            continue
        earlier, later = instants(table.frame[order.earlier]), instants(table.frame[order.later])
        both = (earlier != MISSING_TIME) & (later != MISSING_TIME)
        rows = int((both & (earlier > later)).sum())
        if rows:
            share = rows / int(both.sum())
            weight = Weight.LOOK if share > order.share else Weight.NOTE
            code = f"{order.later}_before_{order.earlier}"
            out.append(Finding(order.table, code, weight, order.later, rows=rows, share=share))
    return out


def _lengths(table: Latest) -> list[Finding]:
    out = []
    for length in _LENGTHS:
        if length.table != table.contract.name:
            continue
        start, end = instants(table.frame[length.start]), instants(table.frame[length.end])
        both = (start != MISSING_TIME) & (end != MISSING_TIME)
        hours = (end[both] - start[both]) / HOUR
        rows = int(((hours >= length.low) & (hours <= length.high)).sum())
        if rows and rows / hours.size >= length.share:
            share = rows / int(hours.size)
            out.append(Finding(length.table, length.code, Weight.LOOK, length.end, rows=rows, share=share))
    return out


def _never_left(table: Latest) -> list[Finding]:
    """Visits and stays without an end long before the record's: they would count as present for ever."""
    days = {"visits": 7, "stays": 180}.get(table.contract.name)
    bounds = table.bounds
    if days is None or bounds is None or not table.frame["left_at"].notna().any():
        return []
    old = table.times < bounds[1] - days * DAY
    rows = int((old & table.frame["left_at"].isna().to_numpy()).sum())
    if not rows or rows / max(int(old.sum()), 1) < 0.01:
        return []
    share = rows / int(old.sum())
    return [Finding(table.contract.name, "never_left", Weight.LOOK, "left_at", rows=rows, share=share)]


def _units_never_left(stays: Latest) -> list[Finding]:
    """Units that nobody leaves, though others are left: a way out (home, died), or a place of a visit, as a unit."""
    bounds = stays.bounds
    if stays.contract.name != "stays" or bounds is None:
        return []
    old = stays.times < bounds[1] - _SETTLED
    left = stays.frame["left_at"].notna().to_numpy(bool)
    of, out = stays.frame["unit"].to_numpy(object), []
    for unit in sorted(set(of[old])):
        rows = int((old & (of == unit)).sum())
        if rows >= 2 * FLOOR and not left[of == unit].any() and left.any():
            out.append(Finding("stays", "unit_never_left", Weight.LOOK, "left_at", str(unit), rows=rows))
    return out


def clock_findings(visits: Latest) -> list[Finding]:
    """Months in which the arrivals of the day are moved by an hour or more: a clock read in another zone.

    The mean place of arrivals on the circle of 24 hours, month by month, against its median; a month speaks
    from 300 rows on, and when it is moved by 45 minutes and five of its own standard errors.
    """
    hours = local_clock(visits.times, visits.zone) % DAY / HOUR
    months = np.array([moment(int(t)).strftime("%Y-%m") for t in visits.day * DAY])
    names, index, counts = np.unique(months, return_inverse=True, return_counts=True)
    angle = hours * (2 * np.pi / 24)
    mean = np.array([np.exp(1j * angle[index == i]).mean() for i in range(names.size)], complex)
    known = counts >= _LEAST_OF_MONTH
    if known.sum() < 3:
        return []
    usual = mean[known].mean()
    moved = np.angle(mean / usual) * 24 / (2 * np.pi)
    moved -= np.median(moved[known])
    error = 24 / (2 * np.pi) / np.maximum(np.abs(mean) * np.sqrt(2 * counts), 1e-9)
    wrong = known & (np.abs(moved) >= _LEAST_PHASE_HOURS) & (np.abs(moved) > _PHASE_ERRORS * error)
    if not wrong.any():
        return []
    rows = np.isin(index, np.flatnonzero(wrong))
    first, last = visits.times[rows].min(), visits.times[rows].max()
    worst = float(moved[wrong][np.argmax(np.abs(moved[wrong]))])
    return [
        Finding(
            "visits",
            "clock_moved",
            Weight.LOOK,
            "arrived_at",
            rows=int(rows.sum()),
            share=float(rows.mean()),
            first=day_text(int(first), visits.zone),
            last=day_text(int(last), visits.zone),
            after=round(worst, 1),
        )
    ]
