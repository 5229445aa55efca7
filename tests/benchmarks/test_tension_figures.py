"""Figures of tension, on numbers that can be counted by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecasts.boarding import auc, crowding_of, shortage, threshold_of
from benchmarks.forecasts.tension import Probabilities, brier_skill, reliability_slope

EVENT = np.array([True, False, True, False])


def judged(*probability: float) -> Probabilities:
    """Beside a climatology of a half."""
    return Probabilities(np.array(probability), np.full(4, 0.5), np.full(4, 0.25), EVENT)


def test_skill_is_over_climatology() -> None:
    """Climatology errs by a quarter: none of it is all skill, all of it none, twice of it worse."""
    assert brier_skill(judged(1, 0, 1, 0)) == 1.0
    assert brier_skill(judged(0.5, 0.5, 0.5, 0.5)) == 0.0
    assert brier_skill(judged(0, 1, 0, 1)) == -3.0
    own = judged(0.5, 0.5, 0.5, 0.5)
    assert brier_skill(own, own.often) == pytest.approx(1 - 0.25 / ((0.75**2 + 0.25**2) / 2))


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


def test_a_shortage_is_what_is_needed_beyond_each_unit_s_staffed_beds() -> None:
    """Free beds of one unit are none of another's; units of one time and horizon add up, whether they fill together."""
    quantiles = np.array([np.full(19, 22.0), np.full(19, 10.0), np.linspace(11, 29, 19)])
    time, horizon, unit = np.array([1, 1, 2]), np.full(3, 4.0), np.array([0, 1, 0])
    found = shortage(quantiles, np.array([20.0, 15.0, 20.0]), time, horizon)
    assert unit.size == 3
    assert found.total.tolist() == [2.0, pytest.approx(sum(range(1, 10)) / 19)]
    assert (found.time.tolist(), found.rows.tolist()) == ([1, 2], [2, 1])


def test_the_threshold_is_exceeded_at_a_fifth_of_times_before_at_most() -> None:
    """Fixed before what is judged is seen."""
    assert threshold_of(np.array([0, 0, 0, 0, 1, 1, 2, 2, 3, 9])) == 2
    assert threshold_of(np.zeros(10)) == 0


def test_nedocs_inputs_are_those_of_now() -> None:
    """Who came and has not left; a request of later is no boarding yet; the last who was seen, however long ago."""
    visits = pd.DataFrame(
        {
            "arrived_at": ["2026-01-05 08:00", "2026-01-05 09:00", "2026-01-05 09:30", "2026-01-05 13:00"],
            "triaged_at": ["2026-01-05 08:05", "2026-01-05 09:05", None, None],
            "seen_at": ["2026-01-05 08:30", "2026-01-05 10:30", None, None],
            "bed_requested_at": ["2026-01-05 10:00", "2026-01-05 12:30", None, None],
            "left_at": [None, None, "2026-01-05 11:00", None],
            "critical": ["yes", "no", "no", "yes"],
        }
    )
    for name in visits.columns[:-1]:
        visits[name] = pd.to_datetime(visits[name], utc=True)
    noon = np.array([pd.Timestamp("2026-01-05 12:00", tz="UTC").value // 1000])
    found = crowding_of(visits, noon)
    assert {k: v.tolist() for k, v in found.items()} == {
        "patients": [2.0],
        "boarders": [1.0],
        "critical": [1.0],
        "longest_boarding_hours": [2.0],
        "last_wait_hours": [1.5],
    }
