"""What stops part-way: a column, a group of people or a code, a value that varied, a rota, a whole table."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock
from hospital.contracts.tables import Kind
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest, day_text
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.silences import LEAST_EXPECTED, Silence, rare_silence, silence
from hospital.times import DAY

__all__ = ["record_end", "rota_findings", "stop_findings", "table_end_findings"]

_TABLES = ("visits", "stays", "operations", "staffing", "census")
_UNITS = ("unit", "destination_unit", "predecessor")
_AGE_BANDS = (0, 15, 45, 65, 75, 85)
_LEAST_DAYS = 7
_CONSTANT = 25.0
"""Nats: rows of one value on end, as often as that value or a repetition otherwise comes (once in 7 * 10^10)."""
_SMALL_COUNT = 5
_ROTA_STEPS, _ROTA_DAYS = 5.0, 7
_REPEATED_DAYS, _VARIES = 21, 0.5
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
    for part, unit in _parts(table):
        out += [f for f in _of_rows(part, unit, covariates) if f.column not in stopped]
    return out


def _parts(table: Latest) -> Iterator[tuple[Latest, str]]:
    """The rows of each unit, or department, where there are several."""
    column = {"visits": "department", "census": "unit"}.get(table.contract.name, "")
    if not column:
        return
    codes, names = pd.factorize(table.frame[column])
    if len(names) > 1:
        for rows, name in zip(rows_of_groups(codes.astype(np.int64), len(names)), names, strict=True):
            if rows.size > 2 * FLOOR:
                yield table.part(rows), str(name)


def _of_rows(table: Latest, unit: str, covariates: tuple[str, ...]) -> list[Finding]:
    out: list[Finding] = []
    for column in _columns(table, covariates):
        series = table.frame[column]
        known = np.flatnonzero(series.notna().to_numpy(bool))
        found = silence(known, table.day) or rare_silence(known, table.day)
        # A stay whose visit began before the first one in the table has no visit.
        if found is not None and (column != "visit_id" or found.start > 0):
            out.append(_finding(table, "column_stops", column, unit, table.times, found))
        if column in table.contract.event_times or not known.size:
            continue
        out += _of_values(table, column, unit, known)
    return out


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
    series = table.frame[column].iloc[known]
    codes, values = pd.factorize(series)
    day, times, out = table.day[known], table.times[known], list[Finding]()
    run = _constant(codes, day) if len(values) > 1 else None
    if run is not None and counted and series.iloc[run[0]] < _SMALL_COUNT:
        return []  # what has become rare stays the same by itself; a closed unit has a finding of its own
    if run is not None:
        out.append(_finding(table, "column_constant", column, unit, times, Silence(*run, 0.0)))
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
    return [_finding(table, "value_stops", column, unit, times, worst, tuple(sorted(near)))]


def _constant(codes: Array, day: Array) -> tuple[int, int] | None:
    """The longest run of one value in a column that otherwise varies, where it is no chance; None without one."""
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
    return (start, stop) if _nats(stop - start, usual) >= _CONSTANT else None


def _nats(rows: int, usual: float) -> float:
    """By how much so many rows on end surprise, each of which usually comes with this chance."""
    return rows * -float(np.log(max(usual, 1e-9)))


def _finding(
    table: Latest, code: str, column: str, unit: str, times: Array, gap: Silence, names: tuple[str, ...] = ()
) -> Finding:
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


def rota_findings(staffing: Latest, until: int) -> list[Finding]:
    """Plans of a unit and role that end before the record does, or lack a week or more inside it."""
    out = []
    codes, pairs = pd.factorize(staffing.frame["unit"] + "\x1f" + staffing.frame["role"])
    for rows, pair in zip(rows_of_groups(codes.astype(np.int64), len(pairs)), pairs, strict=True):
        unit, role = str(pair).split("\x1f")
        at = staffing.times[rows]
        rows, at = rows[at <= until], np.append(at[at <= until], until)
        if at.size < 2 * FLOOR:
            continue
        out += _frozen_rota(staffing.part(rows), unit, role)
        steps = np.diff(at)
        usual = float(np.quantile(steps[:-1], 0.95))
        i = int(np.argmax(steps))
        if steps[i] < max(_ROTA_DAYS * DAY, _ROTA_STEPS * usual):
            continue
        first, last = (day_text(int(at[k]), staffing.zone) for k in (i, i + 1))
        lost = round(float(steps[i]) / float(np.median(steps[:-1])))
        share = float(steps[i]) / float(at[-1] - at[0])
        code = "rota_stops" if i == steps.size - 1 else "rota_gap"
        days = round(float(steps[i]) / DAY)
        out.append(
            Finding(
                "staffing", code, Weight.LOOK, "at", unit, lost, share, first, last, names=(role,), days=days
            )
        )
    return out


def _frozen_rota(plan: Latest, unit: str, role: str) -> list[Finding]:
    """One unit's and role's numbers that stay the same for weeks, or repeat the week before, though they vary else."""
    counts = plan.frame["count"].to_numpy(np.float64)
    codes, values = pd.factorize(counts)
    if len(values) < 2 or role == "bed":  # beds are planned by the week, and stay as planned
        return []
    run, code = _constant(codes, plan.day), "column_constant"
    if run is None:
        run, code = _repeated(counts, local_clock(plan.times, plan.zone), plan.day), "rota_repeated"
    if run is None:
        return []
    found = _finding(plan, code, "count", unit, plan.times, Silence(*run, 0.0), (role,))
    return [found]


def _repeated(counts: Array, clock: Array, day: Array) -> tuple[int, int] | None:
    """The longest run of numbers (float64 [n]) equal to those of the same hour of the week before; None by chance."""
    places = np.minimum(np.searchsorted(clock, clock - 7 * DAY), clock.size - 1)
    same = (clock[places] == clock - 7 * DAY) & (counts[places] == counts)
    edges = np.flatnonzero(~same)
    starts, stops = np.concatenate([[0], edges + 1]), np.concatenate([edges, [same.size]])
    i = int(np.argmax(stops - starts))
    start, stop = int(starts[i]), int(stops[i])
    others = np.concatenate([same[:start], same[stop:]])
    if stop <= start or day[stop - 1] - day[start] + 1 < _REPEATED_DAYS or others.size < 2 * FLOOR:
        return None
    # A plan that is the same on most weeks is a cycle, not a copy.
    usual = float(others.mean())
    return (start, stop) if usual <= _VARIES and _nats(stop - start, usual) >= _CONSTANT else None
