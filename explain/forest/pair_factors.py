"""What pairs of features take besides a forest: made when they are first asked for, for few models ever are."""

from typing import NamedTuple

import numpy as np

from explain.forest.forest import Forest
from explain.formats.ensemble import Array

__all__ = ["PairFactors", "pair_factors"]


class PairFactors(NamedTuple):
    """By tree, from `begin` on, and then by split, side and quadrature point: 1 / (t + (1 - t) R).

    R is the share of the training rows that meets all conditions on the split's feature down to that side.

    Attributes:
        inverse: float64 values, without a unit.
        begin: int64 [trees].
        own: int32 [splits], where a split's feature stands among those asked on the path, by when each was asked first.
        first: int32 [splits + 1].
        others: int32; from `first` of a split on, of each other feature asked above it 64 * (where the pair stands in
            the lower triangle, row by row) + (where that feature stands among those asked on the path).
    """

    inverse: Array
    begin: Array
    own: Array
    first: Array
    others: Array


def pair_factors(forest: Forest) -> PairFactors:
    """The factors of all splits: float64, 2 * points of its tree for each split."""
    shares = _shares(forest)
    sizes = 2 * np.diff(forest.first).astype(np.int64) * forest.points
    ends = np.cumsum(sizes)
    inverse = np.zeros(int(ends[-1]) if ends.size else 0)
    begin = ends - sizes
    for count in np.unique(forest.points[np.diff(forest.first) > 0]):
        point = forest.gauss[count, 0, :count]
        splits = np.flatnonzero(forest.points[forest.tree] == count)
        tree = forest.tree[splits]
        at = begin[tree] + 2 * count * (splits - forest.first[tree])
        places = at[:, None] + np.arange(2 * int(count))
        inverse[places] = (1.0 / (point + (1.0 - point) * shares[splits, :, None])).reshape(splits.size, -1)
    return PairFactors(inverse, begin, *_pairs(forest))


def _shares(forest: Forest) -> Array:
    """Which share of the rows each split's feature lets through, on either side of it: float64 [splits, 2]."""
    shares = np.zeros((forest.feature.size, 2))
    for level in range(forest.depth):
        splits = np.flatnonzero(forest.level == level)
        before = forest.before[splits]
        again = np.where(before >= 0, forest.first[forest.tree[splits]] + (before >> 1), 0)
        above = np.where(before >= 0, shares[again, before & 1], 1.0)
        shares[splits, 0] = above * forest.ratio[splits]
        shares[splits, 1] = above * (1.0 - forest.ratio[splits])
    return shares


def _pairs(forest: Forest) -> tuple[Array, Array, Array]:
    """`own`, `first` and `others` of `PairFactors`."""
    splits = forest.feature.size
    start = forest.first[forest.tree].astype(np.int64)
    parent = np.where(forest.parent >= 0, start + (forest.parent >> 1), -1)
    again = np.where(forest.before >= 0, start + (forest.before >> 1), -1)
    own = np.where(again < 0, forest.distinct - 1, 0)
    for level in range(1, forest.depth):
        at = np.flatnonzero((forest.level == level) & (again >= 0))
        own[at] = own[again[at]]
    owners, entries = [], []
    below, above = np.arange(splits), parent
    while (alive := above >= 0).any():
        below, above = below[alive], above[alive]
        first_asked = (again[above] < 0) & (forest.feature[above] != forest.feature[below])
        a, b = (
            forest.feature[above[first_asked]].astype(np.int64),
            forest.feature[below[first_asked]].astype(np.int64),
        )
        high, low = np.maximum(a, b), np.minimum(a, b)
        owners.append(below[first_asked])
        entries.append(64 * (high * (high - 1) // 2 + low) + own[above[first_asked]])
        above = parent[above]
    owner = np.concatenate(owners) if owners else np.zeros(0, np.int64)
    entry = np.concatenate(entries) if entries else np.zeros(0, np.int64)
    order = np.argsort(owner, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=splits))])
    return own.astype(np.int32), first.astype(np.int32), entry[order].astype(np.int32)
