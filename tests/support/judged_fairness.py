"""The fairness gate's result by the shipped policy."""

from registry.evidence.records import Evidence
from registry.gates import Finding, GateResult
from registry.gates.fairness import judge_fairness
from registry.policy.board_policy import default_policy

__all__ = ["POLICY", "judged", "of"]

POLICY = default_policy()


def judged(evidence: Evidence) -> GateResult:
    """The gate's result with everything in the scope."""
    part = evidence.test
    cells = tuple(sorted(set(zip(part.unit_group, map(float, part.horizon_hours), strict=True))))
    return judge_fairness(evidence, POLICY, cells)


def of(result: GateResult, group: str, metric: str = "share_above_p50") -> Finding:
    """The finding of a metric on a group."""
    return next(f for f in result.findings if (f.metric, f.group) == (metric, group))
