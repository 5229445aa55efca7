"""Drift: is the hospital of the last weeks still the one that was learned?

Hospital days depend on one another and on the season, so plain two-sample tests alarm falsely. Here the mean
of the last weeks' residuals (of a season model fitted on the earlier days) is held against how such means
varied among the earlier days themselves: how far a window of that length strayed then, and a t bound
corrected over inputs and windows. A shift below the policy's effect passes with a warning.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from registry.evidence import DailyInput, Evidence
from registry.gates.intervals import largest_window_mean, long_run_sd
from registry.gates.verdict import Finding, GateResult, Verdict, undecided
from registry.policy import Policy

__all__ = ["judge_drift"]

_TINY = 1e-9
_UNCERTAIN = 2.0  # shifts of twice the effect that the earlier days cannot tell from chance are not let pass


@dataclass(frozen=True)
class _Shift:
    """Mean of a window, in units of the effect's scale, and how far chance alone takes it."""

    value: float
    reach: float

    @property
    def certain(self) -> float:
        """How far from none the whole interval lies."""
        return abs(self.value) - self.reach


def judge_drift(evidence: Evidence, policy: Policy) -> GateResult:
    """Findings by input: the surest shift over the policy's windows."""
    if not evidence.inputs:
        return GateResult.of("drift", [undecided("inputs", "all", 0, "no_inputs")])
    return GateResult.of("drift", [_judge(i, policy, len(evidence.inputs)) for i in evidence.inputs])


def _judge(daily: DailyInput, policy: Policy, inputs: int) -> Finding:
    rules = policy.document.drift
    metric, effect = "shift", rules.effect
    if daily.what == "missing":
        metric, effect = "missing_shift", rules.missing_effect
    n = daily.judged.size
    if daily.earlier.size < rules.minimum_earlier_days or n < min(rules.windows_days):
        return undecided(metric, daily.name, n, "too_few_days", threshold=effect)
    numbers = np.concatenate([daily.earlier, daily.judged, [daily.spread, daily.level]])
    if not np.isfinite(numbers).all():
        return undecided(metric, daily.name, n, "not_a_number", threshold=effect)
    # A figure that hardly varied would alarm at nothing: its scale is never under a share of its mean.
    scale = max(daily.spread, rules.spread_floor * abs(daily.level), _TINY) if daily.what == "mean" else 1.0
    tests = inputs * len(rules.windows_days)
    shifts = [_shift(daily, min(w, n), scale, policy.document.alpha / tests) for w in rules.windows_days]
    shift = max(shifts, key=lambda s: s.certain)
    largest = max(abs(s.value) for s in shifts)
    verdict, note = Verdict.PASS, ""
    if shift.certain > 0 and abs(shift.value) > effect:
        verdict = Verdict.BLOCK
    elif largest > effect * _UNCERTAIN:
        verdict, note = Verdict.INCONCLUSIVE, "uncertain_shift"
    elif shift.certain > 0:
        note = "shift_below_effect"
    interval = (shift.value - shift.reach, shift.value + shift.reach)
    return Finding(metric, daily.name, shift.value, interval, effect, n, verdict, note=note)


def _shift(daily: DailyInput, window: int, scale: float, alpha: float) -> _Shift:
    recent = float(daily.judged[-window:].mean())
    blocks = max(daily.earlier.size // window, 2)
    # A mean that was not part of the fit varies with the fit's own error too.
    sd = long_run_sd(daily.earlier, window) * math.sqrt(1 + window / daily.earlier.size)
    by_chance = float(stats.t.ppf(1 - alpha / 2, blocks - 1)) * sd
    strayed = largest_window_mean(daily.earlier, window)
    return _Shift(recent / scale, max(by_chance, strayed, _TINY) / scale)
