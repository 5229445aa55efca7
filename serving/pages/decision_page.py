"""The page on which a person decides on a forecast that was shown: with a reason, in their own name."""

import math
import secrets
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from hospital.words import formats
from hospital.words.language import LANGUAGES, Language
from registry.record.database import writing
from registry.record.tokens import Caller
from serving.errors import Problem
from serving.forecasting.decision_record import decide_once
from serving.forecasting.prediction_record import find
from serving.gateway.endpoint import Call, Endpoint, Parameter
from serving.gateway.request_reading import FORM_KEY
from serving.http.authentication import ENTERED_BY_LINK
from serving.http.write_outcome import about_to_commit
from serving.messages.answer_bodies import BedPrediction, StoredPrediction, WaitPrediction
from serving.messages.record_requests import decision_request
from serving.pages.explanation_page import drawable, stored_waterfall
from serving.pages.rendering import LANGUAGE, language_of, render

__all__ = ["ENDPOINTS", "may_decide"]

_DECIDES = frozenset({"operator", "admin"})
_ID = {"type": "string", "maxLength": 24}
_FAULTS = {
    "reason": "decide_reason_fault",
    "value": "decide_value_fault",
    "decision": "decide_choice_fault",
}


def may_decide(caller: Caller) -> bool:
    """Whether this is a person with a name of their own who may decide: no application, nor who came by a link."""
    is_person = "application" not in caller.roles and caller.name != ENTERED_BY_LINK
    return bool(caller.roles & _DECIDES) and is_person


def decision_page(call: Call) -> Response:
    """GET /decisions"""
    language = language_of(call)
    return _page(call, call.query.get("prediction_id", ""), language, {})


def take_decision(call: Call) -> Response:
    """POST /decisions"""
    sent = call.body
    language = sent.get("language", call.parts.language)
    language = language if language in LANGUAGES else call.parts.language
    prediction_id = sent.get("prediction_id", "")[:24]
    if not may_decide(call.caller):
        return _page(call, prediction_id, language, sent, status=403)
    body = {name: sent[name] for name in ("prediction_id", "decision", "reason") if name in sent}
    if sent.get("value", "").strip():
        body["value"] = _number(sent["value"])
    try:
        request = decision_request(body)
        with writing(call.parts.engine) as connection:
            made, _ = decide_once(connection, request, call.caller, call.parts.clock.now(), call.key)
            about_to_commit()
    except Problem as problem:
        if problem.status != 422:
            raise
        faults = [_FAULTS.get(fault.path, "decide_fault") for fault in problem.faults]
        return _page(call, prediction_id, language, sent, faults, status=422)
    return RedirectResponse(f"/?language={language}&decided={made.journal_entry}", 303)


def _number(written: str) -> float | str:
    """A number with a comma or a point; what is none stays as it was written, and is refused."""
    try:
        number = float(written.strip().replace(",", ".").replace("\u00a0", "").replace("\u202f", ""))
    except ValueError:
        return written
    return number if math.isfinite(number) else written


def _drawn(call: Call, stored: StoredPrediction, prediction_id: str, language: Language) -> Markup:
    """The reasons as a picture; nothing where they are of something else than a p50 against what is usual."""
    if not drawable(stored.prediction.explanation):
        return Markup()
    return Markup(stored_waterfall(call, prediction_id, language).html())  # noqa: S704 - of our templates


def _page(
    call: Call,
    prediction_id: str,
    language: Language,
    sent: dict[str, str],
    faults: list[str] | None = None,
    status: int = 200,
) -> Response:
    """The form, with what was written already."""
    with call.parts.engine.connect() as connection:
        stored = find(connection, prediction_id, call.caller)
    loaded = call.parts.releases.states[stored.model.name].loaded
    zone = ZoneInfo(loaded.zone if loaded else "Europe/Paris")
    return render(
        "decision.html",
        language,
        status,
        shown=_shown(stored, zone, language),
        explanation=_drawn(call, stored, prediction_id, language),
        prediction_id=prediction_id,
        sent={
            "decision": "",
            "value": "",
            "reason": "",
            FORM_KEY: secrets.token_hex(16),  # sent twice by a hasty hand, the form decides once
            **sent,
        },
        faults=list(dict.fromkeys(faults or [])),
        decides=may_decide(call.caller),
        caller=call.caller.name,
        path="/decisions",
    )


def _shown(stored: StoredPrediction, zone: ZoneInfo, language: Language) -> dict[str, Any]:
    """The forecast as it was given."""
    made = stored.prediction
    unit = "minutes" if isinstance(made, WaitPrediction) else "beds"
    quantiles = made.wait_minutes if isinstance(made, WaitPrediction) else made.beds
    p10, p50, p90 = (formats.quantity(quantiles[name], unit, language, 0) for name in ("p10", "p50", "p90"))
    target = None if isinstance(made, WaitPrediction) else made.target_at.astimezone(zone)
    return {
        "model": stored.model.name,
        "unit": made.unit if isinstance(made, BedPrediction) else "",
        "p10": p10,
        "p50": p50,
        "p90": p90,
        "made_at": formats.date_time(stored.made_at.astimezone(zone), language),
        "target": "" if target is None else formats.date_time(target, language),
        "reasons": made.explanation["reasons"],
        "reliability": made.explanation.get("reliability"),
        "status": made.trust["status"],
        "warnings": made.trust["warnings"],
        "journal_entry": stored.journal_entry,
    }


ENDPOINTS = (
    Endpoint(
        "GET",
        "/decisions",
        decision_page,
        "Decide on a forecast",
        roles=_DECIDES,
        scope="decisions",
        page=True,
        parameters={**LANGUAGE, "prediction_id": Parameter(_ID, "of the forecast")},
        documented=False,
    ),
    Endpoint(
        "POST",
        "/decisions",
        take_decision,
        "Decide on a forecast",
        roles=_DECIDES,
        scope="decisions",
        max_bytes=32_768,
        form=True,
        page=True,
        keyed=True,
        documented=False,
    ),
)
