"""Explanation: reasons add up, agree with an independent implementation, are not drowned by adjustments, and last."""

import math

from registry.evidence.records import Evidence
from registry.gates.explanation_stability import proxy_findings, shift_findings, stability_findings
from registry.policy.board_policy import Policy
from registry.statistics.verdict import Finding, GateResult, Verdict

__all__ = ["judge_explanation"]

_VERIFIED = frozenset({"predictions_off", "difference_from_reference"})


def judge_explanation(evidence: Evidence, policy: Policy) -> GateResult:
    """Each figure must stay under the policy's bound."""
    facts, rules = evidence.explanation, policy.document.explanation
    fewest = min(facts.rows, facts.verified)
    if fewest < rules.minimum_rows:
        few = Finding(
            "additivity", "all", None, None, None, fewest, Verdict.INCONCLUSIVE, note="too_few_rows"
        )
        return GateResult.of("explanation", [few])
    figures = {
        "additivity": (facts.additivity, rules.additivity),
        "predictions_off": (float(facts.predictions_off), 0.0),
        "difference_from_reference": (facts.reference_difference, rules.reference_difference),
        "adjustment_share": (facts.largest_adjustment, rules.adjustment_share),
    }
    exact = [
        _bounded(n, v, bound, facts.verified if n in _VERIFIED else facts.rows)
        for n, (v, bound) in figures.items()
    ]
    lasting = stability_findings(evidence, policy) + shift_findings(evidence, policy)
    return GateResult.of("explanation", exact + lasting + proxy_findings(evidence, policy))


def _bounded(name: str, value: float, bound: float, rows: int) -> Finding:
    if not math.isfinite(value):
        return Finding(name, "all", None, None, bound, rows, Verdict.INCONCLUSIVE, note="not_a_number")
    return Finding(name, "all", value, None, bound, rows, Verdict.PASS if value <= bound else Verdict.BLOCK)
