"""GET /practice: what applies, what a newcomer reads first, who holds which skill, and where one will be short."""

import secrets
from dataclasses import replace

from starlette.responses import RedirectResponse, Response

from centre.levels.hospital_levels import policy_in_force
from centre.pages.level_words import title_of
from centre.pages.pilotage import TEMPLATES
from centre.practice.practice_view import Practice, note_receipt, practice_at, read_by
from centre.practice.protocol_file import Protocol
from centre.practice.read_receipts import reading_list
from serving.interface.installation import levels_file
from serving.interface.live_record import hospital_zone, record_at
from serving.interface.pages import (
    PAGE,
    SEES_PAGES,
    ShownBeds,
    date_words,
    language,
    page,
    shown_beds,
    unit_name,
)
from serving.interface.requests import REPEATED, Call, Endpoint, Parameter, Problem, has_own_name

__all__ = ["ENDPOINTS"]

_SHORT = {"type": "string", "maxLength": 200}
_LAPSES_WITHIN_DAYS = 60
_SEES_NAMES = frozenset({"operator", "admin"})


def practice(call: Call) -> Response:
    """GET /practice"""
    now = call.parts.clock.now()
    record, beds = record_at(call.parts, now), shown_beds(call)
    applies = practice_at(call.parts, now, record.zone)
    unit, searched = call.query.get("unit") or None, call.query.get("words", "")
    units = _units(call, beds, applies)
    read = read_by(call.parts, call.caller.actor)
    policy = policy_in_force(levels_file(call.parts)).policy
    return page(
        call,
        TEMPLATES,
        "practice.html",
        "practice",
        path="/practice",
        units=units,
        unit=unit,
        sought=searched,
        hits=[(p, p.digest in read) for p in applies.searched(searched, unit)],
        reading=[]
        if unit is None
        else [one for one in reading_list(applies.protocols, unit, read) if one[0].read_first],
        total=len(applies.protocols),
        lapsing=applies.skills.register.lapsing(applies.day, _LAPSES_WITHIN_DAYS),
        held=sorted(
            (h for h in applies.skills.held if unit is None or h.home_unit == unit),
            key=lambda h: (h.skill, h.person),
        )[:200],
        openings=sorted(
            (o for o in applies.skills.openings if o.starts_on >= applies.day and o.places > 0),
            key=lambda o: (o.starts_on, o.title),
        )[:50],
        short=[
            c
            for c in applies.short_tomorrow([f for u in beds.units for f in u.forecasts])
            if unit is None or c.unit == unit
        ],
        unit_label=lambda one: units.get(one, one),
        level_title=lambda name: title_of(call, policy, name),
        person=lambda one: _person(call, applies, one),
        day=lambda one: date_words(call, one),
        faults=applies.skills.faults,
    )


def _units(call: Call, beds: ShownBeds, applies: Practice) -> dict[str, str]:
    """Units by id with their names: those that are forecast, and those that protocols and skills name."""
    named = {u for p in applies.protocols for u in p.units if u != "*"} | {
        h.home_unit for h in applies.skills.held
    }
    named |= {n.unit for n in applies.skills.needs}
    known = {u.unit: u.label for u in beds.units}
    every = {u: known.get(u) or unit_name(call, u) for u in named | set(known)}
    return dict(sorted(every.items(), key=lambda one: one[1].casefold()))


def _person(call: Call, applies: Practice, pseudonym: str) -> str:
    """A name for who may see it, else the pseudonym."""
    if not call.caller.roles & _SEES_NAMES:
        return pseudonym
    return applies.skills.names.get(pseudonym, pseudonym)


def protocol_page(call: Call) -> Response:
    """GET /practice/protocol"""
    return _protocol_page(call, call.query.get("id", ""))


def _protocol_page(call: Call, protocol_id: str, notice: str = "", status: int = 200) -> Response:
    now = call.parts.clock.now()
    applies = practice_at(call.parts, now, hospital_zone(call.parts))
    protocol = _protocol(applies, protocol_id)
    held = {
        skill: [
            (_person(call, applies, h.person), h.until)
            for h in applies.skills.held
            if h.skill == skill and (h.until is None or h.until >= applies.day)
        ]
        for skill in protocol.skills
    }
    return page(
        call,
        TEMPLATES,
        "protocol.html",
        "practice",
        status=status,
        path="/practice/protocol",
        protocol=protocol,
        read=protocol.digest in read_by(call.parts, call.caller.actor),
        held=held,
        openings={s: applies.skills.register.openings(s, applies.day) for s in protocol.skills},
        day=lambda one: date_words(call, one),
        notice=notice,
        named=has_own_name(call.caller),
        key=secrets.token_hex(16),
    )


def _protocol(applies: Practice, protocol_id: str) -> Protocol:
    found = next((p for p in applies.protocols if p.protocol_id == protocol_id), None)
    if found is None:
        raise Problem(404, "unknown_protocol", "problems.unknown_protocol_page")
    return found


def take_receipt(call: Call) -> Response:
    """POST /practice/receipts"""
    sent = call.body.get("language", "")
    spoken = sent if sent in ("fr", "en") else language(call)
    call = replace(call, query={**call.query, "language": spoken})
    protocol_id, digest = call.body.get("protocol", "")[:200], call.body.get("digest", "")
    if not has_own_name(call.caller):
        return _protocol_page(call, protocol_id, "read_how", 403)
    try:
        _, repeated = note_receipt(call, protocol_id, digest)
    except Problem as problem:
        if problem.status not in (404, 409):
            raise
        # another version came into force meanwhile: these bytes were not read; of none that is left the page says so
        return _protocol_page(call, protocol_id, "read_again", 409)
    address = f"/practice/protocol?language={spoken}&id={protocol_id}"
    return RedirectResponse(address, 303, headers=REPEATED if repeated else {})


ENDPOINTS = (
    Endpoint(
        "GET",
        "/practice",
        practice,
        "Protocols, skills and trainings",
        roles=SEES_PAGES,
        scope="pages",
        once=True,
        page=True,
        parameters={
            **PAGE,
            "unit": Parameter(_SHORT, "id of a unit"),
            "words": Parameter(_SHORT, "what is looked for"),
        },
        documented=False,
    ),
    Endpoint(
        "GET",
        "/practice/protocol",
        protocol_page,
        "A protocol in force",
        roles=SEES_PAGES,
        scope="pages",
        page=True,
        parameters={"language": PAGE["language"], "id": Parameter(_SHORT, "of the protocol")},
        documented=False,
    ),
    Endpoint(
        "POST",
        "/practice/receipts",
        take_receipt,
        "That somebody read a protocol",
        roles=SEES_PAGES,
        scope="pages",
        max_bytes=8_192,
        form=True,
        page=True,
        keyed=True,
        documented=False,
    ),
)
