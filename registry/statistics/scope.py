"""The trusted scope: the unit groups and horizons that beat the best baseline on the validation set."""

from collections.abc import Collection

import numpy as np

from hospital.arrays import Array
from registry.evidence.records import Scored
from registry.policy.board_policy import Policy
from registry.policy.trusted_scope import Cell, in_scope
from registry.statistics.intervals import block_mean

__all__ = ["best_baseline", "choose_scope", "horizon_name", "losses", "within"]

_SCOPE_HORIZON_HOURS = 12.0
"""The validation set is about a month: blocks of a day or what it takes; the test set decides."""


def losses(scored: Scored, forecast: Array) -> Array:
    """Absolute errors: float64 [n]."""
    return np.abs(scored.outcome - forecast)


def horizon_name(horizon_hours: float) -> str:
    """A horizon as findings name it."""
    return f"{horizon_hours:g} h" if horizon_hours else "all"


def best_baseline(scored: Scored, horizon: float) -> str:
    """The baseline of the least error at a horizon; the first by name where they tie or none is known."""
    mine = scored.known()
    mine = mine.part(mine.horizon_hours == horizon)
    loss = {}
    for name in sorted(mine.baselines):
        known = np.isfinite(mine.baselines[name])
        error = losses(mine, mine.baselines[name])[known]
        loss[name] = float(np.average(error, weights=mine.weight[known])) if known.any() else np.inf
    return min(loss, key=lambda name: loss[name])


def choose_scope(validation: Scored, policy: Policy) -> tuple[Cell, ...]:
    """Unit groups and horizons that beat the best baseline on the validation set, where that is no accident.

    A horizon enters when its gain over all units is significantly above the policy's least useful gain; of its unit
    groups those that gain more than that themselves. A month of one group alone is too short to be sure of
    anything: chosen each by itself, either sound groups stay out or chance puts some in that the test set
    does not confirm.
    """
    known = validation.known()
    least = policy.document.accuracy.minimum_rows // 4  # a cell, of a part half as long as the judged one
    cells = []
    for horizon in np.unique(known.horizon_hours):
        part = known.part(known.horizon_hours == horizon)
        baseline = best_baseline(validation, horizon)
        if not _gains_significantly(part, baseline, policy):
            continue
        for group in sorted(set(part.unit_group)):
            mine = part.part(part.unit_group == group)
            gain, level, n = _mean_gain(mine, baseline)
            if n >= least and gain > policy.document.accuracy.least_gain * level:
                cells.append((str(group), float(horizon)))
    return tuple(cells)


def _gains_significantly(part: Scored, baseline: str, policy: Policy) -> bool:
    """Whether the gain of all units together is above the least useful one, with the policy's confidence."""
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
    _, level, _ = _mean_gain(part, baseline)
    return bool(found.low(1 - policy.document.scope.confidence) > policy.document.accuracy.least_gain * level)


def _mean_gain(part: Scored, baseline: str) -> tuple[float, float, int]:
    """(mean gain, the baseline's mean error, rows behind them)."""
    theirs = losses(part, part.baselines[baseline])
    gain = theirs - losses(part, part.p50)
    finite = np.isfinite(gain)
    if not finite.any():
        return 0.0, 0.0, 0
    weight = part.weight[finite]
    return (
        float(np.average(gain[finite], weights=weight)),
        float(np.average(theirs[finite], weights=weight)),
        int(finite.sum()),
    )


def within(scored: Scored, scope: Collection[Cell]) -> Scored:
    """The rows that lie in a trusted scope."""
    return scored.part(in_scope(scope, scored.unit_group, scored.horizon_hours))
