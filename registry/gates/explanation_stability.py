"""Reasons that last: stability over refits, drift against the current release, proxies of an audit attribute."""

import math

import numpy as np
from scipy import stats

from hospital.arrays import Array
from registry.evidence.probe_records import ExplanationShift, ProxyGroup
from registry.evidence.records import Evidence
from registry.policy.board_policy import Policy
from registry.statistics.verdict import Finding, Verdict, undecided

__all__ = ["proxy_findings", "shift_findings", "stability_findings"]

_LEAST_REFITS = 20
_LEAST_BLOCKS = 8


def stability_findings(evidence: Evidence, policy: Policy) -> list[Finding]:
    """What 20 refits move of the contributions: the whole interval of the mean must lie under the policy's bound."""
    facts, bound = evidence.probed.stability, policy.document.explanation.stability
    if facts is None:
        return [undecided("stability", "all", 0, "not_probed", threshold=bound)]
    if facts.failed or facts.distance.size < _LEAST_REFITS:
        return [undecided("stability", "all", facts.distance.size, "refits_failed", threshold=bound)]
    alpha = policy.document.alpha
    found = [_held("stability", "all", *_mean(facts.distance, alpha), bound, facts.rows, "unstable")]
    groups = [("stability", name, values) for name, values in facts.groups.items()]
    return found + [
        _reported(metric, group, *_mean(values, alpha), None, facts.rows)
        for metric, group, values in (*groups, ("rank_agreement", "all", facts.ranks))
        if np.isfinite(values).all()
    ]


def shift_findings(evidence: Evidence, policy: Policy) -> list[Finding]:
    """How far the groups of features carry the forecasts otherwise than in the current release."""
    facts, rules = evidence.probed.shift, policy.document.explanation
    metric, bound = "explanation_shift", rules.shift_block
    if not evidence.current_expected:
        return [Finding(metric, "all", None, None, bound, 0, Verdict.NOT_APPLICABLE, note="first_release")]
    if facts is None:
        return [undecided(metric, "all", 0, "not_probed", threshold=bound)]
    if not facts.groups:  # the current release is of the baselines: it has no reasons to be set beside
        return [
            Finding(
                metric,
                "all",
                None,
                None,
                None,
                facts.rows,
                Verdict.PASS,
                required=False,
                note="baseline_before",
            )
        ]
    if facts.rows < rules.minimum_rows or len(facts.ours) < _LEAST_BLOCKS:
        return [undecided(metric, "all", facts.rows, "too_few_rows", threshold=bound)]
    value, low, high = _jackknifed(facts, policy.document.alpha)
    found = _held(metric, "all", value, low, high, bound, facts.rows, "other_reasons")
    if found.verdict is Verdict.PASS and value > rules.shift_reported:
        found = Finding(
            metric,
            "all",
            value,
            (low, high),
            rules.shift_reported,
            facts.rows,
            Verdict.PASS,
            note="reasons_moved",
        )
    ours, theirs = facts.ours.mean(axis=0), facts.theirs.mean(axis=0)
    shares = (ours - theirs) / max(float(theirs.sum()), 1e-9)
    return [found] + [
        Finding(metric, g, float(s), None, None, facts.rows, Verdict.PASS, required=False)
        for g, s in zip(facts.groups, shares, strict=True)
        if math.isfinite(s)
    ]


def proxy_findings(evidence: Evidence, policy: Policy) -> list[Finding]:
    """Of wait time: what share of all reasons is carried by features that give away an audit group by themselves."""
    if evidence.model != "wait-time":
        return []
    facts, bound = evidence.probed.proxies, policy.document.explanation.proxy_share
    if facts is None:
        return [undecided("proxy_share", "all", 0, "not_probed", threshold=bound)]
    if facts.failed:
        return [undecided("proxy_share", "all", 0, "refits_failed", threshold=bound)]
    if not facts.groups:
        return [undecided("proxy_share", "all", 0, "attribute_missing", threshold=bound)]
    return [finding for group in facts.groups for finding in _proxies(group, policy)]


