"""LightGBM's trees by hand, put in our own way with thresholds, zeros and missing values, split by split."""

from dataclasses import replace

import numpy as np
import pytest

from explain import ModelFileError
from explain.formats.ensemble import Ensemble
from explain.formats.lightgbm_trees import CATEGORY, DEFAULT_LEFT, Header, Parts, ensemble_of, tree_of

NONE, ZERO, NAN = 0, 4, 8
"""What is missing at a split: nothing, zero and what is near it, or what is no number."""
NEAR_ZERO = np.float64(np.float32(1e-35))
HEADER = Header(features=3, outputs=1, averaged=False, names=("a", "b", "c"), categories={})


def parts(decision: int, threshold: float, **changes: object) -> Parts:
    """One split of feature 1: 10 left of it, 20 right."""
    one = Parts(
        feature=np.array([1]),
        threshold=np.array([threshold]),
        decision=np.array([decision]),
        left=np.array([-1]),
        right=np.array([-2]),
        split_cover=np.array([9.0]),
        value=np.array([10.0, 20.0]),
        leaf_cover=np.array([6.0, 3.0]),
        sets={},
    )
    return replace(one, **changes)


def test_a_split_by_a_threshold() -> None:
    """Its children stand beside one another; what is equal to the threshold goes left, so ours is the next one."""
    tree = tree_of(parts(NAN, 0.5), "tree 0")
    assert (tree.left.tolist(), tree.right.tolist()) == ([1, -1, -1], [2, -1, -1])
    assert tree.feature[0] == 1
    assert tree.condition.tolist() == [np.nextafter(np.float32(0.5), np.float32(1)), 10.0, 20.0]
    assert tree.cover.tolist() == [9.0, 6.0, 3.0]
    assert not tree.sets


@pytest.mark.parametrize(
    ("decision", "threshold", "missing_left", "zero_is_missing"),
    [
        (NONE, 0.5, True, False),
        (NONE, 0.0, True, False),
        (NONE, -0.5, False, False),
        (NONE | DEFAULT_LEFT, -0.5, False, False),
        (NAN, 0.5, False, False),
        (NAN | DEFAULT_LEFT, -0.5, True, False),
        (ZERO | DEFAULT_LEFT, 0.5, True, False),
        (ZERO | DEFAULT_LEFT, 0.0, True, False),
        (ZERO | DEFAULT_LEFT, -0.5, True, True),
        (ZERO, 0.5, False, True),
        (ZERO, 0.0, False, True),
        (ZERO, -0.5, False, False),
    ],
)
def test_what_is_missing_goes_where_the_split_says(
    decision: int, threshold: float, missing_left: bool, zero_is_missing: bool
) -> None:
    """Where nothing is missing, no number is 0; where zero is, it matters only if it would go the other way."""
    tree = tree_of(parts(decision, threshold), "tree 0")
    assert bool(tree.default_left[0]) is missing_left
    assert tree.zero_missing.tolist() == ([0] if zero_is_missing else [])


def test_a_split_by_categories_is_turned_round() -> None:
    """Its set goes left, and ours right; what is missing is in no set."""
    members = np.array([2, 5])
    tree = tree_of(parts(CATEGORY | ZERO, 0.0, sets={0: members}), "tree 0")
    assert tree.condition[1:].tolist() == [20.0, 10.0]
    assert tree.default_left[0]
    assert tree.zero_missing.size == 0
    assert {node: found.tolist() for node, found in tree.sets.items()} == {0: [2, 5]}


@pytest.mark.parametrize(
    ("threshold", "below"),
    [
        (0.0, np.nextafter(np.float32(NEAR_ZERO), np.float32(1))),
        (1e-40, np.nextafter(np.float32(NEAR_ZERO), np.float32(1))),
        (-1e-40, -np.float32(NEAR_ZERO)),
        (-1e-30, np.nextafter(np.float32(-1e-30), np.float32(1))),
        (0.1, np.float32(0.1)),
        (1 / 3, np.float32(1 / 3)),
        (3.5e38, np.inf),
        (-np.inf, np.finfo(np.float32).min),
    ],
)
def test_a_threshold_parts_the_same_float32_values(threshold: float, below: float) -> None:
    """The least of those that are above it; near zero nothing is parted, as LightGBM takes it for zero."""
    tree = tree_of(parts(NAN, threshold), "tree 0")
    with np.errstate(over="ignore"):
        values = np.array([below, np.nextafter(np.float32(below), np.float32(-np.inf))], np.float32)
    assert tree.condition[0] == np.float64(values[0])
    if abs(threshold) > NEAR_ZERO:
        assert (values.astype(np.float64) > threshold).tolist() == [True, False]


