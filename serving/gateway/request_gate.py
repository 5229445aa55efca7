"""The one gate in front of every route.

Address, method, who calls, what for, content type, size, time, strict JSON; then the handler in a worker
thread; then the answer with its request id and headers, one log line and one count, whatever happened.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hospital.errors import HistoryError
from registry.record.tokens import Caller
from serving.errors import Problem, RequestFault
from serving.gateway.content_security import POLICY
from serving.gateway.endpoint import ANONYMOUS, Call, Endpoint, match
from serving.gateway.service_parts import Parts
from serving.http.authentication import COOKIE
from serving.http.content_negotiation import preferred_type
from serving.http.problems import problem_response
from serving.http.request_log import log_request, log_unexpected
from serving.http.strict_json import parse

__all__ = ["Gate", "answer", "answer_current"]

_CURRENT: ContextVar[tuple[Call, Endpoint]] = ContextVar("vigie_call")
"""The call behind the gate, for BentoML's own API methods."""
MAX_PATH, MAX_QUERY = 512, 2_048
UNMATCHED = "unmatched"
_FORMS = ("application/json", "text/html")
_LOOPBACK = ("127.0.0.1", "::1")
SMALL = 32_768
"""Bytes of a body; a larger one is parsed in a thread, and holds up nobody else's answer."""
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", POLICY.encode()),
]
_BENTOML = frozenset({b"server", b"x-bentoml-request-id", b"x-bentoml-trace-id"})


class _Seen:
    """What one request turned out to be, for the log and the count."""

    def __init__(self) -> None:
        self.request_id = secrets.token_hex(8)
        self.route, self.caller, self.status = UNMATCHED, "", 0
        self.begun = time.perf_counter()
        self.started = False


