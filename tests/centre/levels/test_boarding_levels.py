"""Levels that rest on boarders: ahead at the one threshold that was learned, and where it was shown to be worth it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from centre.levels.boarding_threshold import boarding_threshold_of
from centre.levels.evaluation import LevelsReading, evaluate_levels
from centre.tension.boarding import NO_BOARDING, BoardingAhead
from serving.interface.emergency.boarding import BoardingForecast
from tests.support.level_policies import condition, policy

PROBABLE = "probability = 0.4\n"
AT = datetime(2026, 1, 1, tzinfo=UTC)


def ahead(hours: float, probability: float, *, counts: bool = True) -> BoardingForecast:
    """At one horizon."""
    return BoardingForecast(hours, AT, 6.0, probability, -1.0, (), counts, 40)


def reading(
    threshold: float | None, boarding: BoardingAhead, level: str = PROBABLE, now: float | None = 3.0
) -> LevelsReading:
    """Of a policy of one level."""
    made = policy(level + condition("boarders", "above", threshold))
    return evaluate_levels(made, [], None, [], {"boarders": now}, boarding)


def test_a_level_is_expected_at_the_horizon_at_which_boarding_is_probable_enough() -> None:
    """By the policy's probability; not at another horizon."""
    found = reading(6, BoardingAhead(6.0, (ahead(4, 0.39), ahead(8, 0.4)), ()))
    assert [(a.horizon_hours, a.state, a.indicator) for a in found.ahead] == [
        (4, "not_reached", "boarders"),
        (8, "reached", "boarders"),
    ]
    first = found.first_horizon("l1")
    assert first is not None
    assert (first.horizon_hours, first.probability, first.prediction_id) == (8, 0.4, None)


def test_a_probability_that_was_not_shown_to_be_worth_it_is_given_and_reaches_nothing() -> None:
    """However high it is."""
    found = reading(6, BoardingAhead(6.0, (ahead(4, 0.99, counts=False),), ()))
    (only,) = found.ahead
    assert (only.probability, only.state, only.calibrated) == (0.99, "not_computable", False)
    assert only.missing == ("boarders.skill",)
    assert found.first_horizon("l1") is None


@pytest.mark.parametrize(
    ("threshold", "boarding", "missing"),
    [
        (7, BoardingAhead(6.0, (ahead(4, 0.9),), ()), "boarders.other_threshold"),
        (6, NO_BOARDING, "boarders.distribution"),
        (6, BoardingAhead(6.0, (), ("visits.left_at",)), "boarders.visits.left_at"),
        (6, BoardingAhead(6.0, (), ("no_forecast",)), "boarders.no_forecast"),
        (None, BoardingAhead(6.0, (ahead(4, 0.9),), ()), "boarders.threshold"),
    ],
)
def test_why_there_is_none_is_said(threshold: float | None, boarding: BoardingAhead, missing: str) -> None:
    """Another threshold than the one that was learned says nothing of this one."""
    (only,) = reading(threshold, boarding).ahead
    assert (only.probability, only.state, only.missing) == (None, "not_computable", (missing,))


def test_without_a_probability_in_the_policy_it_is_shown_and_not_judged() -> None:
    """The hospital did not say from which probability on it counts."""
    (only,) = reading(6, BoardingAhead(6.0, (ahead(4, 0.9),), ()), level="").ahead
    assert (only.probability, only.state, only.missing) == (0.9, "not_computable", ("probability",))


@pytest.mark.parametrize(
    ("levels", "threshold"),
    [
        ([condition("boarders", "above", 6), condition("boarders", "above", 12)], 6),
        ([condition("NEDOCS", "above", 100), condition("boarders", "above", 12)], 12),
        ([condition("boarders", "above", None)], None),
        ([condition("boarders", "below", 3)], None),
        (["at_least = 1\n" + condition("boarders", "above", 6) + condition("NEDOCS", "above", 100)], None),
    ],
)
def test_the_threshold_that_training_learns_is_the_mildest_level_s(levels: list[Any], threshold: Any) -> None:
    """Of a level that rests on boarders alone."""
    assert boarding_threshold_of(policy(*levels)) == threshold
