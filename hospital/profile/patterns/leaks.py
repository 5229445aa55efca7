"""What the tables give away of an outcome by what is missing: as the gate probes it, before there is a model.

Whether a column is known, how it was written (decimals, round, a default), when and in which order it was received:
where that goes with the row's own outcome far better than with the row before, whoever wrote it knew the outcome.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock, weekday
from hospital.contracts.tables import Kind
from hospital.dataset.entry_traces import Entries, entries_of, order_of_entry, time_of_entry
from hospital.dataset.excess_correlation import LEAST_GROUP, Group, excess_correlation, residuals, row_before
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.row_days import with_days
from hospital.times import DAY, HOUR, MINUTE, MISSING_TIME

__all__ = ["bed_leak_findings", "wait_leak_findings"]

_MOST_ROWS = 40_000
_MARGIN = 0.05
"""Sound columns have up to 0.02; half a vital sign's values written by whoever sees the patient have 0.3 and more."""
_LEAST_BLOCKS, _ERRORS = 10, 6.0
_RECENT = 10
_CODES = {
    "known": "leak_known",
    "digits": "leak_digits",
    "rounding": "leak_rounding",
    "default": "leak_default",
    "entry": "leak_entry",
    "order": "leak_order",
}


@dataclass(frozen=True)
class _Rows:
    """Rows with outcomes, and what is known of each of them without its own columns.

    Attributes:
        table: the rows, in the order of time.
        at: int64 [n] instants.
        outcome: float64 [n].
        controls: float64 [n, k].
        group: int64 [n], rows compared with each other.
        line: int64 [n], rows that follow one another.
        horizon: microseconds.
    """

    table: Latest
    at: Array
    outcome: Array
    controls: Array
    group: Array
    line: Array
    horizon: int

    def leaks(self, series: Iterable[Entries]) -> list[Finding]:
        """A finding for each series that goes with its own outcome alone."""
        # Without rows that can be compared nothing is found.
        cells = rows_of_groups(self.group, int(self.group.max(initial=-1)) + 1)
        groups = [Group.of(r, self.controls) for r in cells if r.size >= LEAST_GROUP]
        y = residuals(self.outcome, self.controls, groups)
        lines = rows_of_groups(self.line, int(self.line.max(initial=-1)) + 1)
        found = (self._leak(one, y, groups, lines) for one in series)
        return [f for f in found if f is not None]

    def _leak(
        self, series: Entries, y: Array, groups: Sequence[Group], lines: Sequence[Array]
    ) -> Finding | None:
        known = [rows[np.isfinite(series.values[rows])] for rows in lines]
        before = row_before(self.at, np.full(self.at.size, self.horizon), known)
        older = series.values[np.where(before >= 0, before, np.arange(self.at.size))]
        x, earlier = (residuals(v, self.controls, groups) for v in (series.values, older))
        earlier[before < 0] = np.nan
        found = excess_correlation(y, x, earlier, self.at)
        if found is None or found.blocks.size < _LEAST_BLOCKS:
            return None
        if not found.at_least(_ERRORS) > _MARGIN:
            return None
        rows, column = (
            self._rows(series),
            "" if series.feature == self.table.contract.name else series.feature,
        )
        weight, share = Weight.LOOK, float(rows.mean())
        finding = Finding(self.table.contract.name, _CODES[series.aspect], weight, column, share=share)
        return replace(with_days(finding, self.table, rows), after=round(found.own, 2))

    def _rows(self, series: Entries) -> Array:
        """The rows that have what gives it away, or lack it, whichever are fewer; all where it is a time."""
        if series.aspect == "known":
            return np.asarray(series.values == (1.0 if series.values.mean() < 0.5 else 0.0))
        if series.aspect == "default":
            return np.asarray(series.values > 0)
        if series.aspect == "digits":
            known = series.values[np.isfinite(series.values)]
            return np.asarray(
                series.values == (known.min() if (known == known.min()).mean() < 0.5 else known.max())
            )
        return np.isfinite(series.values)


def wait_leak_findings(visits: Latest, versions: pd.DataFrame | None) -> list[Finding]:
    """What columns of visits give away of the wait for the first contact.

    Args:
        visits: each visit once.
        versions: every row received of them with its ``received_at``; None where the file does not say when.
    """
    arrived, seen = visits.times, instants(visits.frame["seen_at"])
    usable = np.flatnonzero((arrived != MISSING_TIME) & (seen != MISSING_TIME) & (seen >= arrived))[
        -_MOST_ROWS:
    ]
    if usable.size < 20 * FLOOR:
        return []
    mask = np.zeros(visits.size, bool)
    mask[usable] = True
    part = visits.part(mask)
    wait = np.log1p((seen[usable] - arrived[usable]) / MINUTE)
    department, level = (_codes(part.frame[name]) for name in ("department", "triage"))
    controls = np.column_stack([_hours(part), _recent(wait, department)])
    rows = _Rows(
        part, part.times, wait, controls, level * (department.max() + 1) + department, department, MINUTE
    )
    entries = _columns(part)
    out = rows.leaks([e for e in entries if e.feature not in ("triage", "department")])
    # All rows of a level have one that is known: whether it is known is compared within the department.
    out += replace(rows, group=department).leaks([e for e in entries if e.feature == "triage"])
    # So have all rows of a department: whether one is known is compared among all, with nothing else known of them.
    everybody = np.zeros(part.size, np.int64)
    among_all = replace(rows, controls=np.ones((part.size, 1)), group=everybody, line=everybody)
    out += among_all.leaks([e for e in entries if e.feature == "department"])
    return out if versions is None else out + rows.leaks(_receptions(part, versions))


