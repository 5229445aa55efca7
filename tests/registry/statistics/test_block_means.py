"""Means with blocks of days: their length beside statsmodels' autocorrelation, their deviation beside its clusters."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.tsa.stattools import acf

from hospital.arrays import Array
from hospital.times import DAY, HOUR
from registry.statistics.intervals import block_mean, daily_sums, decorrelation_days


def autoregression(rng: np.random.Generator, days: int, memory: float) -> Array:
    """A series in which each day remembers the one before."""
    noise = rng.normal(size=days)
    out = np.empty(days)
    out[0] = noise[0]
    for day in range(1, days):
        out[day] = memory * out[day - 1] + noise[day]
    return out


def test_the_decorrelation_is_the_first_lag_of_statsmodels_autocorrelation_under_a_tenth() -> None:
    """200 series of 8 to 200 days; no lag from a quarter of the series on is looked at."""
    rng, lengths = np.random.default_rng(1), set()
    for _ in range(200):
        daily = autoregression(rng, int(rng.integers(8, 200)), rng.uniform(0, 0.95))
        least = int(rng.integers(1, 5))
        most = max(daily.size // 4, least)
        correlations = acf(daily, nlags=most, adjusted=False, fft=False)
        expected = next((lag for lag in range(least, most) if correlations[lag] < 0.1), most)
        assert decorrelation_days(daily, least) == expected
        lengths.add(expected)
    assert len(lengths) > 10


def test_a_correlation_of_exactly_a_tenth_is_still_one() -> None:
    """Lag 1: products sum to 1 and squares to 10; lag 2: to -2."""
    daily = np.array([1.0, 1, 0, -1, -1, 0, -1, -1, 1, 1, -1, 1])
    assert (daily.sum(), daily @ daily, daily[1:] @ daily[:-1]) == (0, 10, 1)
    assert daily[2:] @ daily[:-2] == -2
    assert decorrelation_days(daily, 1) == 2


def test_a_series_that_never_decorrelates_has_a_quarter_of_itself() -> None:
    """A trend over 40 days: 10; but never less than asked, nor than one day."""
    assert decorrelation_days(np.arange(40.0), 1) == 10
    assert decorrelation_days(np.arange(40.0), 12) == 12
    assert decorrelation_days(np.arange(3.0), 0) == 1


def test_a_constant_series_has_the_least_length() -> None:
    """Nothing varies, nothing goes together."""
    assert decorrelation_days(np.full(40, 7.0), 3) == 3


@pytest.mark.parametrize(
    ("days", "horizon_hours", "blocks"),
    [
        (60, 0.0, 30),  # 60 / 30: two days
        (61, 0.0, 20),  # 61 / 30, rounded up: three days
        (20, 12.0, 20),  # twice the horizon is one day
        (20, 12.5, 10),  # a day and a bit is two
        (20, 36.0, 6),  # three days; the two that are left lie in the six
        (20, 240.0, 1),
    ],
)
def test_a_block_is_as_long_as_the_longest_of_its_three_reasons(
    days: int, horizon_hours: float, blocks: int
) -> None:
    """A day, twice the horizon, a thirtieth of the days; days that do not vary are not correlated."""
    found = block_mean(np.ones(days), np.ones(days), np.arange(days) * DAY, horizon_hours=horizon_hours)
    assert found.blocks == blocks
    assert math.isfinite(found.sd) == (blocks >= 2)


def test_the_deviation_is_statsmodels_cluster_robust_one() -> None:
    """Weighted rows of 100 days in blocks of four: a weighted mean's error, clustered by block, with its correction."""
    rng = np.random.default_rng(3)
    n = 900
    day = np.sort(rng.integers(0, 100, n))
    day[:100] = np.arange(100)
    day = np.sort(day)
    values, weights = rng.normal(5, 2, n), rng.uniform(0.2, 3, n)
    found = block_mean(values, weights, day * DAY + HOUR, horizon_hours=48.0)
    assert found.blocks == 25
    fit = sm.WLS(values, np.ones(n), weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": day // 4, "use_correction": False}
    )
    assert found.value == pytest.approx(fit.params[0], rel=1e-12)
    assert found.sd == pytest.approx(fit.bse[0] * math.sqrt(25 / 24), rel=1e-12)


def test_days_that_do_not_fill_a_block_are_spread_over_the_others() -> None:
    """Seven days in blocks of two: three, of 2, 2 and 3 days; their influences are -5, -1 and 6 days' worth."""
    values = np.array([0.0, 1, 2, 3, 4, 5, 6])
    times = np.arange(7) * DAY
    found = block_mean(values, np.ones(7), times, horizon_hours=24.0)
    assert (found.value, found.blocks) == (3.0, 3)
    influence = np.array([-5.0, -1.0, 6.0]) * 3 / 7
    variance = float(influence @ influence) / 2
    assert found.sd == pytest.approx(math.sqrt(variance / 3), rel=1e-12)


def test_days_are_summed_by_weight_and_those_without_are_left_out() -> None:
    """Day 0: 1 x 2 + 3 x 4 = 14 of 4; day 1 weighs nothing; day 2: 5 of 1."""
    sums, total = daily_sums(
        np.array([2.0, 4.0, 9.0, 5.0]),
        np.array([1.0, 3.0, 0.0, 1.0]),
        np.array([0, DAY - 1, DAY, 2 * DAY]),
    )
    assert sums.tolist() == [14.0, 5.0]
    assert total.tolist() == [4.0, 1.0]


def test_of_a_week_no_lag_is_looked_at() -> None:
    """A quarter of seven days is one: days that only rise are blocks of a day all the same."""
    assert decorrelation_days(np.arange(7.0), 1) == 1
    assert decorrelation_days(np.arange(8.0), 1) == 2


def test_two_days_are_two_blocks() -> None:
    """0 and 2: a mean of 1, influences of -1 and 1, and a variance of 2 over two blocks."""
    found = block_mean(np.array([0.0, 2.0]), np.ones(2), np.arange(2) * DAY, horizon_hours=0.0)
    assert (found.value, found.blocks) == (1.0, 2)
    assert found.sd == pytest.approx(1.0)
