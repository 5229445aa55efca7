"""Visits and stays that are there twice a minute apart, more often than chance brings two alike."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.contracts.tables import Kind
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.row_days import with_days
from hospital.times import MINUTE, MISSING_TIME

__all__ = ["near_duplicate_findings", "unit_copy_findings"]

_CLOSE, _NEAR = 2 * MINUTE, 10 * MINUTE
_FAR = (15 * MINUTE, 90 * MINUTE)
_STEPS = (1, 2, 3, 5, 8, 13, 21)
"""How many rows apart two rows are that are looked at: few within two minutes, and some within an hour."""
_LEAST_ALIKE = 4
_LEAST_ROWS, _FACTOR = 3, 3.0
_COPIED = 0.9


def near_duplicate_findings(table: Latest) -> list[Finding]:
    """Rows within two, or ten, minutes of another that nothing tells apart, beyond what rows an hour apart show to be
    chance.

    Rows equal in every column but the id have a finding of their own (`same_content`), and are left out here.
    """
    if table.contract.name not in ("visits", "stays") or table.size < 2 * FLOOR:
        return []
    content = _Content(table)
    pairs = [_Pairs.of(content, a, b, apart) for a, b, apart in _pairs(table)]
    for within in (_CLOSE, _NEAR):
        alike = np.zeros(table.size, bool)
        close = far = far_alike = 0
        for one in pairs:
            near, same = one.apart <= within, one.ends <= within
            far += int(one.far.sum())
            far_alike += int((one.far & same).sum())
            found = near & same
            alike[one.b[found][~content.equal(one.a[found], one.b[found])]] = True
            close += int(near.sum())
        chance, rows = close * (far_alike + 1) / max(far, 1), int(alike.sum())
        if rows < _LEAST_ROWS or rows < _FACTOR * chance + _LEAST_ROWS:
            continue
        column, share = table.contract.time or "", rows / table.size
        finding = Finding(
            table.contract.name, "near_duplicates", Weight.LOOK, column, share=share, after=within / MINUTE
        )
        return [with_days(finding, table, alike)]
    return []


def _pairs(table: Latest) -> Iterator[tuple[Array, Array, Array]]:
    """Pairs of rows a few rows apart, of stays in one unit: two int64 [n], and microseconds between them."""
    order = np.arange(table.size)
    unit = np.zeros(table.size, np.int64)
    if table.contract.name == "stays":
        unit = pd.factorize(table.frame["unit"])[0].astype(np.int64)
        order = np.lexsort((table.times, unit))
    order = order[table.times[order] != MISSING_TIME]
    for step in _STEPS:
        a, b = order[:-step], order[step:]
        a, b = a[unit[a] == unit[b]], b[unit[a] == unit[b]]
        yield a, b, table.times[b] - table.times[a]


@dataclass(frozen=True)
class _Pairs:
    """Pairs of rows that are near each other, or far enough apart to show what chance does.

    Attributes:
        a, b: int64 [n], rows.
        apart: int64 [n], microseconds between them.
        far: bool [n].
        ends: float64 [n], microseconds between their ends; infinite where something tells the two apart.
    """

    a: Array
    b: Array
    apart: Array
    far: Array
    ends: Array

    @classmethod
    def of(cls, content: "_Content", a: Array, b: Array, apart: Array) -> "_Pairs":
        """Of two rows each (int64 [m]): those that are looked at."""
        far = (apart >= _FAR[0]) & (apart <= _FAR[1])
        kept = far | (apart <= _NEAR)
        a, b = a[kept], b[kept]
        return cls(a, b, apart[kept], far[kept], content.ends_apart(a, b))


class _Content:
    """What tells two rows of a table apart."""

    def __init__(self, table: Latest) -> None:
        times = {c.name for c in table.contract.columns if c.kind is Kind.TIME}
        # Registered in two departments a visit is there twice, too.
        skipped = {*times, *table.contract.key, "received_at", "department"}
        names = [n for n in table.frame.columns if n not in skipped and table.frame[n].notna().any()]
        self._stays = table.contract.name == "stays"
        codes = [pd.factorize(table.frame[n])[0] for n in names]
        self._codes = np.column_stack(codes) if codes else np.zeros((table.size, 0), np.int64)
        known = [n for n in table.frame.columns if n in times]
        self._times = np.column_stack([instants(table.frame[n]) for n in known])
        self._end = instants(table.frame["left_at"])

    def ends_apart(self, a: Array, b: Array) -> Array:
        """Microseconds between the ends of two stays, and 0 of two visits: float64 [n].

        Infinite where known content differs or too little of it agrees; of stays, where an end is not known.
        """
        x, y = self._codes[a], self._codes[b]
        known = (x >= 0) & (y >= 0)
        same = ~(known & (x != y)).any(axis=1)
        if not self._stays:
            return np.where(same & (known.sum(axis=1) >= _LEAST_ALIKE), 0.0, np.inf)
        same &= (self._end[a] != MISSING_TIME) & (self._end[b] != MISSING_TIME)
        return np.where(same, np.abs(self._end[a] - self._end[b]), np.inf)

    def equal(self, a: Array, b: Array) -> Array:
        """Whether nothing but the id differs: bool [n]."""
        codes = (self._codes[a] == self._codes[b]).all(axis=1)
        return np.asarray(codes & (self._times[a] == self._times[b]).all(axis=1))


def unit_copy_findings(stays: Latest) -> list[Finding]:
    """Units whose stays are all those of other units, once more: a total among the units of the stays."""
    entered, left = stays.times, instants(stays.frame["left_at"])
    codes, units = pd.factorize(stays.frame["unit"])
    if len(units) < 3:
        return []
    key = pd.factorize(pd.Series(list(zip(entered.tolist(), left.tolist(), strict=True))))[0].astype(np.int64)
    rows = rows_of_groups(codes.astype(np.int64), len(units))
    counts = np.array([np.bincount(key[r], minlength=int(key.max(initial=0)) + 1) for r in rows])
    out = []
    for i, unit in enumerate(units):
        own = counts[i] > 0
        if rows[i].size < 2 * FLOOR or own.sum() < 2 * FLOOR:
            continue
        inside = [j for j in range(len(units)) if j != i and counts[j][own].sum() >= _COPIED * rows[j].size]
        share = float((counts[inside][:, own].sum(axis=0) == counts[i][own]).mean())
        if len(inside) < 2 or share < _COPIED:
            continue
        whole = len(inside) == len(units) - 1
        out.append(
            Finding(
                "stays",
                "unit_is_total" if whole else "unit_is_subtotal",
                Weight.LOOK,
                "unit",
                str(unit),
                rows=rows[i].size,
                share=share,
                names=() if whole else tuple(sorted(str(units[j]) for j in inside)),
            )
        )
    return out
