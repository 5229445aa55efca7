"""What a model gains over the best baseline: of each horizon, and of each unit group at it, pooled as far as chance
asks."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hospital.arrays import Array
from hospital.times import DAY
from registry.evidence.records import Scored
from registry.statistics.intervals import Estimate, block_starts, daily_sums
from registry.statistics.moderated_variances import moderated
from registry.statistics.partial_pooling import partially_pooled, shared_variance

__all__ = ["Gain", "best_baseline", "cell_gains", "horizon_gains", "losses"]

K = TypeVar("K", str, float)

_COMPARED = 0.99
"""Share of rows on which a baseline has a value that nearly always has one: after a gap in the data it may lack it."""


def losses(scored: Scored, forecast: Array) -> Array:
    """Absolute errors: float64 [n]."""
    return np.abs(scored.outcome - forecast)


def best_baseline(scored: Scored, horizon: float) -> str:
    """The baseline of the least error at a horizon; the first by name where they tie or none is known.

    All are held against each other on the same rows: those on which each has a value that nearly always has one. A
    baseline that speaks of easy rows alone would look better than it is.
    """
    mine = scored.known()
    mine = mine.part(mine.horizon_hours == horizon)
    known = {name: np.isfinite(mine.baselines[name]) for name in sorted(mine.baselines)}
    usual = {name: mask for name, mask in known.items() if mask.any() and mask.mean() >= _COMPARED}
    compared = usual or {name: mask for name, mask in known.items() if mask.any()} or known
    same = np.logical_and.reduce(list(compared.values()))
    loss = {}
    for name, mask in compared.items():
        rows = same if same.any() else mask
        error = losses(mine, mine.baselines[name])[rows]
        loss[name] = float(np.average(error, weights=mine.weight[rows])) if rows.any() else np.inf
    return min(loss, key=lambda name: loss[name])


@dataclass(frozen=True)
class Gain:
    """What a horizon gains, or a unit group at it, as a share of the baseline's error there.

    Attributes:
        own: as its own rows show it.
        pooled: drawn towards what all horizons, or all unit groups of its horizon, have in common, as far as chance
            asks.
        n: rows.
        days: with rows.
    """

    own: Estimate
    pooled: Estimate
    n: int
    days: int


def horizon_gains(known: Scored, baselines: Mapping[float, str], horizon_hours: float) -> dict[float, Gain]:
    """The gain of each horizon over its baseline, all units together, partially pooled over the horizons.

    Args:
        known: known rows.
        baselines: name of each horizon's baseline.
        horizon_hours: decides how long a block of days is.

    Returns:
        By horizon; without those where the baseline's error is 0 or unknown.
    """
    gain = np.full(known.size, np.nan)
    for horizon, name in baselines.items():
        mine = known.horizon_hours == horizon
        theirs = losses(known, known.baselines[name])
        compared = mine & np.isfinite(theirs)
        if not compared.any():
            continue
        level = float(np.average(theirs[compared], weights=known.weight[compared]))
        if level > 0:
            gain[compared] = (theirs - losses(known, known.p50))[compared] / level
    part, gain = known.part(np.isfinite(gain)), gain[np.isfinite(gain)]
    masks = {h: mine for h in baselines if (mine := part.horizon_hours == h).any()}
    return _pooled(gain, part, {h: (mine, 1.0) for h, mine in masks.items()}, horizon_hours)


def cell_gains(
    part: Scored, baseline: str, horizon_hours: float, *, correction: float = 0.0, moderate: bool = False
) -> dict[str, Gain]:
    """The gain of each unit group over the baseline, partially pooled over the groups of one horizon.

    Args:
        part: known rows of one horizon.
        horizon_hours: decides how long a block of days is.
        correction: by how much the groups' common gain is another than these rows show: what other horizons say of it.
        moderate: few blocks estimate the groups' variances, which speak for one another before gains are pooled.

    Returns:
        By unit group; without those where the baseline's error is 0 or unknown.
    """
    theirs = losses(part, part.baselines[baseline])
    finite = np.isfinite(theirs)
    part, theirs = part.part(finite), theirs[finite]
    levels = {}
    for group in sorted(set(part.unit_group)):
        mine = part.unit_group == group
        level = float(np.average(theirs[mine], weights=part.weight[mine]))
        if level > 0:
            levels[str(group)] = (mine, level)
    gain = theirs - losses(part, part.p50)
    return _pooled(gain, part, levels, horizon_hours, correction=correction, moderate=moderate)


def _pooled(
    gain: Array,
    part: Scored,
    cells: Mapping[K, tuple[Array, float]],
    horizon_hours: float,
    *,
    correction: float = 0.0,
    moderate: bool = False,
) -> dict[K, Gain]:
    """The mean gain of each cell over its level, by itself and partially pooled over all of them.

    Args:
        gain: float64 [n].
        cells: rows (bool [n]) and level of each.
    """
    if not cells:
        return {}
    own, influence = _by_cell(gain, part, list(cells.values()), horizon_hours)
    sure = moderated(own) if moderate else own
    pool = partially_pooled(sure, shared=shared_variance(influence), correction=correction)
    day = part.prediction_time // DAY
    return {
        key: Gain(alone, pooled, int(mine.sum()), np.unique(day[mine]).size)
        for (key, (mine, _)), alone, pooled in zip(cells.items(), own, pool.cells, strict=True)
    }


def _by_cell(
    gain: Array, part: Scored, cells: Sequence[tuple[Array, float]], horizon_hours: float
) -> tuple[list[Estimate], Array]:
    """(each cell's mean gain over its level, each block's part in it: float64 [blocks, cells]).

    All cells have the same blocks of days, so that what they share of a week shows.

    Args:
        gain: float64 [n].
        cells: rows (bool [n]) and level of each.
    """
    days, day = np.unique(part.prediction_time // DAY, return_inverse=True)
    sums, total = daily_sums(gain, part.weight, part.prediction_time)
    starts = block_starts(sums / total, horizon_hours=horizon_hours)
    own, influences = [], []
    for mine, level in cells:
        weight = np.bincount(day[mine], weights=part.weight[mine], minlength=days.size)
        sums = np.bincount(day[mine], weights=(part.weight * gain)[mine], minlength=days.size)
        value = float(sums.sum() / weight.sum())
        if starts.size < 2:
            own.append(Estimate(value / level, np.inf, starts.size))
            influences.append(np.zeros(starts.size))
            continue
        influence = np.add.reduceat(sums - value * weight, starts) / (weight.sum() / starts.size) / level
        own.append(
            Estimate(value / level, float(influence.std(ddof=1)) / math.sqrt(starts.size), starts.size)
        )
        influences.append(influence)
    return own, np.array(influences).T
