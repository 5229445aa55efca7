"""Two boosters made one: its forecast is their mean, and its reasons add up to it."""

import numpy as np
import xgboost as xgb

from explain import TreeEngine
from hospital.arrays import Array
from training.packages.tree_mixture import mean_of


def _booster(seed: int, policy: str) -> xgb.Booster:
    X, y = _data()
    options = {"grow_policy": policy, "max_leaves": 6, "max_depth": 3, "seed": seed, "nthread": 1}
    quantile = {"objective": "reg:quantileerror", "quantile_alpha": 0.5, "eta": 0.3}
    return xgb.train({**options, **quantile}, xgb.QuantileDMatrix(X, label=y * seed, nthread=1), 5 + seed)


def _data() -> tuple[Array, Array]:
    X = np.random.default_rng(3).random((300, 4)).astype(np.float32)
    X[::7, 2] = np.nan
    return X, 10 * X[:, 0] - 4 * X[:, 1]


def _engine(booster: xgb.Booster) -> TreeEngine:
    return TreeEngine.load(bytes(booster.save_raw("ubj")))


def test_a_mixture_says_the_mean_of_its_members_and_adds_up() -> None:
    """Of two with other depths, rounds and starting values: to the last bits, by the engine and by XGBoost."""
    X, _ = _data()
    one, other = _booster(1, "depthwise"), _booster(2, "lossguide")
    mixed = mean_of([one, other])
    wanted = (_engine(one).predict_exactly(X) + _engine(other).predict_exactly(X)) / 2
    engine = _engine(mixed)
    found = engine.predict_exactly(X)
    assert np.abs(found - wanted).max() < 1e-6
    assert np.abs(mixed.inplace_predict(X) - found).max() < 1e-4
    explained = engine.contributions(X)
    parts = (_engine(one).contributions(X).values + _engine(other).contributions(X).values) / 2
    assert np.abs(explained.values - parts).max() < 1e-6
    total = np.asarray(explained.values).sum(axis=1) + np.ravel(explained.base)
    assert np.abs(total - found).max() < 1e-6
    assert mixed.num_boosted_rounds() == 6 + 7


def test_a_mixture_of_one_is_that_one_and_is_the_same_bytes_each_time() -> None:
    """No leaf is changed, and nothing depends on when or how often it is made."""
    X, _ = _data()
    one, other = _booster(1, "depthwise"), _booster(2, "lossguide")
    alone = _engine(mean_of([one])).predict_exactly(X)
    assert alone.tobytes() == _engine(one).predict_exactly(X).tobytes()
    first, again = (bytes(mean_of([one, other]).save_raw("ubj")) for _ in range(2))
    assert first == again
