"""What trees can say over a box, and where a value makes a difference, against every row of a grid."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from explain import RowsError, TreeEngine
from explain.forest.forest import grow
from tests.support.trees_by_hand import GRID, Shape, as_json, random_ensemble

_VALUES = np.unique(
    np.concatenate([GRID, np.nextafter(GRID, np.float32(-np.inf)), np.array([-9.0, 2.0, 9.0], np.float32)])
).astype(np.float32)


def _engine(seed: int) -> TreeEngine:
    shape = Shape(features=3, trees=6, depth=4)
    return TreeEngine.load(
        json.dumps(as_json(random_ensemble(shape, np.random.default_rng(seed)))).encode(), compiled=False
    )


@pytest.mark.parametrize("seed", range(4))
def test_no_row_of_a_box_is_beyond_its_bounds(seed: int) -> None:
    """Boxes of all sizes, also of one row, whose bounds are its output; missing values take the default way."""
    engine, rng = _engine(seed), np.random.default_rng(seed + 100)
    for _ in range(30):
        ends = np.sort(rng.choice(_VALUES, size=(2, 3)), axis=0)
        if rng.random() < 0.3:
            ends[:, 1] = np.nan
        low, high = ends.astype(np.float32)
        axes = [
            np.array([np.nan], np.float32) if np.isnan(a) else _VALUES[(a <= _VALUES) & (b >= _VALUES)]
            for a, b in zip(low, high, strict=True)
        ]
        outputs = engine.predict_exactly(np.array(list(itertools.product(*axes)), np.float32))
        least, most = engine.bounds(low, high)
        assert least <= outputs.min() + 1e-12
        assert most >= outputs.max() - 1e-12
        one = engine.bounds(low, low)
        assert one == pytest.approx([float(engine.predict_exactly(low[None])[0])] * 2, abs=1e-12)


def test_bounds_of_one_split_are_met() -> None:
    """A tree that asks once, over every box in its feature: some row has the least, some the most."""
    for seed in range(5):
        ensemble = random_ensemble(Shape(features=1, trees=1, depth=1), np.random.default_rng(seed))
        engine = TreeEngine.load(json.dumps(as_json(ensemble)).encode(), compiled=False)
        for a, b in itertools.combinations(_VALUES, 2):
            rows = _VALUES[(a <= _VALUES) & (b >= _VALUES)]
            outputs = engine.predict_exactly(rows[:, None])
            found = engine.bounds(np.array([a]), np.array([b]))
            assert found == pytest.approx([outputs.min(), outputs.max()], abs=1e-12)


def test_between_thresholds_nothing_changes() -> None:
    """Where a feature moves and crosses none of its thresholds the output stays the same."""
    engine = _engine(2)
    for feature in range(3):
        limits = engine.thresholds(feature)
        assert (np.diff(limits) > 0).all()
        row = np.repeat(np.array([[0.7, -0.2, 2.0]], np.float32), _VALUES.size, axis=0)
        row[:, feature] = _VALUES
        outputs = engine.predict_exactly(row)
        piece = np.searchsorted(limits, _VALUES, side="right")
        assert all(np.unique(outputs[piece == p]).size == 1 for p in np.unique(piece))


def test_a_box_that_is_none_is_refused() -> None:
    """A value that is missing at one end alone has no place between them."""
    engine = _engine(3)
    low, high = np.zeros(3, np.float32), np.ones(3, np.float32)
    low[0] = np.nan
    with pytest.raises(RowsError, match="both ends"):
        engine.bounds(low, high)
    with pytest.raises(RowsError, match="3 features"):
        engine.bounds(np.zeros(2, np.float32), np.ones(2, np.float32))


def test_thresholds_are_those_of_the_splits_on_the_feature() -> None:
    """Those of the trees, each once, and no other feature's; of a feature that nobody asks there are none."""
    ensemble = random_ensemble(Shape(features=3, trees=6, depth=4), np.random.default_rng(2))
    engine = _engine(2)
    for feature in range(3):
        asked = [tree.condition[(tree.left != -1) & (tree.feature == feature)] for tree in ensemble.trees]
        assert engine.thresholds(feature).tolist() == np.unique(np.concatenate(asked)).tolist()
    stump = random_ensemble(Shape(features=1, trees=1, depth=1), np.random.default_rng(2))
    unasked = json.dumps(as_json(replace(stump, features=2))).encode()
    assert TreeEngine.load(unasked, compiled=False).thresholds(1).size == 0


def test_bounds_of_several_outputs_and_of_trees_of_one_leaf() -> None:
    """Each output has its own; a tree that asks nothing says one thing of every row."""
    ensemble = random_ensemble(Shape(features=2, trees=6, depth=2, outputs=3), np.random.default_rng(4))
    leaf = random_ensemble(Shape(features=2, trees=3, depth=0, outputs=3, stop=1.0), np.random.default_rng(5))
    alone = [
        replace(
            tree,
            left=np.array([-1]),
            right=np.array([-1]),
            feature=np.array([0]),
            condition=tree.condition[:1],
            default_left=np.array([False]),
            cover=tree.cover[:1],
        )
        for tree in leaf.trees
    ]
    both = replace(
        ensemble,
        trees=(*ensemble.trees, *alone),
        output=(*ensemble.output, 0, 1, 2),
        weight=np.ones(9, np.float32),
    )
    only = replace(both, trees=tuple(alone), output=(0, 1, 2), weight=np.ones(3, np.float32))
    for found in (both, only):
        engine = TreeEngine(grow(found), compiled=False)
        row = np.array([0.7, np.nan], np.float32)
        for bound in engine.bounds(row, row):
            np.testing.assert_allclose(bound, engine.predict_exactly(row[None])[0], atol=1e-12)
    np.testing.assert_allclose(
        TreeEngine(grow(only), compiled=False).base,
        only.base_score + [t.condition[0] for t in alone],
        atol=1e-6,
    )
