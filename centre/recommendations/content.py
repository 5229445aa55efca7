"""What a recommendation says: what is expected and how sure, why, which step of which version, by whom, until when."""

from collections.abc import Mapping
from typing import Any

from centre.decisions.decision_policy import EVERY, DecisionPolicy
from centre.levels.boarding_threshold import BOARDERS
from centre.levels.hospital_levels import HospitalLevels
from centre.levels.level_policy import LevelPolicy
from centre.recommendations.calls import CalledStep
from centre.tension.boarding_answer import at_horizon
from serving.interface.bed_forecasts import BedForecast, BedForecasts, HospitalForecast, TensionProof
from serving.interface.requests import instant_of

__all__ = ["MINUTE", "content_of", "decide_by"]

MINUTE = 60_000_000
_LEAST_MINUTES = 5
"""Of time to decide, however near the level is."""


def content_of(
    step: CalledStep, levels: HospitalLevels, forecasts: BedForecasts, policy: DecisionPolicy
) -> dict[str, Any]:
    """All that a recommendation says, as it is stored and answered.

    Its words are stored in each language: who reads it later reads what was shown, whatever becomes of catalogue, names
    and titles.
    """
    called, protocol = step.called, step.protocol
    boarding = _boarding(step, levels)
    forecast = None if _is_of_boarding(step) else _forecast(step, forecasts)
    own = levels.policy.policy
    return {
        "unit": None if step.place == EVERY else step.place,
        "unit_name": forecasts.unit_names.get(step.place),
        "level": called.level,
        "level_title": _title(own, called.level),
        "levels_policy": None if own is None else own.name,
        "levels_version": None if own is None else own.version,
        "called_by": None if step.of == EVERY else step.of,
        "reached_now": called.reached_now,
        "evidence": [dict(e.__dict__) for e in called.evidence],
        "forecast": forecast,
        "boarding": boarding,
        "protocol": protocol.protocol_id,
        "protocol_version": protocol.version,
        "protocol_digest": protocol.digest,
        "protocol_title": protocol.title,
        "protocol_language": protocol.language,
        "step_number": step.number,
        "steps": len(protocol.steps),
        "step": step.step.model_dump(mode="json"),
        "role": step.step.role,
        "two_people": step.step.two_people or called.level in policy.four_eyes_levels,
        "acting_changes": None,
    }


def decide_by(step: CalledStep, content: Mapping[str, Any], policy: DecisionPolicy, now: int) -> int:
    """The last instant at which deciding still leaves the step its time; never less than a few minutes from now."""
    latest = now + policy.decide_within_minutes * MINUTE
    forecast = content["forecast"] or content["boarding"]
    if not step.called.reached_now and forecast is not None:
        needs = (step.step.within_minutes or 0) * MINUTE
        latest = min(latest, instant_of(forecast["target_at"]) - needs)
    return max(latest, now + _LEAST_MINUTES * MINUTE)


def _title(policy: LevelPolicy | None, name: str) -> dict[str, str]:
    titles = (level.title.model_dump() for level in (policy.levels if policy else ()) if level.name == name)
    return next(titles, {"fr": name, "en": name})


def _boarding(step: CalledStep, levels: HospitalLevels) -> dict[str, Any] | None:
    """The probability of boarding that calls the level; where it is reached already, the nearest proven one.

    None: something else calls it, or nothing that is proven is known of boarding ahead.
    """
    if not _is_of_boarding(step):
        return None
    ahead = step.called.ahead
    wanted = None if step.called.reached_now or ahead is None else ahead.horizon_hours
    found = (b for b in levels.boarding.horizons if b.counts and wanted in (None, b.horizon_hours))
    one = next(found, None)
    return None if one is None else {**at_horizon(one).model_dump(mode="json"), "threshold": one.threshold}


def _is_of_boarding(step: CalledStep) -> bool:
    """Whether patients who wait for a bed call the level, and nothing else does."""
    called = step.called
    if called.reached_now:
        return bool(called.evidence) and all(e.indicator == BOARDERS for e in called.evidence)
    return called.ahead is not None and called.ahead.indicator == BOARDERS


def _forecast(step: CalledStep, forecasts: BedForecasts) -> dict[str, Any] | None:
    """The forecast that calls the level; where it is reached already, the nearest one of the same place."""
    own: list[tuple[str, BedForecast | HospitalForecast]] = [
        (i, f) for i, f in forecasts.units if f.unit == step.of
    ]
    if step.of == EVERY:
        own = list(forecasts.hospital)
    wanted = step.called.ahead.prediction_id if step.called.ahead is not None else None
    exact = next(((i, f) for i, f in own if i == wanted), None)
    chosen = exact or min(own, key=lambda one: one[1].horizon_hours, default=None)
    return None if chosen is None else _said(*chosen, forecasts.proof)


def _said(
    prediction_id: str, forecast: BedForecast | HospitalForecast, proof: TensionProof
) -> dict[str, Any]:
    hours = forecast.horizon_hours
    if isinstance(forecast, BedForecast):
        calibrated = proof.of_unit(forecast.unit, hours)
    else:
        calibrated = proof.of_total(None, hours)
    return {
        "prediction_id": prediction_id,
        "horizon_hours": hours,
        "target_at": forecast.target_at.isoformat(),
        "beds": dict(forecast.beds),
        "staffed": forecast.staffed,
        "probability": forecast.tension_probability,
        "calibrated": calibrated,
        "trust": {"status": forecast.trust["status"]},
        "wordings": {
            language: {"explanation": dict(said.explanation), "warnings": list(said.trust["warnings"])}
            for language, said in forecast.translations.items()
        },
    }
