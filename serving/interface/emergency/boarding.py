"""How probably more patients wait in the emergency departments for a bed than the release's threshold, by horizon."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from hospital.calendar import local_hour
from hospital.times import instant
from registry.components.boarding_model import INPUTS, BoardingModel, expected_shortage, input_values
from serving.gateway.service_parts import Parts
from serving.interface.live_record import hospital_zone
from serving.messages.forecast_records import BedForecast

__all__ = ["BoardingContribution", "BoardingForecast", "boarding_forecasts", "boarding_threshold"]


@dataclass(frozen=True)
class BoardingContribution:
    """What one input adds to the log odds.

    Attributes:
        value, usual: as it is now, and as it was on average on the calibration days: beds of ``shortage``, patients of
            ``boarders`` and ``present``, the local hour of the target of ``hour``, of which nothing is usual.
        effect: in log odds.
    """

    input: str
    value: float
    usual: float | None
    effect: float


@dataclass(frozen=True)
class BoardingForecast:
    """At one horizon.

    Attributes:
        threshold: patients; more than them is what is probable.
        probability: 0 to 1; its log odds are `base` and the contributions' effects, added up.
        counts: whether the check showed that it is better than how often it was before: else it reaches no level.
        events: times that the threshold was exceeded, which it was learned from.
    """

    horizon_hours: float
    target_at: datetime
    threshold: float
    probability: float
    base: float
    contributions: tuple[BoardingContribution, ...]
    counts: bool
    events: int


def boarding_threshold(parts: Parts) -> float | None:
    """The threshold that the release in use has learned boarding at; None: none."""
    model = _model(parts)
    return None if model is None else model.threshold


def boarding_forecasts(
    parts: Parts, units: Sequence[BedForecast], now: int, boarders: int | None, present: int | None
) -> tuple[BoardingForecast, ...]:
    """The nearest horizon first; empty: the release has no model of boarding, or what it needs is not known.

    Args:
        units: forecasts of units, made now.
        boarders, present: patients in the emergency departments now; None: not known.
    """
    model, loaded = _model(parts), parts.releases.states["bed-demand"].loaded
    if model is None or loaded is None or boarders is None or present is None:
        return ()
    found = []
    for hours in model.horizons:
        mine = [u for u in units if u.horizon_hours == hours and u.staffed is not None and u.distribution]
        if not mine:
            continue
        quantiles = np.array([u.distribution for u in mine], np.float64)
        beyond = expected_shortage(quantiles, np.array([u.staffed for u in mine], np.float64)).sum()
        counts = hours in loaded.proven.boarding
        found.append(
            _at(model, hours, mine[0].target_at, (float(beyond), boarders, present), parts, counts=counts)
        )
    return tuple(found)


def _at(
    model: BoardingModel,
    hours: float,
    target_at: datetime,
    given: tuple[float, float, float],
    parts: Parts,
    *,
    counts: bool,
) -> BoardingForecast:
    hour = local_hour(np.array([instant(target_at)]), hospital_zone(parts))
    shortage, boarders, present = (np.array([g], np.float64) for g in given)
    values, horizon = input_values(shortage, boarders, present, hour), np.array([hours])
    effects = model.contributions(values, horizon)[0].tolist()
    shown = zip(INPUTS, (*given, float(hour[0])), effects, strict=True)
    return BoardingForecast(
        horizon_hours=hours,
        target_at=target_at,
        threshold=model.threshold,
        probability=float(model.probability(values, horizon)[0]),
        base=float(model.base(horizon)[0]),
        contributions=tuple(
            BoardingContribution(name, value, model.usual_inputs.get(name), effect)
            for name, value, effect in shown
        ),
        counts=counts,
        events=model.events,
    )


def _model(parts: Parts) -> BoardingModel | None:
    loaded = parts.releases.states["bed-demand"].loaded
    return None if loaded is None or loaded.engine is None else loaded.engine.boarding
