"""The engine: exact against the definition, against XGBoost, and against itself in NumPy."""

import json
import os
import signal
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shap
import xgboost as xgb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explain import ExplanationError, RowsError, TreeEngine
from explain.build import kernel_path, variants
from explain.engine import _cores
from explain.forest.forest import grow
from explain.formats.ensemble import Array, Ensemble
from explain.formats.reading import read_model
from explain.kernel import Kernel, open_kernel, processor_has
from explain.plain import Plain
from explain.verify import as_shap
from tests.support.trees_by_hand import (
    Shape,
    as_json,
    booster_of,
    interactions_by_definition,
    one_tree_each,
    random_ensemble,
    shapley_by_definition,
    special_rows,
)
from tests.support.waiting import wait_for

BOUND = 3e-6  # of the row's sum of |contributions|, from the definition
PEERS = 1e-5  # from XGBoost and shap, which add in float32
STEPS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def shapes(draw: st.DrawFn, *, empty: bool | None = None) -> tuple[Ensemble, np.random.Generator]:
    """Random trees: depth 1 to 10, one to six features so that they come again on a path, one to three outputs."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    depth = draw(st.integers(1, 10))
    outputs = draw(st.sampled_from([1, 1, 3]))
    shape = Shape(
        features=draw(st.integers(1, 6)),
        trees=outputs * draw(st.integers(1, 3)),
        depth=depth,
        outputs=outputs,
        empty=draw(st.booleans()) if empty is None else empty,
        stop=draw(st.sampled_from([0.1, 0.3])) if depth <= 6 else 0.35,
    )
    return random_ensemble(shape, rng), rng


def engine_of(ensemble: Ensemble, **options: Any) -> TreeEngine:
    """With one thread: a test of many threads is one of its own."""
    return TreeEngine(grow(ensemble), **{"threads": 1, **options})


def several(values: Array, outputs: int, axis: int = 1) -> Array:
    """With the axis of outputs, whether the engine left it out or not."""
    return values if outputs > 1 else np.expand_dims(values, axis)


def worst(ours: Array, theirs: Array, size: Array) -> float:
    """Largest difference as a share of the row's sum of |contributions| (or of a tree's rounding, where that is 0)."""
    axes = tuple(range(1, ours.ndim))
    return float((np.abs(ours - theirs).max(axis=axes) / np.maximum(size, 1e-9)).max())


@given(shapes())
@STEPS
def test_contributions_are_those_of_the_definition(case: tuple[Ensemble, np.random.Generator]) -> None:
    """Subset by subset, in float64; whatever lies on a threshold, is missing, infinite, or was never seen."""
    ensemble, rng = case
    X = special_rows(6, ensemble.features, rng)
    engine = engine_of(ensemble)
    found = engine.contributions(X)
    ours = several(found.values, ensemble.outputs)
    defined = [shapley_by_definition(ensemble, x) for x in X]
    theirs = np.array([values for values, _ in defined])
    assert worst(ours, theirs, np.abs(theirs).sum(axis=(1, 2))) < BOUND
    np.testing.assert_allclose(np.atleast_1d(found.base), defined[0][1], rtol=1e-9, atol=1e-9)


@given(shapes())
@STEPS
def test_interactions_are_those_of_the_definition(case: tuple[Ensemble, np.random.Generator]) -> None:
    """And each row of them adds up to the contribution."""
    ensemble, rng = case
    X = special_rows(3, ensemble.features, rng)
    engine = engine_of(ensemble)
    ours = several(engine.interactions(X).values, ensemble.outputs)
    theirs = np.array([interactions_by_definition(ensemble, x) for x in X])
    single = several(engine.contributions(X).values, ensemble.outputs)
    assert worst(ours, theirs, np.abs(single).sum(axis=(1, 2))) < BOUND
    np.testing.assert_allclose(ours.sum(axis=3), single, atol=1e-12)


@given(shapes(), st.sampled_from([0, 3_000, 1 << 26]))
@STEPS
def test_contributions_against_references_are_those_of_the_definition(
    case: tuple[Ensemble, np.random.Generator], table_bytes: int
) -> None:
    """From tables, without, and with tables for some trees: all the same."""
    ensemble, rng = case
    X, reference = (special_rows(n, ensemble.features, rng) for n in (5, 4))
    engine = engine_of(ensemble, table_bytes=table_bytes)
    found = engine.contributions(X, reference)
    defined = [shapley_by_definition(ensemble, x, reference) for x in X]
    theirs = np.array([values for values, _ in defined])
    assert worst(several(found.values, ensemble.outputs), theirs, np.abs(theirs).sum(axis=(1, 2))) < BOUND
    np.testing.assert_allclose(np.atleast_1d(found.base), defined[0][1], rtol=1e-9, atol=1e-9)
    one = engine.contrast(X[0], reference[0])
    against_one = engine.contributions(X[:1], reference[:1])
    np.testing.assert_allclose(one.values, against_one.values[0], atol=1e-12)
    np.testing.assert_allclose(one.base, against_one.base, atol=1e-12)


@given(shapes(empty=False))
@STEPS
def test_xgboost_says_the_same(case: tuple[Ensemble, np.random.Generator]) -> None:
    """Predictions to the last bit, contributions and interactions to what float32 allows."""
    ensemble, rng = case
    X = special_rows(20, ensemble.features, rng, infinite=False)
    engine, booster = TreeEngine.load(json.dumps(as_json(ensemble)).encode()), booster_of(ensemble)
    matrix = xgb.DMatrix(X, nthread=1)
    outputs = ensemble.outputs
    ours = several(engine.predict(X), outputs)
    np.testing.assert_array_equal(ours, booster.predict(matrix, output_margin=True).reshape(ours.shape))
    single = several(engine.contributions(X).values, outputs)
    size = np.abs(single).sum(axis=(1, 2)) + np.abs(ours).sum(axis=1)
    theirs = booster.predict(matrix, pred_contribs=True).reshape(20, outputs, -1)[..., :-1]
    assert worst(single, theirs, size) < PEERS
    pairs = booster.predict(matrix, pred_interactions=True)
    pairs = pairs.reshape(20, outputs, ensemble.features + 1, -1)[..., :-1, :-1]
    assert worst(several(engine.interactions(X).values, outputs), pairs, size) < PEERS


@given(shapes())
@STEPS
def test_numpy_and_the_kernel_agree(case: tuple[Ensemble, np.random.Generator]) -> None:
    """Where nothing was compiled the same comes out, slower."""
    ensemble, rng = case
    X, reference = (special_rows(n, ensemble.features, rng) for n in (9, 3))
    kernel, plain = engine_of(ensemble), engine_of(ensemble, compiled=False)
    assert kernel.compiled
    assert not plain.compiled
    np.testing.assert_array_equal(plain.predict(X), kernel.predict(X))
    for ours, theirs in (
        (plain.contributions(X), kernel.contributions(X)),
        (plain.contributions(X, reference), kernel.contributions(X, reference)),
        (plain.contrast(X[0], X[1]), kernel.contrast(X[0], X[1])),
        (plain.interactions(X), kernel.interactions(X)),
    ):
        np.testing.assert_allclose(ours.values, theirs.values, atol=1e-12)
        np.testing.assert_allclose(ours.base, theirs.base, atol=1e-12)


@given(shapes())
@STEPS
def test_axiom_local_accuracy(case: tuple[Ensemble, np.random.Generator]) -> None:
    """Base and contributions add up to the output, to float64's last digits."""
    ensemble, rng = case
    X = special_rows(20, ensemble.features, rng)
    engine = engine_of(ensemble)
    for found in (engine.contributions(X), engine.contributions(X, X[:3])):
        np.testing.assert_allclose(
            found.base + found.values.sum(axis=-1), engine.predict_exactly(X), atol=1e-11
        )


