"""Rare situations and steady reasons: by counting the training's rows in leaves, and by halves of the trees."""

import numpy as np
import pytest
import xgboost as xgb

from explain import TreeEngine
from registry.components.familiarity import RARE, UNCOMMON, Familiarity, situation
from registry.components.linear_step import Median
from registry.components.stability import half_of, steady

ROWS, TREES = 400, 12


@pytest.fixture(scope="module")
def fitted() -> tuple[xgb.Booster, np.ndarray]:
    """A few trees, and the rows they were grown on, some of their values missing."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(ROWS, 4)).astype(np.float32)
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0]) + np.nan_to_num(X[:, 1]) ** 2 + rng.normal(size=ROWS)
    booster = xgb.train(
        {"max_depth": 4, "min_child_weight": 3, "seed": 3}, xgb.DMatrix(X, label=y), num_boost_round=TREES
    )
    return booster, X


def _content(booster: xgb.Booster) -> bytes:
    return bytes(booster.save_raw("ubj"))


def test_shares_are_those_of_counted_rows(fitted: tuple[xgb.Booster, np.ndarray]) -> None:
    """The rows of the training in each leaf, counted by XGBoost itself; over the training the logarithm is 0."""
    booster, X = fitted
    leaves = booster.predict(xgb.DMatrix(X), pred_leaf=True).astype(int)
    rng = np.random.default_rng(12)
    new = (3 * rng.normal(size=(60, 4))).astype(np.float32)
    new[:5] = np.nan
    theirs = booster.predict(xgb.DMatrix(new), pred_leaf=True).astype(int)
    counts = [np.bincount(leaves[:, t], minlength=1 + theirs[:, t].max()) for t in range(TREES)]
    usual = np.mean([np.log(counts[t][leaves[:, t]] / ROWS).mean() for t in range(TREES)])
    expected = np.exp(np.mean([np.log(counts[t][theirs[:, t]] / ROWS) for t in range(TREES)], axis=0) - usual)
    familiarity = Familiarity(TreeEngine.load(_content(booster)).forest)
    assert familiarity.ratios(new) == pytest.approx(expected, rel=1e-4)
    assert np.log(familiarity.ratios(X)).mean() == pytest.approx(0.0, abs=1e-4)
    assert expected.min() < 0.5 < 1.0 < expected.max()


def test_trees_without_a_split_know_every_situation() -> None:
    """Nothing to divide by, nothing rare."""
    X = np.zeros((20, 2), np.float32)
    booster = xgb.train({"max_depth": 2}, xgb.DMatrix(X, label=np.ones(20)), num_boost_round=3)
    ratios = Familiarity(TreeEngine.load(_content(booster)).forest).ratios(X)
    assert ratios.tolist() == [1.0] * 20


def test_a_ratio_has_a_word() -> None:
    """From the bound on it is the more familiar one."""
    named = [situation(r) for r in (0.01, RARE - 1e-9, RARE, UNCOMMON - 1e-9, UNCOMMON, 1.0, 3.0)]
    assert named == ["rare", "rare", "uncommon", "uncommon", "usual", "usual", "usual"]


def test_a_half_is_every_second_tree_counted_twice(fitted: tuple[xgb.Booster, np.ndarray]) -> None:
    """As XGBoost's own slices of one tree each; the whole lies in the middle of both halves."""
    booster, X = fitted
    whole = Median(TreeEngine.load(_content(booster)), None, ())
    half = half_of(whole, _content(booster))
    found = half.trees.contributions(X[:50]).values
    of_tree = [
        booster[i : i + 1].predict(xgb.DMatrix(X[:50]), pred_contribs=True)[:, :-1] for i in range(TREES)
    ]
    one, other = sum(of_tree[::2]), sum(of_tree[1::2])
    assert found == pytest.approx(2 * one, abs=1e-4)
    assert 2 * whole.trees.contributions(X[:50]).values - found == pytest.approx(2 * other, abs=1e-4)


def test_reasons_are_steady_where_both_halves_give_them() -> None:
    """Of the first three, whatever their order and sign; of fewer features no more than there are."""
    whole = np.array([[5.0, -4.0, 3.0, 1.0, 0.5]] * 4)
    half = np.array(
        [
            [5.0, -4.0, 3.0, 1.0, 0.5],  # both as the whole
            [-3.5, 4.5, 5.0, 1.0, 0.5],  # another order
            [5.0, -4.0, 0.0, 3.9, 0.5],  # one half lacks the third
            [0.0, 0.0, 0.0, 9.0, 8.0],  # one half has others first
        ]
    )
    assert steady(whole, half).tolist() == [3, 3, 2, 1]
    assert steady(whole[:, :2], half[:, :2]).tolist() == [2, 2, 2, 2]
