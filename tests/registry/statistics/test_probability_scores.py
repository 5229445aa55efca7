"""Scores of probabilities: by hand, as scikit-learn and statsmodels have them, with intervals that hold."""

import warnings

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.metrics import brier_score_loss

from hospital.arrays import Array
from hospital.times import DAY, HOUR
from registry.statistics.probability_scores import brier_skill, climatology, reliability_slope

EVENT = np.array([True, False, True, False])
TIMES = np.arange(4) * DAY
HALF = np.full(4, 0.5)


def days(n: int, rng: np.random.Generator, hourly: int = 1) -> tuple[Array, Array, Array]:
    """(probability, event, times) of rows whose probabilities are right."""
    p = rng.beta(0.5, 4, n * hourly)
    at = (np.arange(n * hourly) // hourly) * DAY + (np.arange(n * hourly) % hourly) * HOUR
    return p, rng.random(p.size) < p, at


def test_skill_and_slope_by_hand() -> None:
    """A half errs by a quarter: none of it is all skill, twice of it worse; half as far off is slope two."""
    for probability, skill, slope in (
        ([1.0, 0.0, 1.0, 0.0], 1.0, 1.0),
        ([0.75, 0.25, 0.75, 0.25], 0.75, 2.0),
        ([0.0, 1.0, 0.0, 1.0], -3.0, -1.0),
    ):
        p = np.array(probability)
        assert brier_skill(p, HALF, EVENT, TIMES, 4.0).value == pytest.approx(skill)
        assert reliability_slope(p, EVENT, TIMES, 4.0).value == pytest.approx(slope)
    assert np.isnan(reliability_slope(HALF, EVENT, TIMES, 4.0).value)
    assert np.isnan(brier_skill(HALF, EVENT.astype(float), EVENT, TIMES, 4.0).value)


def test_values_are_those_of_others() -> None:
    """Brier scores as scikit-learn has them, the slope and its spread as least squares of statsmodels."""
    ratios = []
    for seed in range(30):
        p, event, at = days(600, np.random.default_rng(seed))
        usual = np.full(p.size, event.mean())
        outside = 1 - brier_score_loss(event, p) / brier_score_loss(event, usual)
        assert brier_skill(p, usual, event, at, 4.0).value == pytest.approx(outside)
        fitted = sm.OLS(event.astype(float), sm.add_constant(p)).fit(cov_type="HC0")
        slope = reliability_slope(p, event, at, 4.0)
        assert slope.value == pytest.approx(fitted.params[1])
        ratios.append(slope.sd / fitted.bse[1])
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.08)


def test_intervals_hold_what_they_promise() -> None:
    """Nine in ten contain a slope of one, also where the rows of a day say the same."""
    held = []
    for seed in range(200):
        rng = np.random.default_rng(1000 + seed)
        p, event, at = days(120, rng)
        of = np.repeat(np.arange(120), 6)  # each day six times
        slope = reliability_slope(p[of], event[of], at[of] + np.tile(np.arange(6), 120) * HOUR, 4.0)
        low, high = slope.interval(0.05)
        held.append(low <= 1 <= high)
    assert 0.82 <= np.mean(held) <= 0.97


def test_climatology_knows_only_what_was_before() -> None:
    """A cell's own rate; where it was never seen, its unit's; nothing of the rows that are judged."""
    cell, unit = np.array([0, 0, 1, 1, 0, 2]), np.array([0, 0, 0, 0, 0, 0])
    event = np.array([True, False, False, False, True, True])
    before = np.array([True, True, True, True, False, False])
    assert climatology(cell, event, unit, before, ~before).tolist() == [0.5, 0.25]


def test_no_row_says_nothing_and_is_no_mean_of_nothing() -> None:
    """Without a block or a spread; and without a warning of NumPy, which a mean of no row gives."""
    nothing = np.empty(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slope = reliability_slope(nothing, nothing.astype(bool), nothing.astype(np.int64), 4.0)
        skill = brier_skill(nothing, nothing, nothing.astype(bool), nothing.astype(np.int64), 4.0)
    for found in (slope, skill, reliability_slope(HALF, EVENT, TIMES, 4.0)):
        assert np.isnan(found.value)
        assert (found.sd, found.blocks) == (np.inf, 0)


def test_a_cell_seen_once_has_the_rate_of_that_once() -> None:
    """One event of one row is always, as little as that is."""
    cell = np.array([0, 0])
    event, before = np.array([True, False]), np.array([True, False])
    assert climatology(cell, event, cell, before, ~before).tolist() == [1.0]