@given(shapes())
@STEPS
def test_axiom_dummy(case: tuple[Ensemble, np.random.Generator]) -> None:
    """A feature that no tree asks adds nothing, alone and with others."""
    ensemble, rng = case
    wider = replace(ensemble, features=ensemble.features + 1)
    X = special_rows(8, wider.features, rng)
    engine = engine_of(wider)
    assert not engine.contributions(X).values[..., -1].any()
    assert not engine.contributions(X, X[:2]).values[..., -1].any()
    assert not engine.interactions(X).values[..., -1, :].any()


@given(shapes())
@STEPS
def test_axiom_symmetry(case: tuple[Ensemble, np.random.Generator]) -> None:
    """Two features that do the same for a row add the same."""
    ensemble, rng = case
    other = ensemble.features  # a twin of feature 0: the same trees once more, asking it instead
    twins = tuple(replace(t, feature=np.where(t.feature == 0, other, t.feature)) for t in ensemble.trees)
    both = replace(
        ensemble,
        features=other + 1,
        trees=ensemble.trees + twins,
        output=ensemble.output * 2,
        weight=np.ones(2 * len(twins), np.float32),
    )
    X = special_rows(8, other, rng)
    values = engine_of(both).contributions(np.column_stack([X, X[:, 0]])).values
    np.testing.assert_allclose(values[..., 0], values[..., -1], atol=1e-12)


