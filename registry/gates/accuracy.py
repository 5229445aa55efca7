"""Accuracy: better than the best baseline, and not worse than what is served today, horizon by horizon."""

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from hospital.arrays import Array
from registry.evidence.records import Evidence, Scored
from registry.policy.board_policy import Policy
from registry.policy.trusted_scope import Cell, in_scope
from registry.statistics.error_rates import Levels
from registry.statistics.gains import best_baseline, cell_gains, losses
from registry.statistics.intervals import Estimate, block_mean, daily_sums
from registry.statistics.long_run_variance import bartlett_weight
from registry.statistics.scope import cell_name, horizon_name, served
from registry.statistics.verdict import Finding, GateResult, Verdict, undecided

__all__ = ["diebold_mariano", "judge_accuracy", "judged_scope"]

_COMPARED = 0.99
"""Share of rows where the baseline must have a value: after a gap in the data it may lack one."""
_IN_CELL = "gain_in_cell"
_OWN = 0.025
"""One-sided level of a cell's own 95 % interval."""
_SURE = 1.645
"""What a Diebold-Mariano statistic is shown beside: the 95 % quantile of the normal distribution."""


def judge_accuracy(evidence: Evidence, policy: Policy, scope: tuple[Cell, ...]) -> GateResult:
    """Findings by horizon within the scope, each of its cells, and what is served beside the current release.

    Args:
        scope: as the validation set gives it; `judged_scope` says what is left of it.
    """
    if not scope:
        return GateResult.of("accuracy", [_closed("empty_scope")])
    test, levels = evidence.test, Levels.of(evidence, policy)
    inside = in_scope(scope, test.unit_group, test.horizon_hours)
    findings: list[Finding] = []
    for horizon in sorted({h for _, h in scope}):
        rows = test.part(inside & (test.horizon_hours == horizon))
        baseline = best_baseline(rows, horizon)
        gains = _gain(rows, baseline, horizon, policy, levels)
        findings += gains
        if gains[0].verdict is Verdict.PASS:
            findings += _confirmed(rows, baseline, horizon, levels)
    left = _left(findings, scope)
    if not any(f.required for f in findings):
        unconfirmed = any(f.note == "not_confirmed" for f in findings)
        findings.append(
            undecided("scope", "all", 0, "nothing_confirmed") if unconfirmed else _closed("no_horizon_left")
        )
    elif not left:
        findings.append(undecided("scope", "all", 0, "nothing_confirmed"))
    findings += _against_current(evidence, policy, left, levels)
    return GateResult.of("accuracy", findings)


