"""The monitor's long-run deviation: Newey-West, autoregression, Marriott & Pope's correction and the upper bound."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.sandwich_covariance import S_hac_simple
from statsmodels.tsa.arima_process import arma_generate_sample

from hospital.arrays import Array
from registry.monitoring.daily_spread import day_spread, long_run_spread


def upper(variance: float, days: int, memory: float) -> float:
    """The deviation whose variance is the upper 60 % bound, of as many independent days as the memory leaves."""
    independent = max(days * (1 - memory) / (1 + memory), 2.0)
    return math.sqrt(variance * independent / float(stats.chi2(independent).isf(0.6)))


def corrected(memory: float, days: int) -> float:
    """Marriott & Pope's correction, within what the monitor takes for possible."""
    return min(max(memory + (1 + 3 * memory) / days, 0.3), 0.95)


def fitted(series: Array) -> float:
    """The memory of a series about its mean, by statsmodels' least squares."""
    centred = series - series.mean()
    return float(sm.OLS(centred[1:], centred[:-1]).fit().params[0])


def spread(series: Array) -> float:
    """Of one series."""
    return float(long_run_spread(series[:, None])[0])


@pytest.mark.parametrize(("memory", "days"), [(0.6, 60), (0.6, 200), (0.8, 400)])
def test_an_autoregression_is_statsmodels_with_the_correction_for_short_series(
    memory: float, days: int
) -> None:
    """Variance over n - 1 days, times (1 + memory) / (1 - memory), at its upper bound."""
    rng = np.random.default_rng(4)
    series = arma_generate_sample([1, -memory], [1], days, distrvs=rng.standard_normal, burnin=100)
    known = corrected(fitted(series), days)
    assert 0.3 < known < 0.95
    regression = float(series.var(ddof=1)) * (1 + known) / (1 - known)
    centred = series - series.mean()
    newey_west = float(S_hac_simple(centred, 14)[0, 0]) / days + float(centred @ centred) / (
        days * (days - 1)
    )
    assert newey_west < regression
    assert spread(series) == pytest.approx(upper(regression, days, known), rel=1e-9)


def test_the_correction_takes_away_the_bias_of_short_series() -> None:
    """Of 4,000 series of 60 days with memory 0.6 least squares find 0.55 by mean; half of what is used is above 0.6."""
    rng, days = np.random.default_rng(2), 60
    series = arma_generate_sample([1, -0.6], [1], (days, 4000), distrvs=rng.standard_normal, burnin=100)
    centred = series - series.mean(axis=0)
    memory = (centred[1:] * centred[:-1]).sum(axis=0) / (centred[:-1] ** 2).sum(axis=0)
    assert memory[0] == pytest.approx(fitted(series[:, 0]))
    assert memory.mean() == pytest.approx(0.6 - (1 + 3 * 0.6) / days, abs=0.01)
    possible = np.linspace(0.3, 0.95, 1000)
    ratio = [upper((1 + m) / (1 - m), days, m) for m in possible]
    used = np.interp(long_run_spread(series) / series.std(axis=0, ddof=1), ratio, possible)
    assert np.median(memory) < 0.57
    assert np.median(used) == pytest.approx(0.6, abs=0.015)


def test_what_lasts_for_days_without_a_first_order_memory_is_statsmodels_newey_west() -> None:
    """A wave of weeks under noise: 14 lags, with the variance of lag 0 over n - 1 days and the others over n."""
    rng = np.random.default_rng(3)
    series = np.sin(np.arange(300) * 2 * np.pi / 60) + rng.normal(0, 1.5, 300)
    centred = series - series.mean()
    newey_west = float(S_hac_simple(centred, 14)[0, 0]) / 300
    newey_west += float(centred @ centred) * (1 / 299 - 1 / 300)
    known = corrected(fitted(series), 300)
    assert newey_west > float(series.var(ddof=1)) * (1 + known) / (1 - known)
    assert spread(series) == pytest.approx(upper(newey_west, 300, known), rel=1e-9)