@given(shapes())
@STEPS
def test_axiom_additivity_over_trees(case: tuple[Ensemble, np.random.Generator]) -> None:
    """What trees contribute together is the sum of what each does alone."""
    ensemble, rng = case
    X = special_rows(8, ensemble.features, rng)
    alone = sum(engine_of(one).contributions(X).values for one in one_tree_each(ensemble))
    np.testing.assert_allclose(engine_of(ensemble).contributions(X).values, alone, atol=1e-12)


def _trained(
    rows: int = 3000, features: int = 8, rounds: int = 40, **parameters: Any
) -> tuple[xgb.Booster, Array]:
    rng = np.random.default_rng(11)
    X = rng.normal(size=(rows, features)).astype(np.float32)
    X[rng.random(X.shape) < 0.05] = np.nan
    Z = np.nan_to_num(X)
    y = Z[:, 0] * Z[:, -1] + np.sin(2 * Z[:, min(1, features - 1)]) + rng.normal(0, 0.3, rows)
    if parameters.get("objective", "").startswith(("binary", "count")):
        y = (y > 0).astype(float)
    if parameters.get("objective", "").startswith("multi"):
        y = np.digitize(y, [-0.5, 0.5])
    booster = xgb.train({"nthread": 1, "seed": 3, **parameters}, xgb.DMatrix(X, y, nthread=1), rounds)
    return booster, X


TRAINED: dict[str, dict[str, Any]] = {
    "usual": {},
    "depth ten": {"max_depth": 10, "rounds": 8},
    "one feature": {"features": 1},
    "five hundred features": {"features": 500, "rounds": 10},
    "a thousand trees": {"rounds": 1000, "max_depth": 2},
    "trees of one leaf": {"gamma": 60},
    "base score set": {"base_score": 4.5},
    "dart": {"booster": "dart", "rate_drop": 0.3, "rounds": 20},
    "quantiles": {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9], "rounds": 15},
    "monotone": {"monotone_constraints": "(1,-1,0,0,0,0,0,1)"},
    "interaction constraints": {"interaction_constraints": "[[0,1],[2,3,4,5,6,7]]"},
    "lossguide": {"grow_policy": "lossguide", "max_leaves": 31, "max_depth": 0, "tree_method": "hist"},
    "logistic": {"objective": "binary:logistic"},
    "poisson": {"objective": "count:poisson"},
    "classes": {"objective": "multi:softprob", "num_class": 3, "rounds": 12},
    "parallel trees": {"num_parallel_tree": 4, "subsample": 0.5, "rounds": 5},
}


