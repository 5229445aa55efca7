"""What stops part-way: a column, a group of people or a code, a value that varied, a whole table."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.contracts.tables import Kind
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest, day_text, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.row_parts import Part, kinds_of_visits, rows_of_units, times_of_week
from hospital.profile.patterns.silences import LEAST_EXPECTED, Silence, rare_silence, silence
from hospital.times import DAY, MISSING_TIME

__all__ = [
    "CERTAIN_NATS",
    "constant_run",
    "gap_finding",
    "nats",
    "record_end",
    "stop_findings",
    "table_end_findings",
]

_TABLES = ("visits", "stays", "operations", "staffing", "census")
_UNITS = ("unit", "destination_unit", "predecessor")
_AGE_BANDS = (0, 15, 45, 65, 75, 85)
_LEAST_DAYS = 7
CERTAIN_NATS = 25.0
"""Nats: rows of one value on end, as often as that value or a repetition otherwise comes (once in 7 * 10^10)."""
_SMALL_COUNT = 5
_LEAST_DAYS_OF_KIND = 4
_END = {"stays": "left_at", "operations": "ended_at"}
_WRITTEN_LATER = {
    "stays": ("left_at", "expected_left_at", "expected_known_at"),
    "operations": ("started_at", "ended_at", "cancelled_at"),
}
_OPEN_STAYS = 3.0
"""Lengths (of nine in ten) for which a unit's last stays may all be open."""
_AGE = "age_years"


def stop_findings(table: Latest, covariates: tuple[str, ...], until: int) -> list[Finding]:
    """Columns, groups and codes of a table that stop, and columns that become constant.

    Args:
        table: visits, stays, operations, staffing or census; of others nothing is found.
        until: instant; what is planned for later is not yet whole.
    """
    if table.contract.name not in _TABLES:
        return []
    bounds = table.bounds
    if bounds is None:
        return []
    # Of what was there before the record's beginning little is known.
    past = (table.times >= bounds[0]) & (table.times <= until)
    table = table.part(past) if not past.all() else table
    whole = _of_rows(table, "", covariates)
    stopped, out = {f.column for f in whole}, list(whole)
    for part in rows_of_units(table):
        own = _of_rows(table.part(part.rows), part.unit, covariates)
        found = [f for f in own if f.column not in stopped and not _still_open(table, part, f)]
        out += [replace(f, names=f.names or part.names) for f in found]
    if table.contract.name == "visits":
        out += _of_kinds(table, covariates, {f.column for f in out})
    return out


def _of_kinds(visits: Latest, covariates: tuple[str, ...], said: set[str]) -> list[Finding]:
    """Columns that stop for one level or mode of arrival, at some hours or at weekends, and not for the others."""
    out: list[Finding] = []
    known = {c: visits.frame[c].notna().to_numpy(bool) for c in _columns(visits, covariates)}
    for code, parts in (
        ("column_hours", times_of_week(visits)),
        ("column_stops_for", kinds_of_visits(visits)),
    ):
        asked = {c: there for c, there in known.items() if c not in said and not there.all()}
        out += _joined([f for part in parts for f in _of_kind(visits, part, asked, code)])
        said = said | {f.column for f in out}
    return out


def _of_kind(visits: Latest, part: Part, known: Mapping[str, Array], code: str) -> list[Finding]:
    day, out = visits.day[part.rows], list[Finding]()
    for column, there in known.items():
        gap = _column_gap(there[part.rows], day, column)
        # Of a weekend, or of some hours, a run of a week is of a few days.
        if gap is None or np.unique(day[gap.start : gap.stop]).size < _LEAST_DAYS_OF_KIND:
            continue
        if part.names and part.names[0].startswith(f"{column}="):
            continue
        rows = visits.part(part.rows)
        finding = gap_finding(rows, code, column, "", rows.times, gap)
        out.append(replace(finding, names=part.names, clock=part.clock))
    return out