def test_the_memory_is_at_least_0_3_and_at_most_0_95() -> None:
    """Days that repel one another are taken to have 0.3, and a trend to have 0.95."""
    alternating = np.tile([1.0, -1.0], 50)
    regression = 100 / 99 * 1.3 / 0.7
    assert spread(alternating) == pytest.approx(upper(regression, 100, 0.3), rel=1e-9)
    trend = np.arange(200.0)
    regression = float(trend.var(ddof=1)) * 1.95 / 0.05
    assert spread(trend) == pytest.approx(upper(regression, 200, 0.95), rel=1e-9)


def test_five_days_by_hand() -> None:
    """2, 1, 0, -1, -2: squares 10, neighbours 4 of 6; memory 2/3 + 3/5 is held to 0.95; two independent days."""
    series = np.array([2.0, 1.0, 0.0, -1.0, -2.0])
    two_days = 2 / float(stats.chi2(2).isf(0.6))
    assert spread(series) == pytest.approx(math.sqrt(2.5 * 1.95 / 0.05 * two_days), rel=1e-12)


def test_days_without_a_value_count_for_nothing() -> None:
    """Pairs with a missing day tell nothing of the memory; the variance is that of the known days."""
    series = np.random.default_rng(4).normal(size=120)
    series = series[1:] + 0.9 * series[:-1]
    series[10::7] = np.nan
    known = np.isfinite(series)
    n = int(known.sum())
    centred = series - np.nanmean(series)
    both = known[1:] & known[:-1]
    memory = corrected(float(sm.OLS(centred[1:][both], centred[:-1][both]).fit().params[0]), n)
    regression = float(np.nanvar(series, ddof=1)) * (1 + memory) / (1 - memory)
    assert memory > 0.3
    assert spread(series) == pytest.approx(upper(regression, n, memory), rel=1e-9)
    beside = np.column_stack([series, np.arange(119.0)])
    assert long_run_spread(beside) == pytest.approx([spread(series), spread(np.arange(119.0))])


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_in_another_unit_the_deviation_is_the_same(unit: float) -> None:
    """A memory has none, however small the squares are."""
    series = arma_generate_sample([1, -0.6], [1], 90, distrvs=np.random.default_rng(5).standard_normal)
    assert spread(unit * series) == pytest.approx(unit * spread(series), rel=1e-9)


def test_a_days_own_deviation_leaves_out_what_is_missing() -> None:
    """Over all known days: of 1 and 3 it is 1."""
    assert day_spread(np.array([[1.0], [np.nan], [3.0]])).tolist() == [1.0]


def test_two_pairs_of_days_tell_no_memory_and_three_do() -> None:
    """2, 2, -, -2, -2 would have a memory of 1 by two pairs; 3, 1, -1, -3 has 5 / 11 and its correction by three."""
    gap = np.array([2.0, 2.0, np.nan, -2.0, -2.0])
    assert spread(gap) == pytest.approx(upper(16 / 3 * 1.3 / 0.7, 4, 0.3), rel=1e-12)
    whole = np.array([3.0, 1.0, -1.0, -3.0])
    known = corrected(5 / 11, 4)
    assert known == 0.95
    assert spread(whole) == pytest.approx(upper(20 / 3 * 1.95 / 0.05, 4, 0.95), rel=1e-12)


def test_two_days_are_enough_for_a_variance() -> None:
    """1 and -1: variance 2; memory (1 + 0) / 2 by the correction alone."""
    assert spread(np.array([1.0, -1.0])) == pytest.approx(upper(2 * 1.5 / 0.5, 2, 0.5), rel=1e-12)


def test_days_that_never_vary_spread_nothing() -> None:
    """And tell no memory, which would be nothing over nothing."""
    assert spread(np.full(30, 3.0)) == 0.0