@pytest.mark.parametrize("name", TRAINED)
def test_every_kind_of_booster(name: str) -> None:
    """Predictions to one unit in the last place, contributions as XGBoost's, from both formats."""
    booster, X = _trained(**TRAINED[name])
    part = X[:60]
    matrix = xgb.DMatrix(part, nthread=1)
    engine = TreeEngine.load(bytes(booster.save_raw("ubj")))
    text = TreeEngine.load(bytes(booster.save_raw("json")))
    np.testing.assert_array_equal(engine.predict(part), text.predict(part))
    margin = booster.predict(matrix, output_margin=True).reshape(engine.predict(part).shape)
    assert (np.abs(engine.predict(part) - margin) <= np.spacing(np.abs(margin))).all()
    values = several(engine.contributions(part).values, engine.outputs)
    theirs = booster.predict(matrix, pred_contribs=True).reshape(60, engine.outputs, -1)
    size = np.abs(values).sum(axis=(1, 2))
    assert worst(values, theirs[..., :-1], np.maximum(size, 1e-2)) < PEERS
    np.testing.assert_allclose(
        engine.contributions(part).base + engine.contributions(part).values.sum(axis=-1),
        engine.predict_exactly(part),
        atol=1e-10,
    )


def test_shap_says_the_same_against_references() -> None:
    """shap's own code; and its plots take our values as they take its own."""
    booster, X = _trained()
    engine, rows, reference = TreeEngine.load(bytes(booster.save_raw("ubj"))), X[:40], X[100:160]
    found = engine.contributions(rows, reference)
    explainer = shap.TreeExplainer(booster, reference, feature_perturbation="interventional")
    theirs = explainer.shap_values(rows, check_additivity=False)
    assert worst(found.values, theirs, np.abs(theirs).sum(axis=1)) < PEERS
    assert found.base == pytest.approx(explainer.expected_value, abs=1e-5)
    explanation = as_shap(found, rows, [f"f{i}" for i in range(8)])
    assert explanation.shape == (40, 8)
    np.testing.assert_array_equal(explanation.values, found.values)
    np.testing.assert_array_equal(explanation.base_values, np.full(40, float(found.base)))
    with pytest.raises(ExplanationError, match="one output"):
        as_shap(replace(found, values=np.zeros((40, 3, 8))), rows)


def test_a_row_is_explained_alike_alone_and_among_many() -> None:
    """On any number of threads, at any place, to the last bit; a cost a hospital never sees in its figures."""
    booster, X = _trained(rows=2000)
    raw = bytes(booster.save_raw("ubj"))
    one, three = TreeEngine.load(raw, threads=1), TreeEngine.load(raw, threads=3)
    many, pairs = one.contributions(X).values, one.interactions(X[:200]).values
    np.testing.assert_array_equal(three.contributions(X).values, many)
    np.testing.assert_array_equal(three.interactions(X[:200]).values, pairs)
    np.testing.assert_array_equal(three.predict(X), one.predict(X))
    for rows in (1, 3, 5, 16, 17, 33):
        np.testing.assert_array_equal(one.contributions(X[7 : 7 + rows]).values, many[7 : 7 + rows])
        np.testing.assert_array_equal(one.interactions(X[7 : 7 + rows]).values, pairs[7 : 7 + rows])
    assert one.contributions(X[:0]).values.shape == (0, 8)


def test_a_missing_value_goes_where_the_tree_says() -> None:
    """Missing, less than everything and more than everything are three things."""
    ensemble = random_ensemble(Shape(features=1, trees=1, depth=1), np.random.default_rng(0))
    for default in (False, True):
        tree = replace(ensemble.trees[0], default_left=np.array([default, False, False]))
        engine = engine_of(replace(ensemble, trees=(tree,)))
        missing, low, high = engine.predict(np.array([[np.nan], [-np.inf], [np.inf]], np.float32))
        assert missing == (low if default else high)
        assert low != high


def test_wrong_rows_are_refused_with_what_to_do() -> None:
    """Another type, another number of features, no reference."""
    engine = engine_of(random_ensemble(Shape(features=3, trees=2, depth=2), np.random.default_rng(0)))
    with pytest.raises(RowsError, match="float32"):
        engine.predict(np.zeros((2, 3)))
    with pytest.raises(RowsError, match="3 features"):
        engine.contributions(np.zeros((2, 4), np.float32))
    with pytest.raises(RowsError, match="no reference row"):
        engine.contributions(np.zeros((2, 3), np.float32), np.zeros((0, 3), np.float32))
    with pytest.raises(RowsError, match="one row"):
        engine.contrast(np.zeros((2, 3), np.float32), np.zeros(3, np.float32))


