"""LightGBM's models, as text and as JSON: its own forecasts to the last bit, and its own contributions."""

import json
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from explain import ModelFileError, TreeEngine
from explain.formats.ensemble import Array
from explain.formats.reading import read_model
from tests.support.trees_by_hand import shapley_by_definition

RNG = np.random.default_rng(12)
X = RNG.normal(size=(500, 5)).astype(np.float32)
X[:, 1] = RNG.integers(0, 70, 500)
X[:, 2] = np.where(RNG.random(500) < 0.5, 0, np.round(X[:, 2], 1))
X[RNG.random(X.shape) < 0.1] = np.nan
Y = np.nan_to_num(X[:, 0]) + np.nan_to_num(X[:, 1]) % 5 / 2 + np.nan_to_num(X[:, 2]) ** 2
Y = Y + np.where(np.isnan(X[:, 3]), 1.5, 0) + RNG.normal(size=500) / 3
CLASS, SHARE, COUNT = np.digitize(Y, [1, 2.5]), (Y > 2).astype(float), np.round(np.abs(Y))

NO_MISSING = np.nan_to_num(X)
FIXED = {"verbose": -1, "num_threads": 1, "min_data_in_leaf": 5, "num_leaves": 12, "seed": 3}
CATEGORIES = {"categorical_feature": [1], "min_data_per_group": 2, "cat_smooth": 1, "cat_l2": 0.1}
RF = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}

# (parameters, rows that it learns from, outcome)
MODELS: dict[str, tuple[dict[str, Any], Array, Array]] = {
    "regression": ({"objective": "regression"}, X, Y),
    "categories in sets": ({**CATEGORIES, "max_cat_to_onehot": 1}, X, Y),
    "categories one by one": (
        {**CATEGORIES, "max_cat_to_onehot": 100, "num_leaves": 60, "min_data_in_leaf": 1},
        X,
        Y,
    ),
    "zero is missing": ({"zero_as_missing": True}, X, Y),
    "nothing is missing": ({}, NO_MISSING, Y),
    "missing is not used": ({"use_missing": False}, X, Y),
    "deep": ({"num_leaves": 200, "min_data_in_leaf": 1}, X, Y),
    "stumps": ({"num_leaves": 2}, X, Y),
    "one leaf": ({"min_data_in_leaf": 400}, X, Y),
    "dropped trees": ({"boosting": "dart", "drop_rate": 0.5}, X, Y),
    "goss": ({"data_sample_strategy": "goss"}, X, Y),
    "quantile": ({"objective": "quantile", "alpha": 0.9}, X, Y),
    "absolute error": ({"objective": "regression_l1"}, X, Y),
    "counts": ({"objective": "poisson"}, X, COUNT),
    "gamma": ({"objective": "gamma"}, X, COUNT + 0.5),
    "shares": ({"objective": "binary"}, X, SHARE),
    "cross entropy": ({"objective": "cross_entropy"}, X, SHARE),
    "classes": ({"objective": "multiclass", "num_class": 3, **CATEGORIES}, X, CLASS),
    "classes one against all": ({"objective": "multiclassova", "num_class": 3}, X, CLASS),
    "extra trees": ({"extra_trees": True, "max_bin": 15}, X, Y),
}


def fitted(name: str, rounds: int = 6) -> lgb.Booster:
    """A small booster of LightGBM."""
    parameters, rows, label = MODELS[name]
    return trained(rows, label, rounds, **parameters)


def trained(rows: Array, label: Array, rounds: int = 6, **parameters: Any) -> lgb.Booster:
    """A small booster of LightGBM."""
    by_set = parameters.pop("categorical_feature", [])
    every = {**FIXED, **parameters}
    booster = lgb.train(every, lgb.Dataset(rows, label, params=every, categorical_feature=by_set), rounds)
    if parameters.get("linear_tree"):
        return booster
    ensemble = read_model(booster.model_to_string().encode())
    assert not by_set or any(members.size for tree in ensemble.trees for members in tree.sets.values())
    return booster


