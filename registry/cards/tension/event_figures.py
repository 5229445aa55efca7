"""How good the probabilities of one event are: what was announced, what happened, skill and reliability slope."""

from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.times import DAY
from registry.statistics.intervals import Estimate
from registry.statistics.probability_scores import brier_skill, reliability_slope

__all__ = ["LEAST_EVENT_DAYS", "estimate", "event_figures"]

LEAST_EVENT_DAYS = 10
"""Days with the event, and without it, that a skill or a slope asks for."""


def event_figures(
    probability: Array, event: Array, times: Array, hours: float, usual: dict[str, Array], alpha: float
) -> dict[str, Any]:
    """Figures of one unit and horizon, or of all: beside how often it was before, whichever of both is better here.

    With events, or days without one, on fewer than ten days neither skill nor slope is a figure: they are missing.
    """
    days = times // DAY
    enough = all(np.unique(days[which]).size >= LEAST_EVENT_DAYS for which in (event, ~event))
    against = min(usual, key=lambda name: float(((usual[name] - event) ** 2).mean()))
    skill = brier_skill(probability, usual[against], event, times, hours) if enough else None
    slope = reliability_slope(probability, event, times, hours) if enough else None
    return {
        "n": int(event.size),
        "events": int(event.sum()),
        "event_days": int(np.unique(days[event]).size),
        "announced": _number(float(probability.mean())),
        "happened": _number(float(event.mean())),
        "against": against,
        "skill": estimate(skill, alpha),
        "slope": estimate(slope, alpha),
    }


def estimate(found: Estimate | None, alpha: float) -> list[float | None] | None:
    """Value, low and high; None where it is not known."""
    if found is None or not np.isfinite(found.value):
        return None
    return [_number(found.value), *(_number(bound) for bound in found.interval(alpha))]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
