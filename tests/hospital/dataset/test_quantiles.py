"""Weighted quantiles with split conformal prediction's correction, beside NumPy and SciPy, and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS, weighted_quantiles


def outside(values: Array, weights: Array, level: float, n: float) -> float:
    """NumPy's weighted inverse of the distribution at level times (n + 1) / n, and below the median its mirror."""
    if level < 0.5:
        return -outside(-values, weights, 1 - level, n)
    corrected = min(level * (n + 1) / n, 1.0)
    return float(np.quantile(values, corrected, weights=weights, method="inverted_cdf"))


def test_quantiles_are_numpys_at_the_corrected_levels() -> None:
    """Samples of 2 to 60 values with weights that differ a hundredfold, at all levels."""
    rng = np.random.default_rng(1)
    for n in range(2, 60):
        values, weights = rng.normal(size=n), rng.uniform(0.01, 1, n)
        expected = [outside(values, weights, level, n) for level in LEVELS]
        assert weighted_quantiles(values, weights).tolist() == expected


def test_with_equal_weights_it_is_the_order_statistic_of_split_conformal_prediction() -> None:
    """The ceil((n + 1) x level)-th smallest of n (Vovk et al. 2005), the largest where there is none."""
    for n in (1, 7, 18, 50, 97):
        values = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
        for level in LEVELS:
            rank = math.ceil(round((n + 1) * max(level, 1 - level), 9))
            rank = min(rank, n) if level >= 0.5 else max(n + 1 - rank, 1)
            assert weighted_quantiles(values, np.ones(n), (level,))[0] == rank


def test_the_next_value_is_covered_as_often_as_the_level_says() -> None:
    """Of 19 values the k-th is passed by the next one with chance 1 - k / 20: SciPy's mean of an order statistic."""
    draws = np.random.default_rng(3).uniform(size=(4000, 19))
    found = np.array([weighted_quantiles(row, np.ones(19)) for row in draws])
    expected = [stats.beta(round(20 * level), 20 - round(20 * level)).mean() for level in LEVELS]
    assert expected == pytest.approx(LEVELS)
    assert found.mean(axis=0) == pytest.approx(LEVELS, abs=0.006)


def test_weights_and_overlap_by_hand() -> None:
    """1 to 4 with weights 1, 1, 1 and 3: six and a mean weight of 1.5; half of 7.5 is passed at the fourth."""
    values, weights = np.array([4.0, 1, 3, 2]), np.array([3.0, 1, 1, 1])
    assert weighted_quantiles(values, weights, (0.5, 0.4, 0.3, 0.1)).tolist() == [4, 2, 1, 1]
    ten = np.arange(1.0, 11)
    # 0.7 of 10 + 1 is the eighth; of 10 + 10 / 4 the ninth, and its mirror the second.
    assert weighted_quantiles(ten, np.ones(10), (0.7, 0.3)).tolist() == [8, 3]
    assert weighted_quantiles(ten, np.ones(10), (0.7, 0.3), independent=4).tolist() == [9, 2]


def test_what_is_unknown_or_weighs_nothing_does_not_count() -> None:
    """NaN and weights of 0 are left out of the values and of their number; without any nothing is known."""
    values, weights = np.array([1.0, np.nan, 2, 9, 3]), np.array([1.0, 5, 1, 0, 1])
    known = np.array([1.0, 2, 3])
    assert weighted_quantiles(values, weights).tolist() == weighted_quantiles(known, np.ones(3)).tolist()
    assert weighted_quantiles(values, weights, (0.9, 0.1)).tolist() == [3, 1]
    assert np.isnan(weighted_quantiles(values, np.zeros(5), (0.5, 0.9))).tolist() == [True, True]


def test_the_levels_are_nineteen_twentieths() -> None:
    """5, 10, … 95 %, to the very number that a file holds."""
    expected = "0.05 0.1 0.15 0.2 0.25 0.3 0.35 0.4 0.45 0.5 0.55 0.6 0.65 0.7 0.75 0.8 0.85 0.9 0.95"
    assert " ".join(map(str, LEVELS)) == expected
