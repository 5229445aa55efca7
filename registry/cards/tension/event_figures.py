"""How good the probabilities of one event are: what was announced, what happened, skill and reliability slope."""

from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.times import DAY
from registry.statistics.intervals import Estimate
from registry.statistics.probability_scores import brier_skill, reliability_slope

__all__ = ["event_figures", "slope_figure"]

_LEAST_EVENT_DAYS = 10
"""Days with the event, and without it, that a skill or a slope asks for."""


def event_figures(
    probability: Array, event: Array, times: Array, hours: float, usual: dict[str, Array], alpha: float
) -> dict[str, Any]:
    """Figures of one unit and horizon, or of all, beside other probabilities of the same event, the best of them here.

    With events, or days without one, on fewer than ten days neither skill nor slope is a figure: they are missing.

    Args:
        probability: float64 [n].
        event: bool [n], whether it happened.
        times: int64 [n], instants of the forecasts.
        hours: for which the outcome is not known yet: neighbouring rows are one piece of news.
        usual: by name float64 [n], what it is held against, such as how often it was before.
        alpha: level of the intervals.
    """
    against = min(usual, key=lambda name: float(((usual[name] - event) ** 2).mean()))
    enough = _is_enough(event, times)
    skill = brier_skill(probability, usual[against], event, times, hours) if enough else None
    return {
        "n": int(event.size),
        "events": int(event.sum()),
        "event_days": int(np.unique(times[event] // DAY).size),
        "announced": _number(float(probability.mean())),
        "happened": _number(float(event.mean())),
        "against": against,
        "skill": _estimate(skill, alpha),
        "slope": slope_figure(probability, event, times, hours, alpha),
    }


def slope_figure(
    probability: Array, event: Array, times: Array, hours: float, alpha: float
) -> list[float | None] | None:
    """The reliability slope, as `event_figures` has it; None where there are too few days for one.

    Args:
        probability, event: float64 [n], 0 to 1, and bool [n].
        times: int64 [n], instants.
    """
    found = reliability_slope(probability, event, times, hours) if _is_enough(event, times) else None
    return _estimate(found, alpha)


def _is_enough(event: Array, times: Array) -> bool:
    days = times // DAY
    return all(np.unique(days[which]).size >= _LEAST_EVENT_DAYS for which in (event, ~event))


def _estimate(found: Estimate | None, alpha: float) -> list[float | None] | None:
    """Value, low and high; None where it is not known."""
    if found is None or not np.isfinite(found.value):
        return None
    return [_number(found.value), *(_number(bound) for bound in found.interval(alpha))]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