def _joined(findings: list[Finding]) -> list[Finding]:
    """The findings of hours that follow one another as one, and of weekends only where no hours show it."""
    by_hour = [f for f in findings if f.clock]
    out = [f for f in findings if not f.clock and f.column not in {h.column for h in by_hour}]
    for column in dict.fromkeys(f.column for f in by_hour):
        own = [f for f in by_hour if f.column == column]
        starts = [i for i, f in enumerate(own) if own[i - 1].clock[6:] != f.clock[:5]] or [0]
        for place, i in enumerate(starts):
            size = (starts[(place + 1) % len(starts)] - i - 1) % len(own) + 1
            run = [own[(i + k) % len(own)] for k in range(size)]
            clock = f"{run[0].clock[:5]}-{run[-1].clock[6:]}"
            rows, first, last = sum(f.rows for f in run), min(f.first for f in run), max(f.last for f in run)
            out.append(replace(run[0], rows=rows, first=first, last=last, clock=clock))
    return out


def _still_open(table: Latest, part: Part, finding: Finding) -> bool:
    """Whether what lacks is written in the course of stays, or operations, that are not over yet."""
    if finding.code != "column_stops" or finding.column not in _WRITTEN_LATER.get(table.contract.name, ()):
        return False
    start, end = table.times[part.rows], instants(table.frame[_END[table.contract.name]])[part.rows]
    lengths = (end - start)[end != MISSING_TIME] / DAY
    return not lengths.size or finding.days < _OPEN_STAYS * float(np.quantile(lengths, 0.9))


def _of_rows(table: Latest, unit: str, covariates: tuple[str, ...]) -> list[Finding]:
    out: list[Finding] = []
    for column in _columns(table, covariates):
        series = table.frame[column]
        known = np.flatnonzero(series.notna().to_numpy(bool))
        found = _column_gap(series.notna().to_numpy(bool), table.day, column)
        if found is not None:
            out.append(gap_finding(table, "column_stops", column, unit, table.times, found))
        if column in table.contract.event_times or not known.size:
            continue
        out += _of_values(table, column, unit, known)
    return out


def _column_gap(there: Array, day: Array, column: str) -> Silence | None:
    """The run of rows that lacks a column which is filled beside it.

    Args:
        there: bool [n], whether it is filled, and `day`: int64 [n], ascending.
    """
    known = np.flatnonzero(there)
    found = silence(known, day) or rare_silence(known, day)
    # A stay whose visit began before the first one in the table has no visit.
    return None if found is None or (column == "visit_id" and found.start == 0) else found


def _columns(table: Latest, covariates: tuple[str, ...]) -> list[str]:
    """Columns that may be missing, with covariates and audit attributes; units have findings of their own."""
    kinds = {c.name: c.kind for c in table.contract.columns}
    skipped = {*table.contract.key, table.contract.time, "received_at", *_UNITS}
    names = [str(n) for n in table.frame.columns if n not in skipped]
    if table.contract.name == "census":
        return [n for n in names if n in kinds or n in covariates]
    return [n for n in names if kinds.get(n) is not Kind.ID or n == "visit_id"]


def _of_values(table: Latest, column: str, unit: str, known: Array) -> list[Finding]:
    """Of a column's values: those that stop, and whether one alone is left."""
    counted = table.contract.name == "census"
    if table.contract.name == "staffing" or (counted and not unit) or column == "visit_id":
        return []
    if unit and table.contract.name in ("stays", "operations"):
        return []  # a unit may take patients of one kind alone for a while
    series = table.frame[column].iloc[known]
    codes, values = pd.factorize(series)
    day, times, out = table.day[known], table.times[known], list[Finding]()
    run = constant_run(codes, day) if len(values) > 1 else None
    if run is not None and counted and series.iloc[run[0]] < _SMALL_COUNT:
        return []  # what has become rare stays the same by itself; a closed unit has a finding of its own
    if run is not None:
        out.append(gap_finding(table, "column_constant", column, unit, times, Silence(*run, 0.0)))
    numeric = series.dtype.kind in "fi"
    if numeric and column != _AGE:
        return out
    if numeric:
        codes = np.searchsorted(_AGE_BANDS, series.to_numpy(np.float64), "right") - 1
        values = pd.Index(
            [f"{low}–{high - 1}" for low, high in zip(_AGE_BANDS, (*_AGE_BANDS[1:], 131), strict=True)]
        )
    return out if run is not None else _values_that_stop(table, column, unit, (codes, values), day, times)


