"""Long lengths of time that are no longer sent, or cut to a limit: waits, hours in the department, nights in a unit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hospital.arrays import Array
from hospital.profile.current_rows import Latest, day_text, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.row_days import with_days
from hospital.profile.patterns.row_parts import kinds_of_visits, nights, rows_of_units
from hospital.times import HOUR, MINUTE, MISSING_TIME

__all__ = ["length_limit_findings"]

_BELOW = 0.75
"""What lies between three quarters of a limit and it is as near to it as can be measured."""
_NATS, _NATS_INSIDE = 20.0, 28.0
"""Twice in a thousand million, were days independent; of days inside a record there are more. Busy days come together,
so that chance goes further than that. Of forty sound hospitals one came to 17.7, from the middle of March to December;
these numbers were set with it in view.
"""
_LEAST_DAYS, _LEAST_ABOVE = 14, 20
_STEP, _MOST_STEPS = 7, 60
_EDGE, _LEAST_AT_EDGE = 0.98, 30


@dataclass(frozen=True)
class _Length:
    """A length of time in a table: its two times, and the hours at the end of which long ones are not over."""

    table: str
    start: str
    end: str
    open_hours: float


@dataclass(frozen=True)
class _Run:
    """Days without long ones: the first row and the end, the limit in minutes, and the share above it elsewhere."""

    start: int
    stop: int
    limit: float
    share: float


_LENGTHS = (
    _Length("visits", "arrived_at", "seen_at", 24),
    _Length("visits", "arrived_at", "left_at", 72),
    _Length("visits", "bed_requested_at", "left_at", 72),
    _Length("stays", "entered_at", "left_at", 24 * 60),
)


def length_limit_findings(table: Latest) -> list[Finding]:
    """Lengths that pass a limit on other days and never in between, as none does by chance; and those cut to one."""
    out: list[Finding] = []
    for length in _LENGTHS:
        if length.table != table.contract.name:
            continue
        start, end = instants(table.frame[length.start]), instants(table.frame[length.end])
        known = (start != MISSING_TIME) & (end != MISSING_TIME)
        if known.sum() < 20 * FLOOR:
            continue
        known &= start <= start[known].max() - length.open_hours * HOUR
        minutes = np.where(known, (end - start) / MINUTE, np.nan)
        out += _edges(table, length, minutes)
        if any(f.code == "long_ones_missing" and f.column == length.end for f in out):
            continue  # time in the department counts from its beginning
        for unit, names, clock, rows in _parts(table):
            mine = rows[np.isfinite(minutes[rows])]
            found = _missing_above(table, length, mine, minutes[mine])
            if found is not None:
                out.append(replace(found, unit=unit, names=names, clock=clock))
                break  # of all: then each department shows it, too
    return out


def _parts(table: Latest) -> Iterator[tuple[str, tuple[str, ...], str, Array]]:
    """All rows, then those of each unit or department, level and mode, and of the nights: int64 [n]."""
    yield "", (), "", np.arange(table.size)
    parts = list(rows_of_units(table))
    if table.contract.name == "visits":
        parts += [*kinds_of_visits(table), nights(table)]
    for part in parts:
        yield part.unit, part.names, part.clock, part.rows


def _missing_above(table: Latest, length: _Length, rows: Array, minutes: Array) -> Finding | None:
    run = _longest_below(minutes, table.day[rows]) if rows.size >= 20 * FLOOR else None
    if run is None:
        return None
    at, day = table.times[rows], table.day[rows]
    finding = Finding(table.contract.name, "long_ones_missing", Weight.LOOK, length.end, share=run.share)
    first, last = (day_text(int(at[i]), table.zone) for i in (run.start, run.stop - 1))
    days = int(day[run.stop - 1] - day[run.start]) + 1
    finding = replace(finding, first=first, last=last, days=days, rows=run.stop - run.start)
    return replace(finding, before=round(float(minutes.max()), 1), after=round(run.limit, 1))


def _edges(table: Latest, length: _Length, minutes: Array) -> list[Finding]:
    """Lengths that end all at one limit from the first row to the last, of the whole table or of one department.

    The longest of a table lie far apart. Where dozens lie within a fiftieth of the longest, the longer ones were cut
    to it, or left out.
    """
    for unit, names, clock, rows in _parts(table):
        mine = rows[np.isfinite(minutes[rows])]
        if mine.size < 20 * FLOOR:
            continue
        limit = float(minutes[mine].max())
        near = mine[minutes[mine] > _EDGE * limit]
        if near.size < _LEAST_AT_EDGE:
            continue
        at_edge = np.zeros(table.size, bool)
        at_edge[near] = True
        share = float(near.size / mine.size)
        finding = Finding(table.contract.name, "lengths_cut", Weight.LOOK, length.end, unit, share=share)
        finding = replace(with_days(finding, table, at_edge), after=round(limit, 1))
        return [replace(finding, names=names, clock=clock)]
    return []


def _longest_below(minutes: Array, day: Array) -> _Run | None:
    """The days without long ones that are least by chance: up to the record's end, from its beginning, or inside."""
    days, starts = np.unique(day, return_index=True)
    most = np.maximum.reduceat(minutes, starts)
    low, high, least = _spans(days.size)
    if not low.size:
        return None
    limits, surprises = _surprises(most, low, high)
    best = int(np.argmax(surprises - least))
    if surprises[best] <= least[best]:
        return None
    start = int(starts[low[best]])
    stop = int(starts[high[best]]) if high[best] < days.size else day.size
    above = np.concatenate([minutes[:start], minutes[stop:]]) > limits[best]
    if above.sum() < _LEAST_ABOVE:
        return None
    return _Run(start, stop, float(limits[best]), float(above.mean()))


def _spans(days: int) -> tuple[Array, Array, Array]:
    """Ranges of days (int64 [k] each), and the nats by which each is to surprise: every cut, and weeks inside."""
    cuts = np.arange(_LEAST_DAYS, days - _LEAST_DAYS + 1)
    step = max(_STEP, days // _MOST_STEPS)
    weeks = np.arange(step, max(days - step + 1, step), step)
    low, high = (grid.ravel() for grid in np.meshgrid(weeks, weeks, indexing="ij"))
    inside = high - low >= _LEAST_DAYS
    lows = np.concatenate([cuts, np.zeros_like(cuts), low[inside]])
    highs = np.concatenate([np.full_like(cuts, days), cuts, high[inside]])
    return lows, highs, np.where(np.arange(lows.size) < 2 * cuts.size, _NATS, _NATS_INSIDE)


def _surprises(most: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """The longest length in each range of days, and the nats by which none longer there surprises: float64 [k] each.

    Of the days that came near the limit: as many would have passed it as did so elsewhere.

    Args:
        most: float64 [days], the longest of each day.
        low, high: int64 [k], ranges of days.
    """
    place, ascending = np.arange(most.size), np.sort(most)
    inside = (place >= low[:, None]) & (place < high[:, None])
    limits = np.where(inside, most, -np.inf).max(axis=1)
    near = (inside & (most >= _BELOW * limits[:, None])).sum(axis=1)
    others_near = most.size - np.searchsorted(ascending, _BELOW * limits) - near
    beyond = most.size - np.searchsorted(ascending, limits, "right")
    # One day near the limit elsewhere that did not pass it is always thought of.
    return limits, near * -np.log1p(-beyond / (others_near + 1))
