"""Accuracy: better than the best simple rule, and not worse than what is served today."""

import numpy as np

from hospital.events import Array
from registry.evidence import Evidence, Scored
from registry.gates.intervals import BlockMean, block_mean
from registry.gates.scope import Cell, best_baseline, horizon_name, in_scope, losses
from registry.gates.verdict import Finding, GateResult, Verdict, undecided
from registry.policy import Policy

__all__ = ["judge_accuracy", "judged_scope"]

_COMPARED = 0.99
"""Share of rows where the baseline must have a value: after a gap in the data it may lack one."""


def judge_accuracy(evidence: Evidence, policy: Policy, scope: tuple[Cell, ...]) -> GateResult:
    """Findings by horizon within the scope, and beside the current release on the same rows."""
    if not scope:
        return GateResult.of("accuracy", [_closed("empty_scope")])
    judge = evidence.judge
    inside = in_scope(judge, scope)
    findings = []
    for horizon in sorted({h for _, h in scope}):
        rows = judge.part(inside & (judge.horizon_hours == horizon))
        findings.append(_gain(rows, best_baseline(evidence.scope_part, horizon), horizon, policy))
    if not any(f.required for f in findings):
        findings.append(_closed("no_horizon_left"))
    findings += _against_current(evidence, policy, inside)
    return GateResult.of("accuracy", findings)


def judged_scope(result: GateResult, scope: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The scope without the horizons that could not be judged."""
    left = {f.group for f in result.findings if f.metric == "gain_over_baseline" and not f.required}
    return tuple(cell for cell in scope if horizon_name(cell[1]) not in left)


def _closed(note: str) -> Finding:
    return Finding("scope", "all", 0.0, None, None, 0, Verdict.BLOCK, note=note)


def _gain(rows: Scored, name: str, horizon: float, policy: Policy) -> Finding:
    """Gain over the baseline as a share of its error."""
    rules, group = policy.document.accuracy, horizon_name(horizon)
    counted, known = int((rows.weight > 0).sum()), rows.known()
    compared = np.isfinite(known.baselines[name])
    if compared.sum() < rules.minimum_rows:
        return undecided("gain_over_baseline", group, int(compared.sum()), "too_few_rows")
    if known.size < counted or compared.mean() < _COMPARED:
        return undecided("gain_over_baseline", group, counted - int(compared.sum()), "not_a_number")
    known = known.part(compared)
    found, level = _relative_gain(known, known.baselines[name], horizon, policy)
    if level == 0:
        return undecided("gain_over_baseline", group, known.size, "constant_outcome")
    interval = (found.low / level, found.high / level)
    if found.blocks < rules.minimum_blocks:
        return Finding(
            "gain_over_baseline",
            group,
            found.value / level,
            None,
            0.0,
            known.size,
            Verdict.INCONCLUSIVE,
            required=False,
            note="too_few_blocks",
        )
    verdict = Verdict.INCONCLUSIVE
    if interval[0] > 0:
        verdict = Verdict.PASS
    elif interval[1] < rules.least_gain:
        verdict = Verdict.BLOCK
    return Finding(
        "gain_over_baseline", group, found.value / level, interval, 0.0, known.size, verdict, note=name
    )


def _relative_gain(part: Scored, other: Array, horizon: float, policy: Policy) -> tuple[BlockMean, float]:
    """(mean loss of `other` less the version's, with bounds; mean loss of `other`)."""
    theirs = losses(part, other)
    found = block_mean(
        theirs - losses(part, part.p50),
        part.weight,
        part.prediction_time,
        horizon_hours=horizon,
        alpha=policy.document.alpha,
    )
    return found, float(np.average(theirs, weights=part.weight))


def _against_current(evidence: Evidence, policy: Policy, inside: Array) -> list[Finding]:
    """All horizons together (required), and each by itself (told)."""
    if evidence.current is None:
        return [
            Finding(
                "against_current", "all", None, None, None, 0, Verdict.NOT_APPLICABLE, note="first_release"
            )
        ]
    judge = evidence.judge
    current = evidence.current[:, evidence.current.shape[1] // 2]
    ours = (judge.weight > 0) & np.isfinite(judge.outcome) & np.isfinite(judge.quantiles).all(axis=1)
    # A horizon that the current release never speaks of has no forecast at all; a gap within one is a NaN.
    spoken = np.isin(judge.horizon_hours, np.unique(judge.horizon_hours[np.isfinite(current)]))
    usable = inside & ours & spoken
    if not np.isfinite(current[usable]).all():
        return [undecided("against_current", "all", int(usable.sum()), "not_a_number")]
    findings = [_noninferior(judge.part(usable), current[usable], "all", policy, required=True)]
    horizons = np.unique(judge.horizon_hours[usable])
    for horizon in horizons if horizons.size > 1 else ():
        mine = usable & (judge.horizon_hours == horizon)
        findings.append(
            _noninferior(judge.part(mine), current[mine], horizon_name(horizon), policy, required=False)
        )
    return findings


def _noninferior(part: Scored, current: Array, group: str, policy: Policy, *, required: bool) -> Finding:
    rules = policy.document.accuracy
    margin = -rules.noninferiority_margin
    if part.size < rules.minimum_rows:
        return undecided("against_current", group, part.size, "too_few_rows", required=required)
    found, level = _relative_gain(part, current, float(np.median(part.horizon_hours)), policy)
    if level == 0:
        return undecided("against_current", group, part.size, "constant_outcome", required=required)
    interval = (found.low / level, found.high / level)
    verdict = Verdict.INCONCLUSIVE
    if interval[0] > margin and found.blocks >= rules.minimum_blocks:
        verdict = Verdict.PASS
    elif interval[1] < margin:
        verdict = Verdict.BLOCK
    return Finding(
        "against_current", group, found.value / level, interval, margin, part.size, verdict, required
    )
