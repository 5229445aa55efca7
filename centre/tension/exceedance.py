"""How probably more beds are needed than have staff: read off each forecast's own calibrated distribution.

Units fill together, so nothing here multiplies units' probabilities: the hospital total has a distribution of its own.
"""

from centre.tension.answers import Exceedance
from serving.interface.bed_forecasts import BedForecast, BedForecasts, HospitalForecast

__all__ = ["hospital_exceedances", "unit_exceedances"]


def unit_exceedances(forecasts: BedForecasts) -> tuple[Exceedance, ...]:
    """Of each unit and horizon, the most probable first; those that are not known last."""
    made = [_exceedance(f.unit, i, f) for i, f in forecasts.units]
    return tuple(
        sorted(made, key=lambda e: (e.probability is None, -(e.probability or 0.0), e.horizon_hours))
    )


def hospital_exceedances(forecasts: BedForecasts) -> tuple[Exceedance, ...]:
    """Of the hospital total, the nearest horizon first."""
    made = [_exceedance(None, i, f) for i, f in forecasts.hospital]
    return tuple(sorted(made, key=lambda e: e.horizon_hours))


def _exceedance(unit: str | None, prediction_id: str, forecast: BedForecast | HospitalForecast) -> Exceedance:
    return Exceedance(
        unit=unit,
        horizon_hours=forecast.horizon_hours,
        target_at=forecast.target_at,
        staffed=forecast.staffed,
        p10=forecast.beds["p10"],
        p50=forecast.beds["p50"],
        p90=forecast.beds["p90"],
        probability=forecast.tension_probability,
        trust=forecast.trust["status"],
        prediction_id=prediction_id,
    )