def test_rows_in_any_layout_are_explained() -> None:
    """A slice or a transposed array is no other data."""
    engine = engine_of(random_ensemble(Shape(features=3, trees=2, depth=3), np.random.default_rng(1)))
    X = special_rows(10, 3, np.random.default_rng(1))
    expected = engine.contributions(X).values
    np.testing.assert_array_equal(engine.contributions(np.asfortranarray(X)).values, expected)
    np.testing.assert_array_equal(engine.contributions(np.repeat(X, 2, axis=0)[::2]).values, expected)


def test_the_table_budget_is_kept_and_changes_nothing() -> None:
    """Fewer bytes, more trees computed the slower way, the same values."""
    booster, X = _trained(max_depth=6)
    raw = bytes(booster.save_raw("ubj"))
    expected = TreeEngine.load(raw).contributions(X[:20], X[50:80]).values
    for budget in (0, 100_000, 1_000_000):
        engine = TreeEngine.load(raw, table_bytes=budget)
        np.testing.assert_allclose(engine.contributions(X[:20], X[50:80]).values, expected, atol=1e-12)
        (tables,) = engine._tables.values()
        assert tables.bytes <= budget
        assert (tables.slow.size == engine.trees) == (budget == 0)


def test_a_written_model_is_read_back() -> None:
    """What the hand-made models of these tests say is what XGBoost reads in them."""
    ensemble = random_ensemble(Shape(features=4, trees=3, depth=4), np.random.default_rng(5))
    again = read_model(bytes(booster_of(ensemble).save_raw("ubj")))
    np.testing.assert_array_equal(again.base_score, ensemble.base_score)
    for ours, theirs in zip(again.trees, ensemble.trees, strict=True):
        np.testing.assert_array_equal(ours.condition, theirs.condition)
        np.testing.assert_array_equal(ours.left, theirs.left)
        np.testing.assert_array_equal(ours.cover, theirs.cover)


def test_more_points_than_the_usual_four() -> None:
    """Twelve to twenty different features on a path: NumPy, XGBoost and the kernel agree; and every width of it."""
    rng = np.random.default_rng(9)
    ensemble = random_ensemble(Shape(features=60, trees=4, depth=10, stop=0.05), rng)
    X = special_rows(21, 60, rng, infinite=False)
    forest = grow(ensemble)
    assert forest.most_points >= 5
    expected = np.zeros((21, 1, 60))
    Plain(forest).contributions(X, expected)
    size = np.abs(expected).sum(axis=(1, 2))
    theirs = booster_of(ensemble).predict(xgb.DMatrix(X, nthread=1), pred_contribs=True)[:, None, :-1]
    assert worst(expected, theirs, size) < PEERS
    found = np.zeros_like(expected)
    tried = 0
    for variant, path in {v: kernel_path(v) for v in variants()}.items():
        if not processor_has(variant):
            continue
        kernel = Kernel(open_kernel(path), forest)
        for rows in (21, 1):
            kernel.contributions(X[:rows], found[:rows])
            np.testing.assert_allclose(found[:rows], expected[:rows], atol=1e-12)
        tried += 1
    assert tried >= 1


def test_what_a_caller_writes_into_changes_nothing() -> None:
    """Neither the base that was given, nor reference rows that are used again."""
    booster, X = _trained()
    engine = TreeEngine.load(bytes(booster.save_raw("ubj")), table_bytes=0)
    found = engine.contributions(X[:3])
    before = float(found.base)
    given = found.base
    given += 1.0
    assert float(engine.base) == before
    reference = X[100:110].copy()
    expected = engine.contributions(X[:3], reference).values
    kept = reference.copy()
    reference[:] = 0.0
    np.testing.assert_array_equal(engine.contributions(X[:3], kept).values, expected)


