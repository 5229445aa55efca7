"""How well contributions tell a group: areas under the curve, and an error that counts days once."""

import numpy as np
import pytest

from registry.facts.proxy_facts import area_with_error
from training.refits.proxies import cross_scores


def test_scores_of_chance_tell_nothing_and_areas_are_areas() -> None:
    """Cross-validated by day: what is not there is not found; what is there is, up to the sign."""
    rng = np.random.default_rng(3)
    values, inside, day = rng.normal(size=(4000, 12)), rng.random(4000) < 0.3, np.repeat(np.arange(100), 40)
    auc, error = area_with_error(cross_scores(values, inside, day), inside, day)
    assert auc == pytest.approx(0.5, abs=4 * error)
    values[:, 3] -= 1.0 * inside
    assert area_with_error(cross_scores(values, inside, day), inside, day)[0] > 0.7
    assert area_with_error(values[:, 3], inside, day)[0] < 0.3
    tied = area_with_error(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, True, False, True]), np.arange(4))
    assert tied[0] == 0.875
    assert np.isnan(area_with_error(np.ones(3), np.ones(3, bool), np.arange(3))).all()


def test_the_error_of_an_area_is_that_of_repeated_days() -> None:
    """Rows of a day that are alike count once: the stated error is what the area really strays by."""
    rng, areas, errors = np.random.default_rng(4), [], []
    day = np.repeat(np.arange(40), 25)
    for _ in range(300):
        inside = np.repeat(rng.random(40) < 0.4, 25) ^ (rng.random(1000) < 0.2)
        scores = 0.3 * inside + np.repeat(rng.normal(size=40), 25) + 0.5 * rng.normal(size=1000)
        auc, error = area_with_error(scores, inside, day)
        areas.append(auc)
        errors.append(error)
    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.15)
