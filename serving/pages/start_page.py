"""The start page: the forecasts now with their reasons, one set however many screens look."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from starlette.responses import Response

from hospital.times import moment
from hospital.words import formats, names
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from serving.gateway.endpoint import Call, Endpoint, Parameter
from serving.messages.forecast_protocol import LoadedModel
from serving.pages.change_page import since_of
from serving.pages.decision_page import may_decide
from serving.pages.first_steps import UNTIL_FIRST_ANSWER, first_steps
from serving.pages.forecast_sets import forecast_set
from serving.pages.rendering import LANGUAGE, SEES_PAGES, language_of, render
from serving.pages.unit_panels import MOST_PANELS, tension_counts, unit_panels
from serving.pages.unknown_units import unknown_units

__all__ = ["ENDPOINTS"]

_RENEWED = Parameter(
    {"type": "string", "enum": ["1"]}, "the page renews itself: nobody asked for new forecasts"
)


def start(call: Call) -> Response:
    """GET /"""
    parts, language = call.parts, language_of(call)
    shown = forecast_set(parts, language, asked="renewed" not in call.query)
    beds, waits = shown.beds, shown.waits
    if {beds.fault, waits.fault} <= UNTIL_FIRST_ANSWER:
        return first_steps(call, sorted({beds.fault or "", waits.fault or ""}))
    model = beds.model or waits.model
    zone = ZoneInfo(model.zone if model else "Europe/Paris")
    tension = tension_counts(beds)
    units = unit_panels(beds, shown.at, zone, language, most=MOST_PANELS)
    since = since_of(shown.at, zone, language)
    return render(
        "start.html",
        language,
        now=formats.date_time(moment(shown.at).astimezone(zone), language),
        simulated=parts.clock.simulated,
        units=units,
        since=since,
        more=len(beds.forecasts) - len(units),
        none_shown=all(unit["tension"] is None for unit in units),
        high=tension["high"],
        possible=tension["possible"],
        beds=beds,
        unknown_units=unknown_units(parts, language),
        waits=waits,
        usual_patients=_usual_patients(waits.model, language),
        department_name=_department_name(waits.model, language),
        released={
            m.name: formats.date_time(moment(m.released_at).astimezone(zone), language)
            for m in (beds.model, waits.model)
            if m
        },
        alarms=sum(len(m.alarms) for m in (beds.model, waits.model) if m),
        decides=may_decide(call.caller),
        decided=call.query.get("decided"),
        path="/",
    )


def _usual_patients(model: LoadedModel | None, language: Language) -> dict[str, str]:
    """Whom the tiles of each department are about, in words; empty where nothing but the triage is said."""
    return {} if model is None else {d: _usual(v, language) for d, v in model.usual_patients.items() if v}


def _department_name(model: LoadedModel | None, language: Language) -> Callable[[str], str]:
    own = names.NO_NAMES if model is None else model.names
    return lambda name: names.value("department", name, language, own)


def _usual(values: Mapping[str, float | str], language: Language) -> str:
    said = []
    for name, value in values.items():
        if isinstance(value, str):
            key = f"reasons.arrival.{value}"
            arrival = name == "arrival_mode" and has_text(key)
            words = text(key, language) if arrival else names.value(name, value, language)
        else:
            words = formats.short_number(value, language)
        said.append(formats.label(names.name(f"pages.usual.{name}", name, language), language) + words)
    return ", ".join(said)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/",
        start,
        "The forecasts now, with their reasons",
        roles=SEES_PAGES,
        scope="pages",
        once=True,
        page=True,
        parameters={
            **LANGUAGE,
            "renewed": _RENEWED,
            "decided": Parameter(
                {"type": "integer", "minimum": 1, "maximum": 10**17}, "journal entry of a decision just taken"
            ),
        },
        documented=False,
    ),
)
