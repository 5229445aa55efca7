"""The start page: the forecasts now with their reasons, one set a minute however many screens look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from hospital.contracts.tables import TABLES
from hospital.errors import HistoryError
from hospital.times import MINUTE, moment
from hospital.words import formats
from hospital.words.language import Language
from registry.record.tokens import Caller
from serving.errors import Problem
from serving.gateway.endpoint import Call, Endpoint
from serving.gateway.service_parts import Parts
from serving.messages.answer_bodies import BedForecast, WaitForecast
from serving.messages.forecast_protocol import (
    BedQuestion,
    ExplainOptions,
    LoadedModel,
    UnitHistory,
    WaitQuestion,
)
from serving.pages.first_steps import UNTIL_FIRST_ANSWER, first_steps
from serving.pages.forecast_picture import unit_picture
from serving.pages.rendering import LANGUAGE, SEES_PAGES, language_of, render

__all__ = ["ENDPOINTS"]

HISTORY_HOURS = 48
MOST_UNITS, MOST_HORIZONS, REASONS = 40, 4, 3
WORRY, WATCH = 0.5, 0.2
"""Probability of exceeding the staffed beds from which the page says likely, and possible."""
_PAGE = Caller("page", frozenset({"operator"}))


@dataclass(frozen=True)
class _Beds:
    """Bed demand as the page shows it; `fault` is a text of ``pages`` in place of forecasts."""

    model: LoadedModel | None
    forecasts: Mapping[str, list[tuple[str, BedForecast]]]
    history: Mapping[str, UnitHistory]
    fault: str | None


@dataclass(frozen=True)
class _Waits:
    model: LoadedModel | None
    forecasts: Sequence[tuple[str, str, str, WaitForecast]]
    fault: str | None


def start(call: Call) -> Response:
    """GET /"""
    parts, language = call.parts, language_of(call)
    now = parts.clock.now()
    minute = now - now % MINUTE
    stamps = tuple(
        None if s.loaded is None else (s.loaded.digest, tuple(a.alarm_id for a in s.loaded.alarms))
        for s in parts.releases.states.values()
    )
    faults = tuple(s.fault for s in parts.releases.states.values())
    beds, waits = parts.page_results.get(
        (minute, language, stamps, faults),
        lambda: (_beds(parts, now, language), _waits(parts, now, language)),
        keep=lambda key: key[0] == minute,
    )
    if {beds.fault, waits.fault} <= UNTIL_FIRST_ANSWER:
        return first_steps(call, sorted({beds.fault or "", waits.fault or ""}))
    model = beds.model or waits.model
    zone = ZoneInfo(model.zone if model else "Europe/Paris")
    units = _units(beds, minute, zone, language)
    return render(
        "start.html",
        language,
        now=formats.date_time(moment(minute).astimezone(zone), language),
        simulated=parts.clock.simulated,
        units=units,
        high=sum(u["level"] == "tension_high" for u in units),
        possible=sum(u["level"] == "tension_possible" for u in units),
        beds=beds,
        waits=waits,
        released={
            m.name: formats.date_time(moment(m.released_at).astimezone(zone), language)
            for m in (beds.model, waits.model)
            if m
        },
        alarms=sum(len(m.alarms) for m in (beds.model, waits.model) if m),
        caller=call.caller.name,
        path="/",
    )


def _beds(parts: Parts, now: int, language: Language) -> _Beds:
    try:
        model = parts.releases.current("bed-demand")
        units = [u.unit for u in model.units][:MOST_UNITS]
        question = BedQuestion(
            units, _spread(model.horizons_hours), now, (), ExplainOptions(REASONS, "typical", language)
        )
        answer, _ = parts.forecasts.bed_demand(_PAGE, question, now)
        model, forecasts, ids = answer.model, answer.forecasts, answer.ids
        with parts.engine.connect() as connection:
            history = parts.forecaster.history(model, connection, HISTORY_HOURS, now)
    except (Problem, HistoryError) as error:
        return _Beds(parts.releases.states["bed-demand"].loaded, {}, {}, _fault(error))
    by_unit: dict[str, list[tuple[str, BedForecast]]] = {}
    for prediction_id, forecast in zip(ids, forecasts, strict=True):
        by_unit.setdefault(forecast.unit, []).append((prediction_id, forecast))
    return _Beds(model, by_unit, {h.unit: h for h in history}, None)


def _spread(horizons: Sequence[float]) -> tuple[float, ...]:
    """A few of the horizons, the nearest and the farthest among them."""
    ordered = sorted(horizons)
    if len(ordered) <= MOST_HORIZONS:
        return tuple(ordered)
    last = len(ordered) - 1
    return tuple(ordered[round(i * last / (MOST_HORIZONS - 1))] for i in range(MOST_HORIZONS))


def _waits(parts: Parts, now: int, language: Language) -> _Waits:
    try:
        model = parts.releases.current("wait-time")
        cases = [(d, t) for d in (model.departments or ("",)) for t in (model.triage_levels or ("",))]
        rows = [_arriving(department, triage, now) for department, triage in cases]
        question = WaitQuestion(rows, [None] * len(rows), ExplainOptions(REASONS, "typical", language))
        answer = parts.forecasts.wait_time(_PAGE, question, now)
        model, forecasts, ids = answer.model, answer.forecasts, answer.ids
    except (Problem, HistoryError) as error:
        return _Waits(parts.releases.states["wait-time"].loaded, (), _fault(error))
    found = [(d, t, i, f) for (d, t), i, f in zip(cases, ids, forecasts, strict=True)]
    return _Waits(model, found, None)


def _arriving(department: str, triage: str, now: int) -> dict[str, Any]:
    """A visit of which nothing is known but its triage: it is triaged as it arrives."""
    row: dict[str, Any] = dict.fromkeys(c.name for c in TABLES["visits"].columns)
    known = {"visit_id": f"page {department} {triage}".strip(), "arrived_at": now, "received_at": now}
    triaged = {"triage": triage, "triaged_at": now} if triage else {}
    return {**row, "audit": None, **known, **triaged, "department": department or None}


def _fault(error: Problem | HistoryError) -> str:
    if isinstance(error, HistoryError):
        return "no_history"
    return {"no_release": "no_release", "release_refused": "refused"}.get(error.code, "no_history")


def _units(beds: _Beds, now: int, zone: ZoneInfo, language: Language) -> list[dict[str, Any]]:
    """Each unit as its panel shows it, those in most tension first."""
    labels = {u.unit: u.label for u in beds.model.units} if beds.model else {}
    panels = []
    for unit, made in beds.forecasts.items():
        forecasts = [f for _, f in made]
        history = beds.history.get(unit) or UnitHistory(unit, (), (), None)
        known = [f.tension_probability for f in forecasts if f.tension_probability is not None]
        worst = max(known) if known else None
        told = _told(forecasts)
        panels.append(
            {
                "label": labels.get(unit, unit),
                "occupied": next((o for o in reversed(history.occupied) if o is not None), None),
                "staffed": history.staffed,
                "tension": worst,
                "level": _level(worst),
                "picture": unit_picture(history, forecasts, now, zone, language),
                "made": made,
                "times": {
                    f.horizon_hours: formats.weekday_time(f.target_at.astimezone(zone), language)
                    for f in forecasts
                },
                "reasons": told.explanation["reasons"][:REASONS],
                "reasons_horizon": told.horizon_hours,
                "trust": max((f.trust["status"] for f in forecasts), key=_WORST.index),
                "warnings": sorted({w for f in forecasts for w in f.trust["warnings"]}),
            }
        )
    return sorted(panels, key=lambda p: -1.0 if p["tension"] is None else p["tension"], reverse=True)


def _told(forecasts: Sequence[BedForecast]) -> BedForecast:
    """The forecast whose reasons are shown: the nearest that the model answers; a baseline has little to tell."""
    return min(forecasts, key=lambda f: (f.trust["status"] != "trusted", f.horizon_hours))


_WORST = ("trusted", "baseline", "degraded")


def _level(probability: float | None) -> str:
    if probability is None:
        return "tension_unknown"
    return (
        "tension_high"
        if probability >= WORRY
        else "tension_possible"
        if probability >= WATCH
        else "tension_low"
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/",
        start,
        "The forecasts now, with their reasons",
        roles=SEES_PAGES,
        page=True,
        parameters=LANGUAGE,
        documented=False,
    ),
)
