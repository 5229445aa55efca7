"""Contract: package and rows are what they say, and a check finds again what training reported."""

import numpy as np

from registry.evidence.records import Evidence, Scored
from registry.gates.leakage import feature_findings, leakage_findings
from registry.policy.board_policy import Policy
from registry.statistics.verdict import Finding, GateResult, Verdict, undecided

__all__ = ["judge_contract"]

_SECOND = 1_000_000


def judge_contract(evidence: Evidence, policy: Policy) -> GateResult:
    """Counts that must be 0: others block, but numbers that are none leave it inconclusive."""
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
        "rows_duplicated": _duplicated(evidence),
        "rows_out_of_time": _out_of_time(evidence.test),
        "weights_wrong": _wrong_weights(evidence.test),
    }
    findings = [
        Finding(
            name, "all", float(count), None, 0.0, facts.rows, Verdict.PASS if count == 0 else Verdict.BLOCK
        )
        for name, count in counts.items()
    ]
    findings += _not_numbers(evidence.test)
    findings += feature_findings(evidence, policy) + leakage_findings(evidence, policy)
    findings.append(_history(evidence, policy))
    return GateResult.of("contract", findings)


def _duplicated(evidence: Evidence) -> int:
    """Rows that are there twice, or were used to choose the scope as well as to judge."""
    judged, chosen = set(evidence.test.row_id), set(evidence.validation.row_id)
    return evidence.test.size - len(judged) + len(judged & chosen)


def _out_of_time(test: Scored) -> int:
    """Rows that are not in the order of prediction time, or whose outcome is not where their horizon says."""
    unordered = int((np.diff(test.prediction_time) < 0).sum())
    ahead = test.target_time - test.prediction_time
    if test.counts:
        return unordered + int((ahead != np.round(test.horizon_hours * 3600e6).astype(np.int64)).sum())
    return unordered + int((ahead < -_SECOND).sum())  # the end of a wait is rounded from its minutes


def _wrong_weights(test: Scored) -> int:
    """Weights below 0 or no number, and censored rows that count as if their outcome had been seen."""
    return int((~(test.weight >= 0) | (test.censored & (test.weight > 0))).sum())


def _not_numbers(test: Scored) -> list[Finding]:
    counted = test.weight > 0
    missing = {
        "forecasts_missing": counted & ~np.isfinite(test.quantiles).all(axis=1),
        "outcomes_missing": counted & ~np.isfinite(test.outcome),
    }
    return [
        undecided(name, "all", int(rows.sum()), "not_a_number", threshold=0.0)
        if rows.any()
        else Finding(name, "all", 0.0, None, 0.0, test.size, Verdict.PASS)
        for name, rows in missing.items()
    ]


def _history(evidence: Evidence, policy: Policy) -> Finding:
    wanted = float(policy.document.history_days)
    note = "" if evidence.history_days >= wanted else "short_history"
    return Finding(
        "history_days",
        "all",
        evidence.history_days,
        None,
        wanted,
        evidence.contract.rows,
        Verdict.PASS,
        required=False,
        note=note,
    )
