"""The drift gate's interval: the fit's own error and Bonferroni over series and windows, beside statsmodels."""

import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from hospital.arrays import Array
from registry.evidence.records import DailyInput, Evidence
from registry.gates import Verdict
from registry.gates.drift import judge_drift
from registry.policy.board_policy import default_policy
from registry.statistics.intervals import largest_window_mean
from registry.statistics.long_run_variance import day_sd
from registry.statistics.verdict import Finding
from tests.support.multiple_testing import rejections
from tests.support.synthetic_evidence import Hospital, waits

POLICY = default_policy()
ALPHA, WINDOWS = POLICY.document.alpha, (28, 42, 56)
EARLIER = np.random.default_rng(1).normal(size=336) * 0.1


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Evidence of a hospital, whose daily series are taken out."""
    return waits(Hospital(visits=5), np.random.default_rng(1))


def series(judged: Array, earlier: Array = EARLIER, name: str = "forecast_error") -> DailyInput:
    """A series on which a shift counts as it is, and of which the level alone was fitted: known to 1 / n of a day."""
    fit_error = np.full((judged.size, 1), 1 / math.sqrt(earlier.size))
    return DailyInput(name, "bias", 0.0, 1.0, earlier, judged, fit_error)


def found(evidence: Evidence, *inputs: DailyInput) -> tuple[Finding, ...]:
    """The gate's findings on these series."""
    return judge_drift(replace(evidence, inputs=inputs), POLICY).findings


def forecast_error(earlier: Array, window: int) -> float:
    """By how much statsmodels widens the deviation of a new window's mean for the error of the fitted level."""
    level = sm.OLS(np.arange(earlier.size / window), np.ones(earlier.size // window)).fit()
    return float(level.get_prediction([1.0]).se_obs[0] / math.sqrt(level.scale))


def reach(earlier: Array, window: int, tests: int) -> float:
    """A two-sided t bound at alpha over all tests, on the deviation of a new window's mean."""
    quantile = stats.t(1.5 * earlier.size / 15).isf(ALPHA / tests / 2)
    return float(quantile) * day_sd(earlier) / math.sqrt(window) * forecast_error(earlier, window)


@pytest.mark.parametrize("others", [0, 4])
def test_the_interval_is_a_t_bound_that_counts_the_fits_error_and_every_series_and_window(
    evidence: Evidence, others: int
) -> None:
    """The surest of the windows, at alpha over (series times windows), with statsmodels' forecast error."""
    judged = np.full(90, 0.5)
    finding = found(evidence, series(judged), *(series(judged) for _ in range(others)))[0]
    expected = {w: reach(EARLIER, w, (1 + others) * len(WINDOWS)) for w in WINDOWS}
    assert all(largest_window_mean(EARLIER, w) < e for w, e in expected.items())
    shortest = min(expected.values())
    assert finding.interval == pytest.approx((0.5 - shortest, 0.5 + shortest), rel=1e-9)


def test_a_shift_is_certain_where_statsmodels_rejects_after_bonferroni(evidence: Evidence) -> None:
    """Sizes about the bound: a shift is said to be there exactly where one corrected p-value is under alpha."""
    outcomes = set()
    for size in np.linspace(0.02, 0.2, 60):
        finding = found(evidence, *[series(np.full(90, float(size))) for _ in range(3)])[0]
        p_values = [
            2
            * stats.t.sf(
                size / (day_sd(EARLIER) / math.sqrt(w) * forecast_error(EARLIER, w)), 1.5 * EARLIER.size / 15
            )
            for w in WINDOWS
        ]
        rejected = any(rejections(p_values * 3, ALPHA, "bonferroni"))
        strayed = min(largest_window_mean(EARLIER, w) for w in WINDOWS)
        if size > strayed:
            assert (finding.note in ("shift_below_effect", "shift_not_bounded", "bias_up")) == rejected
            outcomes.add(rejected)
    assert outcomes == {True, False}


def test_the_earlier_windows_own_straying_widens_the_interval(evidence: Evidence) -> None:
    """One earlier month at 2 among quiet ones: such a mean has been there, and a shift of 1.9 is no certain one."""
    earlier = np.zeros(2016)
    earlier[1000:1056] = 2.0
    assert max(reach(earlier, window, len(WINDOWS)) for window in WINDOWS) < 2
    finding = found(evidence, series(np.full(90, 1.9), earlier))[0]
    assert finding.interval == pytest.approx((-0.1, 3.9))


def test_the_last_days_of_the_judged_ones_are_the_window(evidence: Evidence) -> None:
    """Ninety days, of which the last 28 moved: the mean of these, not of the first, nor of all."""
    judged = np.concatenate([np.full(62, -0.5), np.full(28, 0.5)])
    assert found(evidence, series(judged))[0].value == pytest.approx(0.5)
    assert found(evidence, series(judged[::-1]))[0].value == pytest.approx(-0.5)


def test_a_certain_shift_blocks_beyond_the_effect_and_not_at_it(evidence: Evidence) -> None:
    """A shift of exactly the policy's effect is certain and tolerated."""
    effect = POLICY.document.drift.bias_effect
    quiet = EARLIER / 1000
    at, beyond = (found(evidence, series(np.full(90, size), quiet))[0] for size in (effect, effect + 1e-6))
    assert (at.verdict, at.note, beyond.verdict) == (
        Verdict.NOT_SHOWN,
        "shift_not_bounded",
        Verdict.BLOCK,
    )
