"""Splits by categories and trees with a vector at each leaf: XGBoost's own numbers, on both of its formats."""

import json
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from explain import ModelFileError, TreeEngine
from explain.formats.ensemble import Array
from explain.formats.reading import read_model
from tests.support.trees_by_hand import shapley_by_definition

RNG = np.random.default_rng(8)
KINDS = ["c", "q", "c", "q"]
X = np.column_stack(
    [RNG.integers(0, 9, 400), RNG.normal(size=400), RNG.integers(0, 40, 400), RNG.normal(size=400)]
).astype(np.float32)
X[RNG.random(X.shape) < 0.1] = np.nan
Y = (
    np.nan_to_num(X[:, 0]) % 3
    + np.nan_to_num(X[:, 2]) % 7 / 3
    + np.nan_to_num(X[:, 1])
    + RNG.normal(size=400) / 3
)

# Categories that no training row had, one far away, and whatever the others ask.
ROWS = np.concatenate(
    [X[:60], np.array([[11, 0.1, 44, 0], [8, np.nan, 3000, 1], [16777215, 0, np.nan, 1]], np.float32)]
)

SETTINGS: dict[str, dict[str, Any]] = {
    "one by one": {"max_cat_to_onehot": 100},
    "in two parts": {"max_cat_to_onehot": 1},
    "in two parts of few": {"max_cat_to_onehot": 4, "max_cat_threshold": 3},
    "stumps": {"max_cat_to_onehot": 1, "max_depth": 1},
    "deep": {"max_cat_to_onehot": 1, "max_depth": 9, "min_child_weight": 0},
    "dropped trees": {"max_cat_to_onehot": 1, "booster": "dart", "rate_drop": 0.4},
    "approximate": {"max_cat_to_onehot": 1, "tree_method": "approx"},
    "leaves first": {"max_cat_to_onehot": 1, "grow_policy": "lossguide", "max_leaves": 12},
    "classes": {"max_cat_to_onehot": 2, "objective": "multi:softprob", "num_class": 3},
    "shares": {"objective": "binary:logistic"},
}
LABELS = {"classes": np.digitize(Y, [1, 2.5]), "shares": (Y > 2).astype(float)}


def data_of(rows: Array, label: Array | None = None) -> xgb.DMatrix:
    """The rows, with their kinds."""
    return xgb.DMatrix(rows, label, feature_types=KINDS, enable_categorical=True, nthread=1)


@pytest.fixture(scope="module", params=SETTINGS)
def booster(request: pytest.FixtureRequest) -> xgb.Booster:
    """A small booster that asks categories."""
    parameters = {
        "nthread": 1,
        "verbosity": 0,
        "max_depth": 4,
        "tree_method": "hist",
        **SETTINGS[request.param],
    }
    found = xgb.train(parameters, data_of(X, LABELS.get(request.param, Y)), 6)
    body = json.loads(bytes(found.save_raw("json")))
    model = body["learner"]["gradient_booster"]
    trees = model.get("model", model.get("gbtree", {}).get("model"))["trees"]
    assert any(any(tree["split_type"]) for tree in trees)
    return found


def relative(ours: Array, theirs: Array) -> float:
    """The largest difference, of its row's sum of sizes."""
    size = np.abs(ours).reshape(*ours.shape[: ours.ndim - 1], -1).sum(axis=-1, keepdims=True)
    return float((np.abs(ours - theirs) / np.maximum(size, 1e-9)).max())


@pytest.mark.parametrize("kind", ["ubj", "json"])
def test_categories_are_forecast_and_explained_as_by_xgboost(booster: xgb.Booster, kind: str) -> None:
    """To the last bit; contributions add up, and are XGBoost's; the kernel's are NumPy's."""
    raw, rows = bytes(booster.save_raw(kind)), data_of(ROWS)
    engine, plain = (TreeEngine.load(raw, threads=1, compiled=compiled) for compiled in (True, False))
    np.testing.assert_array_equal(engine.predict(ROWS), booster.predict(rows, output_margin=True))
    np.testing.assert_array_equal(engine.predict(ROWS), plain.predict(ROWS))
    found = engine.contributions(ROWS)
    added = np.asarray(found.base + found.values.sum(axis=-1))
    np.testing.assert_allclose(added, engine.predict_exactly(ROWS), atol=1e-10)
    theirs = booster.predict(rows, pred_contribs=True)[..., :-1]
    assert relative(found.values, theirs) < 1e-5
    np.testing.assert_allclose(found.values, plain.contributions(ROWS).values, atol=1e-12)
    np.testing.assert_allclose(found.values[:1], engine.contributions(ROWS[:1]).values, atol=1e-12)


