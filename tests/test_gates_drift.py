"""The drift gate and the season model it stands on, broken on purpose."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic_evidence import Hospital, daily_inputs, waits

from hospital.events import Array
from registry.evidence import DailyInput, Evidence
from registry.gates import GateResult, Verdict
from registry.gates.drift import judge_drift
from registry.policy import default_policy
from registry.seasonal import fit_season

POLICY = default_policy()


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A sound hospital."""
    return waits(Hospital(visits=20), np.random.default_rng(4))


def judged(sound: Evidence, *inputs: DailyInput) -> GateResult:
    """The gate's result on other inputs."""
    return judge_drift(replace(sound, inputs=inputs), POLICY)


def daily(values: Array, judged_days: int = 90, what: str = "mean") -> DailyInput:
    """An input from its daily values."""
    days = 19_700 + np.arange(values.size)
    fit = fit_season(days, values, 19_700 + values.size - judged_days)
    return DailyInput("input", what, fit.level, fit.spread, fit.earlier, fit.judged)


def test_sound_hospitals_rarely_alarm(sound: Evidence) -> None:
    """Weeks, a year, epidemics and memory are not drift: 20 inputs each of 40 hospitals."""
    verdicts = [
        judged(sound, *daily_inputs(Hospital(days=490), np.random.default_rng(seed))).verdict
        for seed in range(40)
    ]
    assert sum(v is not Verdict.PASS for v in verdicts) <= 2


@pytest.mark.parametrize("memory", [0.3, 0.6])
def test_arrivals_times_1_6_in_the_last_month_are_always_found(sound: Evidence, memory: float) -> None:
    """The flaw that anyone can try: all of 40 hospitals are blocked."""
    hospital = Hospital(days=490, memory=memory, shift=1.6)
    for seed in range(40):
        assert judged(sound, *daily_inputs(hospital, np.random.default_rng(seed))).verdict is Verdict.BLOCK


def test_a_small_real_shift_passes_with_a_warning(sound: Evidence) -> None:
    """Certain and below the policy's effect: said, not blocked."""
    values = np.random.default_rng(1).normal(100, 10, 450)
    values[-60:] += 8
    result = judged(sound, daily(values))
    assert result.verdict is Verdict.PASS
    assert result.findings[0].note == "shift_below_effect"


def test_a_figure_that_hardly_varied_does_not_alarm_at_nothing(sound: Evidence) -> None:
    """Constant inputs, and one that moved by 1 %, are no drift; one that moved by a fifth is."""
    constant, moved, drifted = (np.full(450, 37.0) for _ in range(3))
    moved[-60:] *= 1.01
    drifted[-60:] *= 1.2
    assert judged(sound, daily(constant)).findings[0].note == ""
    assert judged(sound, daily(moved)).verdict is Verdict.PASS
    assert judged(sound, daily(drifted)).verdict is Verdict.BLOCK


def test_values_that_go_missing_are_blocked(sound: Evidence) -> None:
    """A monitor that was unplugged: 30 points more missing."""
    share = np.random.default_rng(2).uniform(0.05, 0.1, 450)
    assert judged(sound, daily(share, what="missing")).verdict is Verdict.PASS
    share[-40:] += 0.3
    result = judged(sound, daily(share, what="missing"))
    assert result.verdict is Verdict.BLOCK
    assert result.findings[0].metric == "missing_shift"


def test_what_happened_before_is_not_new(sound: Evidence) -> None:
    """A wave as high as last year's does not block."""
    values = np.random.default_rng(3).normal(100, 5, 450)
    values[40:70] += 20
    values[-30:] += 15
    assert judged(sound, daily(values)).verdict is Verdict.PASS


def test_one_sound_input_does_not_excuse_another(sound: Evidence) -> None:
    """The worst input decides."""
    values = np.random.default_rng(5).normal(100, 10, 450)
    shifted = values.copy()
    shifted[-60:] += 60
    assert judged(sound, daily(values), daily(shifted)).verdict is Verdict.BLOCK


def test_too_few_days_nans_or_no_input_are_inconclusive(sound: Evidence) -> None:
    """A short past, a number that is none, nothing at all: none of them passes."""
    values = np.random.default_rng(6).normal(100, 10, 450)
    fine = daily(values)
    assert judged(sound, daily(values[:150])).verdict is Verdict.INCONCLUSIVE
    assert judged(sound, daily(values, judged_days=20)).verdict is Verdict.INCONCLUSIVE
    assert judged(sound, replace(fine, judged=np.full(90, np.nan))).verdict is Verdict.INCONCLUSIVE
    assert judged(sound, replace(fine, spread=float("nan"))).verdict is Verdict.INCONCLUSIVE
    assert judged(sound, daily(np.full(450, np.nan))).verdict is Verdict.INCONCLUSIVE
    assert judged(sound).verdict is Verdict.INCONCLUSIVE


def test_the_season_model_takes_out_weeks_and_holidays() -> None:
    """Monday is not drift, and neither is 14 July."""
    days = 19_700 + np.arange(450)
    week = np.where(days % 7 < 2, 60.0, 100.0)
    fit = fit_season(days, week, 19_700 + 360)
    assert np.abs(fit.judged).max() < 1e-3
    assert fit.earlier.size == 360
    assert fit.level == pytest.approx(float(week[:360].mean()))


def test_the_yearly_wave_needs_thirteen_months() -> None:
    """With less it is left in the residuals; with more it is taken out."""
    days = 19_700 + np.arange(520)
    wave = 100 + 20 * np.cos(2 * np.pi * days / 365.25)
    short = fit_season(days[:450], wave[:450], 19_700 + 360)
    long = fit_season(days, wave, 19_700 + 430)
    assert np.abs(short.judged).max() > 5
    assert np.abs(long.judged).max() < 0.5


def test_days_without_a_value_are_left_out() -> None:
    """A gap is not a zero."""
    days = 19_700 + np.arange(450)
    values = np.full(450, 50.0)
    values[100:110] = np.nan
    fit = fit_season(days, values, 19_700 + 360)
    assert fit.earlier.size == 350
    assert np.abs(fit.judged).max() < 1e-3
