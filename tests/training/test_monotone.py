"""What the domain knows of a sign holds in every forecast, not only while splits are chosen."""

import numpy as np
import pytest
import xgboost as xgb

from explain import TreeEngine
from hospital.arrays import Array
from hospital.features.wait import WAIT_FEATURES
from training.monotone import WAIT_SIGNS, in_order, signs_of
from training.trees import fit_median

SIGNS = (1, -1, 0, 0)


def data(seed: int = 0, n: int = 6_000) -> tuple[Array, Array]:
    """Waits that rise with the first feature and fall with the second, on average; noise, missing values."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)).astype(np.float32)
    y = np.exp(0.4 * X[:, 0] - 0.3 * X[:, 1] + 0.5 * np.sin(3 * X[:, 2])) * rng.lognormal(0, 0.8, n)
    X[rng.random(X.shape) < 0.05] = np.nan
    return X, y


def steps(model: bytes, X: Array, column: int) -> Array:
    """How each row's prediction moves as one feature rises: float64 [rows, steps]."""
    grid = np.linspace(-3, 3, 61).astype(np.float32)
    rows = np.repeat(X, grid.size, axis=0)
    rows[:, column] = np.tile(grid, len(X))
    found = TreeEngine.load(model).predict_exactly(rows).reshape(len(X), grid.size)
    return np.diff(found, axis=1)


def test_a_forecast_goes_the_known_way_everywhere() -> None:
    """No step against the sign, at any row, missing values elsewhere included; without signs there are many."""
    X, y = data()
    free, signed = (
        fit_median(X, y, np.ones(len(y)), seed=1, progress=lambda: None, signs=signs) for signs in ((), SIGNS)
    )
    for column, sign in ((0, 1), (1, -1)):
        assert (sign * steps(signed, X[:200], column)).min() >= -1e-12
        assert (sign * steps(free, X[:200], column) < -1e-6).mean() > 0.01
    # The free features still move it either way, and it is still a forecast.
    assert steps(signed, X[:200], 2).min() < -0.01
    X, y = data(seed=1)
    errors = [np.abs(TreeEngine.load(m).predict_exactly(X) - y).mean() for m in (free, signed)]
    assert errors[1] < 1.01 * errors[0]


def test_xgboosts_own_constraint_is_not_enough() -> None:
    """The reason for putting leaves in order: should a later XGBoost keep its constraint, this fails, and it can go."""
    X, y = data()
    parameters = {
        "objective": "reg:quantileerror",
        "quantile_alpha": 0.5,
        "max_depth": 6,
        "nthread": 1,
        "monotone_constraints": SIGNS,
    }
    booster = xgb.train(parameters, xgb.QuantileDMatrix(X, label=y), 100)
    assert steps(bytes(booster.save_raw("ubj")), X[:200], 0).min() < -1e-3
    ordered = bytes(in_order(booster, SIGNS).save_raw("ubj"))
    assert steps(ordered, X[:200], 0).min() >= -1e-12
    assert (-steps(ordered, X[:200], 1)).min() >= -1e-12


def test_the_ordered_trees_are_xgboosts_too() -> None:
    """XGBoost predicts from them what the engine does, and ordering them again changes nothing."""
    X, y = data(seed=3)
    once = fit_median(X, y, np.ones(len(y)), seed=1, progress=lambda: None, signs=SIGNS)
    booster = xgb.Booster(model_file=bytearray(once))
    assert np.array_equal(TreeEngine.load(once).predict(X), booster.inplace_predict(X))
    again = in_order(booster, SIGNS).inplace_predict(X)
    assert again == pytest.approx(booster.inplace_predict(X), rel=1e-6)
    assert in_order(booster, (0, 0, 0, 0)) is booster


def test_the_same_in_gives_the_same_bytes() -> None:
    """Whatever the number of threads."""
    X, y = data(n=2_000)
    made = [
        fit_median(X, y, np.ones(len(y)), seed=1, threads=t, progress=lambda: None, signs=SIGNS)
        for t in (1, 2)
    ]
    assert made[0] == made[1]


def test_the_signs_are_of_features_that_exist() -> None:
    """A sign of a feature that was renamed would be lost in silence."""
    names = {f.name for f in WAIT_FEATURES}
    assert set(WAIT_SIGNS) <= names
    assert sum(map(abs, signs_of(WAIT_FEATURES, WAIT_SIGNS))) == len(WAIT_SIGNS)
