"""Requests and answers, as routes above serving declare them: the gate's types, handed out under one name."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection

from hospital.times import TimeError, instant, moment, parse_time
from registry.record.database import writing
from registry.record.request_keys import claim, earlier
from registry.record.tokens import Caller
from serving.errors import Problem, RequestFault
from serving.gateway.endpoint import EVERY_ROLE, Call, Endpoint, Link, Parameter, json_response
from serving.http.authentication import ENTERED_BY_LINK
from serving.http.clock import system_time
from serving.http.problems import invalid, schema_faults
from serving.http.write_outcome import REPEATED, about_to_commit
from serving.messages.request_bodies import words_of_person

__all__ = [
    "AS_OF",
    "EVERY_ROLE",
    "REPEATED",
    "Call",
    "Endpoint",
    "Link",
    "Parameter",
    "Problem",
    "RequestFault",
    "as_of",
    "has_own_name",
    "instant",
    "instant_of",
    "json_response",
    "moment",
    "read_body",
    "refused",
    "words_of_person",
    "write_once",
]

AS_OF = Parameter(
    {"type": "string", "format": "date-time", "maxLength": 40},
    "as it was known at this time (with its zone; a plus is written %2B): news of later is left out; default: now",
)
_WORDS = {"naive_time": "problems.faults.no_zone", "after_now": "problems.faults.ahead"}


M = TypeVar("M", bound=BaseModel)


def read_body(model: type[M], body: object) -> tuple[M | None, list[RequestFault]]:
    """A body as its model has it; None, with every fault, where it is not as it must be."""
    try:
        return model.model_validate(body), []
    except ValidationError as error:
        return None, schema_faults(error)


refused = invalid
"""The problem of a request with these faults."""


def instant_of(written: str) -> int:
    """The instant of a time as the service writes it."""
    return instant(parse_time(written))


def has_own_name(caller: Caller) -> bool:
    """Whether this is somebody with a name of their own; who came by a link has none."""
    return caller.name != ENTERED_BY_LINK


def write_once(
    call: Call, write: Callable[[Connection], Mapping[str, Any]]
) -> tuple[Mapping[str, Any], bool]:
    """What a request's writing answers, and whether that is the answer to the same request, sent before.

    Args:
        write: writes in the transaction, where the request is new, and returns the answer, which JSON can hold and
            which names no patient: it is kept for whoever sends the same key again. What it raises undoes all.

    Raises:
        OtherBodyError: the key was used for another request.
        Problem: whoever asked was answered that nothing was written.
    """
    with writing(call.parts.engine) as connection:
        before = None if call.key is None else earlier(connection, call.key)
        if before is not None:
            return before, True
        answer = write(connection)
        claim(connection, call.key, answer, system_time())
        about_to_commit()
    return answer, False


def as_of(call: Call) -> int:
    """The instant that an answer is asked for (`AS_OF`), else now.

    Raises:
        Problem: 422, it is no time, has no zone or lies ahead.
    """
    now, text = call.parts.clock.now(), call.query.get("as_of")
    if text is None:
        return now
    try:
        at = instant(parse_time(text))
    except TimeError as error:
        raise _refused(error.code) from None
    if at > now:
        raise _refused("after_now")
    return at


def _refused(code: str) -> Problem:
    words = _WORDS.get(code, "problems.faults.no_time")
    return Problem(
        422,
        "invalid_request",
        "problems.invalid_query",
        faults=[RequestFault("query.as_of", code, words)],
    )
