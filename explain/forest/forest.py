"""Trees as the kernel needs them: flat arrays, parents before children, with what each split's contribution takes.

A model file is checked here: every node of a tree is reached once, no deeper than a forecast needs, its covers add
up. Nodes that no path reaches (XGBoost leaves pruned ones in the file) are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from explain.errors import ModelFileError
from explain.forest.inputs import Inputs
from explain.forest.nodes import Nodes
from explain.formats.ensemble import Array, Ensemble

__all__ = ["MOST_POINTS", "Forest", "grow", "padded"]

MOST_POINTS = 32  # of quadrature: 64 different features on a path
_SMALL = 2  # height of the subtrees that the kernel keeps in registers
_MOST_CURVE = (1 << 31) - 1  # what the kernel's indices hold


def padded(points: Array | int) -> Array:
    """Numbers of points (of any integer type), made up to whole vectors of four."""
    return (np.asarray(points) + 3) & ~3


@dataclass(frozen=True)
class Forest:
    """Arrays by tree, by split (trees one after the other, parents first) and by leaf; see ``kernel.c``.

    Attributes:
        features, outputs, depth, most_splits, most_points: sizes.
        inputs: the columns that splits ask.
        names, categories: as in `Ensemble`.
        rounds: the boosting rounds that the trees are of, [begin, end).
        base_score: [outputs], of the type in which the library adds up.
        base: float64 [outputs], the mean output over the training rows, by the trees' covers. By tree: first
            [trees + 1] split.
        root: split within the tree, or ~leaf; points of the quadrature; output it adds to.
        tree_curve: first value of its curves.
        tall: how many of its splits stand first. By split: tree, level, feature, column of the widened rows
            (`inputs`), threshold, default_left.
        ratio: share of the training rows that went left; left, right, before, curve_at as in ``kernel.h``,
            parent as before.
        asked_again: whether its feature comes again below.
        distinct: different features asked down to it, itself counted.
        curve: float64 values.
        leaf: float64 [leaves], float32 values.
        gauss: [MOST_POINTS + 1, 2, MOST_POINTS], points and weights on [0, 1] by their number.
    """

    features: int
    inputs: Inputs
    outputs: int
    depth: int
    most_splits: int
    most_points: int
    rounds: tuple[int, int]
    base_score: Array
    base: Array
    first: Array
    root: Array
    points: Array
    output: Array
    tree_curve: Array
    tall: Array
    tree: Array
    level: Array
    feature: Array
    column: Array
    threshold: Array
    default_left: Array
    ratio: Array
    left: Array
    right: Array
    parent: Array
    before: Array
    curve_at: Array
    asked_again: Array
    distinct: Array
    curve: Array
    leaf: Array
    gauss: Array
    names: tuple[str, ...]
    categories: Mapping[int, tuple[object, ...]]

    @property
    def trees(self) -> int:
        """How many."""
        return int(self.root.size)

    @property
    def columns(self) -> int:
        """How many values a widened row has."""
        return self.inputs.count


def grow(ensemble: Ensemble) -> Forest:
    """The forest of an ensemble.

    Raises:
        ModelFileError: a tree is none, or is beyond what is supported.
    """
    nodes = Nodes(ensemble)
    levels = nodes.levels()
    splits = np.concatenate(list(levels)) if levels else np.zeros(0, np.int64)
    height = nodes.heights(levels)
    # By tree, first those with more than two levels below them, each part from the root down.
    splits = splits[np.lexsort((height[splits] <= _SMALL, nodes.tree[splits]))]
    trees = len(ensemble.trees)
    first = np.zeros(trees + 1, np.int64)
    first[1:] = np.cumsum(np.bincount(nodes.tree[splits], minlength=trees))
    place = np.full(nodes.left.size, -1, np.int64)
    place[splits] = np.arange(splits.size)
    leaves = nodes.leaves()
    leaf_place = np.full(nodes.left.size, -1, np.int64)
    leaf_place[leaves] = np.arange(leaves.size)

    tree = nodes.tree[splits]

    def child(node: Array) -> Array:
        return np.where(place[node] >= 0, place[node] - first[tree], ~leaf_place[node])

    ratio = nodes.ratio(splits)
    parent_node, side = nodes.parent[splits], nodes.side[splits]
    above = np.where(parent_node >= 0, place[parent_node], -1)
    feature = nodes.feature[splits]
    before, before_side = _before(feature, above, side)
    distinct, share = _down(levels, place, above, before, before_side, ratio)
    level = np.zeros(splits.size, np.int32)
    for depth, at in enumerate(levels):
        level[place[at]] = depth
    points = np.zeros(trees, np.int64)
    np.maximum.at(points, tree, (distinct + 1) // 2)
    if points.max(initial=0) > MOST_POINTS:
        raise ModelFileError(f"A path asks more than {2 * MOST_POINTS} different features: not supported.")
    gauss = _gauss()
    if 2 * int(padded(points[tree[before >= 0]]).sum()) > _MOST_CURVE:
        raise ModelFileError("The model asks features again too often for its size: not supported.")
    curve, curve_at, tree_curve = _curves(points, tree, before, share, gauss)
    leaf = nodes.condition[leaves] * ensemble.weight[nodes.tree[leaves]]
    if not np.isfinite(leaf).all():
        raise ModelFileError(
            "The model has a leaf whose value is infinite or no number (its fit diverged): its forecasts cannot be "
            "explained."
        )
    root = np.where(place[nodes.roots] >= 0, 0, ~leaf_place[nodes.roots])
    asked_again = np.zeros(splits.size, bool)
    asked_again[before[before >= 0]] = True
    forest = Forest(
        features=ensemble.features,
        inputs=nodes.inputs,
        outputs=ensemble.outputs,
        depth=len(levels),
        most_splits=int(np.diff(first).max(initial=1)),
        most_points=int(points.max(initial=1)),
        rounds=ensemble.rounds,
        base_score=ensemble.base_score,
        base=np.zeros(ensemble.outputs),
        first=first.astype(np.int32),
        root=root.astype(np.int32),
        points=points.astype(np.int32),
        output=np.array(ensemble.output, np.int32),
        tree_curve=tree_curve.astype(np.int32),
        tall=np.bincount(tree[height[splits] > _SMALL], minlength=trees).astype(np.int32),
        tree=tree.astype(np.int32),
        level=level,
        feature=feature.astype(np.int32),
        column=nodes.column[splits].astype(np.int32),
        threshold=nodes.thresholds(splits),
        default_left=nodes.default_left[splits].astype(np.uint8),
        ratio=ratio,
        left=child(nodes.left[splits]).astype(np.int32),
        right=child(nodes.right[splits]).astype(np.int32),
        parent=_pointer(above, side, first[tree]),
        before=_pointer(before, before_side, first[tree]),
        curve_at=curve_at.astype(np.int32),
        asked_again=asked_again.astype(np.uint8),
        distinct=distinct.astype(np.int32),
        curve=curve,
        leaf=leaf.astype(np.float64),
        gauss=gauss,
        names=ensemble.names,
        categories=ensemble.categories,
    )
    forest.base[:] = ensemble.base_score.astype(np.float64)
    np.add.at(forest.base, forest.output, _expected(forest, [place[at] for at in levels]))
    return forest


def _before(feature: Array, above: Array, side: Array) -> tuple[Array, Array]:
    """(nearest split above that asks the same feature, or -1; the side of it on which each split lies)."""
    before, before_side = np.full(feature.size, -1, np.int64), np.zeros(feature.size, np.int64)
    rows, at, on = np.arange(feature.size), above, side
    while (alive := at >= 0).any():
        rows, at, on = rows[alive], at[alive], on[alive]
        same = feature[at] == feature[rows]
        before[rows[same]], before_side[rows[same]] = at[same], on[same]
        rows, at = rows[~same], at[~same]
        on, at = side[at], above[at]
    return before, before_side


def _down(
    levels: list[Array], place: Array, above: Array, before: Array, before_side: Array, ratio: Array
) -> tuple[Array, Array]:
    """(different features asked down to each split; share of the rows that its own feature let through before)."""
    distinct, share = np.zeros(above.size, np.int64), np.ones(above.size)
    for nodes in levels:
        mine = place[nodes]
        parent, again = above[mine], before[mine]
        inherited = np.where(parent >= 0, distinct[parent], 0)
        distinct[mine] = inherited + (again < 0)
        kept = np.where(before_side[mine] == 0, ratio[again], 1.0 - ratio[again])
        share[mine] = np.where(again >= 0, share[again] * kept, 1.0)
    return distinct, share


def _gauss() -> Array:
    """Gauss-Legendre points and weights on [0, 1]: [number, (points, weights), MOST_POINTS]."""
    out = np.zeros((MOST_POINTS + 1, 2, MOST_POINTS))
    for count in range(1, MOST_POINTS + 1):
        points, weights = np.polynomial.legendre.leggauss(count)
        out[count, 0, :count], out[count, 1, :count] = (points + 1) / 2, weights / 2
    return out


def _curves(
    points: Array, tree: Array, before: Array, share: Array, gauss: Array
) -> tuple[Array, Array, Array]:
    """(values, where each split's begin or -1, where each tree's begin): a repeated feature's points and factors.

    Where the row met the feature's conditions so far, its part of the weight is t + (1 - t) share instead of 1;
    the point is t divided by it, the factor is share divided by its square.
    """
    again = np.flatnonzero(before >= 0)
    sizes = 2 * padded(points[tree[again]])
    ends = np.cumsum(sizes)
    curve_at = np.full(before.size, -1, np.int64)
    curve_at[again] = ends - sizes
    by_tree = np.zeros(points.size, np.int64)
    np.add.at(by_tree, tree[again], sizes)
    curve = np.zeros(int(sizes.sum()))
    for count in np.unique(points[tree[again]]):
        mine = again[points[tree[again]] == count]
        t, r = gauss[count, 0, :count], share[mine, None]
        part = t + (1 - t) * r
        at = curve_at[mine, None] + np.arange(count)
        curve[at] = t / part
        curve[at + int(padded(int(count)))] = r / part**2
    return curve, curve_at, np.cumsum(by_tree) - by_tree


def _pointer(at: Array, side: Array, first: Array) -> Array:
    """An ancestor and the side of it, as the kernel reads them."""
    return np.where(at >= 0, 2 * (at - first) + side, -1).astype(np.int32)


def _expected(forest: Forest, levels: list[Array]) -> Array:
    """Each tree's mean value over the training rows: float64 [trees]. levels: splits by depth."""
    values = np.zeros(forest.feature.size)
    begin = forest.first[forest.tree].astype(np.int64)
    leaf = forest.leaf

    def below(child: Array, at: Array) -> Array:
        inner = child >= 0
        return np.where(
            inner, values[np.where(inner, child + begin[at], 0)], leaf[np.where(inner, 0, ~child)]
        )

    for at in reversed(levels):
        right = below(forest.right[at], at)
        values[at] = right + forest.ratio[at] * (below(forest.left[at], at) - right)
    if not values.size:
        return leaf[~forest.root]
    whole = forest.root >= 0
    return np.where(
        whole, values[np.where(whole, forest.first[:-1], 0)], leaf[np.where(whole, 0, ~forest.root)]
    )
