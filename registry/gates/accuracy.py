"""Accuracy: better than the best simple rule, and not worse than what is served today."""

import numpy as np

from hospital.events import Array
from registry.evidence import Evidence, Scored
from registry.gates.intervals import block_mean
from registry.gates.scope import Cell, best_baseline, in_scope, losses
from registry.gates.verdict import Finding, GateResult, Verdict
from registry.policy import Policy

__all__ = ["judge_accuracy", "judged_scope"]


def judge_accuracy(evidence: Evidence, policy: Policy, scope: tuple[Cell, ...]) -> GateResult:
    """Findings by horizon within the scope; raises if the current release is expected and missing."""
    findings = []
    judge = evidence.judge
    inside = in_scope(judge, scope)
    if not scope:
        return GateResult.of(
            "accuracy", [Finding("scope", "all", 0.0, None, None, 0, Verdict.BLOCK, note="empty_scope")]
        )
    for horizon in sorted({h for _, h in scope}):
        part = judge.part(inside & (judge.horizon_hours == horizon)).known()
        baseline = best_baseline(evidence.scope_part, horizon)
        findings.append(_gain(part, part.baselines[baseline], baseline, horizon, policy))
    if not any(f.required for f in findings):
        findings.append(Finding("scope", "all", 0.0, None, None, 0, Verdict.BLOCK, note="no_horizon_left"))
    findings.append(_against_current(evidence, policy, inside))
    return GateResult.of("accuracy", findings)


def judged_scope(result: GateResult, scope: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The scope without the horizons that could not be judged."""
    left = {f.group for f in result.findings if f.metric == "gain_over_baseline" and not f.required}
    return tuple(cell for cell in scope if horizon_name(cell[1]) not in left)


def horizon_name(horizon_hours: float) -> str:
    """A horizon as findings name it."""
    return f"{horizon_hours:g} h" if horizon_hours else "all"


def _gain(part: Scored, baseline: Array, name: str, horizon: float, policy: Policy) -> Finding:
    rules, group = policy.document.accuracy, horizon_name(horizon)
    finite = np.isfinite(baseline)
    part, baseline = part.part(finite), baseline[finite]
    if part.size < rules.minimum_rows:
        return Finding(
            "gain_over_baseline",
            group,
            None,
            None,
            None,
            part.size,
            Verdict.INCONCLUSIVE,
            note="too_few_rows",
        )
    difference = losses(part, baseline) - losses(part, part.p50)
    level = float(np.average(losses(part, baseline), weights=part.weight))
    if level == 0:
        return Finding(
            "gain_over_baseline",
            group,
            None,
            None,
            None,
            part.size,
            Verdict.INCONCLUSIVE,
            note="constant_outcome",
        )
    found = block_mean(
        difference, part.weight, part.prediction_time, horizon_hours=horizon, alpha=policy.document.alpha
    )
    if found.blocks < rules.minimum_blocks:
        return Finding(
            "gain_over_baseline",
            group,
            found.value / level,
            None,
            0.0,
            part.size,
            Verdict.INCONCLUSIVE,
            required=False,
            note="too_few_blocks",
        )
    interval = (found.low / level, found.high / level)
    verdict = Verdict.INCONCLUSIVE
    if interval[0] > 0:
        verdict = Verdict.PASS
    elif interval[1] < rules.least_gain:
        verdict = Verdict.BLOCK
    return Finding(
        "gain_over_baseline", group, found.value / level, interval, 0.0, part.size, verdict, note=name
    )


def _against_current(evidence: Evidence, policy: Policy, inside: Array) -> Finding:
    rules = policy.document.accuracy
    if evidence.current is None:
        if evidence.current_expected:
            raise ValueError(
                "The signed chain names a current release, but its forecasts are not in the evidence."
            )
        return Finding(
            "against_current", "all", None, None, None, 0, Verdict.NOT_APPLICABLE, note="first_release"
        )
    median = evidence.current.shape[1] // 2
    usable = inside & (evidence.judge.weight > 0) & np.isfinite(evidence.current[:, median])
    part, current = evidence.judge.part(usable), evidence.current[usable, median]
    if part.size < rules.minimum_rows:
        return Finding(
            "against_current", "all", None, None, None, part.size, Verdict.INCONCLUSIVE, note="too_few_rows"
        )
    level = float(np.average(losses(part, current), weights=part.weight))
    difference = losses(part, current) - losses(part, part.p50)
    longest = float(np.median(part.horizon_hours))
    found = block_mean(
        difference, part.weight, part.prediction_time, horizon_hours=longest, alpha=policy.document.alpha
    )
    margin = -rules.noninferiority_margin
    interval = (found.low / level, found.high / level) if level > 0 else (-np.inf, np.inf)
    verdict = Verdict.INCONCLUSIVE
    if interval[0] > margin and found.blocks >= rules.minimum_blocks:
        verdict = Verdict.PASS
    elif interval[1] < margin:
        verdict = Verdict.BLOCK
    return Finding(
        "against_current",
        "all",
        found.value / level if level > 0 else None,
        interval,
        margin,
        part.size,
        verdict,
    )
