"""Turning away what there is no room for, as cheaply as can be: from the request's head, before it has a task.

A refusal by the gate costs a tenth of a forecast; at five times the load that a worker can bear, refusing in that way
would leave it no time to answer anybody.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from functools import cache

from starlette.datastructures import Headers
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from hospital.words.language import Language
from serving.errors import Problem
from serving.gateway.endpoint import Endpoint
from serving.gateway.service_parts import Parts
from serving.http.content_negotiation import preferred_language
from serving.http.problems import problem_response
from serving.http.request_log import log_overload
from serving.limits.admission import Kind, Place, overloaded

__all__ = ["LoadShedder", "kind_of", "leave_later"]

_LOG_SECONDS, _SLOW_BODY_SECONDS = 1.0, 0.1
_ID = "0" * 16


def kind_of(endpoint: Endpoint) -> Kind:
    """With whom a request of this endpoint shares its room."""
    return "forecast" if endpoint.bulk else "other"


def leave_later(place: Place | None) -> asyncio.TimerHandle:
    """Whoever sends slowly keeps no place from those who are here: it is taken again when all has come."""
    leave = place.leave if place is not None else lambda: None
    return asyncio.get_running_loop().call_later(_SLOW_BODY_SECONDS, leave)


class LoadShedder:
    """Decides at the door, and inside it for whoever came in by another way; counts and logs those turned away.

    Args:
        headers: of every response.
    """

    def __init__(self, parts: Parts, endpoints: Sequence[Endpoint], headers: Mapping[str, str]) -> None:
        self._parts, self._headers = parts, headers
        self._exact = {(e.method.encode(), e.path.encode()): e for e in endpoints if "{" not in e.path}
        self._count, self._logged, self._unlogged = 0, float("-inf"), 0

    def door(
        self, method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]], keep: bool
    ) -> Place | bytes | None:
        """A place, a whole response that refuses, or None: what needs no place, and what no route is known of."""
        endpoint = self._exact.get((method, target.partition(b"?")[0]))
        if endpoint is None or endpoint.direct:
            return None  # the gate, which knows all routes, finds those with a name in their path a place
        place = self._parts.admission.enter(kind_of(endpoint))
        if place is not None:
            return place
        problem = self._refusal(endpoint)
        language = preferred_language(Headers(raw=list(headers)).get("accept-language", ""))
        head, body = self._template(problem.headers["retry-after"], language, keep)
        request_id = secrets.token_hex(8).encode()
        return (head + body).replace(_ID.encode(), request_id)

    def place(self, endpoint: Endpoint, before: Place | None) -> Place | None:
        """A place of a request, which may have one already; None: it needs none.

        Raises:
            Problem: 429, there is no room.
        """
        if before is not None or endpoint.direct:
            return before
        place = self._parts.admission.enter(kind_of(endpoint))
        if place is None:
            raise self._refusal(endpoint)
        return place

    def take_again(self, endpoint: Endpoint, place: Place | None) -> None:
        """Room for a request that gave its place back.

        Raises:
            Problem: 429, there is none any more.
        """
        if place is not None and not place.take():
            raise self._refusal(endpoint)

    def _refusal(self, endpoint: Endpoint) -> Problem:
        self._count += 1
        self._unlogged += 1
        self._parts.metrics.shed.labels(endpoint.path).inc()
        now = self._parts.admission.clock()
        if now - self._logged > _LOG_SECONDS:
            log_overload(self._unlogged)
            self._logged, self._unlogged = now, 0
        return overloaded(self._count)

    @cache  # noqa: B019 - one a process
    def _template(self, retry_after: str, language: Language, keep: bool) -> tuple[bytes, bytes]:
        problem = overloaded()
        problem.headers["retry-after"] = retry_after
        response = problem_response(problem, _ID, language)
        response.headers.update({**self._headers, "x-request-id": _ID})
        if not keep:
            response.headers["connection"] = "close"
        lines = [name + b": " + value for name, value in response.raw_headers]
        return STATUS_LINE[problem.status] + b"\r\n".join([*lines, b"", b""]), bytes(response.body)
