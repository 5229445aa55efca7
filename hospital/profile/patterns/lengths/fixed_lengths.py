"""A length that is one and the same: a time that a program makes of another, or that is typed as it was planned."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hospital.arrays import Array
from hospital.profile.current_rows import Latest, day_text, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.row_parts import rows_of_units
from hospital.times import MINUTE, MISSING_TIME

__all__ = ["fixed_length_findings"]

_LENGTHS = {
    "visits": (
        ("arrived_at", "triaged_at"),
        ("triaged_at", "seen_at"),
        ("arrived_at", "seen_at"),
        ("seen_at", "left_at"),
        ("bed_requested_at", "left_at"),
    ),
    "stays": (("entered_at", "left_at"),),
    "operations": (("planned_at", "started_at"), ("started_at", "ended_at")),
}
_AT_ONCE = frozenset(
    {("bed_requested_at", "left_at"), ("planned_at", "started_at"), ("triaged_at", "seen_at")}
)
"""Of these a length of nothing is a copy, too; others have findings of their own, or mean that a time is not kept."""
_SECOND = 1_000_000
_USUAL, _SHARE, _SHARE_ON_GRID = 0.3, 0.5, 0.9
"""Of rows on end, the share of one length: hardly any has three in ten, one that is made has most."""
_GRID, _ON_GRID = 5 * MINUTE, 0.9
_LEAST_ROWS, _LEAST_DAYS, _COMMONEST = 3 * FLOOR, 3, 2
_NEAR_SECONDS, _FACTOR = 300, 5.0


@dataclass(frozen=True)
class _Run:
    """Rows on end of which most have one length.

    Attributes:
        rows: int64 [n], of the table, those of that length.
        seconds: the length.
        share: of the rows on end.
    """

    rows: Array
    seconds: int
    share: float


def fixed_length_findings(table: Latest) -> list[Finding]:
    """Times that follow another after one and the same length, of all rows or of a unit, always or for some weeks."""
    out: list[Finding] = []
    for pair in _LENGTHS.get(table.contract.name, ()):
        if any(f.column == pair[1] for f in out):
            continue
        start, end = (instants(table.frame[name]) for name in pair)
        known = (start != MISSING_TIME) & (end != MISSING_TIME)
        on_grid = (known & (start % _GRID == 0) & (end % _GRID == 0)).sum() >= _ON_GRID * max(known.sum(), 1)
        seconds = (end - start) // _SECOND
        for unit, rows in _parts(table):
            rows = rows[known[rows]]
            run = _run(rows, seconds[rows], table.day[rows], at_once=pair in _AT_ONCE, on_grid=bool(on_grid))
            if run is not None:
                out.append(_finding(table, pair, unit, run))
                if not unit:
                    break
    return out


def _parts(table: Latest) -> Iterator[tuple[str, Array]]:
    """All rows, then those of each unit or department: int64 [n]."""
    yield "", np.arange(table.size)
    for part in rows_of_units(table):
        yield part.unit, part.rows


def _finding(table: Latest, pair: tuple[str, str], unit: str, run: _Run) -> Finding:
    times = table.times[run.rows]
    first, last = (day_text(int(times[i]), table.zone) for i in (FLOOR - 1, -FLOOR))
    finding = Finding(table.contract.name, "fixed_delay", Weight.LOOK, pair[1], unit, first=first, last=last)
    days = np.unique(table.day[run.rows]).size
    after = round(run.seconds / 60, 2)
    return replace(finding, rows=run.rows.size, share=run.share, days=days, after=after, names=(pair[0],))


def _run(rows: Array, seconds: Array, day: Array, *, at_once: bool, on_grid: bool) -> _Run | None:
    """The rows (int64 [n], in the order of time) of one length (int64 [n] seconds), where most on end have it."""
    values, counts = np.unique(seconds, return_counts=True)
    for value in values[np.argsort(counts, kind="stable")[::-1][:_COMMONEST]]:
        if value < 0 or (value == 0 and not at_once):
            continue
        same = seconds == value
        if same.sum() < _LEAST_ROWS:
            break
        start, stop = _on_end(same)
        inside = same[start:stop]
        share = float(inside.mean())
        found = rows[start:stop][inside]
        near = np.abs(seconds[start:stop] - value) <= _NEAR_SECONDS
        beside = float((near & ~inside).sum()) / (2 * _NEAR_SECONDS / 60)
        if inside.sum() < _LEAST_ROWS or np.unique(day[start:stop][inside]).size < _LEAST_DAYS:
            continue
        if share >= (_SHARE_ON_GRID if on_grid else _SHARE) and inside.sum() > _FACTOR * beside:
            return _Run(found, int(value), share)
    return None


def _on_end(same: Array) -> tuple[int, int]:
    """Where rows on end (of bool [n]) have most beyond the usual share."""
    walk = np.concatenate([[0.0], np.cumsum(same - _USUAL)])
    lowest = np.minimum.accumulate(walk)
    stop = int(np.argmax(walk - lowest))
    return int(np.argmin(walk[: stop + 1])), stop
