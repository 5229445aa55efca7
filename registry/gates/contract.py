"""Contract: the package is what it says, and training reported what a check finds again."""

from registry.evidence import Evidence
from registry.gates.verdict import Finding, GateResult, Verdict
from registry.policy import Policy

__all__ = ["judge_contract"]


def judge_contract(evidence: Evidence, policy: Policy) -> GateResult:
    """Counts that must be 0; anything else blocks."""
    facts = evidence.contract
    counts = {
        "package_files_refused": facts.files_refused,
        "infinite_features": facts.infinite_features,
        "crossing_quantiles": facts.crossing_quantiles,
        "forecasts_differ": facts.forecasts_off,
        "outcomes_differ": facts.outcomes_off,
        "baselines_differ": facts.baselines_off,
        "rows_differ": facts.rows_off,
        "other_feature_definitions": int(not facts.feature_digest_equal),
        "split_parts_overlap": facts.split_overlaps,
    }
    findings = [
        Finding(
            name, "all", float(count), None, 0.0, facts.rows, Verdict.PASS if count == 0 else Verdict.BLOCK
        )
        for name, count in counts.items()
    ]
    wanted = policy.document.history_days
    enough = evidence.history_days >= wanted
    findings.append(
        Finding(
            "history_days",
            "all",
            evidence.history_days,
            None,
            float(wanted),
            facts.rows,
            Verdict.PASS,
            required=False,
            note="" if enough else "short_history",
        )
    )
    return GateResult.of("contract", findings)
