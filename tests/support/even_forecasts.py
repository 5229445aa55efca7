"""Forecasts of units whose demand lies evenly about a middle."""

from datetime import UTC, datetime

import numpy as np

from hospital.dataset.quantiles import LEVELS
from registry.components.exceedance_curve import share_above
from serving.interface.bed_forecasts import BedForecast
from serving.messages.forecast_parts import Quantiles, Trust

__all__ = ["STEPS", "forecast"]

STEPS = np.linspace(-1.8, 1.8, len(LEVELS))


def forecast(
    unit: str = "U1",
    middle: float = 20.0,
    staffed: float | None = 21.0,
    trust: str = "trusted",
    *,
    full: bool = True,
) -> BedForecast:
    """Of a unit whose demand lies evenly within 9 beds around a middle."""
    distribution = middle + 5 * STEPS
    p10, p50, p90 = distribution[[1, 9, 17]].tolist()
    return BedForecast(
        unit=unit,
        horizon_hours=24.0,
        target_at=datetime(2026, 3, 1, tzinfo=UTC),
        beds=Quantiles(p10=p10, p50=p50, p90=p90),
        staffed=staffed,
        tension_probability=None if staffed is None else share_above(distribution, staffed),
        explanation=None,  # type: ignore[arg-type]
        trust=Trust(status=trust, warnings=()),  # type: ignore[typeddict-item]
        distribution=tuple(distribution.tolist()) if full else (),
    )
