"""The page of what is monitored after a release: alarms with their evidence, and every figure."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from starlette.responses import Response

from hospital.times import moment
from hospital.words import formats
from hospital.words.language import Language
from hospital.words.names import OwnNames
from registry.monitoring.alarm_text import change_in_words, warning_of, what_of
from registry.monitoring.alarms import OVERRULED, LastRun, StandingAlarm, last_run
from serving.gateway.endpoint import Call, Endpoint
from serving.messages.forecast_protocol import LoadedModel
from serving.pages.rendering import LANGUAGE, SEES_PAGES, language_of, render
from serving.pages.unknown_units import unknown_units

__all__ = ["ENDPOINTS"]

_EPOCH = date(1970, 1, 1)


def monitoring(call: Call) -> Response:
    """GET /monitoring"""
    language, shown = language_of(call), []
    with call.parts.engine.connect() as connection:
        for name, state in call.parts.releases.states.items():
            if state.loaded is not None:
                shown.append(_model(connection, name, state.loaded, language))
    return render(
        "monitoring.html",
        language,
        models=shown,
        unknown_units=unknown_units(call.parts, language),
        caller=call.caller.name,
        path="/monitoring",
    )


def _model(connection: Connection, name: str, loaded: LoadedModel, language: Language) -> dict[str, Any]:
    run = last_run(connection, name, loaded.sequence)
    own = loaded.names
    figures = [] if run is None else sorted(run.figures, key=lambda f: -(f["threshold_share"] or 0.0))
    return {
        "name": name,
        "version": loaded.version,
        "release": loaded.sequence,
        "stopped": loaded.stopped,
        "run": None if run is None else _run(run, ZoneInfo(loaded.zone), language),
        "alarms": [_alarm(alarm, language, own) for alarm in loaded.alarms if alarm.family != OVERRULED],
        "overruled": [
            _overruled(alarm, language, own) for alarm in loaded.alarms if alarm.family == OVERRULED
        ],
        "figures": [_figure(f, language, own) for f in figures],
    }


def _run(run: LastRun, zone: ZoneInfo, language: Language) -> dict[str, str]:
    return {
        "at": formats.date_time(moment(run.run_at).astimezone(zone), language),
        "until": formats.date(_EPOCH + timedelta(days=run.until_day), language),
    }


def _overruled(alarm: StandingAlarm, language: Language, own: OwnNames) -> dict[str, Any]:
    evidence = alarm.evidence
    low, high = evidence["interval"]
    return {
        "id": alarm.alarm_id,
        "words": warning_of(alarm, language, own),
        "counts": [formats.number(evidence[n], language) for n in ("decided", "overruled", "known", "right")],
        "low": formats.percent(low, language),
        "high": formats.percent(high, language),
        "share": formats.percent(evidence["policy_share"], language),
        "since": formats.date(alarm.since, language),
        "raised": formats.date(alarm.raised_on, language),
        "entry": alarm.journal_seq,
    }


def _alarm(alarm: StandingAlarm, language: Language, own: OwnNames) -> dict[str, Any]:
    evidence = alarm.evidence
    low, high = evidence["interval"]
    return {
        "id": alarm.alarm_id,
        "words": warning_of(alarm, language, own),
        "change": change_in_words(alarm.family, evidence["change"], language),
        "low": change_in_words(alarm.family, low, language),
        "high": change_in_words(alarm.family, high, language),
        "margin": change_in_words(alarm.family, evidence["margin"], language),
        "since": formats.date(alarm.since, language),
        "raised": formats.date(alarm.raised_on, language),
        "statistic": formats.number(evidence["statistic"], language, 1),
        "threshold": formats.number(evidence["threshold"], language, 1),
        "chance": formats.percent(evidence["yearly_chance"], language, 2),
        "reference_days": formats.number(evidence["reference_days"], language),
        "entry": alarm.journal_seq,
    }


def _figure(figure: Mapping[str, Any], language: Language, own: OwnNames) -> dict[str, Any]:
    def shown(value: float | None) -> str:
        return "–" if value is None else change_in_words(figure["family"], value, language)

    return {
        "what": what_of(figure["family"], figure["name"], language, own),
        "change": shown(figure["change"]),
        "margin": shown(figure["margin"]),
        "threshold_share": formats.percent(figure["threshold_share"], language),
        "days": figure["days"],
    }


ENDPOINTS = (
    Endpoint(
        "GET",
        "/monitoring",
        monitoring,
        "What is monitored after a release, and alarms with their evidence",
        roles=SEES_PAGES,
        scope="pages",
        page=True,
        parameters=LANGUAGE,
        documented=False,
    ),
)
