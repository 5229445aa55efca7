"""Each unit as its panel shows it: what stands now, each horizon with its own trust, and the reasons of one."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from hospital.words import formats
from hospital.words.language import Language
from serving.messages.answer_bodies import BedForecast
from serving.messages.forecast_protocol import UnitHistory
from serving.pages.forecast_picture import unit_picture
from serving.pages.forecast_sets import BedSet

__all__ = ["WATCH", "WORRY", "unit_panels", "warnings_by_horizon"]

WORRY, WATCH = 0.5, 0.2
"""Probability of exceeding the staffed beds from which the page says likely, and possible."""


def unit_panels(beds: BedSet, at: int, zone: ZoneInfo, language: Language) -> list[dict[str, Any]]:
    """The panels, those in most tension first; `at`: instant of the forecasts."""
    labels = {u.unit: u.label for u in beds.model.units} if beds.model else {}
    panels = []
    for unit, made in beds.forecasts.items():
        forecasts = [f for _, f in made]
        history = beds.history.get(unit) or UnitHistory(unit, (), (), None)
        known = [f.tension_probability for f in forecasts if f.tension_probability is not None]
        worst = max(known) if known else None
        explained = _explained(forecasts)
        panels.append(
            {
                "unit": unit,
                "label": labels.get(unit, unit),
                "occupied": next((o for o in reversed(history.occupied) if o is not None), None),
                "staffed": history.staffed,
                "tension": worst,
                "level": _level(worst),
                "picture": unit_picture(history, forecasts, at, zone, language),
                "made": made,
                "times": {
                    f.horizon_hours: formats.weekday_time(f.target_at.astimezone(zone), language)
                    for f in forecasts
                },
                "reasons": explained.explanation["reasons"],
                "reasons_horizon": explained.horizon_hours,
                "reasons_median": explained.beds["p50"],
                "warnings": warnings_by_horizon(forecasts),
            }
        )
    return sorted(panels, key=lambda p: -1.0 if p["tension"] is None else p["tension"], reverse=True)


def warnings_by_horizon(forecasts: Sequence[BedForecast]) -> list[tuple[str, list[float]]]:
    """Each warning once, with the horizons (hours) that it is about; none where it is about all."""
    horizons: dict[str, list[float]] = {}
    for forecast in forecasts:
        for warning in forecast.trust["warnings"]:
            horizons.setdefault(warning, []).append(forecast.horizon_hours)
    return [(w, [] if len(hours) == len(forecasts) else hours) for w, hours in horizons.items()]


def _explained(forecasts: Sequence[BedForecast]) -> BedForecast:
    """The forecast whose reasons are shown: the nearest that the model answers; a baseline has little to tell."""
    return min(forecasts, key=lambda f: (f.trust["status"] != "trusted", f.horizon_hours))


def _level(probability: float | None) -> str:
    if probability is None:
        return "tension_unknown"
    if probability >= WORRY:
        return "tension_high"
    return "tension_possible" if probability >= WATCH else "tension_low"