def special_rows(booster: lgb.Booster) -> Array:
    """Rows on each threshold and beside it, zeros, near zero, missing, and categories that no training row had."""
    body = read_model(booster.model_to_string().encode())
    rng, out = np.random.default_rng(1), X[:120].copy()
    for feature in range(X.shape[1]):
        limits = [t.condition[(t.left != -1) & (t.feature == feature)] for t in body.trees]
        limit = np.concatenate([*limits, [0.0]]).astype(np.float32)
        values = [limit, np.nextafter(limit, np.float32(-np.inf)), np.nextafter(limit, np.float32(np.inf))]
        values += [
            np.array([0, -0.0, 1e-35, -1e-35, 2e-35, -2e-35, 1e-40, np.nan, np.inf, -np.inf], np.float32)
        ]
        values += [np.array([-1, -0.5, 0.5, 69.9, 71, 500, 3e9, -3e9], np.float32)]
        hit = rng.random(120) < 0.7
        out[hit, feature] = rng.choice(np.concatenate(values), hit.sum())
    return out


def forms(booster: lgb.Booster) -> list[bytes]:
    """The model as text and as JSON."""
    return [booster.model_to_string().encode(), json.dumps(booster.dump_model()).encode()]


@pytest.mark.parametrize("name", MODELS)
def test_lightgbm_is_forecast_to_the_last_bit_and_explained_as_by_itself(name: str) -> None:
    """Missing values, ties at thresholds, categories, classes: from both formats, compiled and in NumPy."""
    booster = fitted(name)
    rows = special_rows(booster)
    expected = booster.predict(rows, raw_score=True)
    outputs = expected.shape[1] if expected.ndim == 2 else 1
    finite = rows[np.isfinite(np.nan_to_num(rows, nan=0)).all(axis=1)]
    theirs = np.asarray(booster.predict(finite, pred_contrib=True)).reshape(len(finite), outputs, -1)
    for raw in forms(booster):
        for compiled in (True, False):
            engine = TreeEngine.load(raw, threads=1, compiled=compiled)
            assert engine.predict(rows).dtype == np.float64
            np.testing.assert_array_equal(engine.predict(rows), expected)
            found = engine.contributions(finite)
            added = np.asarray(found.base + found.values.sum(axis=-1))
            np.testing.assert_allclose(added, engine.predict(finite), atol=1e-10)
            ours = found.values.reshape(len(finite), outputs, -1)
            np.testing.assert_allclose(ours, theirs[..., :-1], rtol=1e-7, atol=1e-9)
            np.testing.assert_allclose(
                np.broadcast_to(found.base, expected[0].shape).ravel(), theirs[0, :, -1]
            )


@pytest.mark.parametrize("name", ["categories in sets", "zero is missing", "classes"])
def test_lightgbm_against_references_and_in_pairs(name: str) -> None:
    """By the definition, through tables and without; a row of pairs adds up to contributions."""
    booster = fitted(name, 3)
    raw, rows = booster.model_to_string().encode(), special_rows(booster)
    ensemble = read_model(raw)
    engine = TreeEngine.load(raw, threads=1)
    slow = TreeEngine.load(raw, threads=1, table_bytes=0)
    plain = TreeEngine.load(raw, threads=1, compiled=False)
    reference = rows[40:45]
    expected = plain.contributions(rows[:10], reference).values
    for one in (engine, slow):
        np.testing.assert_allclose(one.contributions(rows[:10], reference).values, expected, atol=1e-11)
    pairs = engine.interactions(rows[:10]).values
    np.testing.assert_allclose(pairs.sum(axis=-1), engine.contributions(rows[:10]).values, atol=1e-10)
    np.testing.assert_allclose(pairs, plain.interactions(rows[:10]).values, atol=1e-11)
    few = X[:3]
    if name == "zero is missing":
        few = np.where(few == 0, np.float32(np.nan), few)  # what the definition knows as missing
    for row in few:
        found = engine.contributions(row[None]).values[0]
        values, _ = shapley_by_definition(ensemble, row)
        np.testing.assert_allclose(found.reshape(values.shape), values, atol=1e-9)


def test_a_mean_of_trees_is_forecast_to_rounding() -> None:
    """A random forest's forecast is its sum divided by its rounds; each tree is divided, here."""
    booster = trained(X, Y, 7, **RF)
    for raw in forms(booster):
        engine = TreeEngine.load(raw)
        np.testing.assert_allclose(engine.predict(X), booster.predict(X), rtol=1e-12)
        found = engine.contributions(X[:40])
        np.testing.assert_allclose(found.base + found.values.sum(axis=1), engine.predict(X[:40]), rtol=1e-10)
        few = TreeEngine.load(raw, iteration_range=(0, 3))
        np.testing.assert_allclose(few.predict(X), booster.predict(X, num_iteration=3), rtol=1e-12)


