"""How exactly patients leave when it had been said that they would.

Who says hours before when somebody will leave errs by a quarter of an hour here and an hour there, and as often by a
little less as by a little more. A time that is written, or corrected, once the patient has gone, and carries the hour
at which the first one was said, is exact: it tells a forecast the future.
"""

from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.dataset.excess_correlation import LEAST_GROUP, block_means
from hospital.record.events import FOREVER, Events
from hospital.times import HOUR, MINUTE, MISSING_TIME

__all__ = ["PlanExactness", "plan_exactness"]

_BEFORE = HOUR
"""Of a plan that was made later than this before the patient left, it is no wonder that it is exact."""
_STEPS = (60 * MINUTE, 30 * MINUTE, 15 * MINUTE)
_LEAST_STEP = 10 * MINUTE
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class PlanExactness:
    """Of the departures of some days.

    Attributes:
        exact: share of them at the very time that had been expected, as finely as times are written, at least ten
            minutes.
        near: share of them one such step sooner or later.
        rows: of them.
        blocks: float64 [blocks], exact less near in each block of days.
    """

    exact: float
    near: float
    rows: int
    blocks: Array


def plan_exactness(events: Events, since: int, until: int) -> PlanExactness | None:
    """Of the departures between two instants that were expected an hour before; None where there are too few."""
    left, error = _errors(events)
    mine = (left >= since) & (left < until)
    left, error = left[mine], error[mine]
    if left.size < LEAST_GROUP:
        return None
    step = next((s for s in _STEPS if (error % s == 0).mean() >= _NEARLY_ALL), _LEAST_STEP)
    steps = np.abs((error + step // 2) // step)
    exact, near = steps == 0, steps == 1
    excess = exact.astype(np.float64) - near
    return PlanExactness(float(exact.mean()), float(near.mean()), left.size, block_means(excess, left))


def _errors(events: Events) -> tuple[Array, Array]:
    """When each patient left whose leaving was expected, in the order of time, and how much later than expected."""
    stays = events.facts("stays", ("left_at",))
    last = stays.where((stays.known_until == FOREVER) & (stays["left_at"] != MISSING_TIME))
    plans = events.facts("stays", ("expected_left_at", "expected_known_at"))
    plans = plans.where(plans["expected_left_at"] != MISSING_TIME)
    left_of = np.full(int(max(stays.row.max(initial=-1), plans.row.max(initial=-1))) + 1, MISSING_TIME)
    left_of[last.row] = last["left_at"]
    left = left_of[plans.row]
    asked = np.where(left == MISSING_TIME, left, left - _BEFORE)
    said = np.maximum(plans["expected_known_at"], plans.known_from)
    mine = (left != MISSING_TIME) & (said <= asked) & (asked < plans.known_until)
    order = np.argsort(left[mine], kind="stable")
    return left[mine][order], (left - plans["expected_left_at"])[mine][order]
