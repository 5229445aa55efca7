"""What several versions tried on the same days cost a pass (Bonferroni), beside statsmodels and by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from registry.evidence.records import Evidence
from registry.policy.board_policy import default_policy
from registry.statistics.error_rates import Levels
from registry.statistics.intervals import Estimate
from registry.statistics.verdict import Verdict
from tests.support.multiple_testing import rejections
from tests.support.synthetic_evidence import Hospital, waits

POLICY = default_policy()
EXACT = Levels(0.05, 0.05)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Evidence of a hospital."""
    return waits(Hospital(visits=5), np.random.default_rng(1))


def test_the_passing_level_is_shared_by_the_attempts_and_the_blocking_one_is_not(evidence: Evidence) -> None:
    """Alpha over 4 for a pass, alpha for a block; no attempt counted is one."""
    alpha = POLICY.document.alpha
    assert Levels.of(replace(evidence, attempts=4), POLICY) == Levels(alpha / 4, alpha)
    assert Levels.of(replace(evidence, attempts=1), POLICY) == Levels(alpha, alpha)
    assert Levels.of(replace(evidence, attempts=0), POLICY) == Levels(alpha, alpha)


@pytest.mark.parametrize("attempts", [1, 2, 3, 7])
def test_a_version_passes_where_statsmodels_rejects_after_bonferroni(
    evidence: Evidence, attempts: int
) -> None:
    """300 samples: SciPy's p-value times the attempts is under alpha exactly where the lower bound lets pass."""
    rng, levels = np.random.default_rng(2), Levels.of(replace(evidence, attempts=attempts), POLICY)
    passes = 0
    for _ in range(300):
        sample = rng.normal(0.6, 1, 20)
        p_values = [stats.ttest_1samp(sample, 0, alternative="greater").pvalue] + [1.0] * (attempts - 1)
        expected = rejections(p_values, POLICY.document.alpha, "bonferroni")[0]
        found = Estimate(float(sample.mean()), float(stats.sem(sample)), 20)
        assert (levels.at_least(found, 0.0) is Verdict.PASS) == expected
        passes += expected
    assert 100 < passes < 300


def exactly(value: float) -> Estimate:
    """A value that chance does not move."""
    return Estimate(value, 0.0, 10)


def test_at_least_passes_above_and_blocks_under_its_own_limit() -> None:
    """At the limit itself neither; between both limits neither."""
    verdicts = {v: EXACT.at_least(exactly(v), 0.5, blocks_under=0.25) for v in (0.75, 0.5, 0.25, 0.125)}
    assert verdicts == {
        0.75: Verdict.PASS,
        0.5: Verdict.INCONCLUSIVE,
        0.25: Verdict.INCONCLUSIVE,
        0.125: Verdict.BLOCK,
    }
    assert EXACT.at_least(exactly(0.25), 0.5) is Verdict.BLOCK
    assert EXACT.at_least(exactly(0.25), 0.5, blocks_under=0.0) is Verdict.INCONCLUSIVE
    assert EXACT.at_least(exactly(-0.25), 0.5, blocks_under=0.0) is Verdict.BLOCK


def test_at_most_and_within_include_their_limits() -> None:
    """What equals a limit is not beyond it."""
    assert EXACT.at_most(exactly(0.5), 0.5) is Verdict.PASS
    assert EXACT.at_most(exactly(0.75), 0.5) is Verdict.BLOCK
    touching = Levels(passing=0.05, blocking=0.5)  # a bound at a half is the estimate itself
    assert touching.at_most(Estimate(0.5, 1.0, 10**6), 0.5) is Verdict.INCONCLUSIVE
    assert touching.within(Estimate(0.5, 1.0, 10**6), 0.25, 0.5) is Verdict.INCONCLUSIVE
    assert touching.within(Estimate(0.25, 1.0, 10**6), 0.25, 0.5) is Verdict.INCONCLUSIVE
    assert EXACT.within(exactly(0.25), 0.25, 0.5) is Verdict.PASS
    assert EXACT.within(exactly(0.5), 0.25, 0.5) is Verdict.PASS
    assert EXACT.within(exactly(0.125), 0.25, 0.5) is Verdict.BLOCK
    assert EXACT.within(exactly(0.75), 0.25, 0.5) is Verdict.BLOCK


def test_a_pass_uses_the_passing_level_and_a_block_the_blocking_one() -> None:
    """A bound 3 deviations away: sure at 5 % (1.64), not at 0.05 % (3.29), for each of the three questions."""
    strict, far = Levels(passing=0.0005, blocking=0.05), 10**6
    above, below = Estimate(3.0, 1.0, far), Estimate(-3.0, 1.0, far)
    assert EXACT.at_least(above, 0.0) is Verdict.PASS
    assert strict.at_least(above, 0.0) is Verdict.INCONCLUSIVE
    assert strict.at_least(below, 0.0) is Verdict.BLOCK
    assert EXACT.at_most(below, 0.0) is Verdict.PASS
    assert strict.at_most(below, 0.0) is Verdict.INCONCLUSIVE
    assert strict.at_most(above, 0.0) is Verdict.BLOCK
    assert EXACT.within(Estimate(0.0, 1.0, far), -3.0, 3.0) is Verdict.PASS
    assert strict.within(Estimate(0.0, 1.0, far), -3.0, 9.0) is Verdict.INCONCLUSIVE
    assert strict.within(Estimate(0.0, 1.0, far), -9.0, 3.0) is Verdict.INCONCLUSIVE
    assert strict.within(above, -9.0, 0.0) is Verdict.BLOCK
    assert strict.within(below, 0.0, 9.0) is Verdict.BLOCK


def test_what_is_as_good_as_wanted_is_no_ground_to_block() -> None:
    """Where no limit of its own is given for a block, it is the one for a pass."""
    assert EXACT.at_least(exactly(0.5), 0.5) is Verdict.INCONCLUSIVE
    assert EXACT.at_least(exactly(0.499), 0.5) is Verdict.BLOCK
