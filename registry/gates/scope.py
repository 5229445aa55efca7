"""The trusted scope: the unit groups and horizons that beat the best baseline on the scope part."""

import numpy as np

from hospital.events import Array
from registry.evidence import Scored
from registry.gates.intervals import block_mean
from registry.policy import Policy

__all__ = ["best_baseline", "choose_scope", "in_scope", "losses"]

Cell = tuple[str, float]


def losses(scored: Scored, forecast: Array) -> Array:
    """Absolute errors: float64 [n]."""
    return np.abs(scored.outcome - forecast)


def best_baseline(scored: Scored, horizon: float) -> str:
    """The baseline of the least error at a horizon; the first by name where they tie."""
    mine = scored.known()
    mine = mine.part(mine.horizon_hours == horizon)
    loss = {}
    for name in sorted(mine.baselines):
        known = np.isfinite(mine.baselines[name])
        error = losses(mine, mine.baselines[name])[known]
        loss[name] = float(np.average(error, weights=mine.weight[known])) if known.any() else np.inf
    return min(loss, key=lambda name: loss[name])


def choose_scope(scope_part: Scored, policy: Policy) -> tuple[Cell, ...]:
    """Unit groups and horizons whose gain over the best baseline is above 0 with the policy's confidence."""
    known = scope_part.known()
    cells = []
    for horizon in np.unique(known.horizon_hours):
        baseline = best_baseline(scope_part, horizon)
        for group in sorted(set(known.unit_group)):
            mine = known.part((known.horizon_hours == horizon) & (known.unit_group == group))
            gain = losses(mine, mine.baselines[baseline]) - losses(mine, mine.p50)
            finite = np.isfinite(gain)
            if finite.sum() < policy.document.accuracy.minimum_rows // 4:
                continue
            # The scope part is a month: blocks of a day, the judge part's blocks decide on what is promised.
            alpha = 1 - policy.document.scope.confidence
            found = block_mean(
                gain[finite],
                mine.weight[finite],
                mine.prediction_time[finite],
                horizon_hours=12.0,
                alpha=alpha,
            )
            if found.low > 0:
                cells.append((str(group), float(horizon)))
    return tuple(cells)


def in_scope(scored: Scored, scope: tuple[Cell, ...]) -> Array:
    """Which rows lie in the scope: bool [n]."""
    cells = set(scope)
    pairs = zip(scored.unit_group, scored.horizon_hours, strict=True)
    return np.fromiter(((str(g), float(h)) in cells for g, h in pairs), bool, scored.size)
