"""Drift: is the hospital of the last weeks still the one that was learned?

Hospital days depend on one another and on the season, so plain two-sample tests alarm falsely. Here the mean of
the last weeks' residuals (of a season model fitted on the earlier days) is held against how such means vary
among the earlier days themselves. A shift below the policy's effect passes with a warning.
"""

import math

import numpy as np
from scipy import stats

from registry.evidence import DailyInput, Evidence
from registry.gates.intervals import long_run_sd
from registry.gates.verdict import Finding, GateResult, Verdict
from registry.policy import Policy

__all__ = ["judge_drift"]

_TINY = 1e-9


def judge_drift(evidence: Evidence, policy: Policy) -> GateResult:
    """Findings by input: the largest shift over the policy's windows."""
    if not evidence.inputs:
        return GateResult.of(
            "drift", [Finding("inputs", "all", None, None, None, 0, Verdict.INCONCLUSIVE, note="no_inputs")]
        )
    return GateResult.of("drift", [_judge(i, policy, len(evidence.inputs)) for i in evidence.inputs])


def _judge(daily: DailyInput, policy: Policy, inputs: int) -> Finding:
    rules = policy.document.drift
    metric = "shift" if daily.what == "mean" else "missing_shift"
    n = daily.judged.size
    if daily.earlier.size < rules.minimum_earlier_days or n < min(rules.windows_days):
        return Finding(metric, daily.name, None, None, None, n, Verdict.INCONCLUSIVE, note="too_few_days")
    if not (
        np.isfinite(daily.earlier).all() and np.isfinite(daily.judged).all() and math.isfinite(daily.spread)
    ):
        return Finding(metric, daily.name, None, None, None, n, Verdict.INCONCLUSIVE, note="not_a_number")
    spread = max(daily.spread, _TINY) if daily.what == "mean" else 1.0
    effect = rules.effect if daily.what == "mean" else rules.missing_effect
    # Bonferroni over inputs and windows: only a shift that none of them shows by chance is called one.
    tests = inputs * len(rules.windows_days)
    quantile = float(stats.norm.ppf(1 - policy.document.alpha / tests / 2))
    found = []
    for window in rules.windows_days:
        recent = daily.judged[-min(window, n) :]
        value = float(recent.mean()) / spread
        reach = quantile * max(long_run_sd(daily.earlier, recent.size), _TINY) / spread
        found.append((value, value - reach, value + reach))
    value, low, high = max(found, key=lambda f: max(f[1], -f[2]))
    certain = max(low, -high)  # how far from none the whole interval lies
    note = ""
    if certain > 0 and abs(value) > effect:
        verdict = Verdict.BLOCK
    elif certain > 0:
        verdict, note = Verdict.PASS, "shift_below_effect"
    elif abs(value) > effect * 2:
        verdict, note = Verdict.INCONCLUSIVE, "uncertain_shift"
    else:
        verdict = Verdict.PASS
    return Finding(metric, daily.name, value, (low, high), effect, n, verdict, note=note)