def test_categories_against_references_one_other_and_in_pairs(booster: xgb.Booster) -> None:
    """By tables and reference by reference, in NumPy, for one row; pairs are XGBoost's."""
    raw, few, reference = bytes(booster.save_raw("ubj")), ROWS[-9:], ROWS[20:26]
    engine = TreeEngine.load(raw, threads=1)
    without_tables = TreeEngine.load(raw, threads=1, table_bytes=0)
    plain = TreeEngine.load(raw, threads=1, compiled=False)
    expected = plain.contributions(few, reference)
    for other in (engine, without_tables):
        found = other.contributions(few, reference)
        np.testing.assert_allclose(found.values, expected.values, atol=1e-11)
        np.testing.assert_allclose(
            np.asarray(found.base + found.values.sum(axis=-1)), engine.predict_exactly(few), atol=1e-10
        )
    for one in (engine, plain):
        np.testing.assert_allclose(
            one.contrast(few[0], reference[0]).values,
            engine.contributions(few[:1], reference[:1]).values[0],
            atol=1e-11,
        )
    pairs = engine.interactions(few).values
    theirs = booster.predict(data_of(few), pred_interactions=True)[..., :-1, :-1]
    flat = pairs.reshape(*pairs.shape[:-2], -1)
    assert relative(flat, theirs.reshape(flat.shape)) < 1e-5
    np.testing.assert_allclose(pairs, plain.interactions(few).values, atol=1e-11)


def test_one_feature_asked_by_several_sets_is_one_feature() -> None:
    """By the definition: what a path asks of one feature again is no new player."""
    booster = xgb.train(
        {"nthread": 1, "max_depth": 4, "max_cat_to_onehot": 100, "min_child_weight": 0},
        xgb.DMatrix(X[:, :1], Y, feature_types=["c"], enable_categorical=True),
        2,
    )
    two = xgb.train(
        {"nthread": 1, "max_depth": 5, "max_cat_to_onehot": 1, "min_child_weight": 0}, data_of(X, Y), 2
    )
    for model, rows in ((booster, X[:12, :1].copy()), (two, X[:12])):
        raw = bytes(model.save_raw("ubj"))
        ensemble, engine = read_model(raw), TreeEngine.load(raw)
        assert max(len(tree.sets) for tree in ensemble.trees) > 1
        for row in rows:
            values, _ = shapley_by_definition(ensemble, row)
            np.testing.assert_allclose(engine.contributions(row[None]).values[0], values[0], atol=1e-9)
            values, _ = shapley_by_definition(ensemble, row, rows[:3])
            np.testing.assert_allclose(
                engine.contributions(row[None], rows[:3]).values[0], values[0], atol=1e-9
            )


def test_what_is_no_category_goes_where_xgboost_sends_it() -> None:
    """Below zero, between two, beyond what float32 counts by ones."""
    booster = xgb.train({"nthread": 1, "max_depth": 5, "max_cat_to_onehot": 1}, data_of(X, Y), 5)
    odd = np.array([-1, -0.5, -0.0, 0.5, 2.999, 8.5, 1e6, 16777216, 3e9, -3e9], np.float32)
    rows = np.repeat(X[:1], odd.size, axis=0)
    for feature in (0, 2):
        rows[:, feature] = odd
        # Rows are handed over as they are: a DMatrix would be asked whether its categories are some.
        margin = booster.inplace_predict(rows, predict_type="margin", validate_features=False)
        np.testing.assert_array_equal(TreeEngine.load(booster).predict(rows), margin)


def test_boxes_and_thresholds_know_categories(booster: xgb.Booster) -> None:
    """Between two thresholds of a feature its value makes no difference; a box of one row has its output."""
    engine = TreeEngine.load(booster, threads=1)
    row = np.nan_to_num(X[:1])
    for feature in range(4):
        edges = engine.thresholds(feature)
        values = np.unique(
            np.concatenate([edges, edges + np.float32(0.25), np.arange(-1, 45, 0.5, np.float32)])
        )
        rows = np.repeat(row, values.size, axis=0)
        rows[:, feature] = values
        outputs = engine.predict_exactly(rows).reshape(values.size, -1)
        part = np.searchsorted(edges, values, side="right")
        same = part[1:] == part[:-1]
        np.testing.assert_array_equal(outputs[1:][same], outputs[:-1][same])
        least, most = engine.bounds(rows.min(axis=0), rows.max(axis=0))
        assert (outputs.min(axis=0) >= least - 1e-12).all()
        assert (outputs.max(axis=0) <= most + 1e-12).all()
    np.testing.assert_allclose(engine.bounds(row[0], row[0])[0], engine.predict_exactly(row)[0], atol=1e-12)


