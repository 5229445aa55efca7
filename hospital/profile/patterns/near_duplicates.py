"""Visits, stays and operations that are there twice a minute apart, more often than chance brings two alike."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.contracts.tables import Kind
from hospital.profile.current_rows import Latest, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.row_days import with_days
from hospital.times import MINUTE, MISSING_TIME

__all__ = ["near_duplicate_findings"]

_CLOSE, _NEAR, _SOON = 2 * MINUTE, 10 * MINUTE, 30 * MINUTE
_FAR = (15 * MINUTE, 90 * MINUTE)
_LATER = (45 * MINUTE, 150 * MINUTE)
"""Rows so far apart show what chance does, to those within ten minutes, and to those within thirty."""
_STEPS = (*range(1, 11), 13, 21, 34)
"""How many rows apart two rows are that are looked at: few within two minutes, and some within two hours."""
_LEAST_ALIKE, _LEAST_BUT_ONE = 4, 6
"""Known columns in which two rows agree, of those that agree in all, and in all but one."""
_LEAST_ROWS, _FACTOR = 3, 3.0
_BESIDE = (4 * MINUTE, 30 * MINUTE)
_BEYOND, _ERRORS = 1.3, 5.0
"""Of those that begin together: of the same hour's others, and how far beyond what these bring."""
_ENDS = {"stays": "left_at", "operations": "booked_at"}
"""The other time by which two are the same: of operations when each was booked."""
_LEAST_OF_OPERATION = 3
"""Known columns in which two operations agree: unit, minutes, room or urgency."""
_LOOKS = (
    (_CLOSE, _FAR, "near_duplicates"),
    (_NEAR, _FAR, "near_duplicates"),
    (_SOON, _LATER, "near_duplicates"),
    (_CLOSE, _FAR, "near_duplicates_but_one"),
    (_NEAR, _FAR, "near_duplicates_but_one"),
)
"""Rows within so long of another, what shows chance, and the finding: the first that is shown is said."""


def near_duplicate_findings(table: Latest) -> list[Finding]:
    """Rows soon after another that nothing tells apart, or one entry alone, more often than those hours later.

    Rows equal in every column but the id have a finding of their own (`same_content`), and are left out here.
    """
    name = table.contract.name
    if name not in ("visits", *_ENDS) or table.size < 2 * FLOOR:
        return []
    content = _Content(table)
    pairs = [_Pairs.of(content, a, b, apart) for a, b, apart in _pairs(table)]
    for within, beside, code in _LOOKS:
        if within == _SOON and name != "visits":
            continue  # of a stay too little is known: chance brings two alike within half an hour
        rows = _alike(content, pairs, within, beside, but_one=code != "near_duplicates")
        if rows is not None:
            return [_finding(table, code, within, rows)]
    rows = _with_another_end(content, pairs) if name in _ENDS else None
    return [] if rows is None else [_finding(table, "near_duplicates_other_end", _CLOSE, rows)]


def _finding(table: Latest, code: str, within: int, rows: Array) -> Finding:
    column, share = table.contract.time or "", float(rows.mean())
    finding = Finding(table.contract.name, code, Weight.LOOK, column, share=share, after=within / MINUTE)
    return with_days(finding, table, rows)


def _with_another_end(content: "_Content", pairs: list["_Pairs"]) -> Array | None:
    """Rows (bool [n]) that begin with one that nothing but the end, or the booking, tells apart; None by chance.

    Of a stay hardly more is known than where it came from: so pairs are counted, not shares of them. Those that begin
    some minutes to half an hour apart show how many come within two minutes.
    """
    alike, far = np.zeros(content.size, bool), 0
    for one in pairs:
        same = np.isfinite(one.ends_or_not)
        found = same & (one.apart <= _CLOSE)
        alike[one.b[found][~content.equal(one.a[found], one.b[found])]] = True
        far += int((same & (one.apart >= _BESIDE[0]) & (one.apart <= _BESIDE[1])).sum())
    chance, rows = (far + 1) * _CLOSE / (_BESIDE[1] - _BESIDE[0]), int(alike.sum())
    return alike if rows >= _LEAST_ROWS + _BEYOND * chance + _ERRORS * np.sqrt(chance + 1) else None


