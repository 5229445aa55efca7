"""Which of two equal local times is the first, by the order of a file's rows: a clock that goes back repeats them."""

from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from hospital.times import MISSING_TIME

__all__ = ["RowOrder"]

_LEAST_MIXED = 0.25
"""The share of a thing's steps against the others from which its rows are in no order; a repeated hour is one step."""


class RowOrder:
    """The local times that the clock showed twice, as a file's rows came by.

    Rows of one thing (a unit, a role) come in the order of time: the first row of a local time is its first hour, the
    next its second; the other way round in a file that goes back in time. What came goes on from chunk to chunk.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[Hashable, int], int] = {}
        self._read: Callable[[], NDArray[np.object_]] | None = None
        self._things: NDArray[np.object_] = np.empty(0, object)

    def chunk(self, things: Callable[[], NDArray[np.object_]]) -> None:
        """Says whose rows the next chunk has, one a row (hashable); asked for where a time is repeated."""
        self._read = things

    def number(
        self, rows: NDArray[np.int64], local: NDArray[np.int64], repeated: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """How many rows of the same thing and local time came before each repeated one (int64 [repeated rows]).

        Args:
            rows: of the chunk (int64 [n]), ascending.
            local: their local times (int64 [n], microseconds).
            repeated: which of them the clock showed twice (bool [n]).
        """
        self._ask()
        out = np.zeros(int(repeated.sum()), np.int64)
        for place, (row, at) in enumerate(
            zip(rows[repeated].tolist(), local[repeated].tolist(), strict=True)
        ):
            key = (self._things[row], at)
            out[place] = self._seen.get(key, 0)
            self._seen[key] = int(out[place]) + 1
        return out

    def _ask(self) -> None:
        if self._read is not None:
            self._things, self._read = self._read(), None

    def met(
        self, rows: NDArray[np.int64], at: NDArray[np.int64], moved: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Whether each moved row (bool [moved rows]) lies at the instant of another row of the same thing.

        Args:
            rows: of the chunk (int64 [n]), ascending.
            at: their instants (int64 [n]).
            moved: which of them are there by a rule (bool [n]).
        """
        self._ask()
        things = self._things[rows]
        near = np.isin(at, at[moved]) & ~moved
        others = set(zip(things[near].tolist(), at[near].tolist(), strict=True))
        own = zip(things[moved].tolist(), at[moved].tolist(), strict=True)
        return np.fromiter((key in others for key in own), bool, int(moved.sum()))

    def out_of_order(
        self, rows: NDArray[np.int64], local: NDArray[np.int64], repeated: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Whether the rows of a repeated one's thing are in no order of time (bool [repeated rows]).

        Other hours stand between it and its like, or the thing's rows go forth and back.
        """
        things = self._things[rows]
        known = local != MISSING_TIME
        out = np.zeros(int(repeated.sum()), bool)
        place = np.cumsum(repeated) - 1
        for thing in set(things[repeated].tolist()):
            own = known & np.fromiter((t == thing for t in things), bool, things.size)
            steps = np.sign(np.diff(local[own]))
            mixed = min((steps > 0).sum(), (steps < 0).sum()) > _LEAST_MIXED * max(steps.size, 1)
            # Rows of one thing that follow each other within the repeated hours are one run.
            run = np.cumsum(~repeated[own])
            first: dict[int, int] = {}
            for row, at, number in zip(
                np.flatnonzero(own).tolist(), local[own].tolist(), run.tolist(), strict=True
            ):
                if repeated[row]:
                    out[place[row]] = mixed or first.setdefault(at, number) != number
        return out

    def newest_first(
        self, rows: NDArray[np.int64], local: NDArray[np.int64], repeated: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Whether the rows of each repeated one's thing go back in time (bool [repeated rows]); as `number`."""
        things = self._things[rows]
        back = {}
        known = local != MISSING_TIME
        for thing in set(things[repeated].tolist()):
            own = local[known & np.fromiter((t == thing for t in things), bool, things.size)]
            back[thing] = bool(own[-1] < own[0])
        return np.fromiter((back[t] for t in things[repeated]), bool, int(repeated.sum()))
