"""Forests of trees by hand: sizes, shares and limits, number by number."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from explain import ModelFileError, TreeEngine
from explain.forest.forest import MOST_POINTS, grow, padded
from explain.forest.nodes import MOST_DEPTH
from explain.formats.ensemble import Ensemble, Tree
from explain.kernel import _splits
from tests.support.trees_by_hand import Shape, random_ensemble, shapley_by_definition


def chain(asked: Sequence[int]) -> Tree:
    """One split below the other, each of the feature that is named; left of each is a leaf, with one training row."""
    splits = len(asked)
    left, right = np.full(2 * splits + 1, -1), np.full(2 * splits + 1, -1)
    at = 2 * np.arange(splits)
    left[at], right[at] = at + 1, at + 2
    feature, cover = np.zeros(left.size, np.int64), np.ones(left.size)
    feature[at], cover[at] = asked, splits + 1.0 - np.arange(splits)
    return Tree(
        left=left,
        right=right,
        feature=feature,
        condition=np.arange(left.size, dtype=np.float32),
        default_left=np.zeros(left.size, bool),
        cover=cover,
    )


def full(depth: int) -> Tree:
    """Each split has two below it; each feature is asked at one level, each row goes left by three in four."""
    count = 2 ** (depth + 1) - 1
    node = np.arange(count)
    inner = node < 2**depth - 1
    level = np.floor(np.log2(node + 1)).astype(np.int64)
    cover = np.ones(count) * 4.0**depth
    for k in range(1, count):
        cover[k] = cover[(k - 1) // 2] * (0.75 if k % 2 else 0.25)
    return Tree(
        left=np.where(inner, 2 * node + 1, -1),
        right=np.where(inner, 2 * node + 2, -1),
        feature=np.where(inner, level, 0),
        condition=np.where(inner, 0.5, node).astype(np.float32),
        default_left=np.zeros(count, bool),
        cover=cover,
    )


LEAF = Tree(
    left=np.array([-1]),
    right=np.array([-1]),
    feature=np.array([0]),
    condition=np.array([7.0], np.float32),
    default_left=np.array([False]),
    cover=np.array([3.0]),
)


def ensemble_of(*trees: Tree, features: int = 1) -> Ensemble:
    """Of one output, from 0 on."""
    return Ensemble(
        features=features,
        outputs=1,
        base_score=np.zeros(1, np.float32),
        trees=trees,
        output=(0,) * len(trees),
        weight=np.ones(len(trees), np.float32),
    )


def test_sizes_of_trees_of_known_shape() -> None:
    """Of a full tree of four levels three splits have more than two levels below: these stand first."""
    forest = grow(ensemble_of(full(4), LEAF, full(2), chain([0, 1, 0]), features=4))
    assert (forest.trees, forest.depth, forest.most_splits, forest.most_points) == (4, 4, 15, 2)
    assert forest.first.tolist() == [0, 15, 15, 18, 21]
    assert forest.tall.tolist() == [3, 0, 0, 1]
    assert forest.points.tolist() == [2, 0, 1, 1]
    assert forest.root[[0, 2, 3]].tolist() == [0, 0, 0]
    assert forest.leaf[~forest.root[1]] == 7.0
    assert forest.level[:15].tolist() == [0, 1, 1] + [2] * 4 + [3] * 8
    assert forest.parent[:7].tolist() == [-1, 0, 1, 2, 3, 4, 5]
    assert set(forest.ratio[:15].tolist()) == {0.75}
    assert forest.distinct[15:].tolist() == [1, 2, 2, 1, 2, 2]
    assert forest.before[18:].tolist() == [-1, -1, 1]
    assert forest.asked_again[18:].tolist() == [1, 0, 0]
    assert _splits(forest)["curve_at"].tolist() == [-1] * 18 + [-2, -1, 0]


def test_a_feature_that_is_asked_again_has_its_points_and_factors() -> None:
    """Three of four rows are right of the first split: t / (t + (1 - t) R) and R over the square of what divides."""
    forest = grow(ensemble_of(chain([0, 1, 0]), features=2))
    t, share = 0.5, 0.75
    part = t + (1 - t) * share
    assert forest.curve.size == 8
    assert forest.curve[[0, 4]].tolist() == pytest.approx([t / part, share / part**2])
    assert forest.curve_at.tolist() == [-1, -1, 0]
    two = grow(ensemble_of(chain([0, 0]), chain([0, 1, 0]), LEAF, features=2))
    assert two.tree_curve.tolist() == [0, 8, 16]
    assert two.curve_at.tolist() == [-1, 0, -1, -1, 8]


def test_the_base_is_the_mean_of_the_training_rows() -> None:
    """By hand: leaves 1, 3, 5 and 6 of a chain of three have one row each; a leaf alone is itself; and the score."""
    forest = grow(replace(ensemble_of(chain([0, 0, 0]), LEAF), base_score=np.array([0.5], np.float32)))
    assert forest.base.tolist() == pytest.approx([0.5 + (1 + 3 + 5 + 6) / 4 + 7])
    assert grow(ensemble_of(LEAF)).base.tolist() == [7.0]
    weighted = replace(ensemble_of(chain([0]), LEAF), weight=np.array([0.5, 2.0], np.float32))
    assert grow(weighted).base.tolist() == pytest.approx([0.5 * 1.5 + 14])


def test_without_a_tree_there_is_room_for_one() -> None:
    forest = grow(ensemble_of())
    assert (forest.trees, forest.depth, forest.most_splits, forest.most_points) == (0, 0, 1, 1)
    assert (forest.rounds, forest.names, forest.columns) == ((0, 0), (), 1)
    assert forest.base.tolist() == [0.0]


def test_trees_are_as_deep_as_is_supported_and_no_deeper() -> None:
    assert grow(ensemble_of(chain([0] * MOST_DEPTH))).depth == MOST_DEPTH == 128
    with pytest.raises(ModelFileError, match="deeper than 128"):
        grow(ensemble_of(chain([0] * (MOST_DEPTH + 1))))


def test_a_path_asks_64_features_and_no_more() -> None:
    assert grow(ensemble_of(chain(range(63)), features=65)).most_points == 32
    assert grow(ensemble_of(chain(range(64)), features=65)).most_points == MOST_POINTS == 32
    with pytest.raises(ModelFileError, match="more than 64 different features"):
        grow(ensemble_of(chain(range(65)), features=65))


def test_points_of_quadrature_are_exact_for_what_they_must_be() -> None:
    """n points on [0, 1] give the mean of t to the power of k, 1 / (k + 1), for all k below 2 n; padded to fours."""
    gauss = grow(ensemble_of(LEAF)).gauss
    assert gauss.shape == (33, 2, 32)
    for count in (1, 2, 5, 32):
        points, weights = gauss[count]
        assert not points[count:].any()
        for power in (0, 1, 2 * count - 1):
            assert weights @ points**power == pytest.approx(1 / (power + 1), rel=1e-10)
    assert padded(np.array([0, 1, 3, 4, 5, 8])).tolist() == [0, 4, 4, 4, 8, 8]


def damaged(tree: Tree, name: str, at: int, value: float) -> Ensemble:
    """With one entry changed."""
    changed = getattr(tree, name).copy()
    changed[at] = value
    return ensemble_of(replace(tree, **{name: changed}), features=2)


SOUND = chain([0, 1, 0])


@pytest.mark.parametrize(
    ("name", "at", "value", "said"),
    [
        ("feature", 0, 2, "a feature that is not there"),
        ("feature", 2, -1, "a feature that is not there"),
        ("right", 0, -1, "a split with one child"),
        ("right", 1, 2, "a split with one child"),
        ("right", 0, 3, "not side by side"),
        ("condition", 2, np.nan, "a threshold that is no number"),
        ("condition", 6, np.nan, "infinite or no number"),
        ("condition", 6, np.inf, "infinite or no number"),
        ("cover", 0, 4.001, "covers do not add up"),
        ("cover", 0, 3.999, "covers do not add up"),
        ("cover", 1, -1.0, "covers do not add up"),
        ("cover", 1, np.nan, "covers do not add up"),
        ("cover", 5, np.inf, "covers do not add up"),
    ],
)
def test_trees_that_are_none_are_refused(name: str, at: int, value: float, said: str) -> None:
    grow(ensemble_of(SOUND, features=2))
    with pytest.raises(ModelFileError, match=said):
        grow(damaged(SOUND, name, at, value))


@pytest.mark.parametrize(
    ("child", "said"),
    [
        (-3, "not in its tree"),
        (0, "not in its tree"),
        (2, "two parents"),
        (6, "not in its tree"),
        (99, "not in"),
    ],
)
def test_children_are_in_their_tree_and_of_one_split(child: int, said: str) -> None:
    """None is before the tree, its root, the split itself, or beyond its last node, where another tree may begin."""
    left, right = SOUND.left.copy(), SOUND.right.copy()
    left[2], right[2] = child, child + 1
    for others in ((), (SOUND,)):
        with pytest.raises(ModelFileError, match=said):
            grow(ensemble_of(replace(SOUND, left=left, right=right), *others, features=2))


def test_covers_may_be_off_by_what_float32_sums_are() -> None:
    """By less than one in ten thousand of the larger, either way; what no row reached is shared out in halves."""
    for cover in (4.0003, 3.9997):
        assert grow(damaged(SOUND, "cover", 0, cover)).ratio[0] == 0.25
    empty = grow(ensemble_of(replace(SOUND, cover=np.array([1.0, 1, 0, 0, 0, 0, 0])), features=2))
    assert empty.ratio.tolist() == [1.0, 0.5, 0.5]


def test_nodes_that_no_path_reaches_are_left_out() -> None:
    """XGBoost leaves them in the file: whatever is written of them, the tree is the same."""
    left, right = SOUND.left.copy(), SOUND.right.copy()
    left[4] = right[4] = -1
    pruned = replace(SOUND, left=left, right=right, cover=np.array([4.0, 1, 3, 1, 2, np.nan, -5]))
    forest = grow(ensemble_of(pruned, features=2))
    assert (forest.feature.size, forest.leaf.tolist()) == (2, [1.0, 3.0, 4.0])


@pytest.mark.parametrize("compiled", [True, False])
def test_trees_of_one_leaf_add_the_same_to_every_row(compiled: bool) -> None:
    """Before, between and after others, whether or not there are references; in pairs and in contrasts, too."""
    whole = ensemble_of(LEAF, full(2), LEAF, chain([0, 1, 0]), LEAF, features=2)
    rows = np.array([[0.2, 0.7], [0.9, 0.1], [3.5, np.nan]], np.float32)
    for table_bytes in (0, 1 << 20):
        engine = TreeEngine(grow(whole), threads=1, compiled=compiled, table_bytes=table_bytes)
        for reference in (None, rows[1:]):
            found = engine.contributions(rows, reference)
            for row, values in zip(rows, found.values, strict=True):
                defined, base = shapley_by_definition(whole, row, reference)
                np.testing.assert_allclose(values, defined[0], atol=1e-12)
                assert float(found.base) == pytest.approx(base[0])
        pairs = engine.interactions(rows).values
        np.testing.assert_allclose(pairs.sum(axis=2), engine.contributions(rows).values, atol=1e-12)
        np.testing.assert_allclose(pairs, pairs.transpose(0, 2, 1), atol=1e-12)
        one = engine.contrast(rows[0], rows[1])
        assert float(one.base + one.values.sum()) == pytest.approx(float(engine.predict_exactly(rows)[0]))


def test_trees_of_one_leaf_have_no_tables_and_are_not_computed_slowly() -> None:
    """What is slow is named by its number among all trees."""
    whole = ensemble_of(LEAF, full(2), LEAF, chain([0, 1, 0]), LEAF, features=2)
    rows = np.zeros((2, 2), np.float32)
    for compiled, table_bytes, slow in ((True, 0, [1, 3]), (True, 1 << 20, []), (False, 1 << 20, [1, 3])):
        engine = TreeEngine(grow(whole), threads=1, compiled=compiled, table_bytes=table_bytes)
        engine.contributions(rows, rows)
        (tables,) = engine._tables.values()
        assert tables.slow.tolist() == slow
        assert (tables.bytes > 0) == (table_bytes > 0 and compiled)


def test_a_forest_of_several_outputs_keeps_each_tree_to_its_own() -> None:
    ensemble = random_ensemble(Shape(features=2, trees=4, depth=2, outputs=2), np.random.default_rng(3))
    forest = grow(ensemble)
    assert forest.output.tolist() == [0, 1, 0, 1]
    row = np.array([0.3, -0.7], np.float32)
    np.testing.assert_allclose(forest.base, shapley_by_definition(ensemble, row)[1], atol=1e-9)
