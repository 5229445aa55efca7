"""Figures of tension, on numbers that can be counted by hand."""

import numpy as np
import pytest

from benchmarks.forecasts.tension import Probabilities, auc, brier_skill, climatology, reliability_slope

EVENT = np.array([True, False, True, False])


def judged(*probability: float) -> Probabilities:
    """Beside a climatology of a half."""
    return Probabilities(np.array(probability), np.full(4, 0.5), EVENT)


def test_skill_is_over_climatology() -> None:
    """Climatology errs by a quarter: none of it is all skill, all of it none, twice of it worse."""
    assert brier_skill(judged(1, 0, 1, 0)) == 1.0
    assert brier_skill(judged(0.5, 0.5, 0.5, 0.5)) == 0.0
    assert brier_skill(judged(0, 1, 0, 1)) == -3.0


def test_the_slope_is_one_where_probabilities_are_right() -> None:
    """Half as far from the middle as events are: the slope is two."""
    assert reliability_slope(judged(1, 0, 1, 0)) == pytest.approx(1.0)
    assert reliability_slope(judged(0.75, 0.25, 0.75, 0.25)) == pytest.approx(2.0)
    assert np.isnan(reliability_slope(judged(0.5, 0.5, 0.5, 0.5)))


def test_auc_counts_pairs() -> None:
    """Of four pairs three are in order; ties count half."""
    assert auc(np.array([3.0, 2.0, 1.5, 1.0]), EVENT) == 0.75
    assert auc(np.zeros(4), EVENT) == 0.5
    assert np.isnan(auc(np.zeros(2), np.array([True, True])))


def test_climatology_knows_only_what_was_before() -> None:
    """A cell's own rate; where it was never seen, its unit's; nothing of the rows that are judged."""
    cell, unit = np.array([0, 0, 1, 1, 0, 2]), np.array([0, 0, 0, 0, 0, 0])
    event = np.array([True, False, False, False, True, True])
    before = np.array([True, True, True, True, False, False])
    assert climatology(cell, event, unit, before, ~before).tolist() == [0.5, 0.25]