def test_an_infinite_threshold_sends_all_that_is_a_number_left() -> None:
    """As a set of no category does, ours turned round; but one at which zero is missing."""
    assert tree_of(parts(NAN, np.inf), "tree 0").sets[0].size == 0
    assert not tree_of(parts(ZERO, np.inf), "tree 0").sets
    assert not tree_of(parts(CATEGORY, np.inf), "tree 0").sets


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ([1, -1], [-3, 2], "a child that is not there"),
        ([1, -4], [-3, -2], "a child that is not there"),
        ([1, 0], [-3, -2], "a child that is not there"),
        ([-1, -2], [-3, -3], "no tree"),
        ([1, -1], [1, -2], "no tree"),
        ([1, -1], [-3, -1], "no tree"),
    ],
)
def test_splits_and_leaves_that_are_no_tree_are_refused(left: list[int], right: list[int], said: str) -> None:
    two = replace(
        parts(NAN, 0.5),
        feature=np.array([0, 1]),
        threshold=np.array([0.5, 1.5]),
        decision=np.array([NAN, NAN]),
        split_cover=np.array([9.0, 5.0]),
        value=np.array([1.0, 2.0, 3.0]),
        leaf_cover=np.array([3.0, 2.0, 4.0]),
        left=np.array([1, -1]),
        right=np.array([-3, -2]),
    )
    tree = tree_of(two, "tree 7")
    assert (tree.left.tolist(), tree.condition[[2, 3, 4]].tolist()) == ([1, 3, -1, -1, -1], [3.0, 1.0, 2.0])
    with pytest.raises(ModelFileError, match=f"tree 7 of the model file .*{said}"):
        tree_of(replace(two, left=np.array(left), right=np.array(right)), "tree 7")


def test_a_tree_of_one_leaf_and_leaves_too_many() -> None:
    none = np.zeros(0, np.int64)
    empty = dict.fromkeys(("feature", "threshold", "decision", "left", "right", "split_cover"), none)
    one = replace(parts(NAN, 0.5), **empty, value=np.array([4.0]), leaf_cover=np.array([1.0]))
    assert tree_of(one, "tree 0").condition.tolist() == [4.0]
    with pytest.raises(ModelFileError, match="is no tree"):
        tree_of(replace(one, value=np.array([4.0, 5.0]), leaf_cover=np.ones(2)), "tree 0")


def made(trees: int, asked: tuple[int, int] | None, *, outputs: int = 1, averaged: bool = False) -> Ensemble:
    """Of so many trees of one split."""
    one = tree_of(parts(NAN, 0.5), "tree 0")
    return ensemble_of(replace(HEADER, outputs=outputs, averaged=averaged), [one] * trees, asked)


def test_rounds_have_a_tree_for_each_output_and_a_mean_is_shared_out() -> None:
    found = made(6, (1, 3), outputs=2)
    assert (found.output, found.rounds, found.weight.tolist()) == ((0, 1, 0, 1), (1, 3), [1.0] * 4)
    assert (found.names, found.cut_first, found.base_score.tolist()) == (("a", "b", "c"), True, [0.0, 0.0])
    assert made(4, None, averaged=True).weight.tolist() == [0.25] * 4
    assert made(4, (1, 3), averaged=True).weight.tolist() == [0.5] * 2
    assert made(4, (2, 2), averaged=True).weight.size == 0
    for asked in (None, (0, 0), (0, 3)):
        assert made(3, asked).rounds == (0, 3)
    for asked in ((0, 4), (-1, 2), (3, 2)):
        with pytest.raises(
            ModelFileError, match=f"rounds {asked[0]} to {asked[1]} are not in the model file"
        ):
            made(3, asked)
    with pytest.raises(ModelFileError, match="3 trees in rounds of 2"):
        made(3, None, outputs=2)


@pytest.mark.parametrize(
    ("features", "outputs", "supported"),
    [
        (100_000, 100, True),
        (100_001, 1, False),
        (1000, 10_000, True),
        (1, 10_001, False),
        (1, 0, False),
        (99_999, 101, False),
        (10_000, 1001, False),
    ],
)
def test_sizes_are_supported_up_to_a_limit(features: int, outputs: int, supported: bool) -> None:
    header = replace(HEADER, features=features, outputs=outputs)
    if supported:
        assert ensemble_of(header, [], None).outputs == outputs
    else:
        with pytest.raises(
            ModelFileError, match=f"{features} features of {outputs} outputs are not supported"
        ):
            ensemble_of(header, [], None)
