"""Every kind of model that XGBoost writes: forecast as XGBoost does, to the last bit, or refused by what it is."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from explain import ModelFileError, TreeEngine
from explain.formats import links
from explain.formats.ensemble import Array
from explain.verification import verify_apart

RNG = np.random.default_rng(17)
X = RNG.normal(size=(300, 4)).astype(np.float32)
X[RNG.random(X.shape) < 0.1] = np.nan
SIGNAL = 2 * np.nan_to_num(X[:, 0]) + RNG.normal(size=300)
POSITIVE, BINARY, COUNT = np.exp(SIGNAL / 3), (SIGNAL > 0).astype(float), np.round(3 * np.exp(SIGNAL / 3))
CLASS = np.digitize(SIGNAL, [-0.5, 0.5])


def matrix(label: Array, **options: Any) -> xgb.DMatrix:
    """The rows with an outcome."""
    return xgb.DMatrix(X, label, nthread=1, **options)


def survival() -> xgb.DMatrix:
    """Durations, a third of them censored."""
    found = xgb.DMatrix(X, nthread=1)
    found.set_float_info("label_lower_bound", POSITIVE)
    found.set_float_info("label_upper_bound", np.where(np.arange(300) % 3, POSITIVE, np.inf))
    return found


def groups(label: Array) -> xgb.DMatrix:
    """Rows in groups of thirty, to be ranked."""
    found = matrix(label)
    found.set_group([30] * 10)
    return found


# Every objective of XGBoost 3.2, with rows that it learns from.
OBJECTIVES: dict[str, Callable[[], xgb.DMatrix]] = {
    "reg:squarederror": lambda: matrix(SIGNAL),
    "reg:linear": lambda: matrix(SIGNAL),
    "reg:squaredlogerror": lambda: matrix(POSITIVE),
    "reg:logistic": lambda: matrix(BINARY),
    "reg:pseudohubererror": lambda: matrix(SIGNAL),
    "reg:absoluteerror": lambda: matrix(SIGNAL),
    "reg:quantileerror": lambda: matrix(SIGNAL),
    "reg:gamma": lambda: matrix(POSITIVE),
    "reg:tweedie": lambda: matrix(POSITIVE),
    "binary:logistic": lambda: matrix(BINARY),
    "binary:logitraw": lambda: matrix(BINARY),
    "binary:hinge": lambda: matrix(BINARY),
    "count:poisson": lambda: matrix(COUNT),
    "survival:cox": lambda: matrix(np.where(np.arange(300) % 3, POSITIVE, -POSITIVE)),
    "survival:aft": survival,
    "multi:softmax": lambda: matrix(CLASS),
    "multi:softprob": lambda: matrix(CLASS),
    "rank:ndcg": lambda: groups(np.clip(COUNT, 0, 4)),
    "rank:map": lambda: groups(BINARY),
    "rank:pairwise": lambda: groups(np.clip(COUNT, 0, 4)),
}
BOOSTERS: dict[str, dict[str, Any]] = {
    "trees": {},
    "dart": {"booster": "dart", "rate_drop": 0.3},
    "forest": {"num_parallel_tree": 3, "subsample": 0.6},
    "stumps and a base score": {"max_depth": 1, "base_score": 0.3},
}
NEEDED: dict[str, dict[str, Any]] = {
    "reg:quantileerror": {"quantile_alpha": [0.1, 0.5, 0.9]},
    "multi:softmax": {"num_class": 3},
    "multi:softprob": {"num_class": 3},
}


def trained(data: xgb.DMatrix, rounds: int = 4, **parameters: Any) -> xgb.Booster:
    """A small booster."""
    return xgb.train({"nthread": 1, "verbosity": 0, **parameters}, data, rounds)


def alike(booster: xgb.Booster, rows: xgb.DMatrix, values: Array = X, **predict: Any) -> None:
    """The engine's outputs are XGBoost's own margins, to the last bit, from both formats."""
    margin = booster.predict(rows, output_margin=True, validate_features=False, **predict)
    for kind in ("ubj", "json"):
        engine = TreeEngine.load(bytes(booster.save_raw(kind)), threads=1)
        np.testing.assert_array_equal(engine.predict(values), margin)
        found = engine.contributions(values)
        added = np.asarray(found.base + found.values.sum(axis=-1))
        size = 1e-10 * (np.abs(found.base) + np.abs(found.values).sum(axis=-1))
        assert (np.abs(added - engine.predict_exactly(values)) <= np.maximum(size, 1e-9)).all()


@pytest.mark.parametrize("kind", BOOSTERS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_is_xgboosts_to_the_last_bit(objective: str, kind: str) -> None:
    """Its link and its base score, from the fit or given; trees, dropped trees, forests."""
    data = OBJECTIVES[objective]()
    parameters = {**NEEDED.get(objective, {}), **BOOSTERS[kind]}
    alike(trained(data, objective=objective, **parameters), data)


@pytest.mark.parametrize("objective", sorted(set(OBJECTIVES) - {"reg:linear"}))
def test_no_base_score_rounds_otherwise(objective: str) -> None:
    """Shares near 0 and 1, and 0 and 1 themselves, as a training set of one class has them; and others."""
    rng = np.random.default_rng(5)
    scores = np.r_[
        rng.uniform(0.01, 0.99, 30), 10 ** rng.uniform(-8, -1, 8), 1 - 10 ** rng.uniform(-8, -1, 8)
    ]
    scores = np.r_[scores, 1e-12, 1.0, *([0.0] if "logi" in objective else [2.5, 1e7, 3e38])].astype(
        np.float32
    )
    rows = xgb.DMatrix(X[:1], nthread=1)
    parameters = {**NEEDED.get(objective, {}), "objective": objective, "min_child_weight": 1e30}
    booster = trained(OBJECTIVES[objective](), 1, **parameters)  # nothing to split: one leaf
    body = json.loads(bytes(booster.save_raw("json")))
    for score in scores:
        body["learner"]["learner_model_param"]["base_score"] = f"[{score:.9E}]"
        data = json.dumps(body).encode()
        booster.load_model(bytearray(data))
        margin = booster.predict(rows, output_margin=True)
        np.testing.assert_array_equal(
            TreeEngine.load(data, threads=1).predict(X[:1]), margin, err_msg=str(score)
        )


def test_a_training_set_of_one_class_is_forecast() -> None:
    """Its base score is 0 or 1, whose logit is none: XGBoost takes one a millionth away."""
    for label in (np.zeros(300), np.ones(300)):
        data = matrix(label)
        alike(trained(data, objective="binary:logistic"), data)


@pytest.mark.parametrize(
    "objective", ["binary:logistic", "count:poisson", "multi:softprob", "reg:squarederror"]
)
@pytest.mark.parametrize("score", [None, 0.2])
def test_a_booster_before_its_first_round(objective: str, score: float | None) -> None:
    """A base score that was given goes through the link; XGBoost takes its own default for a margin."""
    data = OBJECTIVES[objective]()
    parameters = {**NEEDED.get(objective, {}), **({} if score is None else {"base_score": score})}
    alike(trained(data, 0, objective=objective, **parameters), data)


def test_several_outcomes_at_once() -> None:
    """A base score each, from the fit or given; of numbers, of labels, of dropped trees."""
    label = np.column_stack([SIGNAL, POSITIVE, BINARY])
    for parameters in ({}, {"base_score": [0.1, -2, 1e10]}, {"booster": "dart", "rate_drop": 0.4}):
        alike(trained(matrix(label), **parameters), matrix(label))
    several = matrix((label > 1).astype(float))
    for objective in ("binary:logistic", "binary:logitraw"):
        alike(trained(several, objective=objective), several)
        alike(trained(several, objective=objective, base_score=[0.1, 0.2, 0.9]), several)


FAR = np.float32(3.3e38)
ROWS: dict[str, Array] = {
    "near the end of float32": np.where(X > 0.5, FAR, X),
    "near its other end": np.where(X > 0.5, -FAR, X),
    "at both ends": np.where(np.isnan(X), np.nan, np.where(X > 0, FAR, -FAR)),
    "only at its end": np.where(X > 0, np.float32(3.4e38), np.nan),
    "two values whose mean is beyond it": np.where(X > 0, -FAR, np.float32(-3.4e38)),
    "two of them, some missing": np.where(np.isnan(X), np.nan, np.where(X > 0, -FAR, np.float32(-3.4e38))),
    "below the least normal number": X * np.float32(1e-42),
    "all the same": np.ones_like(X),
    "all missing": np.full_like(X, np.nan),
}


@pytest.mark.parametrize("method", ["hist", "exact", "approx"])
@pytest.mark.parametrize("name", ROWS)
def test_values_at_the_ends_of_float32(name: str, method: str) -> None:
    """Their thresholds may be infinite: no damage, and missing values go where the tree says."""
    rows = ROWS[name].astype(np.float32)
    data = xgb.DMatrix(rows, SIGNAL + 3 * np.isnan(rows[:, 0]), nthread=1)
    booster = trained(data, tree_method=method)
    alike(booster, data, rows)
    raw = bytes(booster.save_raw("ubj"))
    kernel, plain = (TreeEngine.load(raw, threads=1, compiled=compiled) for compiled in (True, False))
    np.testing.assert_array_equal(kernel.predict(rows), plain.predict(rows))
    np.testing.assert_allclose(
        kernel.contributions(rows[:40]).values, plain.contributions(rows[:40]).values, rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(
        kernel.contributions(rows[:40], rows[:9]).values,
        plain.contributions(rows[:40], rows[:9]).values,
        rtol=1e-9,
        atol=1e-12,
    )


NAMES = [
    ["é", "日本", "a b", "x\ty"],
    ['"', "\\", "/", "'"],
    ["a\nb", "\r", "\x01", "\x7f"],
    ["", "null", "true", "{}"],
    ["😀", "\u2028", "\ufeff", "x" * 5000],
]


@pytest.mark.parametrize("names", NAMES, ids=range(len(NAMES)))
def test_no_name_of_a_feature_is_damage(names: list[str]) -> None:
    """Nor an attribute: trees do not ask them."""
    data = matrix(SIGNAL, feature_names=names)
    booster = trained(data)
    booster.set_attr(note="\x01\t\n" + "".join(names[:3]))
    alike(booster, data)


def test_names_in_another_encoding_than_utf_8() -> None:
    """XGBoost loads such a file, and so does the engine."""
    data = matrix(SIGNAL, feature_names=["caf\xe9", "b", "c", "d"])
    booster = trained(data)
    for kind, former, latin in (("ubj", "café".encode(), b"caf\xe9x"), ("json", "é".encode(), b"\xe9")):
        raw = bytes(booster.save_raw(kind)).replace(former, latin)
        margin = xgb.Booster(model_file=bytearray(raw)).predict(
            data, output_margin=True, validate_features=False
        )
        np.testing.assert_array_equal(TreeEngine.load(raw).predict(X), margin)


def _others() -> Iterator[tuple[str, xgb.Booster, xgb.DMatrix]]:
    data = matrix(SIGNAL)
    first = trained(data, max_depth=6)
    for name in ("refresh", "prune"):
        changed = {"process_type": "update", "updater": name, "gamma": 5, "nthread": 1, "verbosity": 0}
        yield name, xgb.train(changed, data, 4, xgb_model=first), data
    together = {"num_parallel_tree": 2, "subsample": 0.5, "nthread": 1}
    yield "continued by forests", xgb.train(together, data, 3, xgb_model=trained(data)), data
    yield "a part of the rounds", trained(data, 10)[2:8], data
    yield "a part of dropped trees", trained(data, 10, booster="dart", rate_drop=0.4)[2:8], data
    for weights in (np.full(300, 1e-30), np.full(300, 1e30), 10.0 ** RNG.uniform(-20, 20, 300)):
        weighed = matrix(SIGNAL, weight=weights)
        yield "weights", trained(weighed, min_child_weight=0), weighed
    yield "one outcome alone", trained(matrix(np.full(300, 3.0))), data
    yield "huge outcomes", trained(matrix(SIGNAL * 1e30)), data
    away = xgb.DMatrix(np.where(np.isnan(X), -999, X), SIGNAL, missing=-999, nthread=1)
    yield "missing is a number", trained(away), away
    kinds = ["int", "float", "i", "q"]
    typed = matrix(np.round(SIGNAL), feature_types=kinds)
    yield "types of features", trained(typed), typed


def test_other_models_that_xgboost_writes() -> None:
    """Updated, continued, sliced, of odd weights and outcomes."""
    for _, booster, data in _others():
        alike(booster, data)


def test_a_fit_without_finite_forecasts_is_refused_as_such() -> None:
    """Nothing in the file is damaged: what it forecasts is infinite, and infinity has no parts."""
    nobody = trained(matrix(np.zeros(300)), objective="count:poisson")
    diverged = json.loads(bytes(trained(matrix(SIGNAL)).save_raw("json")))
    diverged["learner"]["gradient_booster"]["model"]["trees"][1]["split_conditions"][-1] = float("nan")
    files = [bytes(nobody.save_raw(kind)) for kind in ("ubj", "json")] + [json.dumps(diverged).encode()]
    messages = ["no finite margin under count:poisson"] * 2 + ["its fit diverged"]
    for data, message in zip(files, messages, strict=True):
        with pytest.raises(ModelFileError, match=message) as refusal:
            TreeEngine.load(data)
        assert "damaged" not in str(refusal.value)


def test_a_snapshot_of_a_booster_is_named() -> None:
    """What a pickle holds is no model file, and no damaged one."""
    state = trained(matrix(SIGNAL)).__getstate__()
    with pytest.raises(ModelFileError, match=r"snapshot of a booster.*save_model"):
        TreeEngine.load(bytes(state["handle"]))
    with pytest.raises(ModelFileError, match="save_model"):
        TreeEngine.load(b"[{" + b'"nodeid": 0}]')


# ---- fits that stopped early ----

EARLY: dict[str, dict[str, Any]] = {
    "trees": {},
    "dart": {"booster": "dart", "rate_drop": 0.1},
    "forests": {"num_parallel_tree": 3, "subsample": 0.5, "colsample_bynode": 0.7},
}


def stopped(**parameters: Any) -> Any:
    """An estimator of XGBoost whose fit went on for some rounds after its best one."""
    estimator = xgb.XGBRegressor(
        n_estimators=200, learning_rate=0.9, early_stopping_rounds=5, n_jobs=1, random_state=3, **parameters
    )
    estimator.fit(X[:200], SIGNAL[:200], eval_set=[(X[200:], SIGNAL[200:])], verbose=False)
    assert estimator.get_booster().num_boosted_rounds() > estimator.best_iteration + 1
    return estimator


@pytest.mark.parametrize("kind", EARLY)
def test_a_fit_that_stopped_early_forecasts_as_xgboosts_loaded_estimator(kind: str) -> None:
    """Through its best round; all of them, or others, where they are asked for."""
    booster = stopped(**EARLY[kind]).get_booster()
    best, all_rounds = int(booster.best_iteration) + 1, booster.num_boosted_rounds()
    data = xgb.DMatrix(X, nthread=1)
    for form in ("ubj", "json"):
        raw = booster.save_raw(form)
        loaded = xgb.XGBRegressor()
        loaded.load_model(raw)
        engine = TreeEngine.load(bytes(raw))
        assert engine.rounds == (0, best)
        expected = booster.predict(data, output_margin=True, iteration_range=(0, best))
        np.testing.assert_array_equal(engine.predict(X), expected)
        # Of dropped trees XGBoost's estimators add the base score last, and differ from its own boosters in last bits.
        close = {"rtol": 1e-5, "atol": 1e-6} if kind == "dart" else {"rtol": 0, "atol": 0}
        np.testing.assert_allclose(engine.predict(X), loaded.predict(X), **close)
        added = engine.base + engine.contributions(X).values.sum(axis=1)
        np.testing.assert_allclose(added, engine.predict_exactly(X), atol=1e-10)
        for asked in ((0, 0), (0, all_rounds), (0, 1), (1, best), (2, 3)):
            engine = TreeEngine.load(bytes(raw), iteration_range=asked)
            assert engine.rounds == (asked if asked != (0, 0) else (0, all_rounds))
            expected = booster.predict(data, output_margin=True, iteration_range=asked)
            np.testing.assert_array_equal(engine.predict(X), expected)


def test_classes_that_stopped_early() -> None:
    """Each round has a tree a class."""
    label = np.random.default_rng(3).permutation(CLASS)
    estimator = xgb.XGBClassifier(
        n_estimators=100, learning_rate=0.9, early_stopping_rounds=4, n_jobs=1, num_parallel_tree=2
    )
    estimator.fit(X[:200], label[:200], eval_set=[(X[200:], label[200:])], verbose=False)
    raw = estimator.get_booster().save_raw("json")
    loaded = xgb.XGBClassifier()
    loaded.load_model(raw)
    np.testing.assert_array_equal(
        TreeEngine.load(bytes(raw)).predict(X), loaded.predict(X, output_margin=True)
    )


@pytest.mark.parametrize("best", ["99", "-3", "abc", "", "2.0"])
def test_a_best_round_that_is_not_there_is_refused_by_name(best: str) -> None:
    """XGBoost's estimator fails on it; the engine says what to do, and does it."""
    booster = trained(matrix(SIGNAL), 6)
    booster.set_attr(best_iteration=best)
    body = json.loads(bytes(booster.save_raw("json")))
    body["learner"]["attributes"]["best_iteration"] = best  # set_attr leaves an empty one out
    raw = json.dumps(body).encode()
    with pytest.raises(ModelFileError, match=r"best_iteration .* iteration_range") as refusal:
        TreeEngine.load(raw)
    assert "damaged" not in str(refusal.value)
    expected = booster.predict(matrix(SIGNAL), output_margin=True)
    np.testing.assert_array_equal(TreeEngine.load(raw, iteration_range=(0, 0)).predict(X), expected)


