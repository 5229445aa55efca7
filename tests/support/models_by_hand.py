"""Random small models in the place of a package's trees, and what they say by hand: trees walked one by one.

Nothing here is computed by the engine or by `registry.explanations`.
"""

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from explain import TreeEngine
from explain.forest.forest import grow
from explain.formats.ensemble import Ensemble
from hospital.arrays import Array
from registry.components.exceedances import Exceedances
from registry.components.interval_trees import SpreadTrees
from registry.explanations.basis import Basis
from registry.model.scope_fallback import answer
from tests.support.trees_by_hand import Shape, random_ensemble, shapley_by_definition

__all__ = ["RandomModel", "above"]

COLUMNS = ("staffed_then", "free_then", "demand_now", "staffed_now", "demand_change_24h")
"""Features that the random trees ask about."""


def above(quantiles: list[float], beds: float) -> float:
    """How probably an outcome with these quantiles (at 5, 10, … 95 %) is above so many whole beds."""
    ends = [2 * quantiles[0] - quantiles[1], *quantiles, 2 * quantiles[-1] - quantiles[-2]]
    levels = [0.05 * k for k in range(len(ends))]
    x = beds + 0.5
    if x < ends[0]:
        return 1.0
    right = next((k for k, end in enumerate(ends) if end > x), None)
    if right is None:
        return 0.0
    low, high = ends[right - 1], ends[right]
    return 1.0 - (levels[right - 1] + (x - low) / (high - low) * (levels[right] - levels[right - 1]))


@dataclass(frozen=True)
class RandomModel:
    """The rows of a basis, answered by random trees; without a curve the probability is read off the quantiles."""

    basis: Basis
    median: Ensemble
    spread: Ensemble

    @classmethod
    def of(cls, basis: Basis, seed: int, shift: float = 0.0) -> "RandomModel":
        """Trees of a seed, for rows whose forecasts start so many beds higher."""
        rng = np.random.default_rng(seed)
        rows = basis.rows
        rows = replace(rows, offset=rows.offset + shift, width=rng.uniform(0.7, 1.5, rows.offset.size))
        names = [f.name for f in basis.model.features]
        median, spread = (_ensemble(rows.X, names, size, rng) for size in (1.0, 0.2))
        model = copy(basis.model)
        model.median = replace(model.median, trees=TreeEngine(grow(median)))
        model.interval = SpreadTrees(TreeEngine(grow(spread)))
        model.exceedances = Exceedances({})
        made = answer(model, rows, np.ones(rows.offset.size, bool))
        return cls(replace(basis, model=model, rows=rows, answered=made), median, spread)

    def at(self, place: int, staffed: float | None) -> Basis:
        """The basis of one row."""
        return replace(self.basis, place=place, staffed=staffed)

    @cached_property
    def names(self) -> list[str]:
        """Of the features, in the order of the columns."""
        return [f.name for f in self.basis.model.features]

    def quantiles(self, place: int, x: Array) -> list[float]:
        """Of a row whose features have other values (float32 [features])."""
        rows = self.basis.rows
        centre = self._share(place) * _output(self.median, x) + sum(self.terms(place, x))
        return self.distribution(place, centre, _output(self.spread, x), float(rows.width[place]))

    def distribution(
        self, place: int, centre: float, log_width: float, stretch: float, more: float = 0.0
    ) -> list[float]:
        """The quantiles of a centre and a width, in units of the row's scale; `more`: beds on top, before the floor."""
        rows, model = self.basis.rows, self.basis.model
        group = int(rows.calibration[place])
        middle = float(rows.offset[place]) + more + float(rows.scale[place]) * (centre + model.shift[group])
        width = float(rows.scale[place]) * float(np.exp(log_width)) * stretch
        return [max(middle + width * float(z), float(rows.floor[place])) for z in model.z[group]]

    def moves(self, place: int, x: Array) -> tuple[list[float], float, list[float], float]:
        """(what each feature adds to the centre, where that starts, and both of the log width): by definition."""
        share, terms = self._share(place), self.terms(place, x)
        median, base = shapley_by_definition(self.median, x)
        spread, start = shapley_by_definition(self.spread, x)
        centre = [share * float(v) + t for v, t in zip(median[0], terms, strict=True)]
        return centre, share * float(base[0]), spread[0].tolist(), float(start[0])

    def terms(self, place: int, x: Array) -> list[float]:
        """The terms of the slopes, in units of the row's scale."""
        linear, rows = self.basis.model.median.linear, self.basis.rows
        out = [0.0] * len(self.names)
        if linear is None:
            return out
        scale, level = float(rows.scale[place]), float(x[self.names.index("usual_level")])
        for k, name in enumerate(linear.names):
            j = self.names.index(name)
            unit, value = self.basis.model.features[j].unit, float(x[j])
            if unit == "%":
                value *= level / (100 * scale)
            elif unit in ("beds", "patients"):
                value /= scale
            slope = float(linear.slopes[int(rows.calibration[place]), k])
            out[j] = 0.0 if np.isnan(value) else slope * value
        return out

    def _share(self, place: int) -> float:
        linear = self.basis.model.median.linear
        return 1.0 if linear is None else float(linear.share[int(self.basis.rows.calibration[place])])


def _ensemble(X: Array, names: list[str], size: float, rng: np.random.Generator) -> Ensemble:
    """Random trees whose thresholds lie on and about the values of rows, leaves of about a `size`."""
    columns = np.array([names.index(name) for name in COLUMNS])
    plain = random_ensemble(Shape(len(COLUMNS), trees=4, depth=3), rng)
    trees = []
    for tree in plain.trees:
        feature = columns[tree.feature]
        seen = X[rng.integers(len(X), size=feature.size), feature]
        near = np.nan_to_num(seen).round() + rng.integers(-3, 4, feature.size)
        condition = np.where(tree.left == -1, size * tree.condition, near).astype(np.float32)
        trees.append(replace(tree, feature=feature, condition=condition))
    return replace(plain, features=len(names), trees=tuple(trees))


def _output(ensemble: Ensemble, x: Array) -> float:
    total = float(ensemble.base_score[0])
    for tree in ensemble.trees:
        node = 0
        while tree.left[node] != -1:
            value = x[tree.feature[node]]
            left = tree.default_left[node] if np.isnan(value) else value < tree.condition[node]
            node = int(tree.left[node] if left else tree.right[node])
        total += float(tree.condition[node])
    return total
