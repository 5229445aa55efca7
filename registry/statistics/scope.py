"""The trusted scope: the unit groups and horizons at which the model is expected to beat the best baseline."""

from collections.abc import Collection

import numpy as np

from hospital.arrays import Array
from registry.evidence.records import Evidence, Scored
from registry.policy.board_policy import Policy
from registry.policy.trusted_scope import Cell, in_scope
from registry.statistics.gains import best_baseline, cell_gains, horizon_gains

__all__ = ["cell_name", "choose_scope", "horizon_name", "served", "within"]

_SCOPE_HORIZON_HOURS = 12.0
"""The validation set is a quarter of a year at most: blocks of a day or what it takes; the test set decides."""


def horizon_name(horizon_hours: float) -> str:
    """A horizon as findings name it."""
    return f"{horizon_hours:g} h" if horizon_hours else "all"


def cell_name(cell: Cell) -> str:
    """A unit group at a horizon as findings name it; of waits, which have no horizon, the department."""
    group, horizon_hours = cell
    return f"{group}*{horizon_name(horizon_hours)}" if horizon_hours else group


def choose_scope(validation: Scored, policy: Policy) -> tuple[Cell, ...]:
    """Unit groups and horizons that beat the best baseline on the validation set, where that is no accident.

    A few months say little of a week ahead, and less of one unit group. So horizons speak for one another, and the unit
    groups of one horizon do (partial pooling, as far as they agree). A horizon is looked at where its pooled gain over
    all units is significantly above 0; of its unit groups those enter whose pooled gain is above the policy's least
    useful one. Forecasts that overlap err together: how sure a group is of its own gain is asked of blocks as long as
    its horizon at least, and since these are few, of the other groups too (moderated variances). A group of fewer days
    than the policy's least number of blocks has no spread to be pooled by, and stays out. The test set confirms each
    (accuracy gate), where no horizon speaks for another, and what it does not confirm leaves the scope. What was
    measured: docs/adr/0025-horizons-that-speak-for-one-another.md, docs/adr/0030-slopes-of-long-horizons.md.
    """
    known = validation.known()
    rules = policy.document
    baselines = {float(h): best_baseline(validation, h) for h in np.unique(known.horizon_hours)}
    cells = []
    for horizon, gain in horizon_gains(known, baselines, _SCOPE_HORIZON_HOURS).items():
        if gain.pooled.low(1 - rules.scope.confidence) <= 0:
            continue
        part = known.part(known.horizon_hours == horizon)
        correction = gain.pooled.value - gain.own.value
        groups = cell_gains(
            part, baselines[horizon], _block_horizon(horizon), correction=correction, moderate=True
        )
        for group, of in groups.items():
            enough = of.days >= rules.accuracy.minimum_blocks
            if enough and of.pooled.value > rules.accuracy.least_gain:
                cells.append((group, horizon))
    return tuple(cells)


def _block_horizon(horizon: float) -> float:
    """Hours that make blocks of days as long as the horizon at least: blocks are twice as long as the hours named."""
    return max(_SCOPE_HORIZON_HOURS, horizon / 2)


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
