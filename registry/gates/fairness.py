"""Fairness: is any group told to expect too little? Harm is a wait, or beds, that were under-predicted.

A group's score is held against everybody's: a season in which all waits are under-predicted is calibration's
matter. A block needs the whole Holm-corrected interval beyond the margin; a pass needs it within. Resampling
is by day, since patients of one day share its queue (by week for beds, which stay occupied).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from hospital.events import Array
from hospital.times import DAY
from registry.evidence import Evidence, Scored
from registry.gates.groups import Groups, group_names, told, worst_case_of_censored
from registry.gates.scope import Cell, in_scope
from registry.gates.verdict import Finding, GateResult, Verdict, undecided
from registry.policy import Policy

__all__ = ["judge_fairness"]

_OFFSET_MINUTES = 10.0  # a wait of 2 minutes told as 1 is no harm: log errors count from ten minutes on
_WAIT_BLOCK_DAYS = 1
_BED_BLOCK_DAYS = 7


@dataclass(frozen=True)
class _Harm:
    """How much worse a group fares; sd: from resampling; blocks: stretches of time behind it.

    lacking: blocks that it takes before a sound group as variable as this one would pass; 0: it is judged.
    """

    metric: str
    group: str
    value: float
    sd: float
    blocks: int
    margin: float
    n: int
    lacking: int = 0

    def reach(self, alpha: float) -> float:
        return float(stats.t.ppf(1 - alpha, max(self.blocks - 1, 1))) * self.sd

    def p_value(self) -> float:
        """Of the hypothesis that the harm is within the margin."""
        if self.sd == 0:
            return 0.0 if self.value > self.margin else 1.0
        return float(stats.t.sf((self.value - self.margin) / self.sd, max(self.blocks - 1, 1)))


def judge_fairness(evidence: Evidence, policy: Policy, scope: tuple[Cell, ...]) -> GateResult:
    """Findings by audit attribute (wait time), or by unit group and site within the scope (bed demand)."""
    if evidence.judge.counts:
        findings, found = _beds(evidence, policy, scope)
    else:
        findings, found = _waits(evidence, policy)
    harms = [f for f in found if isinstance(f, _Harm)]
    findings += [f for f in found if isinstance(f, Finding)]
    return GateResult.of("fairness", [*_verdicts(harms, policy.document.alpha), *findings])


def _waits(evidence: Evidence, policy: Policy) -> tuple[list[Finding], list[_Harm | Finding]]:
    judge, earlier, rules = evidence.judge, evidence.scope_part, policy.document.fairness
    findings: list[Finding] = []
    found: list[_Harm | Finding] = []
    for attribute in rules.attributes:
        if attribute not in judge.audit:
            findings.append(undecided("attribute", attribute, 0, "attribute_missing"))
            continue
        before = earlier.audit.get(attribute, np.empty(0, object))
        groups = Groups.of(attribute, judge, judge.audit[attribute], earlier, before)
        known, names = judge.part(groups.known), groups.rows[groups.known]
        findings += told(known, attribute, names)
        findings += worst_case_of_censored(judge, attribute, groups.rows)
        findings += groups.unknown(rules.unknown_share)
        for metric, values, margin in (
            ("share_above_p50", (known.outcome > known.p50).astype(np.float64), rules.margin_share_above),
            ("log_error", _log_error(known), rules.margin_log_error),
        ):
            judged, rest = groups.sort_out(metric, rules.minimum_rows)
            findings += rest
            for name in judged:
                found.append(
                    _gap(metric, groups.label(name), values, names == name, known, margin, rules.resamples)
                )
    return findings, found


def _log_error(known: Scored) -> Array:
    return np.asarray(np.log((known.outcome + _OFFSET_MINUTES) / (known.p50 + _OFFSET_MINUTES)))


def _gap(
    metric: str, group: str, values: Array, mine: Array, known: Scored, margin: float, resamples: int
) -> _Harm | Finding:
    """Group mean less everybody's mean."""
    n = int(mine.sum())
    if np.ptp(known.outcome[mine]) == 0:
        return undecided(metric, group, n, "constant_outcome")
    sums, total = _by_block(values, known.weight * mine, known.prediction_time, _WAIT_BLOCK_DAYS)
    all_sums, all_total = _by_block(values, known.weight, known.prediction_time, _WAIT_BLOCK_DAYS)
    draws = _draws(total.size, resamples)
    weight = draws @ total
    if not (weight > 0).all():
        return undecided(metric, group, n, "too_few_days")
    gaps = draws @ sums / weight - draws @ all_sums / (draws @ all_total)
    value = float(sums.sum() / total.sum() - all_sums.sum() / all_total.sum())
    return _Harm(metric, group, value, float(gaps.std(ddof=1)), int((total > 0).sum()), margin, n)


