"""Labels that change hands: two units exchanged from a day on, or one that closes while another takes its rows.

What a unit is like (how many come a day, for how long, from where, how old; of a census how many are there) stays with
its patients. Where a label is from one day on like another was before, and unlike itself, the label moved.
"""

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.profile.current_rows import Latest, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.census_labels import exchanged_counts
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = ["label_findings"]

_WINDOWS, _LEAST_DAYS = (28, 84), 14
_OTHER, _OTHER_EACH = 60.0, 20.0
"""Squared differences in standard errors, summed, by which units are no longer like themselves: together, and each."""
_CENSUS_DAYS, _CENSUS_SHARE = 7, 0.6
"""A count goes on from day to day: of a census the weeks on both sides speak, by how far counts move in a week."""
_ALIKE = 0.25
"""Of that, what is left at most against the units that they are like."""
_SHORT_DAYS = (1, 3)
"""A stay of so many days at most is short: known of all but those of the last days."""
_MOST_UNITS = 60
_LEAST_SPREAD, _LEAST_ROWS, _OVERDISPERSION = 0.1, 20, 1.5
_NAMES = {"visits": "department", "stays": "unit", "census": "unit"}


@dataclass(frozen=True)
class _Daily:
    """What each unit is like, day by day.

    Attributes:
        units: names.
        first: the first local day.
        values: float64 [units, days, measures], NaN where nothing is known.
        present: bool [units, days], whether the unit has a row.
        rows: int64 [units, days].
        row_spread: float64 [measures], the standard deviation of all rows; 0 of counts, and of a census.
    """

    units: tuple[str, ...]
    first: int
    values: Array
    present: Array
    rows: Array
    row_spread: Array


def label_findings(table: Latest) -> list[Finding]:
    """Labels of a table that are exchanged, or taken over, from a day on."""
    name = _NAMES.get(table.contract.name)
    if table.contract.name == "census" and (sudden := exchanged_counts(table)):
        return sudden
    bounds = table.bounds
    if name is None or bounds is None:
        return []
    inside = (table.times >= bounds[0]) & (table.times <= bounds[1])
    table = table.part(inside) if not inside.all() else table
    daily = _daily(table, name)
    if daily is None:
        return []
    out: list[Finding] = []
    involved: set[str] = set()
    # Who has no more rows cannot have been exchanged.
    for finding in sorted(_moves(table, daily), key=lambda f: (f.code != "label_taken", -(f.after or 0.0))):
        if involved & {finding.unit, *finding.names}:
            continue
        involved |= {finding.unit, *finding.names}
        out.append(replace(finding, after=None))
    return out


def _daily(table: Latest, name: str) -> _Daily | None:
    """What the units with the most rows are like; None where there is one alone, or too few days.

    Args:
        name: the column that names the unit.
    """
    codes, names = pd.factorize(table.frame[name])
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    chosen = [i for i in np.argsort(-counts, kind="stable")[:_MOST_UNITS] if counts[i] > 2 * FLOOR]
    first, days = int(table.day[0]), int(table.day[-1] - table.day[0]) + 1
    if len(chosen) < 2 or days < 2 * _LEAST_DAYS:
        return None
    measures = _measures(table)
    values = np.full((len(chosen), days, len(measures) + (table.contract.name != "census")), np.nan)
    size = np.zeros((len(chosen), days), np.int64)
    for k, i in enumerate(chosen):
        rows = np.flatnonzero(codes == i)
        day = table.day[rows] - first
        size[k] = np.bincount(day, minlength=days)
        if table.contract.name != "census":
            values[k, :, -1] = size[k]
        for j, measure in enumerate(measures):
            values[k, :, j] = _means(measure[rows], day, days)
    spread = np.zeros(values.shape[2])
    if table.contract.name != "census":
        spread[: len(measures)] = [
            float(np.std(m[np.isfinite(m)])) if np.isfinite(m).any() else 0.0 for m in measures
        ]
    return _Daily(tuple(str(names[i]) for i in chosen), first, values, size > 0, size, spread)


def _means(values: Array, day: Array, days: int) -> Array:
    """The mean of each day: float64 [days], NaN without any."""
    known = np.isfinite(values)
    sums = np.bincount(day[known], weights=values[known], minlength=days)
    sizes = np.bincount(day[known], minlength=days)
    return np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan)


