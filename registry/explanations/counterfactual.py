"""What the model would say if a lever stood elsewhere: the least change with which its number reaches a goal.

One lever is searched exactly: between two neighbouring thresholds of the features that it moves, trees say the same, so
one count of each such stretch is asked, the one nearest to now. Two levers are searched by branch and bound: boxes of
counts in the order of the least change in them; a box in which trees and slopes cannot reach the goal is left out
whole, a small one is asked count by count. The first to come up is therefore the least change, unless the time is up,
which is said. Every result is forecast once more, as a forecast that is asked for, before it is handed out.

A counterfactual says what the model would say of other values. It says nothing about what a change would do.
"""

import heapq
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, count
from typing import Literal

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.explanations.basis import Basis
from registry.explanations.levers import TABLE, LeverTable, Range, ranges
from registry.explanations.uncertainty import tension_of
from registry.model.forecast_model import ForecastModel, Rows

__all__ = ["Counterfactual", "Found", "Goal", "counterfactuals"]

MOST = 5
"""Results at the most."""
_SMALL = 64  # counts of a box that are asked one by one
_SLACK = 1e-9  # by which sums in another order may miss the goal
_P50 = LEVELS.index(0.5)


@dataclass(frozen=True)
class Goal:
    """What the number is to be: at most, or at least, so much; beds, minutes or a probability."""

    of: Literal["p50", "tension"]
    least: bool
    value: float

    def reached(self, numbers: Array) -> Array:
        """Which numbers reach it: bool, as they are shaped; what is no number does not."""
        return np.asarray(numbers >= self.value if self.least else numbers <= self.value)


@dataclass(frozen=True)
class Counterfactual:
    """Other counts of levers, and what the model says of them.

    Attributes:
        changes: the count by lever's name.
        quantiles: float64 [levels].
        number: that the goal is about.
    """

    changes: Mapping[str, float]
    quantiles: Array
    number: float


@dataclass(frozen=True)
class Found:
    """What was found.

    Attributes:
        ranges: the levers that the model reads.
        number: what the model says now.
        results: of one lever each, the least change first; then of two together where one alone changes more, or does
            not reach the goal.
        complete: whether the time was enough to know that there is no less.
    """

    ranges: tuple[Range, ...]
    number: float
    results: tuple[Counterfactual, ...]
    complete: bool


def counterfactuals(
    basis: Basis,
    goal: Goal,
    *,
    seconds: float,
    levers: tuple[str, ...] | None = None,
    table: LeverTable = TABLE,
) -> Found:
    """The least changes of levers with which the model's number reaches a goal.

    Args:
        basis: of a forecast that the model answers.
        seconds: that the search for two levers may take.
        levers: names of those that may stand elsewhere; None: all.
        table: of the levers that there are.
    """
    search = _Search(basis, goal, time.monotonic() + seconds)
    found = tuple(ranges(basis, levers, table))
    movable = [r for r in found if r.counts.size > 1]
    number = search.number_now()
    if goal.reached(np.array([number]))[0]:
        return Found(found, number, (), True)
    results: list[Counterfactual] = []
    least: dict[str, float] = {}
    for lever in movable:
        change = search.one(lever)
        if change is not None:
            results.append(search.verified((lever,), (change,)))
            least[lever.lever.name] = abs(change - _now(lever))
    results.sort(key=lambda c: min(least[name] for name in c.changes))
    complete = True
    for pair in combinations(movable, 2):
        if len(results) >= MOST:
            break
        limit = min((least.get(r.lever.name, np.inf) for r in pair), default=np.inf)
        counts, sure = search.two(pair, limit)
        complete &= sure
        if counts is not None:
            results.append(search.verified(pair, counts))
    return Found(found, number, tuple(results[:MOST]), complete)


def _now(lever: Range) -> float:
    return float("nan") if lever.now is None else lever.now


