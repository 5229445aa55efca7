"""Requests and answers, as routes above serving declare them: the gate's types, handed out under one name."""

from hospital.times import TimeError, instant, moment, parse_time
from serving.errors import Problem, RequestFault
from serving.gateway.endpoint import EVERY_ROLE, Call, Endpoint, Parameter, json_response

__all__ = [
    "AS_OF",
    "EVERY_ROLE",
    "Call",
    "Endpoint",
    "Parameter",
    "Problem",
    "RequestFault",
    "as_of",
    "json_response",
    "moment",
]

AS_OF = Parameter(
    {"type": "string", "format": "date-time", "maxLength": 40},
    "as it was known at this time (with its zone; a plus is written %2B): news of later is left out; default: now",
)
_WORDS = {
    "naive_time": "the time has no zone; write it with one, as 2026-01-31T14:00:00Z",
    "after_now": "the time lies ahead; a time until now is expected",
}


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
    words = _WORDS.get(code, "this is no time; write it as 2026-01-31T14:00:00Z (a plus as %2B)")
    return Problem(
        422,
        "invalid_request",
        "The query is not as it must be; see errors.",
        faults=[RequestFault("query.as_of", code, words)],
    )