def _measures(table: Latest) -> list[Array]:
    """Numbers of each row by which units differ: float64 [n] each."""
    frame, kind = table.frame, table.contract.name
    if kind == "census":
        return [np.sqrt(frame["occupied"].to_numpy(np.float64))]
    start, end = table.times, instants(frame["left_at" if kind == "stays" else "seen_at"])
    known = end != MISSING_TIME
    if kind == "stays":
        hour = local_hour(start, table.zone) * (2 * np.pi / 24)
        sources = [(frame["source"] == choice).to_numpy(np.float64) for choice in ("emergency", "transfer")]
        # Who comes in the last days may still leave soon.
        last = int(start[-1])
        short = [
            np.where(start < last - days * DAY, known & (end - start <= days * DAY), np.nan)
            for days in _SHORT_DAYS
        ]
        return [*sources, *short, np.cos(hour), np.sin(hour)]
    length = np.where(known, np.log1p(np.maximum(end - start, 0) / HOUR), np.nan)
    levels = frame["triage"].map({"1": 1, "2": 2, "3A": 3, "3": 3.5, "3B": 4, "4": 5, "5": 6})
    return [length, frame["age_years"].to_numpy(np.float64), levels.to_numpy(np.float64)]


def _moves(table: Latest, daily: _Daily) -> list[Finding]:
    """Every pair of units whose labels may have moved, at the day that shows it best; `after` holds how clearly."""
    out, sums = [], _Sums.of(daily)
    cuts = np.arange(_LEAST_DAYS, daily.present.shape[1] - _LEAST_DAYS + 1)
    if not cuts.size:
        return []
    before_rows, after_rows = sums.rows_before(cuts) > 0, sums.rows_after(cuts) > 0
    counts = table.contract.name == "census"
    for window in (_CENSUS_DAYS,) if counts else _WINDOWS:
        share = _CENSUS_SHARE if counts else 1.0
        distances = _Distances(sums.before(cuts, window), sums.after(cuts, window), share)
        for i, j in permutations(range(len(daily.units)), 2):
            sizes = {"label_taken": distances.taken(i, j, before_rows[j] & ~after_rows[j])}
            if i < j:
                sizes["labels_exchanged"] = distances.exchanged(i, j)
            for code, size in sizes.items():
                if size.max() > 0:
                    peaks = _peaks(size)
                    last = int(cuts[peaks[-1]]) if len(peaks) > 1 and code == "labels_exchanged" else None
                    first = int(cuts[peaks[0] if last is not None else np.argmax(size)])
                    out.append(_finding(table, daily, code, (i, j), (first, last), float(size.max())))
    return out


def _peaks(size: Array) -> list[int]:
    """Where each stretch of a series (float64 [n]) above 0 is highest; those nearer than two weeks are one."""
    above = np.flatnonzero(size > 0)
    stretches = np.split(above, np.flatnonzero(np.diff(above) >= _LEAST_DAYS) + 1)
    return [int(s[np.argmax(size[s])]) for s in stretches]


class _Distances:
    """How unlike units after each cut are to units before it."""

    def __init__(self, before: tuple[Array, Array], after: tuple[Array, Array], share: float) -> None:
        """Of units before and after each cut.

        Args:
            before, after: means and their standard errors, float64 [units, cuts, measures] each.
            share: of the usual limits, those that decide.
        """
        self._before, self._after, self._share = before, after, share
        self._own = [self._between(i, i) for i in range(before[0].shape[0])]

    def exchanged(self, i: int, j: int) -> Array:
        """By how much two units are like each other rather than themselves: float64 [cuts], 0 where they are not."""
        own, other = self._own[i] + self._own[j], self._between(i, j) + self._between(j, i)
        each = np.minimum(self._own[i], self._own[j])
        return self._size(own, other, each)

    def taken(self, i: int, j: int, closes: Array) -> Array:
        """The same where unit `j` is no more (bool [cuts]) and `i` is from then on like it was."""
        own = self._own[i]
        return np.where(closes, self._size(own, self._between(j, i), own), 0.0)

    def _size(self, own: Array, other: Array, each: Array) -> Array:
        holds = np.isfinite(own) & (own >= self._share * _OTHER) & (other <= _ALIKE * own)
        holds &= each >= self._share * _OTHER_EACH
        return np.where(holds, np.where(holds, own, 0.0) - np.where(holds, other, 0.0), 0.0)

    def _between(self, i: int, j: int) -> Array:
        """Squared differences of unit `j` after and `i` before: float64 [cuts]; infinite where one is not there."""
        means = self._before[0][i] - self._after[0][j]
        spread = [np.maximum(side[1][i], side[1][j]) ** 2 for side in (self._before, self._after)]
        errors = np.sqrt(spread[0] + spread[1])
        known = np.isfinite(means) & (errors > 0)
        parts = np.where(known, means / np.where(known, errors, 1.0), 0.0) ** 2
        return np.where(known.any(axis=1), parts.sum(axis=1), np.inf)


