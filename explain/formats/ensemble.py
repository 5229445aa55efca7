"""What a tree ensemble is, whichever library wrote it: trees that are added up, and nothing more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Ensemble", "Tree"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Tree:
    """One tree as it lies in the file.

    Attributes:
        left, right: int64 [nodes], children, -1 at a leaf.
        feature: int64 [nodes].
        condition: float32 [nodes], a split's threshold (less goes left) or a leaf's value; float64, where thresholds
            are float32 values, in an ensemble that is added up in float64.
        default_left: bool [nodes], where a missing value goes.
        cover: float64 [nodes], the training rows' weight.
        sets: of a split by categories, those that go right: int64, ascending; all other values that are not missing
            go left. Its condition means nothing.
        zero_missing: int64, splits at which zero is missing, too.
    """

    left: Array
    right: Array
    feature: Array
    condition: Array
    default_left: Array
    cover: Array
    sets: Mapping[int, Array] = field(default_factory=dict)
    zero_missing: Array = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True)
class Ensemble:
    """Trees that are added up.

    Attributes:
        features, outputs: how many.
        base_score: [outputs], of the margin, float32 or float64: in it the library adds its trees up.
        trees: those that are used, in the order in which they are added.
        output: which output each adds to.
        weight: by tree (of dropped trees, of a mean), else 1; of the type of `base_score`.
        rounds: the boosting rounds that the trees are of, [begin, end).
        names: of the features, as the file has them; empty where it has none.
        categories: by feature, the names of its categories 0, 1, …; only of features whose names the file holds.
        cut_first: whether a value between -1 and 0 is category 0 (LightGBM), and not none (XGBoost).
    """

    features: int
    outputs: int
    base_score: Array
    trees: tuple[Tree, ...]
    output: tuple[int, ...]
    weight: Array
    rounds: tuple[int, int] = (0, 0)
    names: tuple[str, ...] = ()
    categories: Mapping[int, tuple[object, ...]] = field(default_factory=dict)
    cut_first: bool = False