def _beds(
    evidence: Evidence, policy: Policy, scope: tuple[Cell, ...]
) -> tuple[list[Finding], list[_Harm | Finding]]:
    """Signed error by unit group and site, as a share of the group's demand."""
    rules = policy.document.fairness
    judge = evidence.judge.part(in_scope(evidence.judge, scope))
    earlier = evidence.scope_part.part(in_scope(evidence.scope_part, scope))
    findings: list[Finding] = []
    found: list[_Harm | Finding] = []
    past = earlier.known()
    for attribute in ("unit_group", "site"):
        groups = Groups.of(attribute, judge, getattr(judge, attribute), earlier, getattr(earlier, attribute))
        if attribute == "site" and len(groups.names) < 2:
            continue  # one site has nobody to be treated differently from
        known, names = judge.part(groups.known), groups.rows[groups.known]
        before = group_names(getattr(past, attribute))
        findings += told(known, attribute, names)
        judged, rest = groups.sort_out("relative_bias", rules.minimum_bed_rows)
        findings += rest
        for name in judged:
            mine = (known.part(names == name), past.part(before == name))
            found.append(_bias(groups.label(name), *mine, policy))
    return findings, found


def _bias(group: str, known: Scored, past: Scored, policy: Policy) -> _Harm | Finding:
    rules = policy.document.fairness
    demand = float(np.average(known.outcome, weights=known.weight))
    if demand <= 0 or np.ptp(known.outcome) == 0:
        return undecided("relative_bias", group, known.size, "constant_outcome")
    sums, total = _weekly(known, demand)
    blocks = int((total > 0).sum())
    draws = _draws(total.size, rules.resamples)
    weight = draws @ total
    if blocks < 4 or not (weight > 0).all():
        return undecided("relative_bias", group, known.size, "too_few_days")
    sd = float((draws @ sums / weight).std(ddof=1))
    value = float(sums.sum() / total.sum())
    lacking = max(_weeks_to_clear([(sums, total), _weekly(past, demand)], blocks, policy) - blocks, 0)
    return _Harm("relative_bias", group, value, sd, blocks, rules.margin_bed_bias, known.size, lacking)


def _weekly(scored: Scored, demand: float) -> tuple[Array, Array]:
    """(sums of the signed errors as a share of the demand, weights) by week."""
    if scored.size == 0:
        return np.zeros(0), np.zeros(0)
    relative = (scored.outcome - scored.p50) / demand
    return _by_block(relative, scored.weight, scored.prediction_time, _BED_BLOCK_DAYS)


def _weeks_to_clear(parts: list[tuple[Array, Array]], blocks: int, policy: Policy) -> int:
    """Weeks until a group without harm, as variable as this one is from week to week, passes with the policy's power.

    Only how much weeks vary about their part's own mean counts, never what the mean shows: a harmed group
    cannot leave by being harmed.
    """
    squares, freedom = 0.0, 0
    for sums, total in parts:
        weeks = sums[total > 0] / total[total > 0]
        if weeks.size > 1:
            squares += float(((weeks - weeks.mean()) ** 2).sum())
            freedom += weeks.size - 1
    alpha, rules = policy.document.alpha, policy.document.fairness
    reach = stats.t.ppf(1 - alpha, max(blocks - 1, 1)) + stats.norm.ppf(rules.power)
    return math.ceil(squares / max(freedom, 1) * float(reach / rules.margin_bed_bias) ** 2)


def _verdicts(harms: list[_Harm], alpha: float) -> list[Finding]:
    """Holm's step-down over all groups and scores (Holm 1979): the first not rejected ends the blocks."""
    findings = []
    rejecting = True
    for rank, harm in enumerate(sorted(harms, key=lambda h: h.p_value())):
        rejecting = rejecting and harm.p_value() < alpha / (len(harms) - rank)
        low, high = harm.value - harm.reach(alpha), harm.value + harm.reach(alpha)
        found = Finding(
            harm.metric, harm.group, harm.value, (low, high), harm.margin, harm.n, Verdict.INCONCLUSIVE
        )
        if rejecting:
            found = replace(found, verdict=Verdict.BLOCK)
        elif high <= harm.margin:
            found = replace(found, verdict=Verdict.PASS)
        elif harm.lacking:  # it may be blocked whatever it lacks, and is cleared only by what it shows
            found = replace(found, required=False, note="needs_more_weeks", lacking=harm.lacking)
        findings.append(found)
    return findings


def _by_block(values: Array, weights: Array, times: Array, days: int) -> tuple[Array, Array]:
    blocks = (times - times.min()) // (days * DAY)
    return np.bincount(blocks, weights=values * weights), np.bincount(blocks, weights=weights)


def _draws(blocks: int, resamples: int) -> Array:
    """How often each block is drawn in each resample: [resamples, blocks], the same for the same counts."""
    return (
        np.random.default_rng(blocks)
        .multinomial(blocks, np.full(blocks, 1 / blocks), size=resamples)
        .astype(np.float64)
    )
