"""GET /v1/protocols and /v1/skills, and receipts of what was read: pseudonyms only, names stand on pages alone."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from centre.practice.answers import StepAnswer
from centre.practice.practice_view import Practice, note_receipt, practice_at, read_by
from centre.practice.protocol_file import Protocol
from serving.interface.live_record import hospital_zone
from serving.interface.requests import (
    REPEATED,
    Call,
    Endpoint,
    Link,
    Parameter,
    Problem,
    RequestFault,
    has_own_name,
    json_response,
)

__all__ = ["ENDPOINTS", "PROTOCOL_READERS"]

PROTOCOL_READERS = frozenset({"application", "operator", "board", "auditor", "admin"})
_READS = frozenset({"operator", "board", "auditor", "admin"})
_SHORT = {"type": "string", "maxLength": 200}


class ProtocolAnswer(BaseModel):
    """A protocol in force.

    Attributes:
        units: those it is meant for; ``*`` alone: every unit.
        read_first: whether a newcomer to one of its units reads it before all others.
        digest: of its bytes, which a receipt names.
        read: whether who asks has a receipt of these bytes; null for an application.
    """

    protocol: str
    version: int
    title: str
    language: str
    units: tuple[str, ...]
    levels: tuple[str, ...]
    owner: str
    validated_by: tuple[str, ...]
    valid_from: date
    valid_until: date
    read_first: bool
    steps: tuple[StepAnswer, ...]
    text: str
    digest: str
    read: bool | None


class ProtocolsAnswer(BaseModel):
    """The protocols in force, those that hold every word the best first."""

    protocols: tuple[ProtocolAnswer, ...]


class HeldAnswer(BaseModel):
    """A skill that somebody holds. `person`: pseudonym; `until`: last day, null for ever."""

    person: str
    skill: str
    until: date | None
    home_unit: str


class OpeningAnswer(BaseModel):
    """A training, or a place in another unit, that gives a skill."""

    kind: str
    skill: str
    title: str
    unit: str
    starts_on: date
    places: int


class SkillFault(BaseModel):
    """A line of the hospital's files that cannot be read, and does not count."""

    path: str
    code: str


class SkillsAnswer(BaseModel):
    """Skills held on the hospital's day, trainings to come, and what of the files cannot be read."""

    day: date
    held: tuple[HeldAnswer, ...]
    openings: tuple[OpeningAnswer, ...]
    faults: tuple[SkillFault, ...]


class ReceiptRequest(BaseModel):
    """That whoever sends this has read these bytes."""

    model_config = ConfigDict(extra="forbid", strict=True)
    digest: str = Field(max_length=100)


class ReceiptAnswer(BaseModel):
    """A receipt. `noted`: false, these bytes were read before, and nothing was written."""

    protocol: str
    version: int
    digest: str
    noted: bool


def protocols(call: Call) -> Response:
    """GET /v1/protocols"""
    applies = _practice(call)
    of_person = bool(call.caller.roles & _READS)
    read = read_by(call.parts, call.caller.actor) if of_person else frozenset()
    found = applies.searched(call.query.get("words", ""), call.query.get("unit"))
    level = call.query.get("level")
    return json_response(
        ProtocolsAnswer(
            protocols=tuple(
                _answer(p, p.digest in read if of_person else None)
                for p in found
                if level is None or level in p.levels
            )
        )
    )


def _answer(protocol: Protocol, read: bool | None) -> ProtocolAnswer:
    return ProtocolAnswer(
        protocol=protocol.protocol_id,
        version=protocol.version,
        title=protocol.title,
        language=protocol.language,
        units=protocol.units,
        levels=protocol.levels,
        owner=protocol.owner,
        validated_by=protocol.validated_by,
        valid_from=protocol.valid_from,
        valid_until=protocol.valid_until,
        read_first=protocol.read_first,
        steps=tuple(StepAnswer(**s.model_dump()) for s in protocol.steps),
        text=protocol.body,
        digest=protocol.digest,
        read=read,
    )


def skills(call: Call) -> Response:
    """GET /v1/skills"""
    applies = _practice(call)
    skill, record = call.query.get("skill"), applies.skills
    held = [
        h for h in record.held if (h.until is None or h.until >= applies.day) and skill in (None, h.skill)
    ]
    opening = [o for o in record.openings if o.starts_on >= applies.day and o.places > 0]
    return json_response(
        SkillsAnswer(
            day=applies.day,
            held=tuple(HeldAnswer(**vars(h)) for h in sorted(held, key=lambda h: (h.skill, h.person))),
            openings=tuple(OpeningAnswer(**vars(o)) for o in opening if skill in (None, o.skill)),
            faults=tuple(SkillFault(path=f.path, code=f.code) for f in record.faults),
        )
    )


def receipt(call: Call) -> Response:
    """POST /v1/protocols/{id}/receipt"""
    if not has_own_name(call.caller):
        raise Problem(403, "no_name", "problems.no_name")
    wrong = (
        []
        if isinstance(call.body, dict)
        else [RequestFault("", "not_an_object", "problems.faults.not_an_object")]
    )
    sent = call.body if isinstance(call.body, dict) else {}
    wrong += [RequestFault(n, "unknown_field", "problems.faults.remove") for n in sent if n != "digest"]
    if not wrong and not isinstance(sent.get("digest"), str):
        wrong.append(RequestFault("digest", "missing", "problems.faults.missing_digest"))
    if wrong:
        raise Problem(422, "invalid_request", "problems.invalid_body", faults=wrong)
    answer, repeated = note_receipt(call, call.path["id"], sent["digest"])
    response = json_response(ReceiptAnswer(**answer))
    response.headers.update(REPEATED if repeated else {})
    return response


def _practice(call: Call) -> Practice:
    now = call.parts.clock.now()
    return practice_at(call.parts, now, hospital_zone(call.parts))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/protocols",
        protocols,
        "The protocols in force, by unit, level and words",
        roles=PROTOCOL_READERS,
        scope="centre",
        answer=ProtocolsAnswer,
        links=(
            Link(
                "receipt", parameters={"id": "/protocols/0/protocol"}, body={"digest": "/protocols/0/digest"}
            ),
        ),
        parameters={
            "unit": Parameter(_SHORT, "id of a unit that they are meant for"),
            "level": Parameter(_SHORT, "level that calls them"),
            "words": Parameter(_SHORT, "words that they hold, in French or English"),
        },
    ),
    Endpoint(
        "POST",
        "/v1/protocols/{id}/receipt",
        receipt,
        "That whoever asks has read a protocol in force",
        roles=_READS,
        scope="centre",
        body=ReceiptRequest,
        answer=ReceiptAnswer,
        max_bytes=4_096,
        problems=(404, 409),
        keyed=True,
    ),
    Endpoint(
        "GET",
        "/v1/skills",
        skills,
        "Skills held, by pseudonym, and trainings that give them",
        roles=PROTOCOL_READERS,
        scope="centre",
        answer=SkillsAnswer,
        parameters={"skill": Parameter(_SHORT, "that is looked for")},
    ),
)
