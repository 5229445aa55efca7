"""All nodes of an ensemble, one after the other, and what must be true of them before anything is computed."""

import numpy as np

from explain.errors import ModelFileError
from explain.forest.inputs import IN_SET, columns_of
from explain.formats.ensemble import Array, Ensemble

__all__ = ["Nodes"]

MOST_DEPTH = 128
# Values near the end of float32 give thresholds beyond it. Nothing finite is less than either of -inf and this, and a
# missing value, which the kernel takes for -inf where it goes left, is less than this.
_LEAST_THRESHOLD = np.finfo(np.float32).min
_COVER = 1e-4  # float32 sums of millions of rows are off by 1e-7

_COLUMNS = {
    "left": np.int64,
    "right": np.int64,
    "feature": np.int64,
    "condition": np.float32,
    "default_left": np.bool_,
    "cover": np.float64,
}


class Nodes:
    """All nodes of all trees, one after the other.

    Raises:
        ModelFileError: they are no trees.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        trees = ensemble.trees
        sizes = np.array([tree.left.size for tree in trees], np.int64)
        self.roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if trees else sizes
        self.tree = np.repeat(np.arange(sizes.size), sizes)
        begin, end = self.roots[self.tree], (self.roots + sizes)[self.tree]
        left, right, self.feature, self.condition, self.default_left, self.cover = (
            np.concatenate([getattr(tree, name) for tree in trees] or [np.zeros(0, kind)])
            for name, kind in _COLUMNS.items()
        )
        inner = left != -1
        in_range = (self.feature >= 0) & (self.feature < ensemble.features)
        if (inner & ~in_range).any():
            raise ModelFileError("The model file has a split on a feature that is not there: it is damaged.")
        if (inner != (right != -1)).any():
            raise ModelFileError("The model file has a split with one child: it is damaged.")
        if (inner & (right != left + 1)).any():
            # XGBoost takes the right child to be the one after the left, whatever the file says.
            raise ModelFileError(
                "The model file has a split whose children are not side by side: it is damaged."
            )
        for name, local in (("left", left), ("right", right)):
            child = np.where(inner, local + begin, -1)
            if (inner & ((local < 1) | (child >= end))).any():
                raise ModelFileError(
                    "The model file has a split whose child is not in its tree: it is damaged."
                )
            setattr(self, name, child)
        self.left: Array
        self.right: Array
        self.inputs, columns = columns_of(ensemble)
        self.column = np.concatenate(columns or [np.zeros(0, np.int64)])
        by_set = self.column >= self.inputs.first_set
        self.condition = np.where(by_set, IN_SET, self.condition)
        if np.isnan(self.condition[inner]).any():
            raise ModelFileError("The model file has a threshold that is no number: it is damaged.")
        self.parent = np.full(left.size, -1, np.int64)
        self.side = np.zeros(left.size, np.int64)
        self.reached = np.zeros(left.size, bool)

    def levels(self) -> list[Array]:
        """Splits (int64) by their depth, each level in the order of the trees; sets `parent`, `side` and `reached`."""
        out: list[Array] = []
        frontier = self.roots
        self.reached[frontier] = True
        while (splits := frontier[self.left[frontier] >= 0]).size:
            if len(out) == MOST_DEPTH:
                raise ModelFileError(f"A tree of the model is deeper than {MOST_DEPTH}: not supported.")
            out.append(splits)
            frontier = np.stack([self.left[splits], self.right[splits]], axis=1).ravel()
            if self.reached[frontier].any() or np.unique(frontier).size != frontier.size:
                raise ModelFileError("The model file has a node with two parents: it is damaged.")
            self.reached[frontier] = True
            self.parent[frontier] = np.repeat(splits, 2)
            self.side[frontier] = np.tile([0, 1], splits.size)
        return out

    def heights(self, levels: list[Array]) -> Array:
        """Levels of splits from each split down, itself counted; 0 at a leaf: int64 [nodes]."""
        height = np.zeros(self.left.size, np.int64)
        for splits in reversed(levels):
            height[splits] = 1 + np.maximum(height[self.left[splits]], height[self.right[splits]])
        return height

    def thresholds(self, splits: Array) -> Array:
        """What each split compares its column with: float32."""
        return np.maximum(self.condition[splits].astype(np.float32), _LEAST_THRESHOLD)

    def leaves(self) -> Array:
        """Leaves that a path reaches: int64 [k], ascending."""
        return np.flatnonzero(self.reached & (self.left < 0))

    def ratio(self, splits: Array) -> Array:
        """Share of a split's training rows that went left: float64; a half where there were none."""
        left, right, here = (self.cover[n] for n in (self.left[splits], self.right[splits], splits))
        total = left + right
        sound = np.isfinite(total) & (left >= 0) & (right >= 0)
        if not sound.all() or (np.abs(total - here) > _COVER * np.maximum(total, here)).any():
            raise ModelFileError("The model file's covers do not add up: it cannot be explained by them.")
        return np.where(total > 0, left / np.where(total > 0, total, 1.0), 0.5)
