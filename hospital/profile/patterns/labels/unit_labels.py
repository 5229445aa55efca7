"""Labels that change hands: two units exchanged from a day on, or one that closes while another takes its rows.

What a unit is like (how many come a day, for how long, from where, how old; of a census how many are there) stays with
its patients. Where a label is from one day on like another was before, and unlike itself, the label moved.
"""

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np

from hospital.arrays import Array
from hospital.profile.current_rows import Latest
from hospital.profile.facts import Finding, Weight
from hospital.profile.patterns.labels.census_labels import exchanged_counts
from hospital.profile.patterns.labels.unit_measures import LEAST_DAYS, Daily, Sums, daily_measures

__all__ = ["label_findings"]

_WINDOWS = (28, 84)
_OTHER, _OTHER_EACH = 60.0, 20.0
"""Squared differences in standard errors, summed, by which units are no longer like themselves: together, and each."""
_CENSUS_DAYS, _CENSUS_SHARE = 7, 0.6
"""A count goes on from day to day: of a census the weeks on both sides speak, by how far counts move in a week."""
_ALIKE = 0.25
"""Of that, what is left at most against the units that they are like."""
_NAMES = {"visits": "department", "stays": "unit", "census": "unit", "operations": "unit"}
_ORDER = ("label_taken", "labels_in_turn", "labels_exchanged")
_MOST_IN_TURN = 20
"""Of more units no three are looked at together."""


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
    daily = daily_measures(table, name)
    if daily is None:
        return []
    out: list[Finding] = []
    involved: set[str] = set()
    # Who has no more rows cannot have been exchanged.
    for finding in sorted(_moves(table, daily), key=lambda f: (_ORDER.index(f.code), -(f.after or 0.0))):
        if involved & {finding.unit, *finding.names}:
            continue
        involved |= {finding.unit, *finding.names}
        out.append(replace(finding, after=None))
    return out


def _moves(table: Latest, daily: Daily) -> list[Finding]:
    """Every pair of units whose labels may have moved, at the day that shows it best; `after` holds how clearly."""
    out, sums = [], Sums.of(daily)
    cuts = np.arange(LEAST_DAYS, daily.present.shape[1] - LEAST_DAYS + 1)
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
        out += _in_turn(table, daily, distances, cuts)
    return out


def _in_turn(table: Latest, daily: Daily, distances: "_Distances", cuts: Array) -> list[Finding]:
    """Three units of which each is from a day on like the one before it in a round; `after` holds how clearly."""
    out: list[Finding] = []
    if len(daily.units) > _MOST_IN_TURN:
        return out
    for i, j, k in combinations(range(len(daily.units)), 3):
        for turn in ((i, j, k), (i, k, j)):
            size = distances.in_turn(*turn)
            if size.max() > 0:
                span = (int(cuts[np.argmax(size)]), None)
                out.append(_finding(table, daily, "labels_in_turn", turn, span, float(size.max())))
    return out


def _peaks(size: Array) -> list[int]:
    """Where each stretch of a series (float64 [n]) above 0 is highest; those nearer than two weeks are one."""
    above = np.flatnonzero(size > 0)
    stretches = np.split(above, np.flatnonzero(np.diff(above) >= LEAST_DAYS) + 1)
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

    def in_turn(self, i: int, j: int, k: int) -> Array:
        """The same of three units, each of which is like the one before it: float64 [cuts]."""
        own = self._own[i] + self._own[j] + self._own[k]
        other = self._between(i, j) + self._between(j, k) + self._between(k, i)
        each = np.minimum(np.minimum(self._own[i], self._own[j]), self._own[k])
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
    table: Latest, daily: Daily, code: str, group: tuple[int, ...], span: tuple[int, int | None], size: float
) -> Finding:
    """`span`: the first day, and the first one on which all is as before; None: it stays so."""
    name, units = _NAMES[table.contract.name], [daily.units[k] for k in group]
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
        names=tuple(units[1:]),
        days=int(daily.present[list(group), cut:end].any(axis=0).sum()),
        after=size,
    )