class Gate:
    """An ASGI application in front of all routes."""

    def __init__(self, parts: Parts, endpoints: Sequence[Endpoint]) -> None:
        self._parts = parts
        self._table = [(e.pattern, e) for e in endpoints]

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, native: ASGIApp | None = None
    ) -> None:
        """Answers a request; `native` is BentoML's application behind its own API methods."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        seen = _Seen()
        head = scope["method"] == "HEAD"

        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status, seen.started = message["status"], True
                sent = [(n.lower(), v) for n, v in message.get("headers", [])]
                names = {n for n, _ in sent}
                kept = [(n, v) for n, v in sent if n not in _BENTOML]
                own = [(n, v) for n, v in _HEADERS if n not in names]
                own.append((b"x-request-id", seen.request_id.encode()))
                message = {**message, "headers": [*kept, *own]}
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._answer(scope, receive, out, native, seen)
        except _Gone:
            seen.status = 499
        except Exception as error:
            log_unexpected(seen.request_id, error)
            if not seen.started:
                await problem_response(_UNEXPECTED, seen.request_id)(scope, receive, out)
        finally:
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
        except Problem as problem:
            redirect = problem.status == 303
            response = (
                Response(status_code=303, headers=problem.headers)
                if redirect
                else problem_response(problem, seen.request_id)
            )
        await response(scope, receive, out)

    async def _admit(self, scope: Scope, receive: Receive, seen: _Seen) -> tuple[Call, Endpoint] | Response:
        """The call, if it may pass; or the answer to who only asks what is allowed."""
        found, values = match(self._table, _path(scope))
        if not found:
            raise Problem(
                404, "unknown_route", "There is no such address: see /docs.json for those that there are."
            )
        seen.route = found[0].path
        endpoint = _for_method(found, scope["method"])
        if endpoint is None:
            allowed = _allowed(found)
            if scope["method"] == "OPTIONS":
                return Response(status_code=204, headers={"allow": allowed})
            raise Problem(405, "method_not_allowed", f"Here: {allowed}.", headers={"allow": allowed})
        headers = _headers(scope)
        caller, secret = await self._caller(endpoint, headers, scope)
        seen.caller = caller.name
        _require_role(endpoint, caller)
        query = _query(endpoint, scope)
        body, size = await self._body(endpoint, headers, receive) if endpoint.max_bytes else (None, 0)
        if self._parts.releases.due:
            await self._parts.workers.run(self._parts.releases.refresh)
        secure = scope.get("scheme") == "https"
        accept = _accept(headers)
        call = Call(self._parts, caller, seen.request_id, values, query, body, secret, secure, size, accept)
        return call, endpoint

    async def _caller(
        self, endpoint: Endpoint, headers: dict[bytes, bytes], scope: Scope
    ) -> tuple[Caller, str]:
        secret = _bearer(headers)
        authority, workers = self._parts.authority, self._parts.workers
        if secret is not None:
            caller = authority.known(secret) or await workers.run(authority.caller, secret)
            if caller is None:
                if endpoint.roles is None:
                    return ANONYMOUS, ""
                raise _unauthorised(
                    "unknown_token", "The token is not valid: ask the administrator for a new one."
                )
            return caller, secret
        cookie = _cookie(headers) if endpoint.page else None
        if cookie is not None:
            caller = await workers.run(authority.session, cookie)
            if caller is not None:
                return caller, ""
        if endpoint.roles is None or (endpoint.local and _is_local(scope, headers)):
            return ANONYMOUS, ""
        if endpoint.page and preferred_type(_accept(headers), _FORMS) == "text/html":
            raise Problem(303, "sign_in", "Sign in first.", headers={"location": "/sign-in"})
        raise _unauthorised("no_token", "Send a token: Authorization: Bearer … (vigie token create).")

    async def _body(
        self, endpoint: Endpoint, headers: dict[bytes, bytes], receive: Receive
    ) -> tuple[Any, int]:
        wanted = b"application/x-www-form-urlencoded" if endpoint.form else b"application/json"
        if endpoint.form and headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
            raise Problem(403, "from_another_site", "This form was sent by another site.")
        _require_type(headers, wanted)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > endpoint.max_bytes:
            raise _too_large(endpoint.max_bytes)
        try:
            async with asyncio.timeout(self._parts.body_seconds):
                content = await _read(receive, endpoint.max_bytes)
        except TimeoutError:
            raise Problem(
                408,
                "body_timeout",
                "The body did not come in time: send it again.",
                headers={"connection": "close"},
            ) from None
        if endpoint.form:
            return _form(content), len(content)
        small = len(content) <= SMALL
        return parse(content) if small else await self._parts.workers.run(parse, content), len(content)


async def answer(call: Call, endpoint: Endpoint) -> Response:
    """What the handler answers, or the problem it found."""
    try:
        if endpoint.together is not None and call.size <= SMALL:
            return await call.parts.workers.run_together(endpoint.together, call)
        return await call.parts.workers.run(endpoint.handler, call)
    except Problem as found:
        problem = found
    except HistoryError as error:
        problem = Problem(503, "history_too_short", str(error))
    except Exception as error:
        log_unexpected(call.request_id, error)
        problem = _UNEXPECTED
    return problem_response(problem, call.request_id)


async def answer_current() -> Response:
    """`answer` to the call that came through the gate: what BentoML's own API methods do."""
    call, endpoint = _CURRENT.get()
    return await answer(call, endpoint)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNEXPECTED = Problem(
    500, "unexpected", "The service failed. Nothing was half-written. Tell whoever runs it this request_id."
)


class _Gone(Exception):  # noqa: N818 - no fault of ours: the sender left
    """Whoever sent the request left before it was read."""


def _path(scope: Scope) -> str:
    path = scope["path"]
    if len(path) > MAX_PATH or len(scope.get("query_string", b"")) > MAX_QUERY:
        raise Problem(431, "address_too_long", "The address is longer than any that there is here.")
    return str(path)


def _for_method(found: Sequence[Endpoint], method: str) -> Endpoint | None:
    wanted = "GET" if method == "HEAD" else method
    return next((e for e in found if e.method == wanted), None)


def _allowed(found: Sequence[Endpoint]) -> str:
    methods = {e.method for e in found} | {"OPTIONS"}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _headers(scope: Scope) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in found and name in (b"authorization", b"content-type", b"content-length"):
            raise Problem(400, "repeated_header", "A header that says one thing was sent twice.")
        if name == b"accept" and name in found:
            value = found[name] + b"," + value  # a list may come in several headers
        found[name] = value
    return found


