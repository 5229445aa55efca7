"""The page Décider: what is to be decided, by whom and until when; why; and the decision itself, without any script."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from starlette.responses import Response

from centre.decisions.decision_log import decide
from centre.decisions.decision_policy import EVERY, DecisionPolicy
from centre.decisions.entitlement import entitlement, training_register
from centre.practice.protocols_in_use import protocol_of_digest
from centre.recommendations.answers import RecommendationAnswer, recommendation_answer
from centre.recommendations.look import Look, look_if_due, protocols_now
from centre.recommendations.request_bodies import choice_of
from centre.recommendations.views import opened_by, seen_by
from serving.interface.bed_forecasts import unit_labels
from serving.interface.forms import LANGUAGE, SEES_PAGES, form_page, moved_to, sent_language
from serving.interface.live_record import hospital_zone, local_day
from serving.interface.pages import (
    fan_chart,
    feature_row_name,
    hospital_fan,
    known_words,
    screen_beds,
    time_words,
)
from serving.interface.recommendations.store import StoredAct, StoredRecommendation
from serving.interface.requests import Call, Endpoint, Problem, instant

__all__ = ["ENDPOINTS", "urgency"]

_TEMPLATES = Path(__file__).parent / "templates"
_DECIDES = frozenset({"operator", "admin"})
_FIELDS = ("decision", "reason_code", "reason", "instead")
_RECENT = 12 * 3600 * 1_000_000
"""Microseconds for which what is over is still shown."""


def deciding(call: Call) -> Response:
    """GET /decide"""
    now = call.parts.clock.now()
    look = look_if_due(call.parts, now)
    pictures = _pictures(call)
    shown = [{**_shown(call, r, acts), "picture": pictures(r.place)} for r, acts in seen_by(call)]
    over = [_shown(call, r, a) for r, a in seen_by(call, "closed") if (r.closed_at or 0) >= now - _RECENT]
    return form_page(
        call,
        _TEMPLATES,
        "deciding.html",
        "decide",
        path="/decide",
        now=time_words(call, now, hospital_zone(call.parts)),
        look=look,
        shown=sorted(shown, key=lambda one: urgency(one["answer"])),
        over=over,
    )


def urgency(answer: RecommendationAnswer) -> tuple[datetime, bool, float]:
    """What is to be decided first stands first: by its time, then what is reached already, then by its probability."""
    forecast = answer.expected or answer.boarding
    likely = None if forecast is None else forecast.probability
    return answer.decide_by, not answer.reached_now, -(likely or 0.0)


def deciding_one(call: Call) -> Response:
    """GET /decide/{recommendation_id}"""
    look = look_if_due(call.parts, call.parts.clock.now())
    found, acts = opened_by(call, call.path["recommendation_id"])
    return _one(call, look, found, acts, {})


def take_decision(call: Call) -> Response:
    """POST /decide/{recommendation_id}"""
    sent = {name: call.body[name] for name in _FIELDS if call.body.get(name, "").strip()}
    recommendation_id, now = call.path["recommendation_id"], call.parts.clock.now()
    look = look_if_due(call.parts, now)
    try:
        if look.policy is None:
            raise Problem(409, "no_decision_policy", "problems.no_decision_policy")
        day, protocols = local_day(call.parts, now), protocols_now(call.parts, now)
        decide(call, look.policy, recommendation_id, choice_of(sent), day, protocols)
    except Problem as problem:
        if problem.status not in (403, 409, 422):
            raise
        found, acts = opened_by(call, recommendation_id)
        codes = [f.path for f in problem.faults] or [problem.code]
        return _one(call, look, found, acts, sent, codes, problem.status)
    return moved_to(f"/decide/{recommendation_id}?language={sent_language(call)}")


def _one(
    call: Call,
    look: Look,
    found: StoredRecommendation,
    acts: Sequence[StoredAct],
    sent: Mapping[str, str],
    faults: Sequence[str] = (),
    status: int = 200,
) -> Response:
    content = found.content
    protocol = protocol_of_digest(
        call.parts.settings, content["protocol"], content["protocol_version"], content["protocol_digest"]
    )
    right = None if look.policy is None else _refusal(call, look.policy, found)
    return form_page(
        call,
        _TEMPLATES,
        "deciding_one.html",
        "decide",
        status=status,
        path=f"/decide/{found.recommendation_id}",
        one={**_shown(call, found, acts), "picture": _pictures(call)(found.place)},
        protocol=protocol,
        step_name=partial(_step_name, call),
        row_name=partial(feature_row_name, _spoken(call)),
        policy=look.policy,
        refusal=right,
        decides=look.policy is not None and right is None,
        sent={**dict.fromkeys(_FIELDS, ""), **sent},
        faults=list(dict.fromkeys(faults)),
    )


def _step_name(call: Call, name: str) -> str:
    """What a step after the trees is called; one that the catalogue does not know, by its name."""
    return known_words(_spoken(call), f"pilotage.adjustments.{name}", name.replace("_", " "))


def _spoken(call: Call) -> Call:
    """The call with the language of the page, which a form sends in its body."""
    return replace(call, query={**call.query, "language": sent_language(call)})


def _refusal(call: Call, policy: DecisionPolicy, found: StoredRecommendation) -> str | None:
    """Why whoever is signed in may not decide; None: they may."""
    day = local_day(call.parts, call.parts.clock.now())
    identity, roles = call.caller.identity, call.caller.roles
    register = training_register(policy, call.parts.settings.skills)
    return entitlement(policy, identity, roles, found.content["role"], found.place, day, register).refusal


def _shown(call: Call, found: StoredRecommendation, acts: Sequence[StoredAct]) -> dict[str, Any]:
    """A recommendation in words of the page."""
    zone, language = hospital_zone(call.parts), sent_language(call)
    answer = recommendation_answer(found, acts, language)
    names = unit_labels(call.parts, language) if answer.unit_name is None else {}
    place = None if answer.unit is None else names.get(answer.unit, answer.unit)
    return {
        "answer": answer,
        "place": place if answer.unit_name is None else answer.unit_name[language],
        "level": answer.level_title.get(language, answer.level),
        "decide_by": time_words(call, found.decide_by, zone),
        "target": ""
        if answer.expected is None
        else time_words(call, instant(answer.expected.target_at), zone),
        "decided_at": _decided_at(call, answer),
        "sum": _sum(answer),
    }


def _pictures(call: Call) -> Callable[[str], str]:
    """The fan chart of a place as the unit's page has it, of the forecasts of now; "" where there is none."""
    spoken = _spoken(call)
    beds, zone = screen_beds(spoken), hospital_zone(call.parts)
    units = {u.unit: u for u in beds.units}

    def picture(place: str) -> str:
        if place == EVERY:
            return hospital_fan(spoken, beds, zone) if beds.hospital else ""
        unit = units.get(place)
        return fan_chart(spoken, unit, beds.at, zone) if unit is not None and unit.forecasts else ""

    return picture


