"""Which rows a verification compares: some evenly through all, and for every leaf that a row reaches one that does.

Rows are looked at in parts until every leaf of the model was reached: most leaves are reached by many rows, and asking
each row for its leaves takes as long as comparing those that are chosen.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from explain.formats.ensemble import Array

__all__ = ["AT_A_TIME", "EVENLY", "LeafSearch", "combs"]

AT_A_TIME = 16_384
"""Rows that are looked at, as long as a leaf is missing."""
EVENLY = 200
"""Rows that are chosen whatever they reach."""
_TOGETHER = 25  # rows among which the next are chosen


def combs(rows: int) -> Iterator[Array]:
    """Numbers (int64) of all rows, in parts of `AT_A_TIME` or a little more, each of which goes evenly through all."""
    parts = max(rows // AT_A_TIME, 1)
    return (np.arange(first, rows, parts) for first in range(parts))


class LeafSearch:
    """Looks for rows that together reach every leaf: 200 evenly through those that are looked at, then those that reach
    most others, as long as a leaf is missing.

    Attributes:
        reached: leaves that a row reached which was looked at.
        done: whether these are all that there are.

    Args:
        nodes: how many each tree has.
        leaves: of the model.
    """

    def __init__(self, nodes: Sequence[int], leaves: int) -> None:
        self._before = np.concatenate([[0], np.cumsum(nodes)[:-1]]).astype(np.int32)
        self._seen = np.zeros(int(np.sum(nodes)), bool)
        self._leaves = leaves
        self._rows: list[Array] = []
        self._ids: list[Array] = []

    @property
    def reached(self) -> int:
        return int(np.count_nonzero(self._seen))

    @property
    def done(self) -> bool:
        return self.reached == self._leaves

    def look(self, rows: Array, leaves: Array) -> None:
        """Looks at more rows.

        Args:
            rows: int64 [n], their numbers.
            leaves: int32 [n, trees], the node that each ends in.
        """
        ids = leaves + self._before
        self._seen[ids] = True
        self._rows.append(rows)
        self._ids.append(ids)

    def chosen(self) -> Array:
        """Numbers of the rows that are compared: int64, ascending."""
        rows, ids = np.concatenate(self._rows), np.concatenate(self._ids)
        even = np.argsort(rows, kind="stable")[_evenly(rows.size)]
        missing, chosen = self._seen.copy(), [rows[even]]
        missing[ids[even]] = False
        while missing.any():
            others = np.count_nonzero(missing[ids], axis=1)
            best = _best(ids, others, missing)
            chosen.append(rows[best])
            if np.count_nonzero(others) < len(ids) / 2:  # the rows without a missing leaf stay without one
                ids, rows = ids[others > 0], rows[others > 0]
        return np.sort(np.concatenate(chosen))


def _evenly(rows: int) -> Array:
    return np.unique(np.linspace(0, rows - 1, min(EVENLY, rows)).astype(np.int64))


def _best(ids: Array, others: Array, missing: Array) -> list[int]:
    """The rows that reach most missing leaves, but for those of which the ones before reach more than half; `missing`
    is what is missing then."""
    found = []
    for place in np.argsort(-others, kind="stable")[:_TOGETHER].tolist():
        own = ids[place]
        if others[place] and 2 * np.count_nonzero(missing[own]) >= others[place]:
            missing[own] = False
            found.append(place)
    return found
