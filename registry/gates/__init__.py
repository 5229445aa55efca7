"""Gates: evidence and a policy in, verdicts out. They read no file and fit nothing.

Door: `judge`.
"""

from registry.evidence.records import Evidence
from registry.gates.accuracy import judge_accuracy, judged_scope
from registry.gates.calibration import judge_calibration
from registry.gates.completeness import require_complete
from registry.gates.contract import judge_contract
from registry.gates.drift import judge_drift
from registry.gates.efficiency import judge_efficiency
from registry.gates.explanation import judge_explanation
from registry.gates.fairness import judge_fairness
from registry.policy.board_policy import Policy
from registry.policy.trusted_scope import Cell
from registry.statistics.scope import choose_scope
from registry.statistics.verdict import Finding, GateResult, Verdict, worst

__all__ = ["Cell", "Finding", "GateResult", "Verdict", "judge", "worst"]


def judge(evidence: Evidence, policy: Policy) -> tuple[tuple[GateResult, ...], tuple[Cell, ...]]:
    """Every gate's result, and the trusted scope that is left after judging.

    A package that is only a baseline has no scope (the baseline is what is served outside one anyway) and is
    judged by the gates that a policy can require of it.

    Raises:
        RegistryError: the evidence cannot be judged.
    """
    require_complete(evidence)
    if evidence.kind == "baseline":
        return (judge_contract(evidence, policy), judge_calibration(evidence, policy, ())), ()
    chosen = choose_scope(evidence.validation, policy)
    accuracy = judge_accuracy(evidence, policy, chosen)
    scope = judged_scope(accuracy, chosen)
    results = (
        judge_contract(evidence, policy),
        judge_explanation(evidence, policy),
        accuracy,
        judge_calibration(evidence, policy, scope),
        judge_fairness(evidence, policy, scope),
        judge_drift(evidence, policy),
        judge_efficiency(evidence, policy),
    )
    return results, scope
