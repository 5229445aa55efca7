"""Holm's step-down over groups and scores, beside statsmodels and by hand."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from registry.statistics.disparities import Disparity, verdicts
from registry.statistics.error_rates import Levels
from registry.statistics.intervals import Estimate
from registry.statistics.verdict import Verdict
from tests.support.multiple_testing import rejections

LEVELS = Levels(passing=0.05, blocking=0.05)


@dataclass(frozen=True)
class WithP(Estimate):
    """An estimate whose p-value is stated, so that a case lies exactly where it is meant to."""

    p: float = 1.0

    def p_above(self, threshold: float) -> float:
        """The stated p-value, whatever the threshold."""
        return self.p


def disparity(p: float, group: str = "a") -> Disparity:
    """A group with a stated p-value and an interval that lets nothing pass."""
    return Disparity("score", group, WithP(1.0, 1.0, 10, p), margin=0.0, n=100)


def blocked(*p_values: float, levels: Levels = LEVELS) -> list[bool]:
    """Which of these hypotheses are rejected, in the order given."""
    found = verdicts([disparity(p, str(i)) for i, p in enumerate(p_values)], levels)
    by_group = {f.group: f.verdict for f in found}
    return [by_group[str(i)] is Verdict.BLOCK for i in range(len(p_values))]


def test_the_same_hypotheses_are_rejected_as_by_statsmodels() -> None:
    """Of 100 sets of 1 to 12 t statistics, each blocks exactly what statsmodels' Holm rejects."""
    rng = np.random.default_rng(1)
    both = {True: 0, False: 0}
    for _ in range(100):
        estimates = [
            Estimate(float(rng.normal(1, 1.5)), float(rng.uniform(0.2, 1)), int(rng.integers(2, 40)))
            for _ in range(int(rng.integers(1, 13)))
        ]
        disparities = [Disparity("score", str(i), e, 0.1, 100) for i, e in enumerate(estimates)]
        expected = rejections([e.p_above(0.1) for e in estimates], 0.05, "holm")
        verdict = {f.group: f.verdict is Verdict.BLOCK for f in verdicts(disparities, LEVELS)}
        assert [verdict[str(i)] for i in range(len(disparities))] == expected
        for rejected in expected:
            both[rejected] += 1
    assert min(both.values()) > 75


def test_the_first_that_is_not_rejected_ends_the_blocks() -> None:
    """0.04 is under 0.05 / 1, but 0.03 before it was not under 0.05 / 2."""
    assert blocked(0.001, 0.03, 0.04) == [True, False, False]
    assert blocked(0.001, 0.02, 0.04) == [True, True, True]


def test_each_step_divides_by_the_hypotheses_that_are_left() -> None:
    """Four hypotheses: 0.05 / 4, / 3, / 2, / 1, and a p-value that equals its level is not under it."""
    assert blocked(0.0124, 0.016, 0.024, 0.049) == [True, True, True, True]
    assert blocked(0.05 / 4, 0.016, 0.024, 0.049) == [False, False, False, False]
    assert blocked(0.0124, 0.05 / 3, 0.024, 0.049) == [True, False, False, False]
    assert blocked(0.0124, 0.016, 0.05 / 2, 0.049) == [True, True, False, False]
    assert blocked(0.0124, 0.016, 0.024, 0.05) == [True, True, True, False]


def test_hypotheses_are_taken_by_p_value_and_not_in_the_order_they_come() -> None:
    """The smallest p-value is held to the strictest level, wherever it stands."""
    assert blocked(0.04, 0.02, 0.001) == [True, True, True]
    assert blocked(0.04, 0.03, 0.001) == [False, False, True]


