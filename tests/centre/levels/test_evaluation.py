"""Levels now and ahead: what is not known is neither true nor false."""

from datetime import UTC, datetime

import numpy as np
import pytest

from centre.levels.evaluation import LevelsReading, evaluate_levels
from centre.tension.answers import CrowdingIndex, Exceedance
from hospital.dataset.quantiles import LEVELS
from registry.components.exceedance_curve import share_above
from tests.support.level_policies import condition, policy


def index(name: str, value: float | None, *missing: str) -> CrowdingIndex:
    """An index with a value, or what it lacks."""
    return CrowdingIndex(
        name=name, value=value, band=None, formula="", inputs={}, missing=missing, undefined=None
    )


def exceedance(hours: float, probability: float | None, *, calibrated: bool = True) -> Exceedance:
    """Of the hospital total."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Exceedance(
        unit=None, horizon_hours=hours, target_at=at, staffed=None if probability is None else 9.0, p10=1, p50=2,
        p90=3, probability=probability, calibrated=calibrated, trust="trusted", prediction_id="x",
    )  # fmt: skip


def now(reading: LevelsReading) -> list[str]:
    """The state of each level now."""
    return [level.state for level in reading.now]


@pytest.mark.parametrize(
    ("visits", "rate", "free", "state"),
    [
        (121, 0.4, None, "reached"),  # two of three hold, whatever the third is
        (121, 0.2, None, "not_computable"),
        (120, 0.2, None, "not_reached"),  # at the threshold is not above; one unknown cannot make two
        (None, 0.4, None, "not_computable"),
        (None, None, None, "not_computable"),
        (119, 0.4, 3, "reached"),
        (119, 0.4, 5, "not_reached"),
    ],
)
def test_two_of_three_conditions(
    visits: float | None, rate: float | None, free: float | None, state: str
) -> None:
    """A level is decided only where the unknown could not change it."""
    rules = (
        "at_least = 2\n"
        + condition("visits", "above", 120)
        + condition("admission_rate", "above", 0.3)
        + condition("free_medicine_surgery_beds", "below", 5)
    )
    indices = [
        index("visits", visits, *([] if visits else ["visits_yesterday"])),
        index("admission_rate", rate),
    ]
    reading = evaluate_levels(policy(rules), [*indices, index("free_medicine_surgery_beds", free)], None, ())
    assert now(reading) == [state]
    assert ("visits.visits_yesterday" in reading.now[0].missing) == (visits is None)


def test_the_current_level_says_which_graver_ones_are_not_known() -> None:
    """An unknown level between two known ones is below what is reached, and is no doubt."""
    levels = policy(
        condition("visits", "above", 10),
        condition("NEDOCS", "above", 100),
        condition("visits", "above", 50),
        condition("EDWIN", "above", None),
        "",
    )
    reading = evaluate_levels(levels, [index("visits", 60), index("EDWIN", 1)], None, ())
    assert (reading.policy, reading.version, reading.current) == ("p", 7, "l3")
    assert now(reading) == ["reached", "not_computable", "reached", "not_computable", "not_computable"]
    assert reading.unknown_above == ("l4", "l5")
    assert [level.missing for level in reading.now[3:]] == [("EDWIN.threshold",), ("conditions",)]
    assert reading.now[1].missing == ("NEDOCS.value",)


def test_no_level_is_reached_where_none_is_known() -> None:
    """Nothing known is not the mildest level."""
    reading = evaluate_levels(policy(condition("visits", "above", 10)), (), None, ())
    assert (reading.current, reading.unknown_above) == (None, ("l1",))


def test_ahead_is_the_totals_own_probability() -> None:
    """By the nearest horizon that has the policy's probability; at it counts, and an unknown one does not."""
    levels = policy("probability = 0.3\n" + condition("beds_needed_above_staffed", "above", 0))
    hospital = [exceedance(24, 0.3), exceedance(4, None), exceedance(8, 0.29), exceedance(72, 0.9)]
    reading = evaluate_levels(levels, (), 2.0, hospital)
    assert now(reading) == ["reached"]
    assert [(a.horizon_hours, a.probability, a.state) for a in reading.ahead] == [
        (4, None, "not_computable"),
        (8, 0.29, "not_reached"),
        (24, 0.3, "reached"),
        (72, 0.9, "reached"),
    ]
    first = reading.first_horizon("l1")
    assert first is not None
    assert (first.horizon_hours, first.probability) == (24, 0.3)


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        ("", "conditions"),
        (condition("visits", "above", 3), "visits.distribution"),
        (condition("visits", "above", None), "visits.threshold"),
        (condition("beds_needed_above_staffed", "above", 5), "beds_needed_above_staffed.distribution"),
        (condition("beds_needed_above_staffed", "below", 0), "beds_needed_above_staffed.distribution"),
        (
            condition("beds_needed_above_staffed", "above", 0) + condition("visits", "above", 3),
            "joint_distribution",
        ),
    ],
)
def test_what_has_no_distribution_has_no_probability_ahead(rules: str, missing: str) -> None:
    """It is said what is missing, and no single probability stands in for it."""
    (ahead,) = evaluate_levels(policy(rules), (), None, [exceedance(4, 0.9)]).ahead
    assert (ahead.probability, ahead.state, ahead.missing) == (None, "not_computable", (missing,))


