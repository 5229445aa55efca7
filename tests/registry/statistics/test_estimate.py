"""One-sided t bounds and p-values, beside SciPy and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from registry.statistics.intervals import Estimate


def test_bounds_and_p_values_are_those_of_scipys_t_test() -> None:
    """60 samples of 2 to 30: the same one-sided confidence bounds, and the same p-values."""
    rng = np.random.default_rng(1)
    for n in range(2, 31):
        sample = rng.normal(0.3, 1, n)
        found = Estimate(float(sample.mean()), float(stats.sem(sample)), n)
        above = stats.ttest_1samp(sample, 0.1, alternative="greater")
        below = stats.ttest_1samp(sample, 0.1, alternative="less")
        assert found.p_above(0.1) == pytest.approx(above.pvalue, rel=1e-9)
        assert found.low(0.05) == pytest.approx(above.confidence_interval(0.95).low, rel=1e-9)
        assert found.high(0.05) == pytest.approx(below.confidence_interval(0.95).high, rel=1e-9)
        assert found.interval(0.05) == (found.low(0.05), found.high(0.05))


def test_two_blocks_have_one_degree_of_freedom() -> None:
    """The t quantile of 3/4 with one degree of freedom is tan(pi / 4) = 1; so it is with fewer blocks."""
    for blocks in (2, 1, 0):
        found = Estimate(5.0, 2.0, blocks)
        assert found.half_width(0.25) == pytest.approx(2.0, rel=1e-12)
        assert found.interval(0.25) == pytest.approx((3.0, 7.0))
        assert found.p_above(3.0) == pytest.approx(0.25)
        assert found.p_above(7.0) == pytest.approx(0.75)


def test_three_blocks_have_two_degrees_of_freedom() -> None:
    """The t quantile with two degrees of freedom is (2p - 1) / sqrt(2p (1 - p)): 0.8165 at 3/4."""
    assert Estimate(0.0, 1.0, 3).half_width(0.25) == pytest.approx(0.5 / math.sqrt(0.375), rel=1e-12)


def test_what_does_not_vary_is_above_a_threshold_or_is_not() -> None:
    """Without variation the p-value is 0 above the threshold, and 1 at it or under it."""
    certain = Estimate(0.5, 0.0, 10)
    assert [certain.p_above(t) for t in (0.25, 0.5, 0.75)] == [0.0, 1.0, 1.0]
    assert certain.interval(0.05) == (0.5, 0.5)


def test_an_unknown_deviation_bounds_nothing() -> None:
    """Neither a bound nor a rejection comes of an estimate whose deviation is not known."""
    for unknown in (math.inf, math.nan):
        found = Estimate(9.0, unknown, 1)
        assert found.half_width(0.05) == math.inf
        assert found.interval(0.05) == (-math.inf, math.inf)
        assert found.p_above(0.0) == 1.0


def test_a_share_of_a_level_keeps_its_blocks() -> None:
    """Value and deviation are divided alike; the p-value of the share is that of the whole."""
    whole = Estimate(3.0, 1.5, 7)
    assert whole.over(2.0) == Estimate(1.5, 0.75, 7)
    assert whole.over(2.0).p_above(1.0) == pytest.approx(whole.p_above(2.0))
