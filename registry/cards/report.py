"""The report of a check: verdicts, trusted scope and performance, as JSON that stays."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.profile.facts import Finding
from registry.cards.tension.admission_figures import admission_figures
from registry.cards.tension.boarding_figures import boarding_figures
from registry.cards.tension.event_figures import event_figures
from registry.cards.tension.tension_proof import ALL_UNITS
from registry.cards.tension.total_figures import total_figures
from registry.evidence.interval_shares import tail_shares
from registry.evidence.records import UNIT, Evidence, Scored
from registry.gates import GateResult, Verdict, judge, worst
from registry.gates.fairness import small_gaps
from registry.policy.board_policy import Policy
from registry.statistics.gains import best_baseline, losses
from registry.statistics.intervals import block_mean
from registry.statistics.scope import served

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
            "tension",
            "tension_totals",
            "admission",
            "boarding",
            "attempts",
        )
        return {name: self.body[name] for name in names}

    def with_tables(self, findings: Sequence[Finding]) -> "Report":
        """The report with what a person should look at in the tables that were judged."""
        return Report({**self.body, "tables": [asdict(f) for f in findings]}, self.verdict)


def make_report(evidence: Evidence, policy: Policy) -> Report:
    """Judges the evidence and writes it down."""
    results, scope = judge(evidence, policy)
    required = policy.required_of(evidence.kind)
    judged = {r.name: r.verdict for r in results}
    trusted, alpha = _trusted(evidence.test, set(scope)), policy.document.alpha
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
        "tension": _tension(evidence, trusted, alpha),
        "tension_totals": total_figures(evidence.totals, evidence.test, trusted, alpha),
        "admission": admission_figures(evidence.admissions, alpha),
        "boarding": boarding_figures(evidence.boarding, evidence.test, trusted, alpha),
        "history_days": evidence.history_days,
        "attempts": evidence.attempts,
        "judged": _span(evidence.test),
        "small_groups": [asdict(gap) for gap in small_gaps(evidence, policy)],
        "tables": [],
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
                "limits": None if f.limits is None else [_number(x) for x in f.limits],
                "weight": _number(f.weight),
                "power": _number(f.power),
                "power_at": _number(f.power_at),
            }
            for f in result.findings
        ],
    }


def _performance(
    evidence: Evidence, policy: Policy, scope: Iterable[tuple[str, float]]
) -> list[dict[str, Any]]:
    """Error beside the best baseline's and what is served, on the same rows of the test set, by group and horizon."""
    test_part = evidence.test.known()
    inside, out = set(scope), []
    answers = served(evidence, inside)[evidence.test.is_known]
    for horizon in np.unique(test_part.horizon_hours):
        at = test_part.horizon_hours == horizon
        for group in ("all", *sorted(set(test_part.unit_group[at]))):
            mine = at & ((test_part.unit_group == group) | (group == "all"))
            part = test_part.part(mine)
            row = {**_row(part, horizon, policy), "served_mae": _served_mae(part, answers[mine])}
            trusted = any(h == horizon for _, h in inside) if group == "all" else (group, horizon) in inside
            out.append(
                {"unit_group": str(group), "horizon_hours": float(horizon), "in_scope": trusted, **row}
            )
    return out


def _hospital_total(hospital_total: Scored | None, policy: Policy) -> list[dict[str, Any]]:
    """The hospital total's error by horizon, beside the baseline that is best for it, its units' together."""
    if hospital_total is None:
        return []
    known = hospital_total.known()
    return [
        {
            "horizon_hours": float(h),
            **_row(known.part(known.horizon_hours == h), h, policy),
        }
        for h in np.unique(known.horizon_hours)
    ]


def _trusted(test: Scored, inside: set[tuple[str, float]]) -> Array:
    """Which rows lie in the trusted scope: bool [n]."""
    cells = zip(test.unit_group.tolist(), test.horizon_hours.tolist(), strict=True)
    return np.array([cell in inside for cell in cells], bool)


def _tension(evidence: Evidence, trusted: Array, alpha: float) -> list[dict[str, Any]]:
    """How good probabilities of more demand than staffed beds are, as served: by horizon, of all and by unit."""
    rows, test = evidence.exceedances, evidence.test
    if rows is None:
        return []
    probability = np.where(trusted, rows.model, rows.baseline)
    known = np.isfinite(probability) & np.isfinite(test.outcome) & (test.weight > 0)
    unit, out = test.audit[UNIT], []
    for horizon in np.unique(test.horizon_hours[known]):
        at = known & (test.horizon_hours == horizon)
        for name in (ALL_UNITS, *sorted(set(unit[at].tolist()))):
            mine = at & ((unit == name) | (name == ALL_UNITS))
            event = test.outcome[mine] > rows.staffed[mine]
            usual = {"by_hour": rows.by_hour[mine], "by_unit": rows.by_unit[mine]}
            asked = probability[mine], event, test.prediction_time[mine], float(horizon)
            in_scope = trusted[mine]
            out.append(
                {
                    "unit": str(name),
                    "horizon_hours": float(horizon),
                    "in_scope": "all" if in_scope.all() else "some" if in_scope.any() else "none",
                    **event_figures(*asked, usual, alpha),
                }
            )
    return out


def _row(part: Scored, horizon: float, policy: Policy) -> dict[str, Any]:
    """Figures of known rows, beside the baseline that is best on these very rows.

    Chosen on other rows the baseline is often another, and the gain larger than anybody who knew the hospital would
    see. All means have the same weights; where the baseline has no value, rows count for everything but the gain.
    """
    baseline = best_baseline(part, horizon)
    known = np.isfinite(part.baselines[baseline])
    beside, other = part.part(known), part.baselines[baseline][known]
    error, base_error = losses(beside, beside.p50), _mean(losses(beside, other), beside.weight)
    gain = None
    if base_error:
        found = block_mean(
            losses(beside, other) - error,
            beside.weight,
            beside.prediction_time,
            horizon_hours=float(horizon),
        )
        bounds = found.interval(policy.document.alpha)
        gain = [_number(x / base_error) for x in (found.value, *bounds)]
    below, above = tail_shares(part).T
    return {
        "n": part.size,
        "weight": float(part.weight.sum()),
        "mean_outcome": _mean(part.outcome, part.weight),
        "mae": _mean(losses(part, part.p50), part.weight),
        "baseline": baseline,
        "baseline_mae": base_error,
        "compared_n": beside.size,
        "compared_mae": _mean(error, beside.weight),
        "gain": gain,
        "coverage": _mean(1 - below - above, part.weight),
        "below_p10": _mean(below, part.weight),
        "above_p90": _mean(above, part.weight),
    }


def _served_mae(part: Scored, answers: Array) -> float | None:
    """Mean absolute error of what is served: the model inside the scope, the baseline outside; None where a baseline is
    unknown."""
    return _mean(losses(part, answers), part.weight)


def _mean(values: Array, weights: Array) -> float | None:
    return _number(float(np.average(values, weights=weights))) if weights.sum() > 0 else None


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
