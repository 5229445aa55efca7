"""What training never lacked counts, where it is unknown later on, as what most rows had: never as the most of all."""

import json
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from explain import TreeEngine
from hospital.arrays import Array
from training.packages.interval_ends import fit_interval_ends
from training.trees import Hyperparameters, fit_median, fit_spread, train_booster

FEW = Hyperparameters(rounds=40, depth=4)
QUEUE, SOMETIMES, ALWAYS = range(3)


def _rows(seed: int = 4, n: int = 8_000) -> tuple[Array, Array]:
    """A wait that rises with a queue, mostly a short one, which is always known; another feature at times is not."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.poisson(2.0, n), rng.normal(size=n), rng.normal(size=n)]).astype(np.float32)
    y = 1.0 + X[:, QUEUE] + 0.5 * X[:, SOMETIMES] + 0.2 * X[:, ALWAYS] + rng.normal(size=n)
    X[rng.random(n) < 0.2, SOMETIMES] = np.nan
    return X, y


def _models(X: Array, y: Array) -> dict[str, bytes]:
    options: dict[str, Any] = {"seed": 1, "progress": lambda: None}
    median = fit_median(X, y, np.ones(len(y)), hyperparameters=FEW, signs=(1, 0, 0), **options)
    spread = fit_spread(X, y, np.ones(len(y)), median, **options)
    return {"median": median, "spread": spread, **fit_interval_ends(X, y, np.ones(len(y)), **options)}


@pytest.fixture(scope="module")
def models() -> dict[str, bytes]:
    """Of the rows of `_rows`."""
    return _models(*_rows())


def test_an_unknown_queue_is_not_the_longest(models: dict[str, bytes]) -> None:
    """The forecast of an unknown queue lies among those of the queues that most rows had, in every row."""
    X, _ = _rows(seed=5, n=300)
    engine = TreeEngine.load(models["median"])

    def with_queue(length: float) -> Array:
        changed = X.copy()
        changed[:, QUEUE] = length
        return engine.predict_exactly(changed)

    unknown = with_queue(np.nan)
    assert (unknown >= with_queue(0.0)).all()
    assert (unknown <= with_queue(4.0)).all()  # nineteen in twenty were not longer
    assert (with_queue(12.0) - unknown).min() > 1.0  # the longest, which it was taken for
    assert abs((unknown - with_queue(2.0)).mean()) < 0.5


def test_every_split_sends_it_to_the_heavier_side(models: dict[str, bytes]) -> None:
    """In each booster of a package; where a feature was at times unknown, XGBoost's own choice stays."""
    for content in models.values():
        own = set()
        for tree in _trees(content):
            for node, left in enumerate(tree["left_children"]):
                if left == -1:
                    continue
                if tree["split_indices"][node] == SOMETIMES:
                    own.add(tree["default_left"][node])
                    continue
                cover = tree["sum_hessian"]
                heavier = cover[left] > cover[tree["right_children"][node]]
                assert tree["default_left"][node] == int(heavier)
        assert own == {0, 1}


def test_known_values_are_forecast_as_by_xgboost() -> None:
    """To the bit: where an unknown value goes is all that is not XGBoost's own in a booster without signs."""
    X, y = _rows()
    asked = {"objective": "reg:quantileerror", "quantile_alpha": 0.9, "max_depth": 4}
    ours = train_booster(X, y, np.ones(len(y)), asked, 30, seed=1, threads=1, progress=lambda: None)
    common = {"tree_method": "hist", "seed": 1, "nthread": 1, "max_bin": 256}
    data = xgb.QuantileDMatrix(X, label=y.astype(np.float32), weight=np.ones(len(y)))
    theirs = xgb.train({**common, **asked}, data, 30)
    mine, plain = (_trees(bytes(b.save_raw("ubj"))) for b in (ours, theirs))
    assert [{**t, "default_left": None} for t in mine] == [{**t, "default_left": None} for t in plain]
    assert mine != plain
    other, _ = _rows(seed=6, n=2_000)
    assert np.array_equal(ours.inplace_predict(other), theirs.inplace_predict(other))
    other[:, QUEUE] = np.nan
    assert (ours.inplace_predict(other) < theirs.inplace_predict(other)).mean() > 0.9


def _trees(content: bytes) -> list[dict[str, Any]]:
    booster = xgb.Booster()
    booster.load_model(bytearray(content))
    model = json.loads(bytes(booster.save_raw("json")))
    trees: list[dict[str, Any]] = model["learner"]["gradient_booster"]["model"]["trees"]
    return trees