def _finding(
    table: Latest, daily: _Daily, code: str, pair: tuple[int, int], span: tuple[int, int | None], size: float
) -> Finding:
    """`span`: the first day, and the first one on which all is as before; None: it stays so."""
    name, units = _NAMES[table.contract.name], [daily.units[k] for k in pair]
    cut, end = span[0], daily.present.shape[1] if span[1] is None else span[1]
    inside = (table.day >= daily.first + cut) & (table.day < daily.first + end)
    concerned = table.frame[name].isin(units).to_numpy(bool) & inside
    first, last = (str(np.datetime64(daily.first + d, "D")) for d in (cut, end - 1))
    return Finding(
        table.contract.name,
        code,
        Weight.LOOK,
        name,
        units[0],
        rows=int(concerned.sum()),
        share=float(concerned.mean()),
        first=first,
        last=last,
        names=(units[1],),
        days=int(daily.present[list(pair), cut:end].any(axis=0).sum()),
        after=size,
    )


@dataclass(frozen=True)
class _Sums:
    """Running sums of what units are like: float64 [units, days + 1, measures]; of days, and of rows.

    Attributes:
        spread: float64 [units, 1, measures], the standard deviation from one day to the same of the next week.
        row_spread: float64 [measures], that of single rows.
    """

    sums: Array
    sizes: Array
    rows: Array
    spread: Array
    row_spread: Array

    @classmethod
    def of(cls, daily: _Daily) -> "_Sums":
        values, known = daily.values, np.isfinite(daily.values)
        filled = np.where(known, values, 0.0)
        pad = ((0, 0), (1, 0), (0, 0))
        sums, sizes = (np.pad(np.cumsum(v, axis=1), pad) for v in (filled, known.astype(np.float64)))
        steps = filled[:, 7:] - filled[:, :-7]
        both = known[:, 7:] & known[:, :-7]
        spread = (np.where(both, steps**2, 0.0).sum(axis=1, keepdims=True) / 2) / np.maximum(
            both.sum(axis=1, keepdims=True), 1
        )
        # A share that is 0 in one unit and 1 in another varies in neither.
        centre = filled.sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1)
        whole = np.where(known, (values - centre) ** 2, 0.0).sum(axis=(0, 1)) / np.maximum(
            known.sum(axis=(0, 1)), 1
        )
        rows = np.pad(np.cumsum(daily.rows, axis=1), pad[:2])
        least = _LEAST_SPREAD * np.sqrt(whole)
        return cls(sums, sizes, rows, np.maximum(np.sqrt(spread), least), daily.row_spread)

    def before(self, cuts: Array, window: int) -> tuple[Array, Array]:
        """Means of some days before each cut, and their standard errors: float64 [units, cuts, measures]."""
        return self._means(np.maximum(cuts - window, 0), cuts)

    def after(self, cuts: Array, window: int) -> tuple[Array, Array]:
        """The same of some days from each cut on."""
        return self._means(cuts, np.minimum(cuts + window, self.rows.shape[1] - 1))

    def rows_before(self, cuts: Array) -> Array:
        """Rows before each cut: int64 [units, cuts]."""
        return self.rows[:, cuts]

    def rows_after(self, cuts: Array) -> Array:
        """Rows from each cut on: int64 [units, cuts]."""
        return self.rows[:, -1:] - self.rows[:, cuts]

    def _means(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Means of days (int64 [cuts] each, up to and not with `high`) and their standard errors."""
        days = np.maximum(self.sizes[:, high] - self.sizes[:, low], 1)
        rows = (self.rows[:, high] - self.rows[:, low])[:, :, None]
        enough = (days >= _CENSUS_DAYS) & ((rows >= _LEAST_ROWS) | ~self.row_spread.any())
        means = np.where(enough, (self.sums[:, high] - self.sums[:, low]) / days, np.nan)
        if not self.row_spread.any():
            return means, np.broadcast_to(self.spread, means.shape)
        # A unit of a few rows a day varies as its rows do, even where the days that have any look alike.
        single = self.row_spread / np.sqrt(np.maximum(rows, 1))
        counted = np.zeros_like(means)
        counted[:, :, -1] = np.sqrt(_OVERDISPERSION * np.maximum(rows[:, :, 0], 1)) / days[:, :, -1]
        return means, np.maximum(np.maximum(self.spread / np.sqrt(days), single), counted)
