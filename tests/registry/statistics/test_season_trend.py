"""The season model that the drift gate and the monitor share: by hand, and against statsmodels and lstsq."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import signal

from hospital.arrays import Array
from hospital.holidays.public_holidays import is_holiday
from registry.statistics.long_run_variance import day_sd
from registry.statistics.season_trend import (
    FRANCE,
    epidemic_days,
    expected_values,
    fit_season,
    fit_slope,
)

WINTER = (12, 1, 2, 3)
FIRST = 19_700  # 9 December 2023, a Saturday


def span(days: int, first: int = FIRST) -> tuple[Array, Array]:
    """(local days, whether they lie in epidemic months)."""
    out = first + np.arange(days)
    return out, epidemic_days(out, WINTER)


def full_design(days: Array) -> Array:
    """The terms of a long reference, written a second time: week days, holidays, yearly wave, epidemic months."""
    date = days.astype("datetime64[D]")
    week = np.array([d.astype(object).weekday() for d in date])
    month = np.array([d.astype(object).month for d in date])
    angle = 2 * np.pi * days / 365.25
    return np.column_stack(
        [
            np.eye(7)[week],
            is_holiday(days, FRANCE),
            np.sin(angle),
            np.cos(angle),
            np.isin(month, WINTER),
        ]
    ).astype(float)


def test_a_long_reference_expects_what_statsmodels_does_with_the_same_variance_of_the_forecast() -> None:
    """Expected values, and the variance of the fit at each day and of the mean of four weeks, against OLS."""
    days, epidemic = span(560)
    past = days < FIRST + 450
    values = np.random.default_rng(1).normal(100, 10, days.size) + 20 * epidemic
    X = full_design(days)
    ols = sm.OLS(values[past], X[past]).fit()
    fit = fit_season(days, values, past, epidemic, FRANCE)
    assert fit.is_yearly
    prediction = ols.get_prediction(X)
    np.testing.assert_allclose(fit.expected, prediction.predicted_mean, rtol=1e-6)
    np.testing.assert_allclose(
        (fit.fit_error**2).sum(axis=1), prediction.se_mean**2 / ols.mse_resid, rtol=1e-5
    )
    month = slice(-28, None)
    of_mean = ols.get_prediction(X[month].mean(axis=0)[None]).se_mean[0] ** 2 / ols.mse_resid
    mean_error = fit.fit_error[month].mean(axis=0)
    assert float(mean_error @ mean_error) == pytest.approx(of_mean, rel=1e-5)


def test_series_with_holes_are_fitted_to_their_own_days_as_lstsq_does() -> None:
    """Three series: two whole, one with a fifth of its days unknown, and each as if it were alone."""
    days, epidemic = span(600)
    rng = np.random.default_rng(2)
    values = rng.normal(50, 5, (600, 4))
    values[rng.random(600) < 0.2, 1] = np.nan
    values[:, 3] = np.nan
    found = expected_values(days, values, FIRST + 500, epidemic)
    X = full_design(days)
    for k in range(3):
        seen = (days < FIRST + 500) & np.isfinite(values[:, k])
        np.testing.assert_allclose(
            found[:, k], X @ np.linalg.lstsq(X[seen], values[seen, k], rcond=None)[0], rtol=1e-6
        )
    assert np.isnan(found[:, 3]).all()


def test_under_two_months_only_the_level_is_known() -> None:
    """55 days: their mean, with a variance of 1/55; one more day, and the week is known."""
    days, epidemic = span(90)
    values = np.where(days % 7 == 2, 40.0, 100.0)
    short = fit_season(days, values, days < FIRST + 55, epidemic, FRANCE)
    assert short.fit_error.shape == (90, 1), "one term, the level"
    np.testing.assert_allclose(short.expected, values[:55].mean(), rtol=1e-6)
    np.testing.assert_allclose((short.fit_error**2).sum(axis=1), 1 / 55, rtol=1e-6)
    longer = fit_season(days, values, days < FIRST + 56, epidemic, FRANCE)
    np.testing.assert_allclose(longer.expected, values, rtol=1e-5)
    mondays = (longer.fit_error**2).sum(axis=1)[60:]
    np.testing.assert_allclose(mondays[mondays > 0.12], 1 / 8, rtol=1e-3)


def test_the_year_is_known_from_thirteen_months_on() -> None:
    """394 days leave a wave in the residuals, 395 take it out."""
    days, epidemic = span(500)
    wave = 100 + 20 * np.cos(2 * np.pi * days / 365.25)
    short = fit_season(days, wave, days < FIRST + 394, epidemic, FRANCE)
    assert not short.is_yearly
    assert np.abs(wave - short.expected)[-90:].max() > 5
    known = fit_season(days, wave, days < FIRST + 395, epidemic, FRANCE)
    assert known.is_yearly
    assert np.abs(wave - known.expected).max() < 1e-3


def test_epidemic_months_have_a_level_of_their_own() -> None:
    """A winter 20 higher is expected of the next one; where no month is named it is not."""
    days, epidemic = span(500)
    values = 100 + 20.0 * epidemic
    past = days < FIRST + 400
    assert np.abs(values - fit_season(days, values, past, epidemic, FRANCE).expected).max() < 1e-3
    unnamed = fit_season(days, values, past, np.zeros(500, bool), FRANCE).expected
    assert np.abs(values - unnamed).max() > 3


def test_holidays_are_expected_once_four_of_them_were_seen_where_they_are_kept() -> None:
    """Christmas, New Year and Easter Monday are three; the first of May is the fourth. UTC keeps French ones too."""
    days, epidemic = span(240)
    holiday = is_holiday(days, FRANCE)
    values = np.where(holiday, 60.0, 100.0)
    fourth = int(np.flatnonzero(holiday)[3])
    after = int(np.flatnonzero(holiday)[4])
    three = fit_season(days, values, days < FIRST + fourth, epidemic, FRANCE)
    four = fit_season(days, values, days <= FIRST + fourth, epidemic, FRANCE)
    assert three.expected[after] > 90
    assert four.expected[after] == pytest.approx(60, abs=1e-3)


def test_a_week_day_that_was_never_seen_is_expected_to_be_as_the_others_are_on_average() -> None:
    """A unit that closes on Sundays and opens on one: the mean of its other days counts, not Monday's, not 0."""
    days, epidemic = span(120)
    sunday = (days + 3) % 7 == 6
    values = np.where(sunday, np.nan, 100.0 + 10 * ((days + 3) % 7))
    found = expected_values(days, values[:, None], FIRST + 100, epidemic)[:, 0]
    np.testing.assert_allclose(found[~sunday], values[~sunday], rtol=1e-5)
    np.testing.assert_allclose(found[sunday], 125, rtol=1e-5)


