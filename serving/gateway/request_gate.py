"""The one gate in front of every route.

Address, method, who calls, what for, content type, size, time, strict JSON; then the handler in a worker
thread; then the answer with its request id and headers, one log line and one count, whatever happened.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextvars import ContextVar
from inspect import isawaitable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hospital.words.language import LANGUAGES, Language
from serving.errors import Problem
from serving.gateway.access import admit
from serving.gateway.content_security import POLICY
from serving.gateway.endpoint import Call, Endpoint, match
from serving.gateway.header_rules import require_host, require_single, require_type
from serving.gateway.load_shedding import LoadShedder, leave_later
from serving.gateway.request_problems import UNEXPECTED, problem_of
from serving.gateway.request_reading import (
    SenderLeftError,
    accept_of,
    allowed_methods,
    endpoint_of_method,
    form_of,
    key_of,
    path_of,
    query_of,
    read_body,
    refuse_prefetch,
    require_own_form,
    too_large,
)
from serving.gateway.service_parts import Parts
from serving.http.content_negotiation import preferred_language
from serving.http.problem_page import refusal
from serving.http.request_log import log_request, log_unexpected
from serving.http.strict_json import parse
from serving.limits.admission import Place
from serving.limits.door import PLACE

__all__ = ["Gate", "answer", "answer_current"]

_CURRENT: ContextVar[tuple[Call, Endpoint]] = ContextVar("vigie_call")
"""The call behind the gate, for BentoML's own API methods."""
UNMATCHED = "unmatched"
SMALL = 32_768
"""Bytes of a body; a larger one is parsed in a thread, and holds up nobody else's answer."""
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # without any, browsers do not say where our own forms come from
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": POLICY,
}
"""Of every answer that does not say otherwise itself."""
_BENTOML = ("server", "x-bentoml-request-id", "x-bentoml-trace-id")


class _Seen:
    """What one request turned out to be, for the log and the count."""

    def __init__(self, place: Place | None) -> None:
        self.place = place
        self.request_id = secrets.token_hex(8)
        self.route, self.caller, self.status = UNMATCHED, "", 0
        self.begun = time.perf_counter()
        self.started, self.held_bytes = False, 0


