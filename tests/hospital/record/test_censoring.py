"""Weights of waits that nobody saw the end of: a published survival curve, statsmodels' Kaplan-Meier, and by hand."""

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from hospital.arrays import Array
from hospital.record.censoring import MAX_WEIGHT, censoring_weights


def weights_of(minutes: Array, censored: Array, *levels: str) -> Array:
    """Of one triage level, or of those given."""
    stratum = np.array(levels or ["3"] * minutes.size, object)
    return censoring_weights(minutes, censored, stratum)


def statsmodels_weights(minutes: Array, censored: Array) -> Array:
    """1 over the share that statsmodels finds uncensored before each visit was seen; a tie was seen first."""
    curve = SurvfuncRight(minutes - 1e-6 * ~censored, censored.astype(int))
    before = np.searchsorted(curve.surv_times, minutes, "left")
    share = np.concatenate([[1.0], curve.surv_prob])[before]
    return np.where(censored, 0.0, 1 / np.maximum(share, 1 / MAX_WEIGHT))


def test_the_published_remissions_under_6_mercaptopurine() -> None:
    """Freireich et al. 1963: weights of seen ends, added up, are the survival curve as it was published."""
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    still_in_remission = [3, 5, 7, 8, 11, 12, 13, 16, 17, 18, 19, 20]
    minutes, censored = np.array(weeks, float), np.isin(np.arange(21), still_in_remission)
    weights = weights_of(minutes, censored)
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for week, survival in published.items():
        assert 1 - weights[minutes <= week].sum() / 21 == pytest.approx(survival, abs=5e-4)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.4])
def test_weights_are_1_over_statsmodels_share_of_the_uncensored(rate: float) -> None:
    """Whole minutes, so that many end at the same one, seen or not."""
    rng = np.random.default_rng(1)
    for n in (30, 57, 400):
        minutes, censored = rng.integers(0, 90, n).astype(float), rng.uniform(size=n) < rate
        assert weights_of(minutes, censored) == pytest.approx(statsmodels_weights(minutes, censored))


def test_four_visits_by_hand() -> None:
    """One of three leaves at 2: those seen later count for 3/2. At the same minute who was seen was first."""
    minutes, censored = np.array([3.0, 1, 2, 4]), np.array([False, False, True, False])
    assert weights_of(minutes, censored).tolist() == pytest.approx([1.5, 1, 0, 1.5])
    tied = np.array([1.0, 1, 1, 4])
    assert weights_of(tied, np.array([True, False, False, False])).tolist() == pytest.approx([0, 1, 1, 2])


def test_nobody_speaks_for_more_than_ten() -> None:
    """Of 31 all but the last leave: it would count for 31."""
    minutes, censored = np.arange(31.0), np.arange(31) < 30
    assert weights_of(minutes, censored).tolist() == [0.0] * 30 + [10.0]


def test_levels_have_curves_of_their_own_from_thirty_visits_on() -> None:
    """Thirty of level 2 are alone; 29 of level 4 and 3 without a level are taken together."""
    rng = np.random.default_rng(2)
    for of_the_first, alone in ((30, True), (29, False)):
        levels = ["2"] * of_the_first + ["4"] * 29 + ["None"] * 3
        n = len(levels)
        minutes, censored = rng.uniform(0, 90, n), rng.uniform(size=n) < 0.3
        found = weights_of(minutes, censored, *levels)
        first = np.arange(n) < of_the_first
        parts = (first, ~first) if alone else (np.ones(n, bool),)
        for part in parts:
            expected = statsmodels_weights(minutes[part], censored[part])
            assert found[part] == pytest.approx(expected)
