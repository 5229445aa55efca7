"""How probably patients will wait in the emergency departments for a bed, and why that is not known where it is not."""

from collections.abc import Sequence
from dataclasses import dataclass

from centre.flows.answers import FlowsAnswer
from serving.interface.bed_forecasts import BedForecasts
from serving.interface.emergency.boarding import BoardingForecast, boarding_forecasts, boarding_threshold
from serving.interface.installation import Parts

__all__ = ["NO_BOARDING", "BoardingAhead", "boarding_ahead"]


@dataclass(frozen=True)
class BoardingAhead:
    """What is known of boarding ahead.

    Attributes:
        threshold: patients, at which the release in use has learned it; null: it has not.
        horizons: the nearest first.
        missing: why there is none: ``no_model_of_boarding``, ``visits.left_at``, ``visits.bed_requested_at``,
            ``no_forecast``.
    """

    threshold: float | None
    horizons: Sequence[BoardingForecast]
    missing: tuple[str, ...]


NO_BOARDING = BoardingAhead(None, (), ("no_model_of_boarding",))


def boarding_ahead(parts: Parts, forecasts: BedForecasts, flows: FlowsAnswer, at: int) -> BoardingAhead:
    """By the release in use, from forecasts and flows of now.

    Args:
        at: instant.
    """
    threshold, now = boarding_threshold(parts), flows.emergency.total
    if threshold is None:
        return NO_BOARDING
    missing = tuple(
        name
        for name, value in (("visits.left_at", now.present), ("visits.bed_requested_at", now.boarding))
        if value is None
    )
    if missing:
        return BoardingAhead(threshold, (), missing)
    units = [forecast for _, forecast in forecasts.units]
    found = boarding_forecasts(parts, units, at, now.boarding, now.present)
    return BoardingAhead(threshold, found, () if found else ("no_forecast",))
