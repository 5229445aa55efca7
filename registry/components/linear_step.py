"""The linear step of a bed forecast: what is proportional, the same for every unit, before trees say the rest.

Trees see one feature at a time in steps; that yesterday's surprise half goes back, or that a ward moves with its
hospital, is a slope. A slope learned from all units together also follows weekly profiles that have changed since
training, since they come in as features. Its contributions are its terms: exact, in beds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from explain import TreeEngine
from hospital.arrays import Array
from hospital.features.feature import Feature

__all__ = ["LinearStep", "Median"]

_BEDS = frozenset({"beds", "patients"})


@dataclass(frozen=True)
class LinearStep:
    """Slopes by group (horizon); a term is slope x value, in beds, over the row's scale.

    Attributes:
        names: features with a slope.
        slopes: float64 [groups, names]; of a feature in beds or patients a number, of one in percent the
            share of the unit's usual level, of any other in units of the scale.
        share: float64 [groups], what the trees' residual counts for; the slopes are already weighted with
            theirs.
    """

    names: tuple[str, ...]
    slopes: Array
    share: Array

    def terms(self, features: Sequence[Feature], X: Array, group: Array, scale: Array) -> Array:
        """Terms in units of the scale: float64 [n, features]; what is missing adds nothing."""
        at = {f.name: j for j, f in enumerate(features)}
        out = np.zeros(X.shape)
        for k, values in enumerate(inputs(self.names, features, X, scale).T):
            out[:, at[self.names[k]]] = self.slopes[group, k] * values
        return out

    def require(self, features: set[str], groups: int) -> None:
        """Raises ValueError where a slope is of no feature, or there are not slopes for so many groups."""
        fits = self.slopes.shape == (groups, len(self.names)) and self.share.shape == (groups,)
        if not fits or not set(self.names) <= features or not np.isfinite(self.slopes).all():
            raise ValueError

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back exactly."""
        return {
            "features": list(self.names),
            "slopes": self.slopes.tolist(),
            "trees_share": self.share.tolist(),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "LinearStep":
        """The step that `to_json` wrote."""
        slopes, share = (np.array(body[name], np.float64) for name in ("slopes", "trees_share"))
        return cls(tuple(body["features"]), slopes, share)


def inputs(names: Sequence[str], features: Sequence[Feature], X: Array, scale: Array) -> Array:
    """What slopes multiply, in units of the scale: float64 [n, names], 0 where missing."""
    at = {f.name: j for j, f in enumerate(features)}
    out = np.zeros((len(X), len(names)))
    for k, name in enumerate(names):
        values, unit = X[:, at[name]].astype(np.float64), features[at[name]].unit
        if unit == "%":
            values = values * X[:, at["usual_level"]] / (100 * scale)
        elif unit in _BEDS:
            values = values / scale
        out[:, k] = np.where(np.isnan(values), 0.0, values)
    return out


@dataclass(frozen=True)
class Median:
    """The median's residual from the offset: trees alone (wait time), or trees and a linear step together."""

    trees: TreeEngine
    linear: LinearStep | None
    features: tuple[Feature, ...]

    def value(self, X: Array, group: Array, scale: Array) -> Array:
        """Residual in units of the scale: float64 [n]."""
        trees = self.trees.predict_exactly(X)
        if self.linear is None:
            return trees
        terms = self.linear.terms(self.features, X, group, scale)
        return np.asarray(self.linear.share[group] * trees + terms.sum(axis=1))

    def interactions(self, X: Array, group: Array) -> Array:
        """What each pair of features adds together, in units of the scale: float64 [n, features, features], symmetric,
        half of it on either side and 0 on the diagonal. Slopes add, and have none."""
        found = self.trees.interactions(X).values
        np.einsum("rff->rf", found)[:] = 0.0
        return found if self.linear is None else self.linear.share[group][:, None, None] * found

    def reasons(self, X: Array, group: Array, scale: Array) -> tuple[Array, Array]:
        """(contributions in units of the scale: float64 [n, features], what they start from: [n])."""
        found = self.trees.contributions(X)
        base = np.full(len(X), found.base)
        if self.linear is None:
            return found.values, base
        terms = self.linear.terms(self.features, X, group, scale)
        share = self.linear.share[group]
        return share[:, None] * found.values + terms, share * base
