"""Fairness: is any group told to expect too little? Harm is a wait, or beds, that were under-predicted.

Every group's count and missing values are looked at before anything is compared: fairlearn's differences drop a
group whose metric is NaN. Resampling is by day, since patients of one day share its queue.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame
from scipy import stats

from hospital.events import Array
from hospital.times import DAY
from registry.evidence import Evidence, Scored
from registry.gates.scope import Cell, in_scope
from registry.gates.verdict import Finding, GateResult, Verdict
from registry.policy import Policy

__all__ = ["judge_fairness"]

_OFFSET_MINUTES = 10.0  # a wait of 2 minutes told as 1 is no harm: log errors count from ten minutes on
_BLOCK_DAYS = {"wait-time": 1, "bed-demand": 7}
UNKNOWN = "unknown"


@dataclass(frozen=True)
class _Score:
    """A score whose rise in a group is harm, with the margin it may have."""

    metric: str
    values: Array
    margin: float


def judge_fairness(evidence: Evidence, policy: Policy, scope: tuple[Cell, ...]) -> GateResult:
    """Findings by audit attribute (wait time), or by unit group and site (bed demand)."""
    judge = evidence.judge
    inside = judge.part(in_scope(judge, scope)) if evidence.model == "bed-demand" else judge
    known = inside.known()
    rules = policy.document.fairness
    if evidence.model == "bed-demand":
        return GateResult.of("fairness", _beds(known, policy))
    findings: list[Finding] = []
    scores = (
        _Score("share_above_p50", (known.outcome > known.p50).astype(np.float64), rules.margin_share_above),
        _Score(
            "log_error",
            np.log((known.outcome + _OFFSET_MINUTES) / (known.p50 + _OFFSET_MINUTES)),
            rules.margin_log_error,
        ),
    )
    judged = [a for a in rules.attributes if a in known.audit]
    for attribute in judged:
        groups = _names(known.audit[attribute])
        findings += _told(known, attribute, groups)
        for score in scores:
            findings += _harms(
                known, attribute, groups, score, rules.minimum_rows, policy, _BLOCK_DAYS["wait-time"]
            )
        findings += _censored(inside, attribute)
    lacking = [a for a in rules.attributes if a not in known.audit]
    findings += [
        Finding(
            "attribute",
            a,
            None,
            None,
            None,
            0,
            Verdict.INCONCLUSIVE,
            required=False,
            note="attribute_missing",
        )
        for a in lacking
    ]
    return GateResult.of("fairness", findings)


def _beds(known: Scored, policy: Policy) -> list[Finding]:
    """Signed error by unit group and site, as a share of the group's demand."""
    rules = policy.document.fairness
    findings: list[Finding] = []
    for attribute, column in (("unit_group", known.unit_group), ("site", known.site)):
        groups = _names(column)
        if attribute == "site" and set(groups) <= {UNKNOWN, ""}:
            continue
        findings += _told(known, attribute, groups)
        for group in sorted(set(groups)):
            mine = groups == group
            n, label = int(mine.sum()), f"{attribute}={group}"
            if n < rules.minimum_bed_rows:
                findings.append(_short("relative_bias", label, n, rules.minimum_bed_rows))
                continue
            demand = float(np.mean(known.outcome[mine]))
            if demand <= 0:
                findings.append(
                    Finding(
                        "relative_bias",
                        label,
                        None,
                        None,
                        None,
                        n,
                        Verdict.INCONCLUSIVE,
                        note="constant_outcome",
                    )
                )
                continue
            bias = (known.outcome - known.p50)[mine] / demand
            sums = _by_block(bias, known.weight[mine], known.prediction_time[mine], _BLOCK_DAYS["bed-demand"])
            value, low, high = _ratio_interval(*sums, alpha=policy.document.alpha, resamples=rules.resamples)
            findings.append(_verdict("relative_bias", label, value, low, high, low, rules.margin_bed_bias, n))
    return findings


def _harms(
    known: Scored, attribute: str, groups: Array, score: _Score, least: int, policy: Policy, block_days: int
) -> list[Finding]:
    """How much more a group's score is than everybody's; Holm over the attribute's groups for a block."""
    names = sorted(set(groups))
    counts = {name: int((groups == name).sum()) for name in names}
    findings = [
        _short(score.metric, f"{attribute}={n}", counts[n], least) for n in names if counts[n] < least
    ]
    judged = [n for n in names if counts[n] >= least and n != UNKNOWN]
    rules = policy.document.fairness
    found = {}
    for name in judged:
        mine = groups == name
        if not np.isfinite(score.values[mine]).all():
            findings.append(
                Finding(
                    score.metric,
                    f"{attribute}={name}",
                    None,
                    None,
                    None,
                    counts[name],
                    Verdict.INCONCLUSIVE,
                    note="not_a_number",
                )
            )
            continue
        found[name] = _gap(known, mine, score.values, policy.document.alpha, rules.resamples, block_days)
    for rank, name in enumerate(sorted(found, key=lambda n: -found[n][1])):
        value, low, high, sd = found[name]
        # Holm: the most harmed group is held to alpha / groups, the next to alpha / (groups - 1), …
        quantile = float(stats.norm.ppf(1 - policy.document.alpha / (len(found) - rank)))
        label = f"{attribute}={name}"
        findings.append(
            _verdict(score.metric, label, value, low, high, value - quantile * sd, score.margin, counts[name])
        )
    return findings