def _accept(headers: dict[bytes, bytes]) -> str:
    return headers.get(b"accept", b"").decode("latin-1")


def _bearer(headers: dict[bytes, bytes]) -> str | None:
    value = headers.get(b"authorization")
    if value is None:
        return None
    scheme, _, secret = value.partition(b" ")
    try:
        text = secret.strip().decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if scheme.lower() != b"bearer" or not text or len(text) > 256:
        raise _unauthorised("not_a_bearer_token", "The header is Authorization: Bearer, then the token.")
    return text


def _cookie(headers: dict[bytes, bytes]) -> str | None:
    for part in headers.get(b"cookie", b"").split(b";"):
        name, _, value = part.strip().partition(b"=")
        if name == COOKIE.encode():
            return value.decode("latin-1")
    return None


def _is_local(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    client = scope.get("client")
    forwarded = any(name in headers for name in (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"))
    return client is not None and client[0] in _LOOPBACK and not forwarded


def _require_role(endpoint: Endpoint, caller: Caller) -> None:
    if endpoint.roles is None or caller is ANONYMOUS or caller.roles & endpoint.roles:
        return
    needed = ", ".join(sorted(endpoint.roles))
    raise Problem(403, "role_missing", f"This needs a token with one of these roles: {needed}.")


def _query(endpoint: Endpoint, scope: Scope) -> dict[str, str]:
    raw = scope.get("query_string", b"").decode("latin-1")
    pairs = parse_qsl(raw, keep_blank_values=True, errors="replace")
    known = endpoint.parameters
    faults = [
        RequestFault("query", "unknown_parameter", "there is no such parameter here; remove it")
        for name, _ in pairs
        if name not in known
    ]
    names = [name for name, _ in pairs if name in known]
    faults += [
        RequestFault(f"query.{n}", "repeated", "it was sent twice; send it once")
        for n in sorted(set(names))
        if names.count(n) > 1
    ]
    found = dict(pairs)
    for name in sorted(set(names)):
        faults += _parameter_faults(name, found[name], known[name].schema)
    if faults:
        raise Problem(422, "invalid_request", "The query is not as it must be; see errors.", faults=faults)
    return found


def _parameter_faults(name: str, value: str, schema: Any) -> list[RequestFault]:
    if "enum" in schema and value not in schema["enum"]:
        words = f"one of {', '.join(schema['enum'])} is expected"
        return [RequestFault(f"query.{name}", "not_a_choice", words)]
    if schema.get("type") == "integer":
        low, high = schema["minimum"], schema["maximum"]
        if not (value.isascii() and value.isdigit() and len(value) <= 18 and low <= int(value) <= high):
            words = f"a whole number from {low} to {high} is expected"
            return [RequestFault(f"query.{name}", "out_of_range", words)]
    if len(value) > schema.get("maxLength", 400):
        return [RequestFault(f"query.{name}", "too_long", "it is too long")]
    return []


def _require_type(headers: dict[bytes, bytes], wanted: bytes) -> None:
    name, _, parameters = headers.get(b"content-type", b"").partition(b";")
    charset = parameters.strip().lower().replace(b'"', b"")
    if name.strip().lower() != wanted or charset not in (b"", b"charset=utf-8"):
        raise Problem(415, "unsupported_content_type", f"Send {wanted.decode()}, in UTF-8.")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Problem(415, "unsupported_content_encoding", "Send the body as it is, not compressed.")


async def _read(receive: Receive, limit: int) -> bytes:
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        content += message.get("body", b"")
        if len(content) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(content)


def _form(content: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(content.decode("ascii"), keep_blank_values=True, strict_parsing=bool(content)))
    except ValueError:
        raise Problem(400, "malformed_form", "The form cannot be read.") from None


def _too_large(limit: int) -> Problem:
    return Problem(
        413,
        "body_too_large",
        f"The body is larger than {limit} bytes: send less at a time.",
        headers={"connection": "close"},
    )


def _unauthorised(code: str, detail: str) -> Problem:
    return Problem(401, code, detail, headers={"www-authenticate": 'Bearer realm="vigie"'})
