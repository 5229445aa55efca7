"""Scores of a group by contributions: a ridge regression on other days, beside scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from training.refits.proxies import cross_scores


def test_scores_are_those_of_scikit_learns_ridge_on_other_days() -> None:
    """Each fifth day by the days between, contributions in their own spread; one that never varies adds nothing."""
    rng = np.random.default_rng(12)
    day = np.repeat(np.arange(30), 20)
    contributions = rng.normal(size=(600, 4)) * (1.0, 20.0, 0.01, 0.0)
    inside = contributions[:, 0] + 40 * contributions[:, 2] + rng.normal(size=600) > 0.5
    expected = np.empty(600)
    for fold in range(5):
        own = day % 5 == fold
        mean, spread = contributions[~own].mean(axis=0), contributions[~own].std(axis=0)
        usual = (contributions - mean) / np.where(spread > 0, spread, 1.0)
        ridge = Ridge(alpha=0.01 * (~own).sum()).fit(usual[~own], inside[~own])
        expected[own] = usual[own] @ ridge.coef_
    assert cross_scores(contributions, inside, day) == pytest.approx(expected, abs=1e-9)


def test_a_row_is_scored_by_nothing_of_its_own_day() -> None:
    """Its own group, and that of its day, may be any: the score is the same."""
    rng = np.random.default_rng(13)
    day, contributions = np.repeat(np.arange(25), 8), rng.normal(size=(200, 3))
    inside = rng.random(200) < 0.4
    other = np.where(day % 5 == 2, ~inside, inside)
    same = day % 5 == 2
    before, after = cross_scores(contributions, inside, day), cross_scores(contributions, other, day)
    assert np.array_equal(before[same], after[same])
    assert (before[~same] != after[~same]).all()
