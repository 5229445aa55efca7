"""Disparities between groups: how much worse each fares than the others, and what that is worth together (Holm)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from hospital.arrays import Array
from hospital.times import DAY
from registry.statistics.error_rates import Levels
from registry.statistics.intervals import Estimate
from registry.statistics.verdict import Finding, Verdict

__all__ = [
    "OWN_LEVEL",
    "Disparity",
    "by_block",
    "gap",
    "mean_by_block",
    "periods_to_pass",
    "shown",
    "step_down",
    "verdicts",
]

_FEWEST_BLOCKS = 4
OWN_LEVEL = 0.025
"""One-sided level of a disparity's own 95 % interval, as a reader sees it: not corrected for how many others there are.
"""
_BY_EARLIER_DAYS = 0.5
"""Share of alpha that is given out in the order in which earlier days showed disparities, to each half of what the one
before had.
"""


@dataclass(frozen=True)
class Disparity:
    """How much worse a group fares.

    Attributes:
        found: the disparity, above 0 where the group is worse off.
        margin: what is tolerated.
        n: rows of the group.
        lacking: stretches of time, or rows, that it takes before a sound group as variable as this one would
            pass; 0: it is judged.
        note: which of the two.
        judged: whether it must pass; the others can only block.
        required: whether the gate stays shut while it lacks them.
        earlier: the same of days before the judged ones: it says where to look first, and decides nothing.
    """

    metric: str
    group: str
    found: Estimate
    margin: float
    n: int
    lacking: int = 0
    note: str = ""
    judged: bool = True
    required: bool = False
    earlier: Estimate | None = None


def verdicts(
    disparities: Sequence[Disparity], levels: Levels, *, certain_shuts: bool = False
) -> list[Finding]:
    """Holm's step-down over all groups and scores (Holm 1979): the first not rejected ends the blocks.

    What is worse than the margin by its own 95 % interval keeps the gate shut, too, however few rows there are:
    too little to block, and too much to pass over.

    Args:
        certain_shuts: whether a disparity beyond the margin keeps the gate shut, too, where only that there is one is
            certain (the same step-down, against none), and not that it is beyond the margin.
    """
    weights = _weights(disparities)
    beyond = [h.found.p_above(h.margin) for h in disparities]
    blocked = step_down(beyond, weights, levels.blocking)
    certain = [False] * len(disparities)
    if certain_shuts:
        certain = step_down([h.found.p_above(0.0) for h in disparities], weights, levels.blocking)
    findings = []
    for i in sorted(range(len(disparities)), key=lambda i: beyond[i]):
        disparity = disparities[i]
        interval = disparity.found.interval(levels.passing)
        verdict, required, note, lacking = Verdict.INCONCLUSIVE, disparity.judged, "", 0
        if blocked[i]:
            verdict, required = Verdict.BLOCK, True
        elif beyond[i] < OWN_LEVEL:
            required, note, lacking = True, "harm_shown", disparity.lacking
        elif certain[i] and disparity.found.value > disparity.margin:
            required, note, lacking = True, "harm_certain", disparity.lacking
        elif interval[1] <= disparity.margin and (disparity.judged or not disparity.lacking):
            verdict = Verdict.PASS
        elif disparity.lacking:  # it may be blocked whatever it lacks, and passes only by what it shows
            required, note, lacking = disparity.required, disparity.note, disparity.lacking
        findings.append(
            Finding(
                disparity.metric,
                disparity.group,
                disparity.found.value,
                interval if all(map(math.isfinite, interval)) else None,
                disparity.margin,
                disparity.n,
                verdict,
                required,
                note,
                lacking,
            )
        )
    return findings


def step_down(p_values: Sequence[float], weights: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses are rejected, by Holm's step-down with weights (Holm 1979): all together falsely at most alpha.

    Each is held to its share of alpha among those that are left; what a rejected one had goes to the others.

    Args:
        weights: above 0, not taken from the p-values; all alike in the plain step-down.
    """
    rejected = [False] * len(p_values)
    left = math.fsum(weights)
    for i in sorted(range(len(p_values)), key=lambda i: p_values[i] / weights[i]):
        if not p_values[i] < alpha * weights[i] / left:
            break
        rejected[i] = True
        left -= weights[i]
    return rejected


