"""The calibration gate, broken on purpose."""

from dataclasses import replace

import numpy as np
import pytest

from registry.evidence.records import Evidence
from registry.gates import GateResult, Verdict
from registry.gates.calibration import judge_calibration, randomised_pit
from registry.policy.board_policy import default_policy
from tests.support.synthetic_evidence import Hospital, beds, waits, with_judge

POLICY = default_policy()


def judged(evidence: Evidence) -> GateResult:
    """The gate's result with everything in the scope."""
    part = evidence.test
    cells = tuple(sorted(set(zip(part.unit_group, map(float, part.horizon_hours), strict=True))))
    return judge_calibration(evidence, POLICY, cells)


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound bed-demand model."""
    return beds(Hospital(), np.random.default_rng(2))


@pytest.mark.parametrize("make", [waits, beds])
@pytest.mark.parametrize(
    ("narrow", "verdict"), [(1.0, Verdict.PASS), (0.6, Verdict.BLOCK), (3.0, Verdict.BLOCK)]
)
def test_intervals_too_narrow_or_too_wide_are_blocked(make: object, narrow: float, verdict: Verdict) -> None:
    """Both are wrong: the first surprises, the second says nothing."""
    evidence = make(Hospital(narrow=narrow), np.random.default_rng(2))  # type: ignore[operator]
    assert judged(evidence).verdict is verdict


def test_short_and_long_horizons_are_judged_apart(sound: Evidence) -> None:
    """Long intervals that are too narrow are not hidden by short ones that are right."""
    part = sound.test
    long = part.horizon_hours > 24
    quantiles = np.where(
        long[:, None], part.p50[:, None] + 0.4 * (part.quantiles - part.p50[:, None]), part.quantiles
    )
    result = judged(with_judge(sound, quantiles=quantiles))
    required = {f.group: f.verdict for f in result.findings if f.required and f.metric == "coverage"}
    assert (required["short"], required["long"]) == (Verdict.PASS, Verdict.BLOCK)
    assert required["72 h"] is Verdict.BLOCK
    assert not any(group.endswith(("4 h", "8 h")) for group in required)


def test_the_randomised_pit_is_uniform_where_all_is_well(sound: Evidence) -> None:
    """Whole beds, spread over their unit interval, fill every tenth of a right distribution alike."""
    pit = randomised_pit(sound.test)
    shares = np.histogram(pit[(pit > 0) & (pit < 1)], bins=10, range=(0, 1))[0] / pit.size
    assert np.abs(shares[1:-1] - 0.1).max() < 0.02


def test_every_horizon_group_and_part_of_the_day_is_reported(sound: Evidence) -> None:
    """Tails at night are looked at too, though not required."""
    groups = {f.group for f in judged(sound).findings if not f.required}
    assert {"4 h", "72 h", "group 0", "hours=00-06", "hours=18-24"} <= groups


def test_a_nan_is_inconclusive(sound: Evidence) -> None:
    """A quantile that is no number is never left out."""
    quantiles = sound.test.quantiles.copy()
    quantiles[5, 3] = np.nan
    assert judged(with_judge(sound, quantiles=quantiles)).verdict is Verdict.INCONCLUSIVE


def test_a_constant_outcome_is_inconclusive(sound: Evidence) -> None:
    """Outcomes that never change calibrate nothing, however many fall inside."""
    same = with_judge(sound, outcome=np.full(sound.test.size, 20.0))
    assert judged(same).verdict is Verdict.INCONCLUSIVE


def test_few_rows_or_an_empty_scope_are_inconclusive(sound: Evidence) -> None:
    """Nothing judged, nothing passed."""
    few = np.arange(sound.test.size) < 100
    assert judged(replace(sound, test=sound.test.part(few))).verdict is Verdict.INCONCLUSIVE
    assert judge_calibration(sound, POLICY, ()).verdict is Verdict.INCONCLUSIVE


def test_a_baseline_is_judged_everywhere(sound: Evidence) -> None:
    """A package that is only a baseline promises its intervals without a scope."""
    assert judge_calibration(replace(sound, kind="baseline"), POLICY, ()).verdict is Verdict.PASS


def test_a_p90_that_is_too_low_at_night_blocks() -> None:
    """Over the whole day it hardly shows; between midnight and six it does."""
    result = judged(waits(Hospital(night=0.7), np.random.default_rng(2)))
    found = {f.group: f for f in result.findings if f.metric == "above_p90"}
    assert found["hours=00-06"].verdict is Verdict.BLOCK
    assert found["hours=12-18"].verdict is Verdict.PASS
    assert result.verdict is Verdict.BLOCK
    coverage = next(f for f in result.findings if (f.metric, f.group) == ("coverage", "short"))
    assert coverage.verdict is Verdict.PASS


def test_a_part_of_the_day_with_too_little_to_tell_keeps_nothing_shut() -> None:
    """Nights of a small hospital: reported with their interval, and not required."""
    result = judged(waits(Hospital(visits=30), np.random.default_rng(2)))
    night = next(f for f in result.findings if (f.metric, f.group) == ("above_p90", "hours=00-06"))
    assert not night.required
    assert night.interval is not None


def test_a_few_fortnights_do_not_decide_that_intervals_are_too_wide() -> None:
    """A week ahead a test set holds seven blocks: all inside is not significantly too wide, and is reported."""
    part = beds(Hospital(), np.random.default_rng(2)).test
    week = replace(
        part.part(part.horizon_hours == 72), horizon_hours=np.full((part.horizon_hours == 72).sum(), 168.0)
    )
    wide = week.p50[:, None] + 4 * (week.quantiles - week.p50[:, None])
    day = replace(week, horizon_hours=np.full(week.size, 24.0), quantiles=wide)
    sound = beds(Hospital(), np.random.default_rng(2))
    for hospital_total, verdict, required in (
        (replace(week, quantiles=wide), Verdict.INCONCLUSIVE, False),
        (day, Verdict.BLOCK, True),
    ):
        name = f"hospital={hospital_total.horizon_hours[0]:g} h"
        found = next(f for f in judged(replace(sound, hospital=hospital_total)).findings if f.group == name)
        assert (found.metric, found.verdict, found.required) == ("coverage", verdict, required)
