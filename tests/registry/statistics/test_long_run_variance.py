"""The Bartlett window, beside statsmodels and arch, by hand, and in both places that use it for whole series."""

import math
from fractions import Fraction

import numpy as np
import pytest
from arch.covariance.kernel import Bartlett
from scipy import signal
from statsmodels.stats.sandwich_covariance import S_hac_simple, weights_bartlett
from statsmodels.tsa.stattools import levinson_durbin

from hospital.arrays import Array
from registry.statistics.intervals import largest_window_mean, long_run_sd
from registry.statistics.long_run_variance import (
    bartlett_variance,
    bartlett_weight,
    day_sd,
    degrees_of_freedom,
)


def persistent(seed: int, days: int) -> Array:
    """Days that go together over about a week."""
    return np.convolve(np.random.default_rng(seed).normal(size=days + 6), np.ones(7), "valid")


def test_weights_are_those_of_statsmodels() -> None:
    """For 0 to 20 lags: 1 at lag 0, falling evenly, 0 at the first lag that does not count."""
    for lags in range(21):
        ours = [bartlett_weight(k, lags + 1) for k in range(lags + 1)]
        assert ours == pytest.approx(weights_bartlett(lags), rel=1e-15)
    assert bartlett_weight(15, 15) == 0.0


@pytest.mark.parametrize("lags", [0, 1, 5, 14])
def test_the_variance_is_that_of_statsmodels_and_arch(lags: int) -> None:
    """The same autocovariances over all days, weighed alike."""
    series = persistent(1, 200)
    centred = series - series.mean()
    ours = bartlett_variance(
        float(centred @ centred) / 200,
        lambda lag: float(centred[lag:] @ centred[:-lag]),
        200,
        lags=lags,
        window=lags + 1,
    )
    assert ours == pytest.approx(float(S_hac_simple(centred, lags)[0, 0]) / 200, rel=1e-12)
    assert ours == pytest.approx(float(Bartlett(series, bandwidth=lags).cov.long_run[0, 0]), rel=1e-12)


def test_two_lags_by_hand() -> None:
    """Variance 6, products 3 and 1 over 2 days, window 3: 6 + 2 x 2/3 x 3/2 + 2 x 1/3 x 1/2 = 25/3."""
    products = {1: 3.0, 2: 1.0}
    assert bartlett_variance(6.0, products.__getitem__, 2, lags=2, window=3) == pytest.approx(25 / 3)
    both = bartlett_variance(
        np.array([6.0, 0.0]), lambda lag: np.array([products[lag], 0.0]), np.array([2, 5]), lags=2, window=3
    )
    assert both == pytest.approx([25 / 3, 0.0])


def test_the_deviation_of_a_windows_mean_is_newey_wests_over_two_weeks_of_lags() -> None:
    """Fewer than eight windows: statsmodels' and arch's variance with 14 lags, over the window's days."""
    series = persistent(2, 200)
    expected = float(S_hac_simple(series - series.mean(), 14)[0, 0]) / 200
    assert long_run_sd(series, 28) == pytest.approx(math.sqrt(expected / 28), rel=1e-12)
    assert expected == pytest.approx(float(Bartlett(series, bandwidth=14).cov.long_run[0, 0]))
    assert long_run_sd(series, 28) > 1.5 * float(series.std()) / math.sqrt(28)


def test_a_short_series_has_as_many_lags_as_it_has() -> None:
    """Four days about 0, by hand: lags 1 to 3 with the weights of fifteen, 14/15, 13/15 and 12/15."""
    series = np.array([3.0, 1.0, -1.0, -3.0])
    products = {1: 3 - 1 + 3, 2: -3 - 3, 3: -9}
    exact = Fraction(20, 4) + sum(2 * Fraction(15 - k, 15) * Fraction(p, 4) for k, p in products.items())
    assert exact < 5
    assert long_run_sd(series, 2) == pytest.approx(math.sqrt(5 / 2), rel=1e-12)
    rising = np.array([2.0, 2.0, -2.0, -2.0, 0.0])
    products = {1: 4 - 4 + 4, 2: -4 - 4, 3: -4, 4: 0}
    exact = Fraction(16, 5) + sum(2 * Fraction(15 - k, 15) * Fraction(p, 5) for k, p in products.items())
    assert long_run_sd(rising, 1) == pytest.approx(math.sqrt(max(exact, Fraction(16, 5))), rel=1e-12)


def test_days_that_repel_one_another_are_taken_as_independent() -> None:
    """An alternating series has almost no long-run variance; the plain one is taken: 1 a day, by hand."""
    alternating = np.tile([1.0, -1.0], 50)
    assert S_hac_simple(alternating, 14)[0, 0] / 100 < 0.1
    assert long_run_sd(alternating, 25) == pytest.approx(math.sqrt(1 / 25), rel=1e-12)


def test_the_means_of_eight_windows_count_where_they_vary_more() -> None:
    """Four windows of 25 days at 1 and four at -1: their deviation is sqrt(8 / 7); with seven it does not count."""
    levels = np.repeat([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0], 25)
    newey_west = math.sqrt(float(S_hac_simple(levels, 14)[0, 0]) / 200 / 25)
    assert long_run_sd(levels, 25) == pytest.approx(math.sqrt(8 / 7), rel=1e-12)
    assert newey_west < 0.8
    seven = levels[:-25] - levels[:-25].mean()
    expected = math.sqrt(float(S_hac_simple(seven, 14)[0, 0]) / 175 / 25)
    assert long_run_sd(levels[:-25], 25) == pytest.approx(expected, rel=1e-12)


