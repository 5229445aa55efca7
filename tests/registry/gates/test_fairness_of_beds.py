"""The fairness gate of bed demand, broken on purpose."""

from dataclasses import replace

import numpy as np
import pytest

from hospital.times import DAY
from registry.evidence.records import Evidence
from registry.gates import Verdict
from registry.gates.fairness import judge_fairness
from tests.support.judged_fairness import POLICY, judged, of
from tests.support.synthetic_evidence import Hospital, beds, with_judge


@pytest.fixture(scope="module")
def sound_beds() -> Evidence:
    """A sound bed-demand model."""
    return beds(Hospital(), np.random.default_rng(3))


def test_sound_beds_pass_by_unit_group(sound_beds: Evidence) -> None:
    """One site is nobody's comparison; unit groups are judged."""
    result = judged(sound_beds)
    assert result.verdict is Verdict.PASS
    assert {f.group for f in result.findings if f.required} == {f"unit_group=group {i}" for i in range(4)}


def test_beds_promised_and_not_there_are_blocked(sound_beds: Evidence) -> None:
    """One unit group's demand under-predicted by a tenth."""
    part = sound_beds.test
    mine = (part.unit_group == "group 1")[:, None]
    result = judged(with_judge(sound_beds, quantiles=np.where(mine, part.quantiles * 0.85, part.quantiles)))
    assert result.verdict is Verdict.BLOCK
    assert of(result, "unit_group=group 1", "relative_bias").verdict is Verdict.BLOCK
    assert of(result, "unit_group=group 0", "relative_bias").verdict is Verdict.PASS


def test_sites_are_judged_where_there_are_several(sound_beds: Evidence) -> None:
    """A hospital group must not serve one site worse."""
    sites = np.where(sound_beds.test.unit_group == "group 0", "A", "B").astype(object)
    before = np.where(sound_beds.validation.unit_group == "group 0", "A", "B").astype(object)
    evidence = with_judge(sound_beds, site=sites)
    evidence = replace(evidence, validation=replace(evidence.validation, site=before))
    assert {"site=A", "site=B"} <= {f.group for f in judged(evidence).findings if f.required}


def test_a_unit_group_without_demand_is_inconclusive(sound_beds: Evidence) -> None:
    """A closed unit group has no demand to be a share of."""
    mine = sound_beds.test.unit_group == "group 2"
    closed = with_judge(sound_beds, outcome=np.where(mine, 0.0, sound_beds.test.outcome))
    assert of(judged(closed), "unit_group=group 2", "relative_bias").note == "constant_outcome"


def test_nothing_in_scope_is_inconclusive(sound_beds: Evidence) -> None:
    """Without a scope there is no group to judge."""
    assert judge_fairness(sound_beds, POLICY, ()).verdict is Verdict.INCONCLUSIVE


def _volatile(evidence: Evidence, shares: float, bias: float) -> Evidence:
    """Group 1 departs from its forecasts by `shares` of its demand, one week up, one week down; and by `bias`."""
    part = evidence.test
    mine = part.unit_group == "group 1"
    week = (part.prediction_time - part.prediction_time.min()) // (7 * DAY)
    demand = part.outcome[mine].mean()
    moved = part.outcome + demand * (np.where(week % 2, shares, -shares) + bias)
    # Its intervals are as wide as such weeks take: how often they hold is another finding.
    wide = part.p50[:, None] + 12 * (part.quantiles - part.p50[:, None])
    quantiles = np.where(mine[:, None], wide, part.quantiles)
    return with_judge(evidence, outcome=np.where(mine, moved, part.outcome), quantiles=quantiles)


def test_a_unit_group_too_variable_to_pass_is_listed_with_the_weeks_it_lacks(
    sound_beds: Evidence,
) -> None:
    """Nobody could show that it is without a disparity: the gate says what it would take, and goes by the others."""
    result = judged(_volatile(sound_beds, shares=0.2, bias=0.03))
    finding = of(result, "unit_group=group 1", "relative_bias")
    assert (finding.verdict, finding.required) == (Verdict.INCONCLUSIVE, False)
    assert finding.note == "needs_more_weeks"
    assert 50 < finding.lacking < 250  # (3.1 × 20 % / 5 %)² weeks in all, with the quantile of few weeks
    assert result.verdict is Verdict.PASS


def test_a_unit_group_too_variable_to_pass_is_blocked_all_the_same(sound_beds: Evidence) -> None:
    """Being variable protects nobody from being seen at a disadvantage."""
    result = judged(_volatile(sound_beds, shares=0.2, bias=0.4))
    assert of(result, "unit_group=group 1", "relative_bias").verdict is Verdict.BLOCK
    assert result.verdict is Verdict.BLOCK


def test_a_disadvantaged_group_does_not_leave_by_being_so(sound_beds: Evidence) -> None:
    """Only how weeks vary decides who is judged: a steady disparity, however large, changes nothing of it."""
    result = judged(_volatile(sound_beds, shares=0.0, bias=0.055))
    finding = of(result, "unit_group=group 1", "relative_bias")
    assert finding.required
    assert finding.lacking == 0
    assert not result.verdict.opens


def test_a_unit_groups_intervals_are_judged_too(sound_beds: Evidence) -> None:
    """Beds promised with more certainty than there is."""
    part = sound_beds.test
    mine = (part.unit_group == "group 3")[:, None]
    sure = part.p50[:, None] + 0.3 * (part.quantiles - part.p50[:, None])
    result = judged(with_judge(sound_beds, quantiles=np.where(mine, sure, part.quantiles)))
    assert of(result, "unit_group=group 3", "outside_interval").verdict is Verdict.BLOCK
    assert of(result, "unit_group=group 0", "outside_interval").verdict is Verdict.PASS


def test_intervals_of_a_unit_group_that_do_not_decide_hold_nothing_up(sound_beds: Evidence) -> None:
    """Too narrow by what may be chance: shown with its interval, and only what is significantly too narrow blocks."""
    part = sound_beds.test
    mine = (part.unit_group == "group 3")[:, None]
    sure = part.p50[:, None] + 0.77 * (part.quantiles - part.p50[:, None])
    result = judged(with_judge(sound_beds, quantiles=np.where(mine, sure, part.quantiles)))
    finding = of(result, "unit_group=group 3", "outside_interval")
    assert finding.value is not None
    assert finding.value > of(judged(sound_beds), "unit_group=group 3", "outside_interval").value  # type: ignore[operator]
    assert not finding.required
    assert result.verdict is Verdict.PASS