def judged_scope(result: GateResult, scope: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The scope without the horizons that could not be judged, and without the cells that the test set did not
    confirm."""
    return _left(result.findings, scope)


def _left(findings: Iterable[Finding], scope: tuple[Cell, ...]) -> tuple[Cell, ...]:
    horizons, cells = set(), set()
    for f in findings:
        if f.metric == "gain_over_baseline" and not f.required:
            horizons.add(f.group)
        if f.metric == _IN_CELL and f.verdict is not Verdict.PASS:
            cells.add(f.group)
    return tuple(c for c in scope if horizon_name(c[1]) not in horizons and cell_name(c) not in cells)


def _confirmed(rows: Scored, baseline: str, horizon: float, levels: Levels) -> list[Finding]:
    """The gain of each unit group of a horizon that passes, partially pooled: reported, since what is not shown to
    gain has the baseline served and keeps nothing shut. One group alone is the horizon itself."""
    gains = cell_gains(rows.known(), baseline, horizon)
    if len(gains) < 2:
        return []
    findings = []
    for group, gain in gains.items():
        worse = gain.own.high(_OWN) < 0  # whatever it has in common with the others
        confirmed = gain.pooled.low(levels.passing) > 0 and not worse
        findings.append(
            Finding(
                _IN_CELL,
                cell_name((group, horizon)),
                gain.pooled.value,
                gain.pooled.interval(levels.passing),
                0.0,
                gain.n,
                Verdict.PASS if confirmed else Verdict.INCONCLUSIVE,
                required=False,
                note="" if confirmed else "not_confirmed",
            )
        )
    return findings


def diebold_mariano(difference: Array, weight: Array, times: Array, horizon_hours: float) -> float:
    """Diebold and Mariano's statistic of a loss difference by day, with the correction for small samples.

    Rectangular lags up to the horizon's days less one, at least none, by Bartlett's weights where the sum would not
    be above 0 (Diebold & Mariano 1995, doi 10.1080/07350015.1995.10524599; Harvey, Leybourne & Newbold 1997,
    doi 10.1016/S0169-2070(96)00719-4).

    Args:
        difference: float64 [n], another's loss less ours.
        weight: float64 [n].
        times: int64 [n], instants.

    Returns:
        The statistic, about standard normal where both are equally good, above 0 where ours is better; NaN with
        fewer than ten days or a difference that never varies.
    """
    sums, total = daily_sums(difference, weight, times)
    days = sums.size
    if days < 10:
        return float("nan")
    daily = sums / total
    centred = daily - daily.mean()
    lags = max(int(np.ceil(horizon_hours / 24)), 1)
    covariances = [float(centred[k:] @ centred[: days - k]) / days for k in range(min(lags, days))]
    variance = covariances[0] + 2 * sum(covariances[1:])
    if variance <= 0:
        variance = covariances[0] + 2 * sum(
            bartlett_weight(k, lags) * c for k, c in enumerate(covariances) if k
        )
    if variance <= 0:
        return float("nan")
    small = np.sqrt((days + 1 - 2 * lags + lags * (lags - 1) / days) / days)
    return float(daily.mean() / np.sqrt(variance / days) * small)


def _closed(note: str) -> Finding:
    return Finding("scope", "all", 0.0, None, None, 0, Verdict.BLOCK, note=note)


def _gain(rows: Scored, name: str, horizon: float, policy: Policy, levels: Levels) -> list[Finding]:
    """Gain over the baseline as a share of its error, and Diebold and Mariano's statistic beside it."""
    rules, group = policy.document.accuracy, horizon_name(horizon)
    counted, known = int((rows.weight > 0).sum()), rows.known()
    compared = np.isfinite(known.baselines[name])
    if compared.sum() < rules.minimum_rows:
        return [undecided("gain_over_baseline", group, int(compared.sum()), "too_few_rows")]
    if known.size < counted or compared.mean() < _COMPARED:
        return [undecided("gain_over_baseline", group, counted - int(compared.sum()), "not_a_number")]
    known = known.part(compared)
    found = _relative_gain(known, known.p50, known.baselines[name], horizon)
    if found is None:
        return [undecided("gain_over_baseline", group, known.size, "constant_outcome")]
    finding = Finding(
        "gain_over_baseline",
        group,
        found.value,
        found.interval(levels.passing),
        0.0,
        known.size,
        levels.at_least(found, 0.0, blocks_under=rules.least_gain),
        note=name,
    )
    if found.blocks < rules.minimum_blocks:
        short = replace(finding, interval=None, verdict=Verdict.INCONCLUSIVE, required=False)
        return [replace(short, note="too_few_blocks")]
    if finding.verdict is Verdict.INCONCLUSIVE:
        finding = replace(finding, required=False, note="not_confirmed")
    return [finding, *_beside(known, known.baselines[name], horizon, group)]


def _beside(known: Scored, other: Array, horizon: float, group: str) -> list[Finding]:
    difference = losses(known, other) - losses(known, known.p50)
    statistic = diebold_mariano(difference, known.weight, known.prediction_time, horizon)
    if not np.isfinite(statistic):
        return []
    return [
        Finding(
            "diebold_mariano",
            group,
            statistic,
            None,
            _SURE,
            known.size,
            Verdict.PASS,
            required=False,
            note="reported",
        )
    ]


def _relative_gain(part: Scored, ours: Array, other: Array, horizon: float) -> Estimate | None:
    """Mean loss of `other` less ours, as a share of the mean loss of `other`; None where that is 0."""
    theirs = losses(part, other)
    level = float(np.average(theirs, weights=part.weight))
    if level == 0:
        return None
    difference = theirs - losses(part, ours)
    return block_mean(difference, part.weight, part.prediction_time, horizon_hours=horizon).over(level)


def _against_current(
    evidence: Evidence, policy: Policy, scope: Collection[Cell], levels: Levels
) -> list[Finding]:
    """What would be served beside what is served today, all horizons together and each by itself.

    Served, not forecast: a version that leaves a horizon out of its scope answers with the baseline there, and is
    judged by it.
    """
    if evidence.current is None:
        return [
            Finding(
                "against_current", "all", None, None, None, 0, Verdict.NOT_APPLICABLE, note="first_release"
            )
        ]
    test = evidence.test
    current = evidence.current[:, evidence.current.shape[1] // 2]
    counted = (test.weight > 0) & np.isfinite(test.outcome) & np.isfinite(test.quantiles).all(axis=1)
    # A horizon that the current release never speaks of has no forecast at all; a gap within one is a NaN.
    spoken = np.isin(test.horizon_hours, np.unique(test.horizon_hours[np.isfinite(current)]))
    ours = served(evidence, scope)
    usable = counted & spoken
    both = np.isfinite(ours) & np.isfinite(current)
    if not np.isfinite(current[usable]).all() or (usable.any() and both[usable].mean() < _COMPARED):
        return [undecided("against_current", "all", int(usable.sum()), "not_a_number")]
    usable = usable & both
    groups = [("all", usable)]
    horizons = np.unique(test.horizon_hours[usable])
    if horizons.size > 1:
        groups += [(horizon_name(h), usable & (test.horizon_hours == h)) for h in horizons]
    return [
        _noninferior(test.part(mine), ours[mine], current[mine], group, policy, levels)
        for group, mine in groups
    ]


def _noninferior(
    part: Scored, ours: Array, current: Array, group: str, policy: Policy, levels: Levels
) -> Finding:
    rules = policy.document.accuracy
    margin = -(rules.noninferiority_margin if group == "all" else rules.noninferiority_margin_horizon)
    if part.size < rules.minimum_rows:
        return undecided("against_current", group, part.size, "too_few_rows")
    found = _relative_gain(part, ours, current, float(np.median(part.horizon_hours)))
    if found is None:
        return undecided("against_current", group, part.size, "constant_outcome")
    verdict, required, note = levels.at_least(found, margin), True, ""
    if found.blocks < rules.minimum_blocks:
        # Such a horizon is outside the scope; what is significantly worse blocks all the same.
        required, note = group == "all" or verdict is Verdict.BLOCK, "too_few_blocks"
        verdict = Verdict.BLOCK if verdict is Verdict.BLOCK else Verdict.INCONCLUSIVE
    return Finding(
        "against_current",
        group,
        found.value,
        found.interval(levels.passing),
        margin,
        part.size,
        verdict,
        required,
        note,
    )