def test_rounds_of_lightgbm_are_chosen_as_it_does() -> None:
    """Those from one to another; those that are not there are refused."""
    booster = fitted("classes")
    for raw in forms(booster):
        engine = TreeEngine.load(raw, iteration_range=(2, 5))
        expected = booster.predict(X, raw_score=True, start_iteration=2, num_iteration=3)
        np.testing.assert_array_equal(engine.predict(X), expected)
        assert engine.rounds == (2, 5)
        with pytest.raises(ModelFileError, match="which has 6"):
            TreeEngine.load(raw, iteration_range=(2, 9))


def test_a_fit_of_lightgbm_that_stopped_early_is_forecast_as_by_itself() -> None:
    """It writes the rounds to its best one, and forecasts with these."""
    estimator = lgb.LGBMRegressor(n_estimators=200, learning_rate=0.5, verbose=-1, n_jobs=1)
    stop = lgb.early_stopping(5, verbose=False)
    estimator.fit(X[:300], Y[:300], eval_set=[(X[300:], Y[300:])], callbacks=[stop])
    booster = estimator.booster_
    assert estimator.best_iteration_ < 200
    for source in (estimator, booster, booster.model_to_string()):
        engine = TreeEngine.load(source)
        assert engine.rounds == (0, estimator.best_iteration_)
        np.testing.assert_array_equal(engine.predict(X), estimator.predict(X, raw_score=True))


def test_linear_trees_are_refused_by_name() -> None:
    """In both formats."""
    booster = trained(NO_MISSING, Y, 2, linear_tree=True)
    for raw in forms(booster):
        with pytest.raises(ModelFileError, match=r"Linear trees.*without linear_tree"):
            TreeEngine.load(raw)


def test_no_threshold_is_moved_by_float32() -> None:
    """x <= t of float64 is asked of float32 values as it stands, at the ends of both types, too."""
    limits = [
        np.inf,
        0.1,
        -0.1,
        1e-35,
        -1e-35,
        1e-46,
        -1e-46,
        0.0,
        1e300,
        -1e300,
        3.4e38,
        16777217.0,
        float(np.float32(0.1)),
    ]
    near = np.array(limits)
    with np.errstate(over="ignore"):
        near = near.astype(np.float32)
    ends = [np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf))]
    rows = np.repeat(
        np.concatenate([*ends, [0, -0.0, np.nan, 1e-45, -1e-45, np.inf, -np.inf]])[:, None], 5, axis=1
    ).astype(np.float32)
    text = trained(NO_MISSING, Y, 1, num_leaves=2).model_to_string()
    before = next(line for line in text.splitlines() if line.startswith("threshold="))
    for limit in limits:
        for decision in (
            0,
            2,
            4,
            6,
            8,
            10,
        ):  # a missing value: none, zero, no number; to the right, to the left
            if limit == np.inf and decision == 4:
                continue  # zeros to the right and infinity to the left: no split that LightGBM looks for
            changed = text.replace(before, f"threshold={float(limit)!r}")
            kind = next(line for line in text.splitlines() if line.startswith("decision_type="))
            changed = changed.replace(kind, f"decision_type={decision}")
            expected = lgb.Booster(model_str=changed).predict(rows, raw_score=True)
            np.testing.assert_array_equal(TreeEngine.load(changed.encode()).predict(rows), expected)


def test_a_truncated_file_of_lightgbm_is_refused_wherever_it_ends() -> None:
    """Before its last tree is whole, or its JSON."""
    text, body = forms(fitted("classes", 2))
    end = text.index(b"end of trees")
    for length in range(5, end, 41):
        with pytest.raises(ModelFileError):
            TreeEngine.load(text[:length])
    for length in range(1, len(body), 211):
        with pytest.raises(ModelFileError):
            TreeEngine.load(body[:length])


@pytest.mark.parametrize("form", [0, 1])
def test_a_changed_byte_of_lightgbm_is_refused_or_harmless(form: int) -> None:
    """600 files with one to four bytes changed: a message, or a model that predicts and adds up."""
    rng = np.random.default_rng(7)
    raw = forms(fitted("categories in sets", 2))[form]
    raw = raw[: raw.index(b"feature_importances")] if form == 0 else raw
    refused = 0
    for _ in range(600):
        data = bytearray(raw)
        for _ in range(int(rng.integers(1, 5))):
            data[int(rng.integers(len(data)))] = int(rng.integers(32, 127))
        try:
            engine = TreeEngine.load(bytes(data), threads=1)
        except ModelFileError:
            refused += 1
            continue
        if engine.features == 5:
            with np.errstate(all="ignore"):
                found, outputs = engine.contributions(X[:4]), engine.predict(X[:4])
            size = np.abs(found.base) + np.abs(found.values).sum(axis=-1) + np.abs(engine.forest.leaf).max()
            assert (np.abs(found.base + found.values.sum(axis=-1) - outputs) <= 1e-9 * size).all()
    assert refused > 60