@pytest.mark.parametrize("asked", [(0, 7), (3, 2), (-1, 2), (7, 7)])
def test_rounds_that_are_not_there_are_refused(asked: tuple[int, int]) -> None:
    """With how many there are."""
    raw = bytes(trained(matrix(SIGNAL), 6).save_raw("ubj"))
    with pytest.raises(ModelFileError, match="which has 6"):
        TreeEngine.load(raw, iteration_range=asked)


def test_rounds_of_a_file_of_before_they_were_written() -> None:
    """XGBoost of before 2.0 wrote only how many trees stand side by side."""
    booster = trained(
        matrix(CLASS), 6, objective="multi:softprob", num_class=3, num_parallel_tree=2, subsample=0.5
    )
    body = json.loads(bytes(booster.save_raw("json")))
    del body["learner"]["gradient_booster"]["model"]["iteration_indptr"]
    engine = TreeEngine.load(json.dumps(body).encode(), iteration_range=(1, 4))
    expected = booster.predict(matrix(CLASS), output_margin=True, iteration_range=(1, 4))
    np.testing.assert_array_equal(engine.predict(X), expected)
    body["learner"]["gradient_booster"]["model"]["gbtree_model_param"]["num_parallel_tree"] = "5"
    with pytest.raises(ModelFileError, match="rounds of 15"):
        TreeEngine.load(json.dumps(body).encode())


def test_a_fit_that_stopped_early_is_verified_as_it_is_served() -> None:
    """XGBoost and shap are asked for the same trees."""
    found = verify_apart(bytes(stopped().get_booster().save_raw("ubj")), X)
    assert found.predictions_off == 0
    assert found.leaves_of_model == found.leaves
    assert max(found.from_xgboost, found.from_shap) < 1e-5


def test_without_the_c_library_the_logarithm_is_the_nearest() -> None:
    """Then one base score in many may differ, by its own last bit."""
    asked = links.c_logarithm()
    assert asked is not None, "the C library of this machine cannot be asked"
    scores = np.random.default_rng(1).uniform(0.001, 50, 2000).astype(np.float32)
    theirs = np.array([asked(float(s)) for s in scores], np.float32)
    ours = np.array([links.logarithm(s, lambda: None) for s in scores], np.float32)
    assert (np.abs(ours - theirs) <= np.spacing(np.abs(theirs))).all()
    assert (ours == theirs).mean() > 0.99
