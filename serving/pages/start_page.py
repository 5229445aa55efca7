"""The pages for a browser: the forecasts now with their reasons, and the way in."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import RedirectResponse, Response

from hospital.contracts.tables import TABLES
from hospital.errors import HistoryError
from hospital.times import MINUTE, instant
from registry.record.tokens import Caller
from serving.errors import Problem
from serving.gateway.endpoint import Call, Endpoint, Parameter
from serving.gateway.service_parts import Parts
from serving.http.authentication import COOKIE, SESSION_SECONDS
from serving.messages.answer_bodies import BedForecast, WaitForecast
from serving.messages.forecast_protocol import (
    BedQuestion,
    ExplainOptions,
    LoadedModel,
    UnitHistory,
    WaitQuestion,
)
from serving.pages.forecast_picture import unit_picture
from serving.pages.page_texts import TEXTS, Language, ahead, clock_time, number, short_time
from serving.routes.forecasts import forecast_beds, forecast_waits

__all__ = ["ENDPOINTS", "LANGUAGE", "SEES_PAGES", "TEMPLATES", "language_of", "render"]

_HERE = Path(__file__).parent
TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_STATIC = {
    path.name: (path.read_bytes(), {".css": "text/css", ".svg": "image/svg+xml"}[path.suffix])
    for path in (_HERE / "static").iterdir()
    if path.suffix in (".css", ".svg")
}
SEES_PAGES = frozenset({"operator", "board", "auditor", "admin"})
HISTORY_HOURS = 48
MOST_UNITS, MOST_HORIZONS, REASONS = 40, 4, 3
WORRY, WATCH = 0.5, 0.2
"""Probability of exceeding the staffed beds from which the page says likely, and possible."""
_PAGE = Caller("page", frozenset({"operator"}))


@dataclass(frozen=True)
class _Beds:
    """Bed demand as the page shows it; `fault` is a word of `TEXTS` in place of forecasts."""

    model: LoadedModel | None
    forecasts: Mapping[str, list[tuple[str, BedForecast]]]
    history: Mapping[str, UnitHistory]
    fault: str | None


@dataclass(frozen=True)
class _Waits:
    model: LoadedModel | None
    forecasts: Sequence[tuple[str, str, str, WaitForecast]]
    fault: str | None


class _Latest:
    """What was last shown: one set of forecasts a minute, release and language, however many screens look."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: dict[tuple[Any, ...], tuple[_Beds, _Waits]] = {}


_LATEST = _Latest()


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
    key = (id(parts), minute, language, stamps, faults)
    with _LATEST.lock:
        if key not in _LATEST.kept:
            shown = (_beds(parts, now, language), _waits(parts, now, language))
            _LATEST.kept = {k: v for k, v in _LATEST.kept.items() if k[:2] == key[:2]} | {key: shown}
        beds, waits = _LATEST.kept[key]
    model = beds.model or waits.model
    zone = ZoneInfo(model.zone if model else "Europe/Paris")
    units = _units(beds, minute, zone, language)
    return render(
        "start.html",
        language,
        now=clock_time(minute, zone, language, date=True),
        simulated=parts.clock.simulated,
        units=units,
        high=sum(u["level"] == "tension_high" for u in units),
        possible=sum(u["level"] == "tension_possible" for u in units),
        beds=beds,
        waits=waits,
        released={
            m.name: clock_time(m.released_at, zone, language, date=True)
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
        model, forecasts, ids = forecast_beds(parts, _PAGE, question, now)
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
        model, forecasts, ids = forecast_waits(parts, _PAGE, question, now)
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
                    f.horizon_hours: short_time(instant(f.target_at), zone, language) for f in forecasts
                },
                "reasons": told.explanation["reasons"][:REASONS],
                "reasons_horizon": told.horizon_hours,
                "trust": max((f.trust["status"] for f in forecasts), key=_WORST.index),
                "warnings": sorted({w for f in forecasts for w in f.trust["warnings"]}),
            }
        )
    return sorted(panels, key=lambda p: -1.0 if p["tension"] is None else p["tension"], reverse=True)


def _told(forecasts: Sequence[BedForecast]) -> BedForecast:
    """The forecast whose reasons are shown: the nearest that the model answers; a simple rule has little to tell."""
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


def sign_in_page(call: Call) -> Response:
    """GET /sign-in"""
    return render("sign_in.html", language_of(call), fault=None, path="/sign-in")


def sign_in(call: Call) -> Response:
    """POST /sign-in"""
    secret = call.body.get("token", "").strip()
    language = cast(Language, call.body.get("language", call.parts.language))
    language = language if language in TEXTS else call.parts.language
    caller = call.parts.authority.caller(secret) if 0 < len(secret) <= 256 and secret.isascii() else None
    if caller is None or not caller.roles & SEES_PAGES:
        return render("sign_in.html", language, 403, fault="wrong_token", path="/sign-in")
    return _entered(call, caller, secret, language)


def enter(call: Call) -> Response:
    """GET /enter/{code}"""
    caller = call.parts.authority.enter(call.path["code"])
    if caller is None:
        return render("sign_in.html", call.parts.language, 403, fault="link_used", path="/sign-in")
    return _entered(call, caller, "", call.parts.language)


def _entered(call: Call, caller: Caller, secret: str, language: Language) -> Response:
    response = RedirectResponse(f"/?language={language}", 303)
    cookie = call.parts.authority.open_session(caller, secret)
    response.set_cookie(
        COOKIE, cookie, max_age=SESSION_SECONDS, httponly=True, samesite="strict", secure=call.secure
    )
    return response


def sign_out(_: Call) -> Response:
    """POST /sign-out"""
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def static(call: Call) -> Response:
    """GET /static/{name}"""
    found = _STATIC.get(call.path["name"])
    if found is None:
        raise Problem(404, "unknown_route", "There is no such file.")
    return Response(found[0], media_type=found[1])


def language_of(call: Call) -> Language:
    """The language that a page is asked for in."""
    return cast(Language, call.query.get("language", call.parts.language))


def render(template: str, language: Language, status: int = 200, **values: Any) -> Response:
    """A page from its template."""
    page = TEMPLATES.get_template(template).render(
        t=TEXTS[language],
        language=language,
        other="en" if language == "fr" else "fr",
        number=lambda value, digits=0: number(value, language, digits),
        ahead=lambda hours: ahead(hours, language),
        **values,
    )
    return Response(page, status, media_type="text/html")


LANGUAGE = {"language": Parameter({"type": "string", "enum": ["fr", "en"]}, "of the page")}
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
    Endpoint(
        "GET",
        "/sign-in",
        sign_in_page,
        "The way in",
        roles=None,
        page=True,
        parameters=LANGUAGE,
        documented=False,
    ),
    Endpoint(
        "POST", "/sign-in", sign_in, "The way in", roles=None, max_bytes=4_096, form=True, documented=False
    ),
    Endpoint("GET", "/enter/{code}", enter, "The way in by a link", roles=None, documented=False),
    Endpoint(
        "POST", "/sign-out", sign_out, "The way out", roles=None, max_bytes=1_024, form=True, documented=False
    ),
    Endpoint("GET", "/static/{name}", static, "Styles and pictures", roles=None, documented=False),
)