def test_without_a_forecast_or_a_probability_in_the_policy() -> None:
    """Both are said."""
    levels = policy(condition("beds_needed_above_staffed", "above", 0))
    (ahead,) = evaluate_levels(levels, (), None, ()).ahead
    assert ahead.missing == ("beds_needed_above_staffed.forecast",)
    (ahead,) = evaluate_levels(levels, (), None, [exceedance(4, 0.9)]).ahead
    assert (ahead.probability, ahead.state, ahead.missing) == (0.9, "not_computable", ("probability",))


@pytest.mark.parametrize(
    ("indicator", "threshold"), [("beds_needed_above_staffed", 0), ("beds_needed_share_of_staffed", 100)]
)
def test_a_probability_without_skill_reaches_no_level(indicator: str, threshold: float) -> None:
    """It is given, said to be not better than its own frequency; a horizon that has skill counts."""
    levels = policy("probability = 0.2\n" + condition(indicator, "above", threshold))
    found = evaluate_levels(levels, (), None, [exceedance(4, 0.3), exceedance(24, 0.9, calibrated=False)])
    near, far = found.ahead
    assert (near.state, near.calibrated, near.missing) == ("reached", True, ())
    assert (far.state, far.calibrated, far.missing) == ("not_computable", False, (f"{indicator}.skill",))
    assert (far.probability, far.prediction_id) == (0.9, "x")
    (ahead,) = evaluate_levels(levels, (), None, [exceedance(24, 0.9, calibrated=False)]).ahead
    assert ahead.state == "not_computable"
    only = evaluate_levels(levels, (), None, [exceedance(24, 0.9, calibrated=False)])
    assert only.first_horizon(levels.levels[0].name) is None
    (ahead,) = evaluate_levels(levels, (), None, [exceedance(24, None, calibrated=False)]).ahead
    assert ahead.missing == ("beds_needed_above_staffed.staffed",)


def with_quantiles(hours: float, probability: float | None, staffed: float | None = 9.0) -> Exceedance:
    """One whose quantiles are even: from 4 beds (the lowest level) on, one bed a level."""
    quantiles = tuple(4.0 + n for n in range(len(LEVELS)))
    made = exceedance(hours, probability).model_copy(update={"staffed": staffed})
    return made.with_distribution(quantiles)


@pytest.mark.parametrize(
    ("indicator", "threshold", "beds"),
    [
        ("beds_needed_above_staffed", 2, 11),
        ("beds_needed_above_staffed", -3, 6),
        ("beds_needed_share_of_staffed", 120, 10),  # 10.8 beds: more than them is at least 11
        ("beds_needed_share_of_staffed", 85, 7),
    ],
)
def test_at_other_thresholds_a_probability_is_uncalibrated_and_reaches_nothing(
    indicator: str, threshold: float, beds: int
) -> None:
    """It is read off the quantiles, says so, and calls no level however high it is."""
    levels = policy("probability = 0.01\n" + condition(indicator, "above", threshold))
    (ahead,) = evaluate_levels(levels, [], None, [with_quantiles(4, 0.5)]).ahead
    read = share_above(np.array([4.0 + n for n in range(len(LEVELS))]), beds)
    expected = min(read, 0.5) if beds >= 9 else max(read, 0.5)
    assert ahead.probability == pytest.approx(expected)
    assert (ahead.state, ahead.calibrated) == ("not_computable", False)
    assert ahead.missing == (f"{indicator}.calibration",)
    assert ahead.prediction_id == "x"


def test_an_uncalibrated_probability_never_contradicts_the_calibrated_one() -> None:
    """It falls as the threshold rises, through what was learned at the staffed beds."""
    made = [with_quantiles(4, p) for p in (0.01, 0.5, 0.99)]
    for one in made:
        read = [one.uncalibrated_above(beds) for beds in np.arange(-1, 30, 0.25)]
        known = [r for r in read if r is not None]
        assert len(known) == len(read)
        assert known == sorted(known, reverse=True)
        assert one.probability is not None
        assert known[0] == 1.0


@pytest.mark.parametrize(
    ("indicator", "side", "threshold", "made", "missing"),
    [
        ("beds_needed_share_of_staffed", "above", 92, exceedance(4, 0.5), "distribution"),
        ("beds_needed_share_of_staffed", "above", 92, with_quantiles(4, None, None), "staffed"),
        ("beds_needed_share_of_staffed", "below", 92, with_quantiles(4, 0.5), "distribution"),
        ("boarders", "above", 5, with_quantiles(4, 0.5), "distribution"),
    ],
)
def test_what_a_probability_at_another_threshold_lacks(
    indicator: str, side: str, threshold: float, made: Exceedance, missing: str
) -> None:
    """Of boarders there is no forecast."""
    levels = policy("probability = 0.1\n" + condition(indicator, side, threshold))
    (ahead,) = evaluate_levels(levels, [], None, [made]).ahead
    assert (ahead.probability, ahead.state) == (None, "not_computable")
    assert ahead.missing == (f"{indicator}.{missing}",)


def test_the_whole_of_the_staffed_beds_is_the_calibrated_threshold() -> None:
    """A hundred per cent of them and none beyond them are one condition."""
    levels = policy("probability = 0.3\n" + condition("beds_needed_share_of_staffed", "above", 100))
    (ahead,) = evaluate_levels(levels, [], None, [with_quantiles(4, 0.4)]).ahead
    assert (ahead.probability, ahead.state, ahead.calibrated) == (0.4, "reached", True)
    share = {"beds_needed_share_of_staffed": 101.0}
    assert now(evaluate_levels(levels, [], None, [], share)) == ["reached"]