DAMAGE = {
    "a child that is not there": ("left_child=", "left_child=900 ", "child that is not there"),
    "a child twice": ("right_child=", None, "no tree"),
    "counts that do not add up": ("internal_count=", "internal_count=7 ", "covers do not add up"),
    "a feature that is not there": ("split_feature=", "split_feature=99 ", "feature that is not there"),
    "too few thresholds": ("threshold=", "threshold=0.5", "threshold"),
    "text among numbers": ("leaf_value=", "leaf_value=x ", "no numbers"),
    "an infinite leaf": ("leaf_value=", "leaf_value=inf ", "leaf"),
    "no leaf": ("num_leaves=", "num_leaves=0", "no leaf"),
    "a number of leaves that is none": ("num_leaves=", "num_leaves=six", "not a whole number"),
    "a number of leaves below none": ("num_leaves=", "num_leaves=-6", "not a whole number"),
    "a number of leaves of 13 digits": ("num_leaves=", "num_leaves=1000000000000", "not a whole number"),
    "a huge number of leaves": ("num_leaves=", "num_leaves=999999999", "not 99999999"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_of_lightgbm_is_refused_by_name(name: str) -> None:
    """Nothing is built from it; the message says what is wrong."""
    start, value, message = DAMAGE[name]
    lines = trained(X, Y, 1, num_leaves=6).model_to_string().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(start))
    if value is None:
        left = next(line for line in lines if line.startswith("left_child="))
        lines[at] = left.replace("left", "right")
    elif value.endswith(" "):
        lines[at] = value + lines[at].partition(" ")[2]
    else:
        lines[at] = value
    with pytest.raises(ModelFileError, match=message):
        TreeEngine.load("\n".join(lines).encode())


def _first_split(node: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """The first split of a kind at or below a node of LightGBM's JSON."""
    if "leaf_value" in node:
        return None
    if node["decision_type"] == kind:
        return node
    found = (_first_split(node[name], kind) for name in ("left_child", "right_child"))
    return next((split for split in found if split is not None), None)


@pytest.mark.parametrize(
    ("categories", "is_sound"),
    [
        ("1000000000", True),
        ("2147483647||3", True),
        ("10000000000", False),
        ("", False),
        ("1||x", False),
        (5, False),
    ],
)
def test_categories_of_lightgbm_s_json_have_at_most_ten_digits(categories: object, *, is_sound: bool) -> None:
    """As many as its own largest has; what is no category is refused by name."""
    parameters, rows, label = MODELS["categories in sets"]
    body = trained(rows, label, 2, **parameters).dump_model()
    splits = (_first_split(tree["tree_structure"], "==") for tree in body["tree_info"])
    split = next(found for found in splits if found is not None)
    split["threshold"] = categories
    data = json.dumps(body).encode()
    if is_sound:
        members = [int(word) for word in str(categories).split("||")]
        sets = [found.tolist() for tree in read_model(data).trees for found in tree.sets.values()]
        assert sorted(members) in sets
        return
    with pytest.raises(ModelFileError, match="categories that are none"):
        read_model(data)


@pytest.mark.parametrize("feature", [-1, 1 << 31, True, 0.5, "0"])
def test_a_feature_of_lightgbm_s_json_is_a_whole_number(feature: object) -> None:
    """Below 2 to the 31, and no truth value."""
    body = trained(X, Y, 1).dump_model()
    body["tree_info"][0]["tree_structure"]["split_feature"] = feature
    with pytest.raises(ModelFileError, match="split_feature is not a whole number"):
        read_model(json.dumps(body).encode())


@pytest.mark.parametrize("name", ["leaf_const", "leaf_coeff"])
def test_a_leaf_that_is_no_number_is_refused_by_either_of_its_parts(name: str) -> None:
    """A linear tree's constant or its slopes: forecast by its value alone it would be another model."""
    body = trained(X, Y, 1).dump_model()
    node = body["tree_info"][0]["tree_structure"]
    while "leaf_value" not in node:
        node = node["right_child"]
    node[name] = 0.5
    with pytest.raises(ModelFileError, match="Linear trees"):
        read_model(json.dumps(body).encode())