def _alike(
    content: "_Content", pairs: list["_Pairs"], within: int, beside: tuple[int, int], *, but_one: bool
) -> Array | None:
    """Rows (bool [n]) that are like one up to so long before; None where chance explains as many.

    Args:
        within: microseconds, and `beside`: those of the pairs that show what chance does.
    """
    alike = np.zeros(content.size, bool)
    close = far = far_alike = 0
    for one in pairs:
        same = one.but_one if but_one else one.ends <= within
        near, beside_it = one.apart <= within, (one.apart >= beside[0]) & (one.apart <= beside[1])
        far += int(beside_it.sum())
        far_alike += int((beside_it & same).sum())
        found = near & same
        alike[one.b[found][~content.equal(one.a[found], one.b[found])]] = True
        close += int(near.sum())
    chance, rows = close * (far_alike + 1) / max(far, 1), int(alike.sum())
    return alike if rows >= _LEAST_ROWS and rows >= _FACTOR * chance + _LEAST_ROWS else None


def _pairs(table: Latest) -> Iterator[tuple[Array, Array, Array]]:
    """Pairs of rows a few rows apart, of stays and operations in one unit: two int64 [n], and microseconds between."""
    order = np.arange(table.size)
    unit = np.zeros(table.size, np.int64)
    if table.contract.name in _ENDS:
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
        ends: float64 [n], microseconds between their ends; infinite where something tells the two apart.
        ends_or_not: the same where an end that is not known counts as any.
        but_one: bool [n], whether one entry alone does.
    """

    a: Array
    b: Array
    apart: Array
    ends: Array
    ends_or_not: Array
    but_one: Array

    @classmethod
    def of(cls, content: "_Content", a: Array, b: Array, apart: Array) -> "_Pairs":
        """Of two rows each (int64 [m]): those that are looked at."""
        kept = apart <= _LATER[1]
        a, b = a[kept], b[kept]
        same = content.same(a, b)
        other = np.where(same, 0.0, np.inf)
        return cls(a, b, apart[kept], content.ends_apart(a, b, same), other, content.differs_in_one(a, b))


class _Content:
    """What tells two rows of a table apart."""

    def __init__(self, table: Latest) -> None:
        times = {c.name for c in table.contract.columns if c.kind is Kind.TIME}
        # Registered in two departments a visit is there twice, too.
        skipped = {*times, *table.contract.key, "received_at", "department"}
        names = [n for n in table.frame.columns if n not in skipped and table.frame[n].notna().any()]
        self.size = table.size
        self._end_of = _ENDS.get(table.contract.name)
        least = {"visits": _LEAST_ALIKE, "operations": _LEAST_OF_OPERATION}
        self._least = least.get(table.contract.name, 0)
        codes = [pd.factorize(table.frame[n])[0] for n in names]
        self._codes = np.column_stack(codes) if codes else np.zeros((table.size, 0), np.int64)
        known = [n for n in table.frame.columns if n in times]
        self._times = np.column_stack([instants(table.frame[n]) for n in known])
        self._end = instants(table.frame[self._end_of or "left_at"])

    def same(self, a: Array, b: Array) -> Array:
        """Whether no known content of two rows differs, and enough of it agrees: bool [n]."""
        x, y = self._codes[a], self._codes[b]
        known = (x >= 0) & (y >= 0)
        return np.asarray(~(known & (x != y)).any(axis=1) & (known.sum(axis=1) >= self._least))

    def ends_apart(self, a: Array, b: Array, same: Array) -> Array:
        """Microseconds between the ends of two that are the same, and 0 of two visits: float64 [n].

        Infinite where they are not the same (bool [n]); of stays and operations, where an end is not known.
        """
        if self._end_of is None:
            return np.where(same, 0.0, np.inf)
        same = same & (self._end[a] != MISSING_TIME) & (self._end[b] != MISSING_TIME)
        return np.where(same, np.abs(self._end[a] - self._end[b]), np.inf)

    def differs_in_one(self, a: Array, b: Array) -> Array:
        """Whether one known entry of two visits differs and all others agree, which are enough: bool [n]."""
        x, y = self._codes[a], self._codes[b]
        known = (x >= 0) & (y >= 0)
        other = (known & (x != y)).sum(axis=1)
        return np.asarray((other == 1) & (known.sum(axis=1) > _LEAST_BUT_ONE) & (self._end_of is None))

    def equal(self, a: Array, b: Array) -> Array:
        """Whether nothing but the id differs: bool [n]."""
        codes = (self._codes[a] == self._codes[b]).all(axis=1)
        return np.asarray(codes & (self._times[a] == self._times[b]).all(axis=1))
