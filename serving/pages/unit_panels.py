"""Each unit as its panel shows it: what stands now, each horizon with its own trust, and the reasons of one."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from hospital.words import formats
from hospital.words.language import Language
from registry.cards.tension.tension_proof import TensionProof
from registry.model.trust_limits import worst
from serving.messages.forecast_protocol import UnitHistory
from serving.messages.forecast_records import BedForecast
from serving.pages.forecast_picture import unit_picture
from serving.pages.forecast_sets import BedSet

__all__ = ["MOST_PANELS", "WATCH", "WORRY", "tension_counts", "unit_panels", "warnings_by_horizon"]

WORRY, WATCH = 0.5, 0.2
"""Probability of exceeding the staffed beds from which the page says likely, and possible."""

MOST_PANELS = 40
"""Units with a picture on one page; the page Pilotage has them all."""


def tension_counts(beds: BedSet) -> dict[str, int]:
    """How many of all units are in tension: ``high`` and ``possible``."""
    levels = [_level(_worst([f for _, f in made], beds.proof)) for made in beds.forecasts.values()]
    return {name: levels.count(f"tension_{name}") for name in ("high", "possible")}


def unit_panels(
    beds: BedSet, at: int, zone: ZoneInfo, language: Language, *, most: int = MOST_PANELS
) -> list[dict[str, Any]]:
    """The panels, those in most tension first, at most so many; `at`: instant of the forecasts."""
    labels = {u.unit: u.name_in(language) for u in beds.model.units} if beds.model else {}
    panels = []
    risks = {unit: _worst([f for _, f in made], beds.proof) for unit, made in beds.forecasts.items()}
    ordered = sorted(beds.forecasts, key=lambda u: -1.0 if (r := risks[u]) is None else r, reverse=True)
    for unit in ordered[:most]:
        made = beds.forecasts[unit]
        forecasts = [f for _, f in made]
        history = beds.history.get(unit) or UnitHistory(unit, (), (), None)
        worst = risks[unit]
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
                "explanation": explained.explanation,
                "reliability": explained.explanation.get("reliability"),
                "reasons_horizon": explained.horizon_hours,
                "reasons_median": explained.beds["p50"],
                "warnings": warnings_by_horizon(forecasts),
            }
        )
    return panels


def _worst(forecasts: Sequence[BedForecast], proof: TensionProof) -> float | None:
    """The highest probability of those that are shown."""
    shown = (f for f in forecasts if proof.of_unit(f.unit, f.horizon_hours))
    return max((f.tension_probability for f in shown if f.tension_probability is not None), default=None)


def warnings_by_horizon(forecasts: Sequence[BedForecast]) -> list[tuple[str, list[float]]]:
    """The two worst warnings, each once, with the horizons (hours) that it is about; none where it is about all.

    The worst are those that no other stands before; of these, those of the most horizons.
    """
    horizons: dict[str, list[float]] = {}
    places: dict[str, int] = {}
    for forecast in forecasts:
        for place, warning in enumerate(forecast.trust["warnings"]):
            horizons.setdefault(warning, []).append(forecast.horizon_hours)
            places[warning] = max(place, places.get(warning, place))
    ordered = sorted(horizons, key=lambda w: (places[w], -len(horizons[w])))
    all_of = len(forecasts)
    return [(w, [] if len(horizons[w]) == all_of else horizons[w]) for w in worst(ordered)]


def _explained(forecasts: Sequence[BedForecast]) -> BedForecast:
    """The forecast whose reasons are shown: the nearest that the model answers; a baseline has little to tell."""
    return min(forecasts, key=lambda f: (f.trust["status"] != "trusted", f.horizon_hours))


def _level(probability: float | None) -> str:
    if probability is None:
        return "tension_unknown"
    if probability >= WORRY:
        return "tension_high"
    return "tension_possible" if probability >= WATCH else "tension_low"
