"""LightGBM's trees as those of an `Ensemble`: its way with thresholds, zeros and missing values, put in ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from explain.errors import ModelFileError
from explain.formats.ensemble import Array, Ensemble, Tree

__all__ = ["CATEGORY", "DEFAULT_LEFT", "Header", "Parts", "ensemble_of", "tree_of"]

CATEGORY, DEFAULT_LEFT = 1, 2
"""Bits of a split's decision; its way with missing values follows: none, zero, or no number."""

_MISSING_SHIFT, _MISSING_NONE, _MISSING_ZERO, _MISSING_NAN = 2, 0, 1, 2
_ZERO = float(np.float32(1e-35))  # what LightGBM takes for zero
_MOST_FEATURES, _MOST_OUTPUTS, _MOST_VALUES = 100_000, 10_000, 10_000_000


@dataclass(frozen=True)
class Header:
    """What a file says of all trees.

    Attributes:
        features, outputs: how many; a round has a tree for each output.
        averaged: whether a forecast is the mean of its trees (a random forest), and not their sum.
        names: of the features.
        categories: as in `Ensemble`.
    """

    features: int
    outputs: int
    averaged: bool
    names: tuple[str, ...]
    categories: Mapping[int, tuple[object, ...]]


@dataclass(frozen=True)
class Parts:
    """A tree as LightGBM writes it: splits and leaves apart.

    Attributes:
        feature, decision, left, right, split_cover: int64 [splits]; a child is a split, or ~leaf.
        threshold: float64 [splits].
        value, leaf_cover: float64 [leaves].
        sets: by categorical split, the categories that go left: int64, ascending.
    """

    feature: Array
    threshold: Array
    decision: Array
    left: Array
    right: Array
    split_cover: Array
    value: Array
    leaf_cover: Array
    sets: Mapping[int, Array]


def tree_of(parts: Parts, where: str) -> Tree:
    """The tree: root first, the children of a split side by side.

    Raises:
        ModelFileError: its splits and leaves are no tree.
    """
    splits, leaves = parts.feature.size, parts.value.size
    place, leaf_place = np.full(splits, -1), np.full(leaves, -1)
    if splits:
        place[0] = 0
    else:
        leaf_place[0] = 0
    # A split by categories sends those of its set left, and all else, missing values too, right: ours, turned round.
    turned = (parts.decision & CATEGORY) > 0
    for child, at in (
        (np.where(turned, parts.right, parts.left), 1),
        (np.where(turned, parts.left, parts.right), 2),
    ):
        if ((child >= splits) | (child < -leaves) | (child == 0)).any():
            raise ModelFileError(f"{where} of the model file has a child that is not there: it is damaged.")
        inner = child >= 0
        place[child[inner]] = 2 * np.flatnonzero(inner) + at
        leaf_place[~child[~inner]] = 2 * np.flatnonzero(~inner) + at
    nodes = np.concatenate([place, leaf_place])
    if leaves != splits + 1 or nodes.min() < 0 or np.unique(nodes).size != nodes.size:
        raise ModelFileError(f"{where} of the model file is no tree: it is damaged.")

    def spread(of_splits: Array, of_leaves: Array | float) -> Array:
        out = np.empty(nodes.size, of_splits.dtype)
        out[place], out[leaf_place] = of_splits, of_leaves
        return out

    step = 2 * np.arange(splits)
    default_left, zero_missing = _missing(parts)
    # Infinity is not above an infinite threshold: what is there goes left, as what is in none of no categories.
    whole = np.setdiff1d(np.flatnonzero((parts.threshold == np.inf) & ~turned), zero_missing)
    return Tree(
        left=spread(step + 1, -1),
        right=spread(step + 2, -1),
        feature=spread(parts.feature, 0),
        condition=spread(_below(parts.threshold), parts.value),
        default_left=spread(default_left, False),
        cover=spread(parts.split_cover.astype(np.float64), parts.leaf_cover),
        sets={int(place[split]): members for split, members in parts.sets.items()}
        | {int(place[split]): np.zeros(0, np.int64) for split in whole},
        zero_missing=place[zero_missing],
    )


def _missing(parts: Parts) -> tuple[Array, Array]:
    """(whether a missing value goes left: bool [splits]; the splits at which zero is one, and it matters)."""
    kind = parts.decision >> _MISSING_SHIFT & 3
    said = (parts.decision & DEFAULT_LEFT) > 0
    zero_left = parts.threshold >= 0
    by_set = (parts.decision & CATEGORY) > 0
    # Where nothing is said to be missing, what is no number is taken for 0.
    default_left = np.where(by_set, True, np.where(kind == _MISSING_NONE, zero_left, said))
    return default_left, np.flatnonzero((kind == _MISSING_ZERO) & ~by_set & (said != zero_left))


def _below(threshold: Array) -> Array:
    """Thresholds t' such that x < t' for just those float32 x with x <= t: float64, of float32 values.

    LightGBM takes what is near zero for zero before it asks a tree: no threshold parts these values.
    """
    threshold = np.where((threshold >= 0) & (threshold < _ZERO), _ZERO, threshold)
    with np.errstate(over="ignore"):
        at = threshold.astype(np.float32)
        at = np.where(at > threshold, np.nextafter(at, np.float32(-np.inf)), at)
        below = np.nextafter(at, np.float32(np.inf)).astype(np.float64)
    return np.where((threshold >= -_ZERO) & (threshold < 0), -_ZERO, below)


def ensemble_of(header: Header, trees: Sequence[Tree], iteration_range: tuple[int, int] | None) -> Ensemble:
    """The ensemble of a file's trees.

    Raises:
        ModelFileError: the rounds that are asked for are not there, or there are more than is supported.
    """
    features, outputs = header.features, header.outputs
    if features > _MOST_FEATURES or not 1 <= outputs <= _MOST_OUTPUTS or features * outputs > _MOST_VALUES:
        raise ModelFileError(f"{features} features of {outputs} outputs are not supported.")
    rounds, rest = divmod(len(trees), outputs)
    if rest:
        raise ModelFileError(
            f"The model file has {len(trees)} trees in rounds of {outputs}: it is truncated or damaged."
        )
    begin, end = iteration_range or (0, 0)
    if (begin, end) == (0, 0):
        end = rounds
    if not 0 <= begin <= end <= rounds:
        raise ModelFileError(
            f"The rounds {begin} to {end} are not in the model file, which has {rounds}: give an "
            f"iteration_range (begin, end) with 0 <= begin <= end <= {rounds}, or (0, 0) for all."
        )
    used = range(begin * outputs, end * outputs)
    part = 1 / (end - begin) if header.averaged and end > begin else 1.0
    return Ensemble(
        features=features,
        outputs=outputs,
        base_score=np.zeros(outputs),
        trees=tuple(trees[i] for i in used),
        output=tuple(i % outputs for i in used),
        weight=np.full(len(used), part),
        rounds=(begin, end),
        names=header.names,
        categories=header.categories,
        cut_first=True,
    )
