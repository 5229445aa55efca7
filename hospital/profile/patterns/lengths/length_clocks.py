"""A clock that is off within a row: between two of its times no department or unit is ever quicker than an hour.

Who is triaged is at times seen at once. Where nobody is within the hour for weeks, though somebody was before, or is
in the other departments, the later time comes from a program that keeps another clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hospital.arrays import Array
from hospital.profile.current_rows import Latest, day_text, instants
from hospital.profile.facts import Finding, Weight
from hospital.profile.patterns.row_parts import rows_of_units
from hospital.times import MINUTE, MISSING_TIME

__all__ = ["length_clock_findings"]

_LENGTHS = {
    "visits": (("arrived_at", "triaged_at"), ("triaged_at", "seen_at"), ("arrived_at", "seen_at")),
    "operations": (("planned_at", "started_at"), ("started_at", "ended_at")),
}
_HOURS = (1, 2)
_LEAST_ROWS, _LEAST_DAYS = 100, 7
_SOON_MINUTES = 15.0
_SOON_SHARE = 0.05
"""Of all lengths at other times, or elsewhere, those shorter than a quarter of an hour: at least this share."""
_CERTAIN = 25.0


@dataclass(frozen=True)
class _Lengths:
    """Known lengths of a part of a table, in the order of its time.

    Attributes:
        rows: int64 [n], rows of the table.
        minutes: float64 [n].
    """

    rows: Array
    minutes: Array

    def part(self, mask: Array) -> "_Lengths":
        return _Lengths(self.rows[mask], self.minutes[mask])


def length_clock_findings(table: Latest) -> list[Finding]:
    """Departments or units in which a length is never shorter than an hour or two, for weeks or always."""
    out: list[Finding] = []
    for first, second in _LENGTHS.get(table.contract.name, ()):
        if any(f.column == second for f in out):
            continue
        whole = _lengths(table, first, second)
        for unit, own, others in _of_units(table, whole):
            found = _finding(table, second, unit, own, others)
            if found is not None:
                out.append(found)
                if not unit:
                    break  # of all: then each unit shows it, too
    return out


def _lengths(table: Latest, first: str, second: str) -> _Lengths:
    start, end = instants(table.frame[first]), instants(table.frame[second])
    rows = np.flatnonzero((start != MISSING_TIME) & (end != MISSING_TIME))
    return _Lengths(rows, (end[rows] - start[rows]) / MINUTE)


def _of_units(table: Latest, whole: _Lengths) -> Iterator[tuple[str, _Lengths, _Lengths]]:
    """All rows, held against none; then those of each department or unit, against the others'."""
    nothing = whole.part(np.zeros(whole.rows.size, bool))
    yield "", whole, nothing
    for part in rows_of_units(table):
        mine = np.isin(whole.rows, part.rows)
        yield part.unit, whole.part(mine), whole.part(~mine)


def _finding(table: Latest, column: str, unit: str, own: _Lengths, others: _Lengths) -> Finding | None:
    """The longest run of rows of which none is shorter than a whole hour, where chance does not bring that."""
    if own.rows.size < _LEAST_ROWS:
        return None
    for hours in _HOURS[::-1]:
        limit = 60.0 * hours - _SOON_MINUTES / 3
        short = np.flatnonzero(own.minutes < limit)
        edges = np.concatenate([[-1], short, [own.rows.size]])
        i = int(np.argmax(np.diff(edges)))
        start, stop = int(edges[i]) + 1, int(edges[i + 1])
        inside = own.rows[start:stop]
        if stop - start < _LEAST_ROWS or table.day[inside[-1]] - table.day[inside[0]] < _LEAST_DAYS:
            continue
        rest = np.concatenate([own.minutes[:start], own.minutes[stop:]])
        beside = rest if rest.size >= _LEAST_ROWS else others.minutes
        soon = (own.minutes[start:stop] < 60.0 * hours + _SOON_MINUTES).mean()
        if not _is_moved(beside, stop - start, limit, float(soon)):
            continue
        first, last = (day_text(int(table.times[k]), table.zone) for k in (inside[0], inside[-1]))
        finding = Finding(
            table.contract.name, "length_moved", Weight.LOOK, column, unit, first=first, last=last
        )
        days = np.unique(table.day[inside]).size
        share = (stop - start) / own.rows.size
        return replace(finding, rows=stop - start, share=share, days=days, after=float(hours))
    return None


def _is_moved(beside: Array, rows: int, limit: float, soon: float) -> bool:
    """Whether so many rows without a length (float64 [n] minutes beside) under the limit are no chance, but a clock.

    As many lie within a quarter of an hour beyond the hour as elsewhere lie within one: else waits have grown longer.
    """
    if beside.size < _LEAST_ROWS:
        return False
    usual = float((beside < _SOON_MINUTES).mean())
    under = float((beside < limit).mean())
    certain = rows * -np.log1p(-min(under, 0.999)) >= _CERTAIN
    return bool(certain and usual >= _SOON_SHARE and 0.5 * usual <= soon <= 2.0 * usual)
