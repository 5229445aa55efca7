"""What the validation set shows of a disparity: the judged days need less to show it again, and it decides nothing."""

from dataclasses import replace

import numpy as np
import pytest

from registry.evidence.records import EarlierGap, Evidence
from registry.gates import Finding, Verdict
from registry.gates.fairness import judge_fairness
from registry.gates.wait_fairness import WaitFairness
from registry.policy.board_policy import default_policy
from registry.statistics.disparities import Disparity
from registry.statistics.groups import group_names
from tests.support.multiple_testing import rejections
from tests.support.synthetic_evidence import Hospital, waits

POLICY = default_policy()
HARMED = "sex=F*00-06"


@pytest.fixture(scope="module")
def harmed() -> Evidence:
    """Women wait a fifth longer between midnight and six, on all days."""
    return waits(Hospital(unfair_night=1.2), np.random.default_rng(2))


@pytest.fixture(scope="module")
def of_late(harmed: Evidence) -> Evidence:
    """The same, but not among the validation set's visits."""
    before = harmed.validation
    women = (group_names(before.audit["sex"]) == "F") & (before.local_hour < 6)
    outcome = np.where(women, before.outcome / 1.2, before.outcome)
    return replace(harmed, validation=replace(before, outcome=outcome))


def of_harmed(evidence: Evidence) -> list[Finding]:
    """What the gate finds of the harmed women."""
    return [f for f in judge_fairness(evidence, POLICY, ()).findings if f.group == HARMED]


def test_a_disparity_of_a_few_hours_that_was_there_before_blocks(harmed: Evidence, of_late: Evidence) -> None:
    """Of 250 comparisons: new on the judged days it keeps the gate shut, and does not block."""
    assert Verdict.BLOCK in {f.verdict for f in of_harmed(harmed)}
    shut = [f for f in of_harmed(of_late) if f.required]
    assert {(f.verdict, f.note) for f in shut} == {(Verdict.INCONCLUSIVE, "harm_shown")}
    figures = [{f.metric: (f.value, f.interval) for f in of_harmed(e)} for e in (harmed, of_late)]
    assert figures[0] == figures[1]  # no figure is of the days before


def test_statsmodels_would_not_have_blocked_it_among_all_of_them(harmed: Evidence) -> None:
    """Holm's step-down without an order: none of the disparities of this hospital is rejected."""
    found = [d for d in WaitFairness(harmed, POLICY).found() if isinstance(d, Disparity)]
    assert len(found) > 200
    assert not any(rejections([d.found.p_above(d.margin) for d in found], POLICY.document.alpha, "holm"))
    assert sum(d.earlier is not None for d in found) > 0.8 * len(found)


def test_the_validation_set_alone_shuts_nothing(harmed: Evidence) -> None:
    """Who waited longer then, and does not now, is not harmed by the version that is judged."""
    test = harmed.test
    women = (group_names(test.audit["sex"]) == "F") & (test.local_hour < 6)
    calm = replace(harmed, test=replace(test, outcome=np.where(women, test.outcome / 1.2, test.outcome)))
    assert judge_fairness(calm, POLICY, ()).verdict is Verdict.PASS


def test_without_a_validation_set_there_is_no_order(harmed: Evidence) -> None:
    """No row of it: the plain step-down."""
    nothing = np.zeros(harmed.validation.size, bool)
    alone = replace(harmed, validation=harmed.validation.part(nothing))
    found = [d for d in WaitFairness(alone, POLICY).found() if isinstance(d, Disparity)]
    assert {d.earlier for d in found} == {None}


def test_a_group_pooled_over_versions_has_no_place_in_the_order(harmed: Evidence) -> None:
    """An earlier version's judged days may be this one's validation set: chance would then be counted twice."""
    group = "language=other"
    past = EarlierGap(group, "log_error", 0.0, 0.02, 90, 1000)

    def known(evidence: Evidence) -> set[str]:
        found = [d for d in WaitFairness(evidence, POLICY).found() if isinstance(d, Disparity)]
        return {d.group for d in found if d.earlier is not None}

    assert known(harmed) - known(replace(harmed, earlier_gaps=(past,))) == {group}


def test_a_certain_disparity_beyond_the_margin_is_not_passed_over() -> None:
    """That women wait longer at night is certain, and the estimate beyond the margin: its own 95 % interval is not."""
    hospital = waits(Hospital(unfair_night=1.2), np.random.default_rng(1))
    result = judge_fairness(hospital, POLICY, ())
    kept = [f for f in result.findings if f.group == HARMED and f.required]
    assert {(f.verdict, f.note) for f in kept} == {(Verdict.INCONCLUSIVE, "harm_certain")}
    assert result.verdict is Verdict.INCONCLUSIVE
    for f in kept:
        assert f.interval is not None
        assert f.value is not None
        assert f.threshold is not None
        assert 0 < f.value - 1.96 / 1.645 * (f.value - f.interval[0]) < f.threshold < f.value
