"""The report of a check: verdicts, trusted scope and performance, as JSON that stays."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hospital.arrays import Array
from registry.evidence.records import Evidence, Scored
from registry.gates import GateResult, Verdict, judge, worst
from registry.gates.fairness import small_gaps
from registry.policy.board_policy import Policy
from registry.statistics.intervals import block_mean
from registry.statistics.scope import best_baseline, losses, served

__all__ = ["Report", "make_report"]


@dataclass(frozen=True)
class Report:
    """What a check found of one version under one policy."""

    body: dict[str, Any]
    verdict: Verdict

    @property
    def gates(self) -> list[dict[str, Any]]:
        """The gates with their findings."""
        return list(self.body["gates"])

    def for_machines(self) -> dict[str, Any]:
        """What ``--json`` prints: identity, verdict, gates with findings, scope."""
        names = (
            "model",
            "version",
            "digest",
            "policy_digest",
            "verdict",
            "gates",
            "scope",
            "performance",
            "hospital",
            "attempts",
        )
        return {name: self.body[name] for name in names}


def make_report(evidence: Evidence, policy: Policy) -> Report:
    """Judges the evidence and writes it down."""
    results, scope = judge(evidence, policy)
    required = policy.required_of(evidence.kind)
    judged = {r.name: r.verdict for r in results}
    # A gate that is required and was not judged opens nothing.
    verdict = worst(judged.get(name, Verdict.INCONCLUSIVE) for name in required)
    body = {
        "format": 1,
        "model": evidence.model,
        "version": evidence.version,
        "kind": evidence.kind,
        "digest": evidence.package_digest,
        "policy_digest": policy.digest,
        "policy_name": policy.document.name,
        "verdict": str(verdict),
        "required": list(required),
        "compared_with": evidence.current_version,
        "scope": [{"unit_group": group, "horizon_hours": horizon} for group, horizon in scope],
        "gates": [_gate(r) for r in results],
        "performance": _performance(evidence, policy, scope),
        "hospital": _hospital_total(evidence.hospital, policy),
        "history_days": evidence.history_days,
        "attempts": evidence.attempts,
        "judged": _span(evidence.test),
        "small_groups": [asdict(gap) for gap in small_gaps(evidence, policy)],
    }
    return Report(body, verdict)


def _span(judged: Scored) -> list[int]:
    """First and last prediction time that was judged, the last excluded: instants."""
    if judged.size == 0:
        return [0, 0]
    return [int(judged.prediction_time.min()), int(judged.prediction_time.max()) + 1]


def _gate(result: GateResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "verdict": str(result.verdict),
        "findings": [
            {
                "metric": f.metric,
                "group": f.group,
                "value": _number(f.value),
                "interval": None if f.interval is None else [_number(x) for x in f.interval],
                "threshold": _number(f.threshold),
                "n": f.n,
                "verdict": str(f.verdict),
                "required": f.required,
                "lacking": f.lacking,
                "note": f.note,
            }
            for f in result.findings
        ],
    }


def _performance(
    evidence: Evidence, policy: Policy, scope: Iterable[tuple[str, float]]
) -> list[dict[str, Any]]:
    """Error beside the best baseline's and that of what is served, by unit group and horizon, on the test set."""
    test_part = evidence.test.known()
    inside, out = set(scope), []
    answers = served(evidence, inside)[evidence.test.is_known]
    # A package of baselines alone has no validation set: it is set beside the baseline that was best in hindsight.
    chosen_on = evidence.validation if evidence.kind == "model" else test_part
    for horizon in np.unique(test_part.horizon_hours):
        baseline = best_baseline(chosen_on, horizon)
        at = test_part.horizon_hours == horizon
        for group in ("all", *sorted(set(test_part.unit_group[at]))):
            mine = at & ((test_part.unit_group == group) | (group == "all"))
            part = test_part.part(mine)
            row = {**_row(part, baseline, horizon, policy), "served_mae": _served_mae(part, answers[mine])}
            trusted = any(h == horizon for _, h in inside) if group == "all" else (group, horizon) in inside
            out.append(
                {"unit_group": str(group), "horizon_hours": float(horizon), "in_scope": trusted, **row}
            )
    return out


def _hospital_total(hospital_total: Scored | None, policy: Policy) -> list[dict[str, Any]]:
    """The hospital total's error by horizon, beside the baseline that was best for it in hindsight, its units'
    together."""
    if hospital_total is None:
        return []
    known = hospital_total.known()
    return [
        {
            "horizon_hours": float(h),
            **_row(known.part(known.horizon_hours == h), best_baseline(hospital_total, h), h, policy),
        }
        for h in np.unique(known.horizon_hours)
    ]


def _row(part: Scored, baseline: str, horizon: float, policy: Policy) -> dict[str, Any]:
    other = part.baselines[baseline]
    finite = np.isfinite(other)
    part, other = part.part(finite), other[finite]
    error, base_error = _mean(losses(part, part.p50), part.weight), _mean(losses(part, other), part.weight)
    below, above = part.outcome < part.quantiles[:, 1], part.outcome > part.quantiles[:, -2]
    gain = None
    if part.size and base_error:
        difference = losses(part, other) - losses(part, part.p50)
        found = block_mean(
            difference,
            part.weight,
            part.prediction_time,
            horizon_hours=float(horizon),
        )
        bounds = found.interval(policy.document.alpha)
        gain = [_number(x / base_error) for x in (found.value, *bounds)]
    return {
        "n": part.size,
        "mean_outcome": _mean(part.outcome, part.weight),
        "mae": error,
        "baseline": baseline,
        "baseline_mae": base_error,
        "gain": gain,
        "coverage": _mean((~(below | above)).astype(np.float64), part.weight),
        "below_p10": _mean(below.astype(np.float64), part.weight),
        "above_p90": _mean(above.astype(np.float64), part.weight),
    }


def _served_mae(part: Scored, answers: Array) -> float | None:
    """Mean absolute error of what is served: the model inside the scope, the baseline outside; None where a baseline is
    unknown."""
    return _mean(losses(part, answers), part.weight)


def _mean(values: Array, weights: Array) -> float | None:
    return _number(float(np.average(values, weights=weights))) if weights.sum() > 0 else None


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
