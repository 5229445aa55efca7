"""The median of bed demand is a weighted sum of two boosters, one of them the horizon's own: one forest, exact."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from explain import TreeEngine
from explain.verify import verify
from hospital.arrays import Array
from training.horizon_trees import HORIZON_TREES, OWN_SHARE, fit_bed_median, rounds_of
from training.trees import Hyperparameters, fit_median

HOURS = (4.0, 8.0, 24.0, 72.0, 168.0)
COLUMN = 1
ASKED = Hyperparameters(rounds=26, depth=3, rows_share=1.0)
SHARED = replace(ASKED, rounds=16, step=0.05 * 26 / 16)
OWN = replace(HORIZON_TREES, rounds=6, step=0.3)
"""Fewer in larger steps: a tenth of the usual trees was asked for, and a step is 0.3 at most."""


def _rows(hours: tuple[float, ...] = HOURS, n: int = 900) -> tuple[Array, Array, Array]:
    """Outcomes that depend on one feature otherwise at each horizon, some values missing, some rows of no weight."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n, 4)).astype(np.float32)
    X[rng.random(n) < 0.1, 2] = np.nan
    X[:, COLUMN] = rng.choice(hours, n)
    turn = np.where(X[:, COLUMN] > 10, 1.0, -1.0)
    y = turn * X[:, 0] + np.nan_to_num(X[:, 2]) + 0.1 * rng.normal(size=n)
    return X, y, np.where(rng.random(n) < 0.1, 0.0, rng.uniform(0.2, 1.0, n))


def _fit(X: Array, y: Array, weight: Array, **options: Any) -> bytes:
    return fit_bed_median(
        X,
        y,
        weight,
        **{"column": COLUMN, "seed": 1, "progress": lambda: None, "hyperparameters": ASKED, **options},
    )


def _alone(X: Array, y: Array, weight: Array, hyperparameters: Hyperparameters, start: float | None) -> bytes:
    return fit_median(
        X, y, weight, seed=1, progress=lambda: None, hyperparameters=hyperparameters, start=start
    )


@pytest.mark.parametrize("hours", [HOURS, HOURS[:4], (24.0, 72.0), (24.0,)], ids=len)
def test_it_is_the_weighted_sum_of_both_boosters(hours: tuple[float, ...]) -> None:
    """Each row: the trees of all horizons, and those that saw its own horizon alone, as much as each counts for."""
    X, y, weight = _rows(hours)
    found = TreeEngine.load(_fit(X, y, weight)).predict_exactly(X)
    shared = TreeEngine.load(_alone(X, y, weight, SHARED, None)).predict_exactly(X)
    own = np.full(len(X), np.nan)
    for hour in hours:
        mine = X[:, COLUMN] == hour
        own[mine] = TreeEngine.load(_alone(X[mine], y[mine], weight[mine], OWN, 0.0)).predict_exactly(X[mine])
    assert np.abs(found - (1 - OWN_SHARE) * shared - OWN_SHARE * own).max() < 1e-6
    assert np.abs(shared - own).max() > 0.05  # they are two


def test_its_contributions_are_exact() -> None:
    """XGBoost and shap find the same contributions in the file, and they add up to what both boosters say together."""
    X, y, weight = _rows()
    held = verify(_fit(X, y, weight), X)
    assert held.predictions_off == 0
    assert held.leaves == held.leaves_of_model
    assert held.from_xgboost < 1e-4
    assert held.from_shap < 1e-5
    assert held.additivity < 1e-9


def test_contributions_are_those_of_each_booster_added() -> None:
    """Where there is one horizon, each feature's share of the sum is the sum of its shares, as of any weighted sum."""
    X, y, weight = _rows((24.0,))
    found = TreeEngine.load(_fit(X, y, weight)).contributions(X)
    shared = TreeEngine.load(_alone(X, y, weight, SHARED, None)).contributions(X)
    own = TreeEngine.load(_alone(X, y, weight, OWN, 0.0)).contributions(X)
    assert np.abs(found.values - (1 - OWN_SHARE) * shared.values - OWN_SHARE * own.values).max() < 1e-6
    assert abs(found.base - (1 - OWN_SHARE) * shared.base - OWN_SHARE * own.base) < 1e-6


def test_repeated_and_on_two_threads_it_has_the_same_bytes() -> None:
    """And another seed gives others."""
    X, y, weight = _rows()
    first = _fit(X, y, weight)
    assert _fit(X, y, weight) == first
    assert _fit(X, y, weight, threads=2) == first
    assert _fit(X, y, weight, seed=2) != first


def test_another_horizon_takes_the_nearest_ones_trees() -> None:
    """As its calibration does: 7 hours are asked of the trees of 8, 5 hours of those of 4, a month of the longest."""
    X, y, weight = _rows()
    engine = TreeEngine.load(_fit(X, y, weight, hyperparameters=replace(ASKED, columns=1.0)))

    def at(hours: float) -> Array:
        other = X.copy()
        other[:, COLUMN] = hours
        return engine.predict(other)

    shared = TreeEngine.load(_alone(X, y, weight, replace(SHARED, columns=1.0), None))

    def own(hours: float) -> Array:
        other = X.copy()
        other[:, COLUMN] = hours
        return at(hours) - (1 - OWN_SHARE) * shared.predict(other)

    for asked, nearest in ((7.0, 8.0), (5.0, 4.0), (700.0, 168.0), (1.0, 4.0)):
        assert np.abs(own(asked) - own(nearest)).max() < 1e-5
    assert np.abs(own(4.0) - own(168.0)).max() > 0.1


def test_rows_without_a_horizon_have_the_trees_of_all() -> None:
    """A trial that leaves out the horizon: there is nothing to tell horizons by."""
    X, y, weight = _rows()
    X[:, COLUMN] = np.nan
    assert _fit(X, y, weight) == _alone(X, y, weight, SHARED, None)


def test_progress_is_reported_for_every_tree() -> None:
    """As many times as `rounds_of` says, whatever is asked for."""
    X, y, weight = _rows(n=300)
    for asked in (ASKED, replace(ASKED, rounds=1), replace(ASKED, rounds=400, step=0.03)):
        calls: list[None] = []
        _fit(X, y, weight, hyperparameters=asked, progress=lambda told=calls: told.append(None))
        assert len(calls) == rounds_of(asked, len(HOURS))


def test_a_horizon_without_weight_is_asked_of_its_neighbours() -> None:
    """No outcome of it is known yet: the nearest horizon's trees stand in, and nothing fails."""
    X, y, weight = _rows()
    weight[X[:, COLUMN] == 72.0] = 0.0
    found = TreeEngine.load(_fit(X, y, weight)).predict(X)
    assert np.isfinite(found).all()