def _decided_at(call: Call, answer: RecommendationAnswer) -> str:
    made = answer.decision
    return "" if made is None else time_words(call, instant(made.decided_at), hospital_zone(call.parts))


def _sum(answer: RecommendationAnswer) -> float | None:
    """What the explanation adds up to."""
    if answer.expected is None:
        return None
    why = answer.expected.explanation
    parts = [c["contribution"] for c in (*why["contributions"], *why["adjustments"])]
    return float(why["base"] + sum(parts) + why["other"])


ENDPOINTS = (
    Endpoint(
        "GET",
        "/decide",
        deciding,
        "What is to be decided",
        roles=SEES_PAGES,
        scope="pages",
        once=True,
        page=True,
        parameters=LANGUAGE,
        documented=False,
    ),
    Endpoint(
        "GET",
        "/decide/{recommendation_id}",
        deciding_one,
        "One recommendation, and the decision on it",
        roles=SEES_PAGES,
        scope="pages",
        once=True,
        page=True,
        parameters=LANGUAGE,
        documented=False,
    ),
    Endpoint(
        "POST",
        "/decide/{recommendation_id}",
        take_decision,
        "Decide on a recommendation",
        roles=_DECIDES,
        scope="decisions",
        max_bytes=32_768,
        form=True,
        page=True,
        keyed=True,
        documented=False,
    ),
)
