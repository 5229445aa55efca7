"""The trusted scope: the unit groups and horizons that beat the best baseline on the scope part."""

import numpy as np

from hospital.events import Array
from registry.evidence import Scored
from registry.gates.intervals import block_mean
from registry.policy import Policy

__all__ = ["Cell", "best_baseline", "choose_scope", "horizon_name", "in_scope", "losses"]

Cell = tuple[str, float]
"""A unit group and a horizon in hours."""

_SCOPE_HORIZON_HOURS = 12.0
"""The scope part is about a month: blocks of a day or what it takes; the judge part decides what is promised."""


def losses(scored: Scored, forecast: Array) -> Array:
    """Absolute errors: float64 [n]."""
    return np.abs(scored.outcome - forecast)


def horizon_name(horizon_hours: float) -> str:
    """A horizon as findings name it."""
    return f"{horizon_hours:g} h" if horizon_hours else "all"


def best_baseline(scored: Scored, horizon: float) -> str:
    """The baseline of the least error at a horizon; the first by name where they tie, or where none is known."""
    mine = scored.known()
    mine = mine.part(mine.horizon_hours == horizon)
    loss = {}
    for name in sorted(mine.baselines):
        known = np.isfinite(mine.baselines[name])
        error = losses(mine, mine.baselines[name])[known]
        loss[name] = float(np.average(error, weights=mine.weight[known])) if known.any() else np.inf
    return min(loss, key=lambda name: loss[name])


def choose_scope(scope_part: Scored, policy: Policy) -> tuple[Cell, ...]:
    """Unit groups and horizons whose gain over the best baseline is surely worth having.

    Above the policy's least useful gain with its confidence: a gain that is merely likely would be promised to
    the judge part and often not be kept there.
    """
    known = scope_part.known()
    least = policy.document.accuracy.minimum_rows // 4  # a cell, of a part half as long as the judged one
    cells = []
    for horizon in np.unique(known.horizon_hours):
        baseline = best_baseline(scope_part, horizon)
        for group in sorted(set(known.unit_group)):
            mine = known.part((known.horizon_hours == horizon) & (known.unit_group == group))
            gain = losses(mine, mine.baselines[baseline]) - losses(mine, mine.p50)
            finite = np.isfinite(gain)
            if finite.sum() < least:
                continue
            found = block_mean(
                gain[finite],
                mine.weight[finite],
                mine.prediction_time[finite],
                horizon_hours=_SCOPE_HORIZON_HOURS,
                alpha=1 - policy.document.scope.confidence,
            )
            level = float(np.average(losses(mine, mine.baselines[baseline])[finite], weights=mine.weight[finite]))
            if found.low > policy.document.accuracy.least_gain * level:
                cells.append((str(group), float(horizon)))
    return tuple(cells)


def in_scope(scored: Scored, scope: tuple[Cell, ...]) -> Array:
    """Which rows lie in the scope: bool [n]."""
    cells = set(scope)
    pairs = zip(scored.unit_group, scored.horizon_hours, strict=True)
    return np.fromiter(((str(g), float(h)) in cells for g, h in pairs), bool, scored.size)