def test_the_larger_of_both_deviations_is_taken() -> None:
    """Within each window of two days all cancels out: their means do not vary, the days do."""
    alternating = np.tile([1.0, -1.0], 50)
    assert long_run_sd(alternating, 2) == pytest.approx(math.sqrt(1 / 2), rel=1e-12)


def test_the_largest_window_mean_is_that_of_every_window() -> None:
    """Beside NumPy's sliding windows, and by hand: -(3 + 4) / 2, its sign aside."""
    series = persistent(3, 90)
    windows = np.lib.stride_tricks.sliding_window_view(series, 28).mean(axis=1)
    assert largest_window_mean(series, 28) == pytest.approx(float(np.abs(windows).max()), rel=1e-9)
    assert largest_window_mean(np.array([1.0, 2.0, -3.0, -4.0]), 2) == 3.5
    assert largest_window_mean(np.array([6.0, 2.0, -3.0, -1.0]), 2) == 4.0
    assert largest_window_mean(np.array([1.0, 2.0]), 2) == 1.5
    assert largest_window_mean(np.array([1.0, 2.0]), 3) == math.inf


def first_order(series: Array) -> float:
    """The long-run variance of the autoregression that statsmodels' Levinson-Durbin recursion fits."""
    variance, memory, *_ = levinson_durbin(series, nlags=1)
    return float(variance / (1 - memory[0]) ** 2)


def bartlett(series: Array) -> float:
    """statsmodels' long-run variance with fourteen lags."""
    return float(S_hac_simple(series - series.mean(), 14)[0, 0]) / series.size


def test_a_days_deviation_is_that_of_an_autoregression_where_memory_is_long() -> None:
    """Days in minutes that remember most of the day before: two weeks of lags leave out what comes after."""
    series = 30 * signal.lfilter([1.0], [1.0, -0.85], np.random.default_rng(5).normal(size=400))
    expected = first_order(series)
    assert expected > 1.05 * bartlett(series)
    assert day_sd(series) == pytest.approx(math.sqrt(expected), rel=1e-9)


def test_a_days_deviation_is_bartletts_where_little_is_remembered_for_long() -> None:
    """Slow weeks under much noise: a day says little of the next, and as much of the one after that."""
    rng = np.random.default_rng(6)
    series = signal.lfilter([0.5], [1.0, -0.9], rng.normal(size=500)) + rng.normal(0, 2, 500)
    assert bartlett(series) > max(first_order(series), series.var())
    assert day_sd(series) == pytest.approx(math.sqrt(bartlett(series)), rel=1e-9)


def test_a_days_deviation_is_never_under_that_of_independent_days() -> None:
    """Days that repel one another, two of them, and days that never vary."""
    alternating = np.tile([2.0, -2.0], 50)
    assert max(bartlett(alternating), first_order(alternating)) < 4
    assert day_sd(alternating) == pytest.approx(2.0)
    assert day_sd(np.array([4.0, 2.0])) == pytest.approx(1.0)
    assert day_sd(np.full(30, 7.0)) == 0.0


def test_memory_is_held_at_nineteen_twentieths() -> None:
    """A series that only rises has a memory near 1, and its variance would have no bound: 1.95 / 0.05 times a day's."""
    rising = np.arange(400.0)
    assert levinson_durbin(rising, nlags=1)[1][0] > 0.95
    assert day_sd(rising) == pytest.approx(math.sqrt(39 * rising.var()), rel=1e-9)


def test_a_days_deviation_has_the_freedom_of_bartletts_estimate() -> None:
    """Priestley's 3 n / 2 over the window of fifteen days: 280 days have 28; never under two."""
    assert [degrees_of_freedom(days) for days in (280, 30, 20, 5)] == [28.0, 3.0, 2.0, 2.0]


def test_a_series_as_long_as_the_window_has_all_its_lags() -> None:
    """Fifteen days, of which the last seven were high: statsmodels' variance with fourteen lags."""
    series = np.repeat([-1.0, 0.0, 1.0], [7, 1, 7])
    assert bartlett(series) > series.var()
    assert long_run_sd(series, 3) == pytest.approx(math.sqrt(bartlett(series) / 3), rel=1e-12)
    rising = np.array([-2.0, -4, 1, -2, -1, -2, 1, -1, 1, 1, 3, 1, 4, -1, 5])
    assert bartlett(rising) > 1.4 * max(first_order(rising), rising.var())
    assert day_sd(rising) == pytest.approx(math.sqrt(bartlett(rising)), rel=1e-12)


def test_a_window_begins_with_a_day_that_there_is() -> None:
    """6 alone is no window of two days: the means are 0.5 and -2.5."""
    assert largest_window_mean(np.array([6.0, -5.0, 0.0]), 2) == 2.5


def test_a_days_deviation_of_a_fortnight_knows_its_first_and_last_day() -> None:
    """Fourteen days have thirteen lags: the last one, of the first day and the last, is not left out."""
    series = np.array([11.0, 3.5, 13.2, -6.4, 13.6, 0.8, -4.9, -7.4, 2.3, -1.9, -4.4, -8.4, -4.1, -6.9])
    centred = series - series.mean()
    without = bartlett(series) - 2 * (1 - 13 / 15) * centred[0] * centred[-1] / 14
    assert day_sd(series) == pytest.approx(math.sqrt(bartlett(series)), rel=1e-12)
    assert abs(without / bartlett(series) - 1) > 0.01