def _values_that_stop(
    table: Latest, column: str, unit: str, coded: tuple[Array, pd.Index], day: Array, times: Array
) -> list[Finding]:
    """The value whose absence is longest, with those that are absent from the same days on."""
    codes, values = coded
    rows = rows_of_groups(codes.astype(np.int64), len(values))
    found = {
        str(value): gap
        for value, present in zip(values, rows, strict=True)
        if present.size >= LEAST_EXPECTED and (gap := silence(present, day))
    }
    if not found:
        return []
    worst = max(found.values(), key=lambda s: s.expected)
    near = [
        value
        for value, gap in found.items()
        if abs(int(day[gap.start]) - int(day[worst.start])) <= 3
        and abs(int(day[gap.stop - 1]) - int(day[worst.stop - 1])) <= 3
    ]
    return [gap_finding(table, "value_stops", column, unit, times, worst, tuple(sorted(near)))]


def constant_run(codes: Array, day: Array) -> tuple[int, int] | None:
    """The longest run of one value in a column that otherwise varies, where it is no chance; None without one.

    Args:
        codes: int64 [n], the values' numbers, not negative.
        day: int64 [n], ascending.
    """
    edges = np.flatnonzero(np.diff(codes)) + 1
    starts, stops = np.concatenate([[0], edges]), np.concatenate([edges, [codes.size]])
    i = int(np.argmax(stops - starts))
    start, stop = int(starts[i]), int(stops[i])
    if day[stop - 1] - day[start] + 1 < _LEAST_DAYS:
        return None
    others = np.concatenate([codes[:start], codes[stop:]])
    if others.size < 2 * FLOOR:
        return None
    usual = max(np.bincount(others).max() / others.size, float((np.diff(others) == 0).mean()))
    return (start, stop) if nats(stop - start, usual) >= CERTAIN_NATS else None


def nats(rows: int, usual: float) -> float:
    """By how much so many rows on end surprise, each of which usually comes with this chance."""
    return rows * -float(np.log(max(usual, 1e-9)))


def gap_finding(
    table: Latest, code: str, column: str, unit: str, times: Array, gap: Silence, names: tuple[str, ...] = ()
) -> Finding:
    """A silence as a finding; times: int64 [n], the instants of the rows in their order."""
    rows = gap.stop - gap.start
    first, last = (day_text(int(times[i]), table.zone) for i in (gap.start, gap.stop - 1))
    return Finding(
        table.contract.name,
        code,
        Weight.LOOK,
        column,
        unit,
        rows=rows,
        share=rows / times.size,
        first=first,
        last=last,
        names=names,
        days=_days(times, gap, table),
    )


def _days(times: Array, gap: Silence, table: Latest) -> int:
    low, high = np.searchsorted(table.times, [times[gap.start], times[gap.stop - 1]])
    return int(table.day[high] - table.day[low]) + 1


def record_end(latest: Mapping[str, Latest], now: int) -> int:
    """Instant at which the longest of the tables of what happened ends, no later than `now`."""
    ends = [b[1] for n in ("visits", "stays", "census") if n in latest and (b := latest[n].bounds)]
    return min(max(ends), now) if ends else now


def table_end_findings(latest: Mapping[str, Latest], until: int) -> list[Finding]:
    """Tables of what happened that end a week or more before the others, and would have had rows since."""
    out = []
    for name in ("visits", "stays", "census"):
        bounds = latest[name].bounds if name in latest else None
        if bounds is None:
            continue
        days = (until - bounds[1]) / DAY
        usual = latest[name].size / max((bounds[1] - bounds[0]) / DAY, 1.0)
        if days >= _LEAST_DAYS and days * usual >= LEAST_EXPECTED + FLOOR:
            zone = latest[name].zone
            first, last = day_text(bounds[1], zone), day_text(until, zone)
            column = latest[name].contract.time or ""
            out.append(
                Finding(name, "table_stops", Weight.LOOK, column, first=first, last=last, days=int(days))
            )
    return out