def _proxies(one: ProxyGroup, policy: Policy) -> list[Finding]:
    rules, blocks = policy.document.explanation, one.blocks
    required = one.group.partition("=")[0] not in rules.stated_attributes
    figures = [one.auc, one.auc_error, *one.alone.values(), *one.alone_error.values()]
    if blocks < _LEAST_BLOCKS or not np.isfinite(figures).all():
        return [
            undecided(
                "proxy_share",
                one.group,
                one.rows,
                "too_few_rows",
                threshold=rules.proxy_share,
                required=required,
            )
        ]
    sure = float(stats.t.ppf(1 - policy.document.alpha / max(len(one.alone), 1), blocks - 1))
    proxies = [f for f, a in one.alone.items() if a - sure * one.alone_error[f] > rules.proxy_area]
    share = float(sum(one.share[f] for f in proxies))
    blocked = required and share > rules.proxy_share
    note = "" if not proxies else "proxy" if blocked else "proxy_reported" if required else "stated"
    half_width = float(stats.t.ppf(1 - policy.document.alpha, blocks - 1)) * one.auc_error
    return [
        Finding(
            "proxy_share",
            one.group,
            share,
            None,
            rules.proxy_share,
            one.rows,
            Verdict.BLOCK if blocked else Verdict.PASS,
            required=required,
            note=note,
        ),
        *(
            Finding(
                "proxy_area",
                f"{one.group}: {f}",
                one.alone[f],
                None,
                rules.proxy_area,
                one.rows,
                Verdict.PASS,
                required=False,
            )
            for f in (proxies if required else ())
        ),
        _reported(
            "attribute_area", one.group, one.auc, one.auc - half_width, one.auc + half_width, None, one.rows
        ),
    ]


def _held(
    metric: str, group: str, value: float, low: float, high: float, bound: float, n: int, note: str
) -> Finding:
    """Pass with the whole interval under the bound, block with the whole of it above."""
    if not all(map(math.isfinite, (value, low, high))):
        return undecided(metric, group, n, "not_a_number", threshold=bound)
    verdict = Verdict.PASS if high <= bound else Verdict.BLOCK if low > bound else Verdict.INCONCLUSIVE
    note = note if verdict is not Verdict.PASS else ""
    return Finding(metric, group, value, (low, high), bound, n, verdict, note=note)


def _reported(
    metric: str, group: str, value: float, low: float, high: float, threshold: float | None, n: int
) -> Finding:
    return Finding(metric, group, value, (low, high), threshold, n, Verdict.PASS, required=False)


def _mean(values: Array, alpha: float) -> tuple[float, float, float]:
    """(mean, one-sided bounds) by t; refits are drawn independently of one another."""
    mean = float(values.mean())
    half_width = (
        float(stats.t.ppf(1 - alpha, values.size - 1)) * float(values.std(ddof=1)) / math.sqrt(values.size)
    )
    return mean, mean - half_width, mean + half_width


def _jackknifed(facts: ExplanationShift, alpha: float) -> tuple[float, float, float]:
    """The distance of two profiles of mean |contribution|, as a share of the release's, and its bounds by blocks."""

    def distance(kept: Array) -> float:
        ours, theirs = facts.ours[kept].mean(axis=0), facts.theirs[kept].mean(axis=0)
        return float(np.abs(ours - theirs).sum() / max(float(theirs.sum()), 1e-9))

    blocks = np.arange(len(facts.ours))
    value = distance(blocks)
    without = np.array([distance(blocks[blocks != b]) for b in blocks])
    error = math.sqrt((blocks.size - 1) * float(without.var()))
    half_width = float(stats.t.ppf(1 - alpha, blocks.size - 1)) * error
    return value, max(value - half_width, 0.0), value + half_width
