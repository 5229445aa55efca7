"""The trusted scope: the unit groups and horizons that beat the best baseline on the validation set."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.times import DAY
from registry.evidence.records import Evidence, Scored
from registry.policy.board_policy import Policy
from registry.policy.trusted_scope import Cell, in_scope
from registry.statistics.intervals import Estimate, block_mean, block_starts, daily_sums
from registry.statistics.partial_pooling import partially_pooled, shared_variance

__all__ = [
    "CellGain",
    "best_baseline",
    "cell_gains",
    "cell_name",
    "choose_scope",
    "horizon_name",
    "losses",
    "served",
    "within",
]

_COMPARED = 0.99
"""Share of rows on which a baseline has a value that nearly always has one: after a gap in the data it may lack it."""
_SCOPE_HORIZON_HOURS = 12.0
"""The validation set is about a month: blocks of a day or what it takes; the test set decides."""


def losses(scored: Scored, forecast: Array) -> Array:
    """Absolute errors: float64 [n]."""
    return np.abs(scored.outcome - forecast)


def horizon_name(horizon_hours: float) -> str:
    """A horizon as findings name it."""
    return f"{horizon_hours:g} h" if horizon_hours else "all"


def cell_name(cell: Cell) -> str:
    """A unit group at a horizon as findings name it; of waits, which have no horizon, the department."""
    group, horizon_hours = cell
    return f"{group}*{horizon_name(horizon_hours)}" if horizon_hours else group


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


def choose_scope(validation: Scored, policy: Policy) -> tuple[Cell, ...]:
    """Unit groups and horizons that beat the best baseline on the validation set, where that is no accident.

    A horizon is looked at where its gain over all units is significantly above 0; of its unit groups those enter whose
    partially pooled gain is above the policy's least useful one. A month of one group alone is too short to be sure of
    anything: pooled, it neither stays out nor enters by its own chance alone. The test set confirms each (accuracy
    gate), and what it does not confirm leaves the scope.
    """
    known = validation.known()
    least = policy.document.accuracy.minimum_rows // 4  # a cell, of a part half as long as the judged one
    cells = []
    for horizon in np.unique(known.horizon_hours):
        part = known.part(known.horizon_hours == horizon)
        baseline = best_baseline(validation, horizon)
        if not _gains_significantly(part, baseline, policy):
            continue
        gains = cell_gains(part, baseline, _SCOPE_HORIZON_HOURS)
        for group, gain in gains.items():
            if gain.n >= least and gain.pooled.value > policy.document.accuracy.least_gain:
                cells.append((group, float(horizon)))
    return tuple(cells)


def _gains_significantly(part: Scored, baseline: str, policy: Policy) -> bool:
    """Whether the gain of all units together is above 0, with the policy's confidence."""
    gain = losses(part, part.baselines[baseline]) - losses(part, part.p50)
    finite = np.isfinite(gain)
    if not finite.any():
        return False
    found = block_mean(
        gain[finite],
        part.weight[finite],
        part.prediction_time[finite],
        horizon_hours=_SCOPE_HORIZON_HOURS,
    )
    return found.low(1 - policy.document.scope.confidence) > 0


@dataclass(frozen=True)
class CellGain:
    """What a unit group gains at a horizon, as a share of the baseline's error there.

    Attributes:
        own: as its own rows show it.
        pooled: drawn towards the horizon's common gain as far as chance asks.
        n: rows.
    """

    own: Estimate
    pooled: Estimate
    n: int


def cell_gains(part: Scored, baseline: str, horizon_hours: float) -> dict[str, CellGain]:
    """The gain of each unit group over the baseline, partially pooled over the groups of one horizon.

    Args:
        part: known rows of one horizon.
        horizon_hours: decides how long a block of days is.

    Returns:
        By unit group; without those where the baseline's error is 0 or unknown.
    """
    theirs = losses(part, part.baselines[baseline])
    finite = np.isfinite(theirs)
    part, theirs = part.part(finite), theirs[finite]
    gain = theirs - losses(part, part.p50)
    if not part.size:
        return {}
    levels = {}
    for group in sorted(set(part.unit_group)):
        mine = part.unit_group == group
        level = float(np.average(theirs[mine], weights=part.weight[mine]))
        if level > 0:
            levels[str(group)] = (mine, level)
    own, influence = _by_cell(gain, part, list(levels.values()), horizon_hours)
    pool = partially_pooled(own, shared=shared_variance(influence)) if own else None
    return {
        group: CellGain(alone, pooled, int(mine.sum()))
        for (group, (mine, _)), alone, pooled in zip(
            levels.items(), own, () if pool is None else pool.cells, strict=True
        )
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


def served(evidence: Evidence, scope: Collection[Cell]) -> Array:
    """What is served for the test rows: the model's p50 inside the scope, the baseline's outside (float64 [n])."""
    inside = in_scope(scope, evidence.test.unit_group, evidence.test.horizon_hours)
    return np.where(inside, evidence.test.p50, _baseline(evidence))


def _baseline(evidence: Evidence) -> Array:
    """The baseline's forecast, served outside the scope: float64 [test rows]."""
    if evidence.baseline is not None:
        return evidence.baseline
    test = evidence.test
    baseline = np.full(test.size, np.nan)
    for horizon in np.unique(test.horizon_hours):
        mine = test.horizon_hours == horizon
        baseline[mine] = test.baselines[best_baseline(evidence.validation, horizon)][mine]
    return baseline


def within(scored: Scored, scope: Collection[Cell]) -> Scored:
    """The rows that lie in a trusted scope."""
    return scored.part(in_scope(scope, scored.unit_group, scored.horizon_hours))