def _columns(part: Latest) -> list[Entries]:
    """Whether each column is known that may be before the contact, and of numbers how they are written."""
    later = {c.name for c in part.contract.columns if c.hindsight}
    skipped = {*part.contract.key, part.contract.time, "received_at", *later}
    numbers = {c.name for c in part.contract.columns if c.kind in (Kind.NUMBER, Kind.INTEGER)}
    out: list[Entries] = []
    for name in (str(n) for n in part.frame.columns if n not in skipped):
        series = part.frame[name]
        if name in numbers:
            out += [e for e in entries_of(name, series.to_numpy(np.float64)) if e.aspect != "value"]
        elif series.isna().any() and series.notna().any():
            out.append(Entries(name, "known", series.notna().to_numpy(np.float64)))
    return out


def _receptions(part: Latest, versions: pd.DataFrame) -> list[Entries]:
    """When the visit was first received, after its triage or arrival, and in which place."""
    first = versions.groupby("visit_id", sort=False)["received_at"].min()
    received = instants(first.reindex(part.frame["visit_id"]).reset_index(drop=True))
    triaged = instants(part.frame["triaged_at"])
    # Whether somebody was triaged is held against the wait by itself.
    asked = part.times if (triaged == MISSING_TIME).all() else triaged
    known = np.where(asked == MISSING_TIME, received, asked)
    minutes = time_of_entry(received, known)
    entries = [replace(e, values=np.where(asked == MISSING_TIME, np.nan, e.values)) for e in minutes]
    return [*entries, *order_of_entry(received)]


def _codes(column: pd.Series) -> Array:
    return pd.factorize(column)[0].astype(np.int64) + 1


def _hours(part: Latest) -> Array:
    """A constant and the three hours of the day, and the weekend: float64 [n, 9]."""
    clock = local_clock(part.times, part.zone)
    hour = clock % DAY // (3 * HOUR)
    ends = weekday(clock // DAY) >= 5
    return np.column_stack([hour[:, None] == np.arange(8), ends]).astype(np.float64)


def _recent(wait: Array, line: Array) -> Array:
    """The mean outcome of the ten rows before each of its line; the line's mean for the first one: float64 [n]."""
    out = np.zeros(wait.size)
    for rows in rows_of_groups(line, int(line.max()) + 1):
        own = wait[rows]
        sums = np.concatenate([[0.0], np.cumsum(own)])
        size = np.minimum(np.arange(own.size), _RECENT)
        means = (sums[:-1] - sums[np.arange(own.size) - size]) / np.maximum(size, 1)
        out[rows] = np.where(size > 0, means, own.mean() if own.size else 0.0)
    return out


def bed_leak_findings(census: Latest, covariates: tuple[str, ...]) -> list[Finding]:
    """What columns of a census give away, by being known, of how the beds in use change within the next day."""
    unit = _codes(census.frame["unit"]) - 1
    occupied = census.frame["occupied"].to_numpy(np.float64)
    lines = rows_of_groups(unit, int(unit.max(initial=-1)) + 1)
    later = np.full(census.size, np.nan)
    for rows in lines:
        place = np.searchsorted(census.times[rows], census.times[rows] + DAY)
        there = place < rows.size
        there[there] &= census.times[rows[place[there]]] - census.times[rows[there]] == DAY
        later[rows[there]] = occupied[rows[place[there]]] - occupied[rows[there]]
    usable = np.isfinite(later) & np.isfinite(occupied)
    keep = np.flatnonzero(usable)[-_MOST_ROWS:]
    mask = np.zeros(census.size, bool)
    mask[keep] = True
    part = census.part(mask)
    if part.size < 20 * FLOOR:
        return []
    days = weekday(part.day)[:, None] == np.arange(7)
    controls = np.column_stack([days, occupied[keep]]).astype(np.float64)
    outcomes = _Rows(part, part.times, later[keep], controls, unit[keep], unit[keep], DAY)
    names = ("staffed", "waiting", "admissions", "discharges", *covariates)
    series = [e for n in names if n in part.frame for e in entries_of(n, part.frame[n].to_numpy(np.float64))]
    return outcomes.leaks([e for e in series if e.aspect != "value"])