def test_a_logistic_base_score_far_from_a_half_is_xgboosts_own() -> None:
    """Its logit is taken in float32, as XGBoost takes it."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3)).astype(np.float32)
    for share in (0.993, 0.02, 0.0005):
        y = (rng.random(2000) < share).astype(float)
        y[0] = 1.0
        booster = xgb.train({"objective": "binary:logistic", "nthread": 1}, xgb.DMatrix(X, y), 3)
        margin = booster.predict(xgb.DMatrix(X, nthread=1), output_margin=True)
        ours = TreeEngine.load(bytes(booster.save_raw("ubj"))).predict(X)
        assert (np.abs(ours - margin) <= np.spacing(np.abs(margin))).all()


def test_an_ensemble_without_trees_says_its_base_score() -> None:
    """A booster before its first round."""
    booster = xgb.train({"nthread": 1, "base_score": 2.5}, xgb.DMatrix(np.zeros((4, 2)), np.arange(4.0)), 0)
    engine = TreeEngine.load(bytes(booster.save_raw("ubj")))
    X = np.zeros((3, 2), np.float32)
    np.testing.assert_array_equal(engine.predict(X), np.full(3, 2.5, np.float32))
    assert not engine.contributions(X).values.any()
    assert not engine.contributions(X, X).values.any()
    assert float(engine.base) == 2.5


def test_a_forked_process_explains_too() -> None:
    """Its parent's threads are not there: it starts its own."""
    booster, X = _trained()
    engine = TreeEngine.load(bytes(booster.save_raw("ubj")), threads=2)
    expected = engine.contributions(X[:64]).values
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(engine.contributions(X[:64]).values, expected) else 3)
    ended: list[int] = []

    def has_ended() -> bool:
        pid, status = os.waitpid(child, os.WNOHANG)
        ended.extend([os.waitstatus_to_exitcode(status)] if pid else [])
        return bool(pid)

    try:
        wait_for(has_ended, "end of the child", 10)
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert ended == [0]


@pytest.mark.parametrize(
    ("threads", "rows", "parts"),
    [
        (1, 31, [31]),
        (1, 4096, [4096]),
        (1, 5000, [4096, 904]),
        (2, 31, [31]),
        (2, 32, [16, 16]),
        (2, 100, [64, 36]),
        (3, 96, [32, 32, 32]),
        (2, 9000, [4096, 4096, 808]),
    ],
)
def test_rows_are_spread_over_the_threads_in_whole_vectors(threads: int, rows: int, parts: list[int]) -> None:
    """Few are not worth another thread, and no part is larger than 4096 rows; every row is in one of them."""
    engine = engine_of(random_ensemble(Shape(3, 2, 2), np.random.default_rng(1)), threads=threads)
    X, out, seen = np.zeros((rows, 3), np.float32), np.zeros(rows), []

    def call(part: Array, result: Array) -> None:
        seen.append(len(part))
        result += 1.0

    engine._spread(call, X, out)
    assert sorted(seen, reverse=True) == parts
    assert (out == 1.0).all()


def test_predictions_and_contributions_of_few_rows_are_computed_where_they_are_asked() -> None:
    """A thread costs what sixteen rows do; pairs, which take many times as long, are shared from 32 rows on."""
    engine = engine_of(random_ensemble(Shape(3, 2, 2), np.random.default_rng(1)), threads=2)
    X = np.zeros((127, 3), np.float32)
    engine.predict_exactly(X)
    engine.contributions(X)
    assert not engine._pools
    engine.contributions(np.zeros((128, 3), np.float32))
    assert engine._pools
    pairs = engine_of(random_ensemble(Shape(3, 2, 2), np.random.default_rng(1)), threads=2)
    pairs.interactions(X[:32])
    assert pairs._pools


def test_no_more_threads_are_used_than_this_process_has_cores() -> None:
    """A container that was given one core has one, whatever the machine has."""
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert _cores() == 1
        assert TreeEngine(grow(random_ensemble(Shape(2, 1, 1), np.random.default_rng(1)))).threads == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert _cores() == len(allowed)
