"""Pages that say by themselves when something is new: the state that they watch, and the stream that says so."""

import hashlib

from starlette.responses import Response

from hospital.times import MINUTE
from serving.errors import Problem
from serving.gateway.endpoint import Call
from serving.gateway.service_parts import Parts
from serving.http.problems import problem_response
from serving.limits.event_streams import EventStream

__all__ = ["live_stream", "shown_state"]


def shown_state(parts: Parts) -> str:
    """What a page shows, in short: another one once something was received, released or stopped, and each minute."""
    with parts.engine.connect() as connection:
        received = parts.receptions.last(connection)
    states = parts.releases.states.items()
    loaded = [
        (
            name,
            s.fault,
            s.loaded and (s.loaded.digest, s.loaded.halted, [a.alarm_id for a in s.loaded.alarms]),
        )
        for name, s in states
    ]
    text = repr((received, parts.clock.now() // MINUTE, loaded))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def live_stream(call: Call, seen: str) -> Response:
    """A stream that says when the state is no more the one that a page has seen, and then ends."""

    async def look() -> str:
        try:
            return await call.parts.workers.run(shown_state, call.parts)
        except Problem:  # too much is asked for at the moment: the next look follows
            return ""

    async def may_listen() -> bool:
        try:
            return await call.parts.workers.run(_may_listen, call.parts, call.secret, call.cookie)
        except Problem:  # as above; without an answer the stream lasts for its own life at most
            return True

    full = Problem(
        503,
        "too_many_streams",
        "problems.too_many_streams",
        headers={"retry-after": "30"},
    )
    refused = problem_response(full, call.request_id, call.language)
    return EventStream(call.parts.streams, call.address, look, may_listen, seen, refused)


def _may_listen(parts: Parts, secret: str, cookie: str) -> bool:
    """Whether a token or a session is still valid; the token counts where both came, as at the gate."""
    if secret:
        return parts.authority.caller(secret) is not None
    return parts.authority.session(cookie) is not None
