"""Efficiency: a version costs no more than its budget, and no more than so many times the version in use."""

import math

import numpy as np
from scipy import stats

from hospital.arrays import Array
from registry.evidence.probe_records import EfficiencyFacts, EfficiencyFigures
from registry.evidence.records import Evidence
from registry.policy.board_policy import Policy
from registry.statistics.verdict import Finding, GateResult, Verdict, undecided

__all__ = ["judge_efficiency"]

_LEAST_ANSWERS = 50
_GROUPS = 10
_MEGABYTE = 1_000_000


def judge_efficiency(evidence: Evidence, policy: Policy) -> GateResult:
    """Four figures, each within the policy's budget and, where a version is in use, within `cost_ratio` times its
    own."""
    facts = evidence.probed.efficiency
    if facts is None:
        return GateResult.of("efficiency", [undecided("efficiency", "all", 0, "not_probed")])
    rules, answers = policy.document.efficiency, facts.own.answer_seconds.size
    if answers < _LEAST_ANSWERS:
        return GateResult.of("efficiency", [undecided("efficiency", "all", answers, "too_few_rows")])
    own = _figures(facts.own)
    budgets = {
        "package_megabytes": rules.package_megabytes,
        "answer_milliseconds": rules.answer_milliseconds,
        "answers_watt_hours": rules.answers_watt_hours,
        "training_watt_hours": rules.training_watt_hours,
    }
    found = [_within(name, own[name], budget, answers) for name, budget in budgets.items()]
    return GateResult.of("efficiency", [*found, *_beside(evidence, facts, policy)])


def _figures(one: EfficiencyFigures) -> dict[str, float]:
    return {
        "package_megabytes": one.package_bytes / _MEGABYTE,
        "answer_milliseconds": 1000 * float(np.median(one.answer_seconds)),
        "answers_watt_hours": one.answers_watt_hours,
        "training_watt_hours": one.training_watt_hours,
    }


def _within(name: str, value: float, budget: float, n: int) -> Finding:
    if not math.isfinite(value):
        return undecided(name, "all", n, "energy_unknown", threshold=budget)
    verdict = Verdict.PASS if value <= budget else Verdict.BLOCK
    return Finding(
        name, "all", value, None, budget, n, verdict, note="" if value <= budget else "over_budget"
    )


def _beside(evidence: Evidence, facts: EfficiencyFacts, policy: Policy) -> list[Finding]:
    """The same figures as multiples of the version in use: answers by an interval, the rest as they are."""
    cost_ratio = policy.document.efficiency.cost_ratio
    if not evidence.current_expected:
        first = Finding(
            "cost_ratio", "all", None, None, cost_ratio, 0, Verdict.NOT_APPLICABLE, note="first_release"
        )
        return [first]
    if facts.baseline_before:  # the first model after the baselines: its own budget is what it is held to
        return [
            Finding(
                "cost_ratio", "all", None, None, None, 0, Verdict.PASS, required=False, note="baseline_before"
            )
        ]
    if facts.current is None:
        return [undecided("cost_ratio", "all", 0, "not_probed", threshold=cost_ratio)]
    own, theirs, n = _figures(facts.own), _figures(facts.current), facts.own.answer_seconds.size
    found = []
    for name, value in own.items():
        if name == "answer_milliseconds":
            found.append(_slower(facts.own.answer_seconds, facts.current.answer_seconds, cost_ratio, policy))
        elif not math.isfinite(theirs[name]):  # released before energy was measured
            found.append(
                undecided("cost_ratio", name, n, "energy_unknown", threshold=cost_ratio, required=False)
            )
        elif math.isfinite(value):
            ratio = value / max(theirs[name], 1e-12)
            verdict = Verdict.PASS if ratio <= cost_ratio else Verdict.BLOCK
            note = "" if ratio <= cost_ratio else "over_cost_ratio"
            found.append(Finding("cost_ratio", name, ratio, None, cost_ratio, n, verdict, note=note))
    return found


def _slower(ours: Array, theirs: Array, cost_ratio: float, policy: Policy) -> Finding:
    """Times of answers given in turn: the mean log ratio over ten stretches, with a t interval."""
    name, n = "answer_milliseconds", int(min(ours.size, theirs.size))
    if n < _LEAST_ANSWERS:
        return undecided("cost_ratio", name, n, "too_few_rows", threshold=cost_ratio)
    logs = [
        math.log(float(np.median(a)) / float(np.median(b)))
        for a, b in zip(np.array_split(ours[:n], _GROUPS), np.array_split(theirs[:n], _GROUPS), strict=True)
    ]
    middle, spread = float(np.mean(logs)), float(np.std(logs, ddof=1)) / math.sqrt(_GROUPS)
    half_width = float(stats.t.ppf(1 - policy.document.alpha, _GROUPS - 1)) * spread
    value, low, high = (math.exp(x) for x in (middle, middle - half_width, middle + half_width))
    verdict = (
        Verdict.PASS if high <= cost_ratio else Verdict.BLOCK if low > cost_ratio else Verdict.INCONCLUSIVE
    )
    note = "over_cost_ratio" if verdict is Verdict.BLOCK else ""
    return Finding("cost_ratio", name, value, (low, high), cost_ratio, n, verdict, note=note)