class _Search:
    """Asks the model of one row about other counts."""

    def __init__(self, basis: Basis, goal: Goal, until: float) -> None:
        self._model: ForecastModel = basis.model
        self._row, self._goal, self._until = basis.row, goal, until
        self._staffed = np.nan if basis.staffed is None else basis.staffed
        linear = basis.model.median.linear
        slopes = set() if linear is None else set(linear.names)
        self._sloped = np.array([f.name in slopes for f in basis.model.features], bool)
        group = int(self._row.calibration[0])
        self._share = 1.0 if linear is None else float(linear.share[group])

    def number_now(self) -> float:
        """What the model says of the row as it is."""
        return float(self._of_rows(self._row, np.array([self._staffed]))[0])

    def numbers(self, levers: tuple[Range, ...], counts: Array) -> Array:
        """The goal's number at counts of levers (float64 [m, levers]): float64 [m]."""
        rows, staffed = self._rows(levers, counts)
        if self._goal.of == "tension":
            return self._of_rows(rows, staffed)
        median = self._model.median.value(rows.X, rows.calibration, rows.scale)
        raw = rows.offset + rows.scale * (median + self._model.shift[rows.calibration])
        return np.asarray(np.maximum(raw, rows.floor))

    def one(self, lever: Range) -> float | None:
        """The count nearest to now that reaches the goal; None: none that has been seen does."""
        pieces = self._pieces(lever)
        reached = pieces[self._goal.reached(self.numbers((lever,), pieces[:, None]))]
        if not reached.size:
            return None
        return float(reached[np.lexsort((reached, np.abs(reached - _now(lever))))[0]])

    def two(self, pair: tuple[Range, Range], limit: float) -> tuple[tuple[float, float] | None, bool]:
        """(the counts of the least change of both that reaches the goal; whether that is sure).

        Args:
            limit: changes of so much, and more, are not asked for: one lever alone does it.
        """
        first, second = (self._elsewhere(r) for r in pair)
        if not (first.size and second.size):
            return None, True
        axes = (first, second)
        ticket = count()
        heap = [(self._least(pair, axes), next(ticket), axes, False)]
        while heap:
            change, _, box, known = heapq.heappop(heap)
            if change >= limit:
                return None, True
            if known:
                return (float(box[0][0]), float(box[1][0])), True
            if time.monotonic() > self._until:
                return None, False
            if box[0].size * box[1].size <= _SMALL:
                for counts in self._reached(pair, box):
                    heapq.heappush(heap, (self._least(pair, counts), next(ticket), counts, True))
                continue
            if self._unreachable(pair, box):
                continue
            for half in _halves(box):
                heapq.heappush(heap, (self._least(pair, half), next(ticket), half, False))
        return None, True

    def verified(self, levers: tuple[Range, ...], counts: tuple[float, ...]) -> Counterfactual:
        """The forecast of these counts, made as any forecast is."""
        rows, staffed = self._rows(levers, np.array([counts]))
        quantiles = self._model.quantiles(rows)
        number = self._tension(rows, quantiles, staffed) if self._goal.of == "tension" else quantiles[:, _P50]
        if not self._goal.reached(number + (_SLACK if self._goal.least else -_SLACK))[0]:
            raise ArithmeticError("the model does not say of these counts what the search found")
        changes = {r.lever.name: c for r, c in zip(levers, counts, strict=True)}
        return Counterfactual(changes, quantiles[0], float(number[0]))

    def _tension(self, rows: Rows, quantiles: Array, staffed: Array) -> Array:
        return tension_of(self._model, rows, quantiles, staffed)

    def _of_rows(self, rows: Rows, staffed: Array) -> Array:
        quantiles = self._model.quantiles(rows)
        return (
            self._tension(rows, quantiles, staffed)
            if self._goal.of == "tension"
            else np.asarray(quantiles[:, _P50])
        )

    def _rows(self, levers: tuple[Range, ...], counts: Array) -> tuple[Rows, Array]:
        """The row at counts of levers, and the staffed beds then."""
        m = len(counts)
        X = np.repeat(self._row.X, m, axis=0)
        staffed = np.full(m, self._staffed)
        for k, lever in enumerate(levers):
            place = np.searchsorted(lever.counts, counts[:, k])
            for column, values in lever.values.items():
                X[:, column] = values[place]
            if lever.lever.staffed:
                staffed = counts[:, k]
        fields = {
            name: None if value is None else np.repeat(value, m, axis=0)
            for name, value in vars(self._row).items()
        }
        return Rows(**{**fields, "X": X}), staffed  # type: ignore[arg-type]

    def _pieces(self, lever: Range) -> Array:
        """Of each stretch of counts of which the model says the same the one nearest to now: float64 [p], ascending."""
        apart = np.zeros(lever.counts.size, bool)
        apart[0] = True
        of_tension = self._goal.of == "tension"  # which the spread and the beds themselves move, too
        for column, values in lever.values.items():
            engines = (self._model.median.trees, *(self._model.interval.engines if of_tension else ()))
            for engine in engines:
                side = np.searchsorted(engine.thresholds(column), values, side="right")
                apart[1:] |= side[1:] != side[:-1]
            unknown = np.isnan(values)
            apart[1:] |= unknown[1:] != unknown[:-1]
            if self._sloped[column] or (of_tension and lever.lever.staffed):
                apart[:] = True
        piece = np.cumsum(apart) - 1
        order = np.lexsort((lever.counts, np.abs(lever.counts - _now(lever))))
        _, first = np.unique(piece[order], return_index=True)
        return np.sort(lever.counts[order[first]])

    def _elsewhere(self, lever: Range) -> Array:
        """The same without the count of now: float64 [p]."""
        pieces = self._pieces(lever)
        return pieces[pieces != _now(lever)]

    def _least(self, pair: tuple[Range, Range], box: tuple[Array, Array]) -> float:
        """The least change of both levers within a box."""
        return float(sum(np.abs(a - _now(r)).min() for a, r in zip(box, pair, strict=True)))

    def _reached(self, pair: tuple[Range, Range], box: tuple[Array, Array]) -> list[tuple[Array, Array]]:
        """The counts of a box that reach the goal, each as a box of one."""
        grid = np.stack([a.ravel() for a in np.meshgrid(*box, indexing="ij")], axis=1)
        return [(c[:1], c[1:]) for c in grid[self._goal.reached(self.numbers(pair, grid))]]

    def _unreachable(self, pair: tuple[Range, Range], box: tuple[Array, Array]) -> bool:
        """Whether no count of a box reaches the goal, by what trees and slopes can say there."""
        if self._goal.of == "tension":
            return False
        low, high = self._row.X[0].copy(), self._row.X[0].copy()
        for lever, counts in zip(pair, box, strict=True):
            place = np.searchsorted(lever.counts, counts)
            for column, values in lever.values.items():
                found = values[place]
                if np.isnan(found).any():
                    return False
                low[column], high[column] = found.min(), found.max()
        least, most = (self._share * float(b) for b in self._model.median.trees.bounds(low, high))
        terms = [self._terms(x) for x in (low, high)]
        least += float(np.minimum(*terms).sum())
        most += float(np.maximum(*terms).sum())
        best = (most if self._goal.least else least) + float(self._model.shift[self._row.calibration][0])
        number = float((self._row.offset + self._row.scale * best)[0])
        number = max(number, float(self._row.floor[0])) + (_SLACK if self._goal.least else -_SLACK)
        return not bool(self._goal.reached(np.array([number]))[0])

    def _terms(self, x: Array) -> Array:
        linear, row = self._model.median.linear, self._row
        if linear is None:
            return np.zeros(x.size)
        return np.asarray(linear.terms(self._model.features, x[None], row.calibration, row.scale)[0])


def _halves(box: tuple[Array, Array]) -> list[tuple[Array, Array]]:
    """A box cut across its longer side."""
    a, b = box
    if a.size >= b.size:
        return [(half, b) for half in np.array_split(a, 2)]
    return [(a, half) for half in np.array_split(b, 2)]