def _verdict(
    metric: str, group: str, value: float, low: float, high: float, holm: float, margin: float, n: int
) -> Finding:
    verdict = Verdict.INCONCLUSIVE
    if holm > margin:
        verdict = Verdict.BLOCK
    elif high <= margin:
        verdict = Verdict.PASS
    return Finding(metric, group, value, (low, high), margin, n, verdict)


def _short(metric: str, group: str, n: int, least: int) -> Finding:
    return Finding(
        metric,
        group,
        None,
        None,
        float(least),
        n,
        Verdict.INCONCLUSIVE,
        required=False,
        note="needs_more_rows",
    )


def _gap(
    known: Scored, mine: Array, values: Array, alpha: float, resamples: int, block_days: int
) -> tuple[float, float, float, float]:
    """Group mean less everybody's mean, with bounds and standard deviation, resampling blocks of days."""
    group = _by_block(values, known.weight * mine, known.prediction_time, block_days)
    everybody = _by_block(values, known.weight, known.prediction_time, block_days)
    draws = _draws(everybody[1].size, resamples)
    gaps = draws @ group[0] / np.maximum(draws @ group[1], 1e-12) - draws @ everybody[0] / (
        draws @ everybody[1]
    )
    value = float(group[0].sum() / group[1].sum() - everybody[0].sum() / everybody[1].sum())
    sd = float(gaps.std(ddof=1))
    reach = float(stats.norm.ppf(1 - alpha)) * sd
    return value, value - reach, value + reach, sd


def _ratio_interval(
    sums: Array, weights: Array, *, alpha: float, resamples: int
) -> tuple[float, float, float]:
    draws = _draws(weights.size, resamples)
    means = draws @ sums / np.maximum(draws @ weights, 1e-12)
    value = float(sums.sum() / weights.sum())
    reach = float(stats.t.ppf(1 - alpha, max(weights.size - 1, 1))) * float(means.std(ddof=1))
    return value, value - reach, value + reach


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


def _names(values: Array) -> Array:
    out = np.array([UNKNOWN if v is None or v == "" else str(v) for v in values], object)
    return np.asarray(out)


def _told(known: Scored, attribute: str, groups: Array) -> list[Finding]:
    """fairlearn's disaggregation: n, mean outcome, signed error, absolute error and coverage of each group."""
    inside = (known.outcome >= known.quantiles[:, 1]) & (known.outcome <= known.quantiles[:, -2])
    metrics: dict[str, Callable[[Array, Array], float]] = {
        "mean_outcome": lambda y, _: float(np.mean(y)),
        "bias": lambda y, p: float(np.mean(y - p)),
        "absolute_error": lambda y, p: float(np.mean(np.abs(y - p))),
    }
    frame = MetricFrame(
        metrics=metrics,
        y_true=known.outcome,
        y_pred=known.p50,
        sensitive_features=pd.Series(groups, name=attribute),
    )
    coverage = pd.Series(inside).groupby(groups).mean()
    counts = pd.Series(groups).value_counts()
    findings = []
    for name in sorted(set(groups)):
        row = {metric: frame.by_group.loc[name, metric] for metric in metrics} | {"coverage": coverage[name]}
        for metric, value in row.items():
            known_value = float(value) if np.isfinite(value) else None
            verdict = Verdict.PASS if known_value is not None else Verdict.INCONCLUSIVE
            findings.append(
                Finding(
                    metric,
                    f"{attribute}={name}",
                    known_value,
                    None,
                    None,
                    int(counts[name]),
                    verdict,
                    required=False,
                    note="told",
                )
            )
    return findings


def _censored(inside: Scored, attribute: str) -> list[Finding]:
    """Worst case of those who left unseen or still wait: if all of them would have waited longer than the p50."""
    groups = _names(inside.audit[attribute])
    findings = []
    for name in sorted(set(groups)):
        mine = groups == name
        above = np.where(inside.censored, True, inside.outcome > inside.p50)[mine]
        share = float(inside.censored[mine].mean())
        bound = float(above.mean())
        note = "worst_case"
        findings.append(
            Finding(
                "share_above_p50_worst_case",
                f"{attribute}={name}",
                bound,
                (bound - share, bound),
                None,
                int(mine.sum()),
                Verdict.PASS,
                required=False,
                note=note,
            )
        )
    return findings