def test_blocks_are_held_to_the_blocking_level_and_passes_to_the_passing_one() -> None:
    """The rates differ once several versions were tried: a block never gets dearer, a pass does."""
    levels = Levels(passing=0.0005, blocking=0.05)
    assert blocked(0.01, levels=levels) == [True]
    just = Estimate(0.0, 1.0, 10**6)
    sure = Disparity("score", "a", just, margin=1.7, n=100)  # 1.645 at 5 %, 3.29 at 0.05 %
    assert verdicts([sure], LEVELS)[0].verdict is Verdict.PASS
    assert verdicts([sure], levels)[0].verdict is Verdict.INCONCLUSIVE
    assert verdicts([sure], levels)[0].interval == just.interval(0.0005)


def test_an_upper_bound_on_the_margin_passes() -> None:
    """At the margin itself no more than is tolerated was shown."""
    exact = Disparity("score", "a", Estimate(0.25, 0.0, 10), margin=0.25, n=100)
    assert verdicts([exact], LEVELS)[0].verdict is Verdict.PASS
    assert verdicts([replace(exact, margin=0.2499)], LEVELS)[0].verdict is Verdict.BLOCK


@pytest.mark.parametrize("judged", [True, False])
def test_what_a_group_lacks_keeps_it_from_passing_but_not_from_being_blocked(judged: bool) -> None:
    """A group that is judged passes by its bound; one that can only block, and lacks rows, is listed with how many."""
    sound = Disparity(
        "score", "a", Estimate(0.0, 0.0, 10), 0.1, 100, lacking=40, note="needs_more_rows", judged=judged
    )
    found = verdicts([sound], LEVELS)[0]
    assert found.verdict is (Verdict.PASS if judged else Verdict.INCONCLUSIVE)
    assert (found.lacking, found.note) == ((0, "") if judged else (40, "needs_more_rows"))
    complete = verdicts([replace(sound, lacking=0, note="")], LEVELS)[0]
    assert (complete.verdict, complete.required) == (Verdict.PASS, judged)
    disadvantaged = verdicts([replace(sound, found=Estimate(1.0, 0.0, 10))], LEVELS)[0]
    assert (disadvantaged.verdict, disadvantaged.required) == (Verdict.BLOCK, True)


def test_a_bound_that_nothing_limits_is_no_interval() -> None:
    """An estimate without a standard deviation is neither blocked nor let pass."""
    found = verdicts([Disparity("score", "a", Estimate(5.0, float("inf"), 1), 0.1, 100)], LEVELS)[0]
    assert (found.verdict, found.interval) == (Verdict.INCONCLUSIVE, None)


def test_what_its_own_interval_shows_keeps_the_gate_shut_though_holm_does_not_block() -> None:
    """One of twelve: 0.02 is not under 0.05 / 12, and is under 2.5 %; 2.5 % itself is not, and 3 % is not."""

    def of_twelve(p: float) -> tuple[Verdict, bool, str, int]:
        small = replace(disparity(p), lacking=40, note="needs_more_rows", judged=False)
        found = verdicts([small, *(disparity(0.9, str(i)) for i in range(11))], LEVELS)
        one = next(f for f in found if f.group == "a")
        return one.verdict, one.required, one.note, one.lacking

    assert of_twelve(0.02) == (Verdict.INCONCLUSIVE, True, "harm_shown", 40)
    for p in (0.025, 0.03):
        assert of_twelve(p) == (Verdict.INCONCLUSIVE, False, "needs_more_rows", 40)


def test_a_disparity_must_pass_and_lacks_nothing_where_nothing_else_is_said() -> None:
    """What does not decide keeps the gate shut; a group that lacks rows does so only where it is required."""
    found = verdicts([disparity(0.5)], LEVELS)[0]
    assert (found.verdict, found.required, found.note, found.lacking) == (Verdict.INCONCLUSIVE, True, "", 0)
    small = replace(disparity(0.5), lacking=3, note="needs_more_rows")
    for required in (small.required, True):
        listed = verdicts([replace(small, required=required)], LEVELS)[0]
        assert (listed.verdict, listed.required, listed.lacking) == (Verdict.INCONCLUSIVE, required, 3)
    assert small.required is False
