"""How steady the first reasons of a forecast are: whether either half of the trees gives the same ones.

The trees are parted into every second one and the others. Each half, counted twice, is a forecast of its own, with
reasons of its own; what both name first, no few trees have found by chance. One half is explained, and the other is
twice the whole less that one.
"""

from dataclasses import replace

import numpy as np

from explain import TreeEngine
from explain.forest.forest import grow
from explain.formats.reading import read_model
from hospital.arrays import Array
from registry.components.linear_step import Median

__all__ = ["FIRST", "half_of", "steady"]

FIRST = 3
"""How many reasons are looked at: those that are read."""


def half_of(median: Median, content: bytes) -> Median:
    """A median of every second tree, each counted twice.

    Args:
        content: the model file that the median's trees were read from.
    """
    whole = read_model(content)
    half = replace(
        whole,
        trees=whole.trees[::2],
        output=whole.output[::2],
        weight=2 * whole.weight[::2].astype(np.float32),
    )
    return replace(median, trees=TreeEngine(grow(half)))


def steady(contributions: Array, half: Array) -> Array:
    """How many of the `FIRST` largest contributions are among the first of both halves, too: int64 [n].

    Args:
        contributions: float64 [n, features], of all trees.
        half: float64 [n, features], of one half, counted twice.
    """
    count = min(FIRST, contributions.shape[1])
    whole, one, other = (
        np.argsort(-np.abs(values), axis=1, kind="stable")[:, :count]
        for values in (contributions, half, 2 * contributions - half)
    )
    both = (whole[:, :, None] == one[:, None]).any(axis=2) & (whole[:, :, None] == other[:, None]).any(axis=2)
    return np.asarray(both.sum(axis=1), np.int64)