@pytest.mark.parametrize("window", [28, 56])
def test_the_stated_variance_is_that_of_the_mean_residual_of_dependent_days(window: int) -> None:
    """6000 series with a memory of 0.5: the mean residual of the last weeks varies as it is said to, within 8 %."""
    days, epidemic = span(540)
    past = days < FIRST + 432
    noise = np.random.default_rng(3).normal(size=(700, 6000))
    series = signal.lfilter([1.0], [1.0, -0.5], noise, axis=0)[-540:]
    fit = fit_season(days, series, past, epidemic, FRANCE)
    means = (series - fit.expected)[-window:].mean(axis=0)
    of_fit = fit.fit_error[-window:].mean(axis=0)
    long_run = 1 / (1 - 0.5) ** 2  # of a day: sums of n such days vary by n times this
    lags = np.arange(1, window)
    of_window = (1 + 2 * float(((1 - lags / window) * 0.5**lags).sum())) / 0.75 / window
    stated = of_window + long_run * float(of_fit @ of_fit)
    assert means.var() == pytest.approx(stated, rel=0.08)
    assert means.var() > 1.1 * of_window * (1 + window / 432)  # one over the days of reference is too little


def test_a_reference_without_a_day_is_refused() -> None:
    """There is nothing to expect, and a fit would say 0."""
    days, epidemic = span(60)
    with pytest.raises(ValueError, match="at least one day"):
        fit_season(days, np.ones(60), np.zeros(60, bool), epidemic, FRANCE)


@pytest.mark.parametrize(
    ("length", "terms"), [(560, slice(0, 11)), (395, slice(0, 11)), (394, slice(0, 8)), (56, slice(0, 7))]
)
def test_a_slope_is_statsmodels_beside_the_season_with_the_deviation_of_dependent_days(
    length: int, terms: slice
) -> None:
    """A third of an arrival more each week, with what the length of the series lets a season know of."""
    days, epidemic = span(length)
    rng = np.random.default_rng(8)
    values = signal.lfilter([5.0], [1.0, -0.5], rng.normal(size=length)) + 100 + 20 * epidemic
    values += 0.3 * (days - FIRST) / 7
    # Under four public holidays are no term; in 56 days from December there are two.
    X = np.column_stack([full_design(days)[:, terms], (days - FIRST) / 7])
    ols = sm.OLS(values, X).fit()
    slope, deviation = fit_slope(days, values, epidemic, FRANCE)
    assert slope == pytest.approx(ols.params[-1], rel=1e-6)
    of_one = float(np.sqrt(ols.cov_params()[-1, -1] / ols.mse_resid))
    assert deviation == pytest.approx(day_sd(ols.resid) * of_one, rel=1e-6)


def test_under_two_months_a_series_has_no_slope() -> None:
    """55 days say nothing of a trend: no figure, and nothing that would bound it."""
    days, epidemic = span(55)
    slope, deviation = fit_slope(days, np.arange(55.0), epidemic, FRANCE)
    assert np.isnan(slope)
    assert deviation == np.inf
