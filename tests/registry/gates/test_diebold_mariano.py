"""Diebold and Mariano's statistic with its correction for small samples, beside statsmodels and SciPy, and by hand."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from hospital.arrays import Array
from hospital.times import DAY
from registry.gates.accuracy import diebold_mariano


def statistic(daily: Array, horizon_hours: float) -> float:
    """The statistic of one row a day."""
    return diebold_mariano(daily, np.ones(daily.size), np.arange(daily.size) * DAY, horizon_hours)


def hac(daily: Array, lags: int, kernel: str) -> float:
    """statsmodels' t statistic of the mean, with so many lags of a kernel and no correction."""
    fit = sm.OLS(daily, np.ones(daily.size)).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "kernel": kernel, "use_correction": False}
    )
    return float(fit.tvalues[0])


@pytest.mark.parametrize("horizon_hours", [1.0, 12.0, 24.0])
def test_one_day_ahead_it_is_students_t(horizon_hours: float) -> None:
    """Without lags the correction makes the variance that of n - 1 days: SciPy's one-sample t statistic."""
    daily = np.random.default_rng(1).normal(0.3, 1, 25)
    assert statistic(daily, horizon_hours) == pytest.approx(stats.ttest_1samp(daily, 0).statistic, rel=1e-12)


@pytest.mark.parametrize(("horizon_hours", "days"), [(24.1, 2), (48.0, 2), (72.0, 3), (168.0, 7)])
def test_further_ahead_it_is_statsmodels_with_equal_weights_times_the_correction(
    horizon_hours: float, days: int
) -> None:
    """Lags up to the horizon's days less one, all of weight 1 (Harvey, Leybourne & Newbold's equations 8 and 9)."""
    n = 120
    daily = 0.3 + np.convolve(np.random.default_rng(2).normal(size=n + days - 1), np.ones(days), "valid")
    correction = math.sqrt((n + 1 - 2 * days + days * (days - 1) / n) / n)
    expected = hac(daily, days - 1, "uniform") * correction
    assert statistic(daily, horizon_hours) == pytest.approx(expected, rel=1e-12)


def test_a_sum_that_is_not_above_0_takes_bartletts_weights() -> None:
    """Days that alternate about their mean: equal weights give less than 0, statsmodels' Bartlett kernel does not."""
    daily = np.tile([1.2, -1.0], 10)
    centred = daily - daily.mean()
    assert centred @ centred + 2 * (centred[1:] @ centred[:-1]) < 0
    correction = math.sqrt((20 + 1 - 4 + 2 / 20) / 20)
    assert statistic(daily, 48.0) == pytest.approx(hac(daily, 1, "bartlett") * correction, rel=1e-12)


def test_ten_days_by_hand() -> None:
    """Two days ahead, 3, 1, 1, 3, 3, 1, 1, 3, 3, 1: mean 2, variance 1, covariance -1/10; factor sqrt(7.2 / 10)."""
    daily = np.array([3.0, 1, 1, 3, 3, 1, 1, 3, 3, 1])
    centred = daily - 2
    assert (centred @ centred, centred[1:] @ centred[:-1]) == (10, -1)
    expected = 2 / math.sqrt((1 - 2 / 10) / 10) * math.sqrt((10 + 1 - 4 + 2 / 10) / 10)
    assert statistic(daily, 48.0) == pytest.approx(expected, rel=1e-12)


def test_a_variance_of_exactly_0_takes_bartletts_weights() -> None:
    """Squares of 12 and neighbours of -6: 12 - 2 x 6 is 0, and Bartlett's half weights leave 12 - 6."""
    centred = np.array([0.0, 1, -1, 1, 0, -1, 0, -1, 1, 1, -1, 1, 0, -1, 1, -1])
    assert (centred.sum(), centred @ centred, centred[1:] @ centred[:-1]) == (0, 12, -6)
    n = centred.size
    expected = 1 / math.sqrt((12 - 6) / n / n) * math.sqrt((n + 1 - 4 + 2 / n) / n)
    assert statistic(centred + 1, 48.0) == pytest.approx(expected, rel=1e-12)


def test_days_are_weighted_means_and_nine_are_too_few() -> None:
    """Rows of one day count by weight; ten days give a figure, nine do not, nor does what never varies."""
    values = np.random.default_rng(3).normal(0.3, 1, (10, 2))
    weights = np.tile([1.0, 3.0], 10)
    times = np.repeat(np.arange(10), 2) * DAY
    daily = (values[:, 0] + 3 * values[:, 1]) / 4
    assert diebold_mariano(values.ravel(), weights, times, 24.0) == pytest.approx(statistic(daily, 24.0))
    assert math.isfinite(statistic(daily, 24.0))
    assert math.isnan(statistic(daily[:9], 24.0))
    assert math.isnan(statistic(np.full(20, 2.0), 48.0))