class Gate:
    """An ASGI application in front of all routes."""

    def __init__(self, parts: Parts, endpoints: Sequence[Endpoint]) -> None:
        self._parts = parts
        self.shedder = LoadShedder(parts, endpoints, _HEADERS)
        self._table = [(e.pattern, e) for e in endpoints]

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, native: ASGIApp | None = None
    ) -> None:
        """Answers a request; `native` is BentoML's application behind its own API methods."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        seen = _Seen(scope.get(PLACE))
        head = scope["method"] == "HEAD"

        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status, seen.started = message["status"], True
                headers = MutableHeaders(scope={"headers": message.get("headers", ())})
                for name in _BENTOML:
                    del headers[name]
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers["x-request-id"] = seen.request_id
                message = {**message, "headers": headers.raw}
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._answer(scope, receive, out, native, seen)
        except SenderLeftError:
            seen.status = 499
        except Exception as error:
            log_unexpected(seen.request_id, error)
            if not seen.started:
                await _refusal(UNEXPECTED, seen, scope)(scope, receive, out)
        finally:
            self._parts.bodies.give_back(seen.held_bytes)
            if seen.place is not None:
                seen.place.leave()
            took = time.perf_counter() - seen.begun
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._parts.metrics.answered(seen.route, method, seen.status, took)
            log_request(seen.request_id, seen.route, method, seen.status, took * 1000, seen.caller)

    async def _answer(
        self, scope: Scope, receive: Receive, out: Send, native: ASGIApp | None, seen: _Seen
    ) -> None:
        try:
            found = await self._admit(scope, receive, seen)
            if isinstance(found, Response):
                response = found
            else:
                call, endpoint = found
                if endpoint.native and native is not None:
                    _CURRENT.set((call, endpoint))
                    await native(scope, receive, out)
                    return
                response = await answer(call, endpoint)
        except Exception as error:
            if seen.started:
                raise
            problem = problem_of(error, self._parts, seen.request_id)
            redirect = problem.status == 303
            response = (
                Response(status_code=303, headers=problem.headers)
                if redirect
                else _refusal(problem, seen, scope)
            )
        await response(scope, receive, out)

    async def _admit(self, scope: Scope, receive: Receive, seen: _Seen) -> tuple[Call, Endpoint] | Response:
        """The call, if it may pass; or the answer to who only asks what is allowed."""
        found, values = match(self._table, path_of(scope))
        if not found:
            raise Problem(404, "unknown_route", "problems.unknown_route")
        seen.route = found[0].path
        endpoint = endpoint_of_method(found, scope["method"])
        if endpoint is None:
            allowed = allowed_methods(found)
            if scope["method"] == "OPTIONS":
                return Response(status_code=204, headers={"allow": allowed})
            raise Problem(
                405,
                "method_not_allowed",
                "problems.method_not_allowed",
                headers={"allow": allowed},
                allowed=allowed,
            )
        seen.place = self.shedder.place(endpoint, seen.place)
        headers = Headers(scope=scope)
        require_single(headers)
        require_host(headers, scope.get("http_version", ""))
        if endpoint.once:
            refuse_prefetch(headers)
        admitted = await admit(self._parts, endpoint, headers, scope)
        seen.caller = admitted.caller.actor
        query = query_of(endpoint, scope)
        body, size = await self._body(endpoint, headers, receive, seen) if endpoint.max_bytes else (None, 0)
        if self._parts.releases.due and not endpoint.direct:
            await self._parts.workers.run(self._parts.releases.refresh)
        call = Call(
            self._parts,
            admitted.caller,
            seen.request_id,
            values,
            query,
            body,
            admitted.secret,
            scope.get("scheme") == "https",
            size,
            accept_of(headers),
            admitted.cookie,
            admitted.address,
            key_of(headers, endpoint, scope["path"], admitted.caller.actor, body, self._parts.pseudonym_key),
            _language(scope),
            seen.place,
        )
        return call, endpoint

    async def _body(
        self, endpoint: Endpoint, headers: Headers, receive: Receive, seen: _Seen
    ) -> tuple[Any, int]:
        wanted = "application/x-www-form-urlencoded" if endpoint.form else "application/json"
        require_own_form(endpoint, headers)
        require_type(headers, wanted)
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > endpoint.max_bytes:
            raise too_large(endpoint.max_bytes)
        slow = leave_later(seen.place)
        try:
            async with asyncio.timeout(self._parts.body_seconds):
                content = await read_body(receive, endpoint.max_bytes, self._parts.bodies)
        except TimeoutError:
            raise Problem(
                408,
                "body_timeout",
                "problems.body_timeout",
                headers={"connection": "close"},
            ) from None
        finally:
            slow.cancel()
        seen.held_bytes = len(content)
        self.shedder.take_again(endpoint, seen.place)
        if endpoint.form:
            return form_of(content), len(content)
        small = len(content) <= SMALL
        return parse(content) if small else await self._parts.workers.run(parse, content), len(content)


async def answer(call: Call, endpoint: Endpoint) -> Response:
    """What the handler answers, or the problem it found; the request's place is left, however slowly it is read."""
    workers = call.parts.forecast_workers if endpoint.bulk else call.parts.workers
    try:
        if endpoint.direct:
            made = endpoint.handler(call)
            return await made if isawaitable(made) else made
        if endpoint.together is not None and call.size <= SMALL and call.key is None:
            return await workers.run_together(endpoint.together, call, call.size)
        return await workers.run(endpoint.handler, call)  # type: ignore[arg-type]
    except Exception as error:
        problem = problem_of(error, call.parts, call.request_id)
        return refusal(problem, call.request_id, call.language, endpoint.path, call.accept)
    finally:
        if call.place is not None:
            call.place.leave(answered=True)


def _refusal(problem: Problem, seen: _Seen, scope: Scope) -> Response:
    """What is answered in place of what was asked for."""
    accept = accept_of(Headers(scope=scope))
    return refusal(problem, seen.request_id, _language(scope), scope["path"], accept)


async def answer_current() -> Response:
    """`answer` to the call that came through the gate: what BentoML's own API methods do."""
    call, endpoint = _CURRENT.get()
    return await answer(call, endpoint)


def _language(scope: Scope) -> Language:
    """The language that a problem is written in: the page's, which its address may name, else the one accepted most."""
    named = QueryParams(scope["query_string"]).get("language", "")
    accepted = preferred_language(Headers(scope=scope).get("accept-language", ""))
    return next((language for language in LANGUAGES if language == named), accepted)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
