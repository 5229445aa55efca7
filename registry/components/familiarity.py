"""How familiar a forecast's situation is: how many of the training's cases came where this one comes.

A tree sends each case to a leaf, and the model file holds how many of the training's cases lie in each (its cover).
Over all trees the mean of the logarithm of that share is compared with what it is for a case of the training: 1 is as
usual, 0.1 is a place where a tenth as many lie. Nothing is stored for it, and no row is needed.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from explain.forest.forest import Forest
from hospital.arrays import Array

__all__ = ["RARE", "UNCOMMON", "Familiarity", "Situation", "situation"]

Situation = Literal["usual", "uncommon", "rare"]
UNCOMMON, RARE = 0.5, 0.25
"""Below these a situation is called so."""


def situation(ratio: float) -> Situation:
    """What a ratio of `Familiarity.ratios` is called."""
    if ratio < RARE:
        return "rare"
    return "uncommon" if ratio < UNCOMMON else "usual"


@dataclass(frozen=True)
class Familiarity:
    """Shares of the training's cases by leaf, over a forest."""

    forest: Forest

    def ratios(self, X: Array) -> Array:
        """How many cases of the training came where each row comes, over how many did for a case of the training.

        Args:
            X: float32 [n, features].

        Returns:
            float64 [n], above 0; 1 where the model has no split.
        """
        return np.exp(self._log_shares(X).mean(axis=1) - self._usual)

    def _log_shares(self, X: Array) -> Array:
        """Logarithm of the share of the training in the leaf that each row comes to: float64 [n, trees]."""
        f = self.forest
        X = f.inputs.widen(X)
        at = np.broadcast_to(f.root, (len(X), f.trees)).astype(np.int64)
        out = np.zeros(at.shape)
        rows, trees = np.nonzero(at >= 0)
        k = at[rows, trees]
        while k.size:
            s = f.first[trees] + k
            x, limit = X[rows, f.column[s]], f.threshold[s]
            left = np.where(f.default_left[s].astype(bool), ~(x >= limit), x < limit)
            out[rows, trees] += np.where(left, self._log_left[s], self._log_right[s])
            k = np.where(left, f.left[s], f.right[s]).astype(np.int64)
            inner = k >= 0
            rows, trees, k = rows[inner], trees[inner], k[inner]
        return out

    @cached_property
    def _log_left(self) -> Array:
        return np.log(np.maximum(self.forest.ratio, np.finfo(np.float64).tiny))

    @cached_property
    def _log_right(self) -> Array:
        return np.log(np.maximum(1.0 - self.forest.ratio, np.finfo(np.float64).tiny))

    @cached_property
    def _usual(self) -> float:
        """The mean of the logarithm over the training's cases and the trees: of each tree, minus its entropy."""
        f = self.forest
        share = np.ones(f.tree.size)
        total = 0.0
        for level in range(int(f.level.max(initial=-1)) + 1):
            (s,) = np.nonzero(f.level == level)
            for child, part, log in (
                (f.left, f.ratio, self._log_left),
                (f.right, 1.0 - f.ratio, self._log_right),
            ):
                passed = share[s] * part[s]
                total += float((passed * log[s]).sum())
                inner = child[s] >= 0
                share[f.first[f.tree[s[inner]]] + child[s[inner]]] = passed[inner]
        return total / max(f.trees, 1)
