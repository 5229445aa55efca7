"""Calibration: do outcomes fall inside p10 to p90 as often as they must, at short and long horizons?"""

import numpy as np

from hospital.events import Array
from hospital.quantiles import LEVELS
from registry.evidence import Evidence, Scored
from registry.gates.accuracy import horizon_name
from registry.gates.intervals import block_mean
from registry.gates.scope import Cell, in_scope
from registry.gates.verdict import Finding, GateResult, Verdict
from registry.policy import Policy

__all__ = ["judge_calibration", "randomised_pit"]

NOMINAL = 0.8
SHORT_HOURS = 24.0


def randomised_pit(scored: Scored, seed: int = 0) -> Array:
    """Where each outcome falls in its forecast's distribution, 0 to 1: float64 [n].

    Whole numbers are spread over their unit interval (Czado, Gneiting & Held 2009,
    doi 10.1111/j.1541-0420.2009.01191.x); the distribution is linear between the quantiles, and beyond them 0 or 1.
    """
    rng = np.random.default_rng(seed)
    outcome = scored.outcome + (rng.uniform(-0.5, 0.5, scored.size) if scored.counts else 0.0)
    levels = np.array(LEVELS)
    below = (scored.quantiles <= outcome[:, None]).sum(axis=1)
    low, high = np.clip(below - 1, 0, levels.size - 1), np.clip(below, 0, levels.size - 1)
    row = np.arange(scored.size)
    left, right = scored.quantiles[row, low], scored.quantiles[row, high]
    width = np.where(right > left, right - left, 1.0)
    inside = levels[low] + (levels[high] - levels[low]) * np.clip((outcome - left) / width, 0, 1)
    return np.where(below == 0, 0.0, np.where(below == levels.size, 1.0, inside))


def judge_calibration(evidence: Evidence, policy: Policy, scope: tuple[Cell, ...]) -> GateResult:
    """Coverage of p10-p90 for short and long horizons (required), by horizon and unit group (told)."""
    judge = evidence.judge
    known = judge.part(in_scope(judge, scope)).known()
    rules = policy.document.calibration
    pit = randomised_pit(known)
    findings = []
    for name, mine, tolerance in (
        ("short", known.horizon_hours <= SHORT_HOURS, rules.tolerance_short),
        ("long", known.horizon_hours > SHORT_HOURS, rules.tolerance_long),
    ):
        if mine.any():
            findings.append(_coverage(known.part(mine), pit[mine], name, tolerance, policy, required=True))
    for horizon in np.unique(known.horizon_hours):
        mine = known.horizon_hours == horizon
        findings.append(
            _coverage(known.part(mine), pit[mine], horizon_name(horizon), rules.tolerance_long, policy)
        )
        findings += [_tail(pit[mine], horizon_name(horizon), side) for side in ("below_p10", "above_p90")]
    for group in sorted(set(known.unit_group)):
        mine = known.unit_group == group
        findings.append(_coverage(known.part(mine), pit[mine], str(group), rules.tolerance_long, policy))
    if not findings:
        findings.append(
            Finding("coverage", "all", None, None, None, 0, Verdict.INCONCLUSIVE, note="too_few_rows")
        )
    return GateResult.of("calibration", findings)


def _coverage(
    part: Scored, pit: Array, group: str, tolerance: float, policy: Policy, *, required: bool = False
) -> Finding:
    rules = policy.document.calibration
    inside = ((pit >= 0.1) & (pit <= 0.9)).astype(np.float64)
    if part.size < rules.minimum_rows:
        return Finding(
            "coverage", group, None, None, None, part.size, Verdict.INCONCLUSIVE, required, "too_few_rows"
        )
    horizon = float(np.median(part.horizon_hours))
    found = block_mean(
        inside, part.weight, part.prediction_time, horizon_hours=horizon, alpha=policy.document.alpha
    )
    verdict = Verdict.INCONCLUSIVE
    if found.low >= NOMINAL - tolerance and found.high <= NOMINAL + tolerance:
        verdict = Verdict.PASS
    elif found.high < NOMINAL - tolerance or found.low > NOMINAL + tolerance:
        verdict = Verdict.BLOCK
    return Finding(
        "coverage", group, found.value, (found.low, found.high), NOMINAL, part.size, verdict, required
    )


def _tail(pit: Array, group: str, side: str) -> Finding:
    share = float((pit < 0.1).mean() if side == "below_p10" else (pit > 0.9).mean())
    verdict = Verdict.PASS if share <= 0.2 else Verdict.INCONCLUSIVE
    return Finding(side, group, share, None, 0.1, pit.size, verdict, required=False)