def test_damaged_categories_are_refused() -> None:
    """Sets that are not there, of other splits, out of range, or cut off."""
    booster = xgb.train({"nthread": 1, "max_cat_to_onehot": 1}, data_of(X, Y), 2)
    body = json.loads(bytes(booster.save_raw("json")))

    def damaged(name: str, value: object, message: str) -> None:
        other = json.loads(json.dumps(body))
        tree = other["learner"]["gradient_booster"]["model"]["trees"][0]
        at = tree["categories_nodes"][0] if name == "split_type" else 0
        tree[name][at] = value
        with pytest.raises(ModelFileError, match=message):
            TreeEngine.load(json.dumps(other).encode())

    damaged("categories", -1, "out of range")
    damaged("categories", 1 << 24, "out of range")
    damaged("categories_segments", 10_000, "not those of its splits")
    damaged("categories_segments", -1, "not those of its splits")
    damaged("categories_sizes", 1 << 40, "not those of its splits")
    damaged("categories_nodes", 10_000, "not those of its splits")
    damaged("split_type", 0, "not those of its splits")
    tree = body["learner"]["gradient_booster"]["model"]["trees"][0]
    damaged("categories_sizes", -1, "not those of its splits")
    damaged(
        "categories_sizes", len(tree["categories"]) + 1, "not those of its splits"
    )  # one more than there are


VECTORS: dict[str, tuple[dict[str, Any], Array]] = {
    "two outcomes": ({}, np.column_stack([Y, -2 * Y])),
    "labels": (
        {"objective": "binary:logistic"},
        np.column_stack([Y > 1, Y > 2, Y > 3]).astype(float),
    ),
    "classes": ({"objective": "multi:softprob", "num_class": 3}, np.digitize(Y, [1, 2.5])),
    "one leaf": ({"min_child_weight": 1e9}, np.column_stack([Y, -2 * Y])),
    "forests": ({"num_parallel_tree": 2, "subsample": 0.6}, np.column_stack([Y, -2 * Y])),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_at_each_leaf_is_a_tree_for_each_output(name: str) -> None:
    """XGBoost's forecasts to the last bit; contributions by the definition, since XGBoost has none of these."""
    parameters, label = VECTORS[name]
    fixed = {"nthread": 1, "tree_method": "hist", "multi_strategy": "multi_output_tree", "max_depth": 3}
    data = xgb.DMatrix(X, label, nthread=1)
    booster = xgb.train({**fixed, **parameters}, data, 4)
    for kind in ("ubj", "json"):
        raw = bytes(booster.save_raw(kind))
        engine = TreeEngine.load(raw, threads=1)
        np.testing.assert_array_equal(engine.predict(X), booster.predict(data, output_margin=True))
        found = engine.contributions(X[:20])
        np.testing.assert_allclose(
            found.base + found.values.sum(axis=-1), engine.predict_exactly(X[:20]), atol=1e-10
        )
        for row, values in zip(X[:3], found.values, strict=False):
            np.testing.assert_allclose(values, shapley_by_definition(read_model(raw), row)[0], atol=1e-9)
        part = TreeEngine.load(raw, iteration_range=(1, 3))
        margin = booster.predict(data, output_margin=True, iteration_range=(1, 3))
        np.testing.assert_array_equal(part.predict(X), margin)


def test_vectors_without_covers_are_refused_with_what_to_do() -> None:
    """Files of XGBoost before 3.2 hold none."""
    data = xgb.DMatrix(X, np.column_stack([Y, -2 * Y]), nthread=1)
    booster = xgb.train({"nthread": 1, "tree_method": "hist", "multi_strategy": "multi_output_tree"}, data, 1)
    body = json.loads(bytes(booster.save_raw("json")))
    tree = body["learner"]["gradient_booster"]["model"]["trees"][0]
    damaged = json.loads(json.dumps(body))
    damaged["learner"]["gradient_booster"]["model"]["trees"][0]["leaf_weights"].pop()
    with pytest.raises(ModelFileError, match="leaf_weights"):
        TreeEngine.load(json.dumps(damaged).encode())
    del tree["sum_hessian"]
    with pytest.raises(ModelFileError, match=r"multi_output_tree.*3\.2.*one_output_per_tree") as refusal:
        TreeEngine.load(json.dumps(body).encode())
    assert "damaged" not in str(refusal.value)


def test_thresholds_of_categories_are_where_one_begins_and_where_it_ends(booster: xgb.Booster) -> None:
    """Each category of a set and the value after it; no other feature's, and nothing beside them."""
    raw = bytes(booster.save_raw("ubj"))
    engine, trees = TreeEngine.load(raw, threads=1), read_model(raw).trees
    for feature in range(4):
        edges = [
            members[:, None] + [0, 1]
            for tree in trees
            for node, members in tree.sets.items()
            if tree.left[node] != -1 and tree.feature[node] == feature
        ]
        by_value = [
            tree.condition[
                [
                    n
                    for n in np.flatnonzero((tree.left != -1) & (tree.feature == feature))
                    if n not in tree.sets
                ]
            ]
            for tree in trees
        ]
        expected = np.unique(np.concatenate([np.ravel(e) for e in (*edges, *by_value)])).astype(np.float32)
        assert engine.thresholds(feature).tolist() == expected.tolist()
