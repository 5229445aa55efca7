"""Widths of an interval: alike on both sides from a spread, each side's own from quantiles."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import xgboost as xgb

from explain import TreeEngine
from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.components.interval_trees import QuantileTrees, SpreadTrees, by_level, of_side
from registry.model.forecast_model import MEDIAN


@dataclass(frozen=True)
class _Column:
    """Trees that say one column of their rows."""

    column: int

    def predict_exactly(self, X: Array) -> Array:
        """As an engine's."""
        return X[:, self.column].astype(np.float64)


def _trees(column: int) -> Any:
    return cast(Any, _Column(column))


def test_a_spread_is_one_width_of_both_sides() -> None:
    """The exponential of what trees say, whatever the median."""
    widths = SpreadTrees(_trees(0)).widths(np.array([[0.0], [1.0]], np.float32), np.array([5.0, 6.0]))
    assert widths.tolist() == [1.0, float(np.exp(1.0))]
    assert by_level(widths).shape == (2, 1)
    assert of_side(widths, np.array([-1.0, 1.0])).tolist() == widths.tolist()


def test_what_the_hour_adds_is_a_factor_of_the_spread() -> None:
    """The exponential of both trees' sum; both are asked where anybody asks which trees there are."""
    both = SpreadTrees(_trees(0), _trees(1))
    widths = both.widths(np.array([[0.5, 0.0], [0.5, 1.0]], np.float32), np.zeros(2))
    assert widths.tolist() == [float(np.exp(0.5)), float(np.exp(1.5))]
    assert both.engines == (_Column(0), _Column(1))
    assert SpreadTrees(_trees(0)).engines == (_Column(0),)


def test_quantiles_have_a_width_of_each_side() -> None:
    """From the median to p10 and to p90; where these cross the median, a small width and no negative one."""
    X = np.array([[1.0, 9.0], [4.0, 9.0], [1.0, 2.0]], np.float32)
    widths = QuantileTrees(_trees(0), _trees(1)).widths(X, np.array([3.0, 3.0, 3.0]))
    assert widths.tolist() == [[2.0, 6.0], [0.02, 6.0], [2.0, 0.02]]
    assert of_side(widths, np.array([-1.0, 0.0, -0.5])).tolist() == [2.0, 6.0, 2.0]


def test_levels_below_the_median_have_the_lower_width() -> None:
    """And those above it the upper one: with rising factors the quantiles rise."""
    widths = np.array([[2.0, 6.0], [0.02, 5.0]])
    by = by_level(widths)
    assert by.shape == (2, len(LEVELS))
    assert (by[:, :MEDIAN] == widths[:, :1]).all()
    assert (by[:, MEDIAN + 1 :] == widths[:, 1:]).all()
    assert (np.diff(by * (np.arange(len(LEVELS)) - MEDIAN), axis=1) > 0).all()


def _engine(seed: int) -> TreeEngine:
    X = np.random.default_rng(seed).random((200, 3)).astype(np.float32)
    data = xgb.QuantileDMatrix(X, label=seed * X[:, 0] - X[:, 1], nthread=1)
    return TreeEngine.load(bytes(xgb.train({"max_depth": 3, "nthread": 1}, data, 6).save_raw("ubj")))


def test_terms_add_up_to_the_widths() -> None:
    """Of features and base, in units of the scale: to the width of each side, the least width included."""
    X, scale = np.random.default_rng(9).random((50, 3)).astype(np.float32), np.linspace(2, 30, 50)
    middle, low, high = (_engine(seed) for seed in (2, 1, 3))
    found = middle.contributions(X)
    median = found.values, np.full(50, float(found.base))
    for trees in (QuantileTrees(low, high), SpreadTrees(high), SpreadTrees(low, high)):
        terms = trees.terms(X, scale, median)
        wanted = trees.widths(X, middle.predict_exactly(X))
        sides = wanted if wanted.ndim == 2 else np.column_stack([wanted, wanted])
        for k, (added, base) in enumerate(((terms.below, terms.below_base), (terms.above, terms.above_base))):
            widths = trees.widths_of((base + added.sum(axis=1))[:, None], scale)[:, 0]
            assert np.abs(widths - scale * sides[:, k]).max() < 1e-5
    assert (sides > 0).all()