def _weights(disparities: Sequence[Disparity]) -> list[float]:
    """Of each disparity: half of alpha alike, half by the order in which earlier days showed them.

    Days that are not judged may say where to look, since chance moved them by itself: the false blocks of all together
    stay at most alpha, and what was there before is found with fewer rows (Heller, Rosenbaum & Small 2009, doi
    10.1198/jasa.2009.tm08338).
    """
    weights = [1.0] * len(disparities)
    showed = sorted((h.earlier.p_above(0.0), i) for i, h in enumerate(disparities) if h.earlier is not None)
    if showed:
        weights = [1 - _BY_EARLIER_DAYS] * len(disparities)
    for rank, (_, i) in enumerate(showed, start=1):
        weights[i] += len(disparities) * _BY_EARLIER_DAYS * 0.5**rank
    return weights


def shown(disparity: Disparity, levels: Levels) -> Finding | None:
    """What is worse than the margin by its own 95 % interval: it keeps the gate shut, and never blocks; else None.

    For what is too narrow, and of too many kinds, to be judged with the others: each would need the more evidence.
    """
    if not disparity.found.p_above(disparity.margin) < OWN_LEVEL:
        return None
    low, high = disparity.found.interval(levels.passing)
    return Finding(
        disparity.metric,
        disparity.group,
        disparity.found.value,
        (low, high) if math.isfinite(low) and math.isfinite(high) else None,
        disparity.margin,
        disparity.n,
        Verdict.INCONCLUSIVE,
        note="harm_shown",
    )


def by_block(values: Array, weights: Array, times: Array, days: int) -> tuple[Array, Array]:
    """(weighted sums, weights) of each stretch of `days` days: float64 [blocks] each."""
    blocks = (times - times.min()) // (days * DAY)
    return np.bincount(blocks, weights=values * weights), np.bincount(blocks, weights=weights)


def gap(
    values: Array, weights: Array, mine: Array, times: Array, *, days: int, resamples: int
) -> Estimate | None:
    """A group's mean less the others', resampled by stretches of days, which share a queue.

    Args:
        values, weights: float64 [n].
        mine: bool [n], rows of the group.
        times: int64 [n], instants.

    Returns:
        None where a resample can leave the group, or the others, without a row.
    """
    sums, total = by_block(values, weights * mine, times, days)
    other_sums, other_total = by_block(values, weights * ~mine, times, days)
    draws = _draws(total.size, resamples)
    weight, other_weight = draws @ total, draws @ other_total
    if total.size < _FEWEST_BLOCKS or not (weight > 0).all() or not (other_weight > 0).all():
        return None
    gaps = draws @ sums / weight - draws @ other_sums / other_weight
    value = float(sums.sum() / total.sum() - other_sums.sum() / other_total.sum())
    return Estimate(value, float(gaps.std(ddof=1)), int((total > 0).sum()))


def mean_by_block(sums: Array, total: Array, *, resamples: int) -> Estimate | None:
    """The mean of sums over weights by stretch of time (float64 [stretches] each), resampled by stretch; None with
    fewer than four."""
    blocks = int((total > 0).sum())
    draws = _draws(total.size, resamples)
    weight = draws @ total
    if blocks < _FEWEST_BLOCKS or not (weight > 0).all():
        return None
    return Estimate(float(sums.sum() / total.sum()), float((draws @ sums / weight).std(ddof=1)), blocks)


def periods_to_pass(
    parts: Sequence[tuple[Array, Array]], blocks: int, *, alpha: float, power: float, margin: float
) -> int:
    """Stretches of time until a group without a disparity, as variable as this one from one to the next, passes.

    Only how much they vary about their part's own mean counts, never what the mean shows: a disadvantaged group cannot
    leave by being so.

    Args:
        parts: of each part of the history the sums and the weights by stretch, float64 [stretches] each.
    """
    squares, freedom = 0.0, 0
    for sums, total in parts:
        means = sums[total > 0] / total[total > 0]
        if means.size > 1:
            squares += float(((means - means.mean()) ** 2).sum())
            freedom += means.size - 1
    standard_errors = stats.t.ppf(1 - alpha, max(blocks - 1, 1)) + stats.norm.ppf(power)
    return math.ceil(squares / max(freedom, 1) * float(standard_errors / margin) ** 2)


@lru_cache(maxsize=4)
def _draws(blocks: int, resamples: int) -> Array:
    """How often each block is drawn in each resample: [resamples, blocks], the same for the same counts, read-only."""
    # Drawn once for all groups of the same rows: drawing takes longer than what is computed of it.
    draws = (
        np.random.default_rng(blocks)
        .multinomial(blocks, np.full(blocks, 1 / blocks), size=resamples)
        .astype(np.float64)
    )
    draws.flags.writeable = False
    return draws
