"""What trees can say over a box: the least and the most output of all rows whose values lie between two rows'.

And where a feature's value makes a difference at all: its thresholds. Both serve searches over values: between two
neighbouring thresholds of a feature the output is the same, and a box whose bound does not reach a goal holds no row
that does.
"""

import numpy as np

from explain.forest.forest import Forest
from explain.formats.ensemble import Array

__all__ = ["bounds", "thresholds"]


def thresholds(forest: Forest, feature: int) -> Array:
    """The thresholds of a feature: float32, ascending, each once; a value goes left where it is less than one.

    Of splits by categories they are where a category begins and where it ends.
    """
    by_value = (forest.feature == feature) & (forest.column < forest.inputs.first_set)
    return np.unique(np.concatenate([forest.threshold[by_value], forest.inputs.edges(feature)]))


def bounds(forest: Forest, low: Array, high: Array) -> tuple[Array, Array]:
    """(least, most) output over a box: float64 [outputs] each.

    Never above the least, nor below the most, that a row of the box gets. Each tree is asked by itself, and each of its
    splits: where trees, or splits on the same feature, cannot say so of one row, the bounds lie beyond what rows get.
    Of a box of one row they are its output.

    Args:
        low, high: float32 [features], the least and the greatest value; NaN in both: missing.
    """
    below, above = (forest.inputs.widen(row[None])[0, forest.column] for row in (low, high))
    missing = np.isnan(below)
    default = forest.default_left.astype(bool)
    with np.errstate(invalid="ignore"):
        left = np.where(missing, default, below < forest.threshold)
        right = np.where(missing, ~default, above >= forest.threshold)
    # Of values from one to another the least and the greatest do not say which sets of categories they are in.
    unsure = (forest.column != forest.feature) & ~((low == high) | np.isnan(low))[forest.feature]
    left, right = left | unsure, right | unsure
    least, most = np.zeros(forest.feature.size), np.zeros(forest.feature.size)
    first = forest.first[forest.tree].astype(np.int64)
    for level in range(int(forest.level.max(initial=-1)), -1, -1):
        at = np.flatnonzero(forest.level == level)
        for values, worst, better in ((least, np.inf, np.minimum), (most, -np.inf, np.maximum)):
            sides = [
                np.where(open_side[at], _below(forest, values, child[at], first[at]), worst)
                for open_side, child in ((left, forest.left), (right, forest.right))
            ]
            values[at] = better(*sides)
    base = forest.base_score.astype(np.float64)
    out = base.copy(), base.copy()
    for total, values in zip(out, (least, most), strict=True):
        np.add.at(
            total, forest.output, _below(forest, values, forest.root, forest.first[:-1].astype(np.int64))
        )
    return out


def _below(forest: Forest, values: Array, child: Array, first: Array) -> Array:
    """The values of splits or leaves, as trees point to them."""
    inner = child >= 0
    if not values.size:
        return np.asarray(forest.leaf[~child])
    return np.where(inner, values[np.where(inner, child + first, 0)], forest.leaf[np.where(inner, 0, ~child)])
