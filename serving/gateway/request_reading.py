"""What a request says, read strictly: address, headers, query and body; nothing of it is ever said again."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, QueryParams
from starlette.types import Receive, Scope

from registry.digests import canonical_json
from registry.record.request_keys import RequestKey
from serving.errors import Problem, RequestFault
from serving.gateway.endpoint import Endpoint
from serving.gateway.header_rules import OPTIONAL_BLANKS
from serving.http.authentication import COOKIE
from serving.limits.body_budget import BodyBudget

__all__ = [
    "FORM_KEY",
    "SenderLeftError",
    "accept_of",
    "allowed_methods",
    "bearer_of",
    "cookie_of",
    "endpoint_of_method",
    "form_of",
    "is_local",
    "key_of",
    "path_of",
    "query_of",
    "read_body",
    "refuse_prefetch",
    "require_own_form",
    "too_large",
    "unauthorised",
]

MAX_PATH, MAX_QUERY = 512, 8_192
"""Bytes. A query has room for all that the document allows at once: a character takes up to twelve in an address."""
FORM_KEY = "request_key"
"""The field of a form that has its key: a browser sends no header of its own."""
_CODED_SLASHES = (b"%2f", b"%5c")
_KEY = re.compile(r"[!-~]{8,200}")
_FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip"})
"""Headers of whoever hands on another one's request, beside all that begin with ``x-forwarded-``."""
_LOOPBACK = ("127.0.0.1", "::1")


class SenderLeftError(Exception):
    """Whoever sent the request left before it was read."""


def key_of(
    headers: Headers, endpoint: Endpoint, path: str, actor: str, body: Any, secret: bytes
) -> RequestKey | None:
    """What a request that writes is known by when it is sent again; None: it came without an Idempotency-Key.

    Args:
        path: as it was asked, with what it names: the same words on another recommendation are another request.

    Raises:
        Problem: 422, the key is none.
    """
    sent = headers.get("idempotency-key")
    if endpoint.form and isinstance(body, dict) and body.get(FORM_KEY):
        sent = body[FORM_KEY]
    if sent is None or not endpoint.keyed:
        return None
    if not _KEY.fullmatch(sent):
        raise Problem(
            422,
            "invalid_key",
            "problems.invalid_key",
        )
    asked = path.encode() + b"\n" + canonical_json(body)
    return RequestKey(actor, _keyed(secret, b"key\n" + sent.encode()), _keyed(secret, b"body\n" + asked))


def _keyed(secret: bytes, content: bytes) -> str:
    """A digest from which nobody without the key of pseudonyms can try out what was sent."""
    return hmac.new(secret, content, hashlib.sha256).hexdigest()


def path_of(scope: Scope) -> str:
    """The path.

    Raises:
        Problem: 431, it or the query is longer than any that there is; 404, it has a slash that is written as a code:
            who stands before us takes that for a letter of a name, and would let it pass where it keeps an address.
    """
    path = scope["path"]
    if any(code in scope.get("raw_path", b"").lower() for code in _CODED_SLASHES):
        raise Problem(404, "unknown_route", "problems.unknown_route")
    if len(path) > MAX_PATH or len(scope.get("query_string", b"")) > MAX_QUERY:
        raise Problem(431, "address_too_long", "problems.address_too_long")
    return str(path)


def endpoint_of_method(found: Sequence[Endpoint], method: str) -> Endpoint | None:
    """The endpoint of a method; HEAD is GET's, where GET changes nothing."""
    if method == "HEAD":
        return next((e for e in found if e.method == "GET" and not e.once), None)
    return next((e for e in found if e.method == method), None)


def allowed_methods(found: Sequence[Endpoint]) -> str:
    """The methods of an address, as the header ``allow`` has them."""
    methods = {e.method for e in found} | {"OPTIONS"}
    has_head = any(e.method == "GET" and not e.once for e in found)
    return ", ".join(sorted(methods | ({"HEAD"} if has_head else set())))


def accept_of(headers: Headers) -> str:
    """The header Accept, which may come in several; "" without one."""
    return ", ".join(headers.getlist("accept"))


def bearer_of(headers: Headers) -> str | None:
    """The token that was sent; None: none.

    Raises:
        Problem: 401, the header is no bearer token's.
    """
    value = headers.get("authorization")
    if value is None:
        return None
    scheme, _, secret = value.partition(" ")
    secret = secret.strip(OPTIONAL_BLANKS)
    if scheme.lower() != "bearer" or not secret or len(secret) > 256 or not secret.isascii():
        raise unauthorised("not_a_bearer_token", "problems.not_a_bearer_token")
    return secret


def cookie_of(headers: Headers) -> str | None:
    """The session's cookie, as it was sent; None: none, or two of them: which one a person meant nobody knows.

    A neighbour of this host's name may put one of its own before ours, and a person would decide in another's name.

    Starlette's takes quoted values out of their quotes by Python's `http.cookies`, which before 3.11.10 and 3.12.6
    computes for seconds on one long header: from anybody, before anything is known of them.
    """
    parts = (part.strip(OPTIONAL_BLANKS).partition("=") for part in headers.get("cookie", "").split(";"))
    found = [value for name, _, value in parts if name == COOKIE]
    return found[0] if len(found) == 1 else None


def refuse_prefetch(headers: Headers) -> None:
    """What works once is not fetched ahead by a browser or a mail filter that nobody asked.

    Raises:
        Problem: 403.
    """
    purpose = " ".join(headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz")).lower()
    if "prefetch" in purpose or "preview" in purpose:
        raise Problem(403, "fetched_ahead", "problems.fetched_ahead")


def require_own_form(endpoint: Endpoint, headers: Headers) -> None:
    """Refuses a form of another site's page, also of one on another port of this host, which is sent our cookie.

    Browsers say so by Sec-Fetch-Site over HTTPS and on this machine alone; elsewhere by Origin. Raises Problem: 403.
    """
    origin, host = headers.get("origin"), headers.get("host", "").lower()
    is_own = origin is None or origin.partition("://")[2].lower() == host
    site = headers.get("sec-fetch-site", "same-origin" if is_own else "")
    if endpoint.form and site not in ("same-origin", "none"):
        raise Problem(403, "from_another_site", "problems.from_another_site")


def is_local(scope: Scope, headers: Headers) -> bool:
    """Whether it comes from this machine, and nobody forwarded it."""
    client = scope.get("client")
    names = [name.decode("latin-1") for name, _ in headers.raw]
    forwarded = any(name in _FORWARDED or name.startswith("x-forwarded-") for name in names)
    return client is not None and client[0] in _LOOPBACK and not forwarded


def query_of(endpoint: Endpoint, scope: Scope) -> dict[str, str]:
    """The query's parameters.

    Raises:
        Problem: 422, with every fault of it.
    """
    pairs = QueryParams(scope.get("query_string", b"")).multi_items()
    known = endpoint.parameters
    faults = [
        RequestFault("query", "unknown_parameter", "problems.faults.unknown_parameter")
        for name, _ in pairs
        if name not in known
    ]
    names = [name for name, _ in pairs if name in known]
    faults += [
        RequestFault(f"query.{n}", "repeated", "problems.faults.sent_twice")
        for n in sorted(set(names))
        if names.count(n) > 1
    ]
    found = dict(pairs)
    for name in sorted(set(names)):
        faults += _parameter_faults(name, found[name], known[name].schema)
    if faults:
        raise Problem(422, "invalid_request", "problems.invalid_query", faults=faults)
    return found


def _parameter_faults(name: str, value: str, schema: Any) -> list[RequestFault]:
    if "enum" in schema and value not in schema["enum"]:
        choices = {"choices": ", ".join(schema["enum"])}
        return [RequestFault(f"query.{name}", "not_a_choice", "problems.faults.not_a_choice", choices)]
    if schema.get("type") == "integer":
        low, high = schema["minimum"], schema["maximum"]
        if not (
            value.isascii() and value.isdigit() and len(value) <= len(str(high)) and low <= int(value) <= high
        ):
            between = {"low": low, "high": high}
            return [RequestFault(f"query.{name}", "out_of_range", "problems.faults.out_of_range", between)]
    if len(value) > schema.get("maxLength", 400):
        return [RequestFault(f"query.{name}", "too_long", "problems.faults.too_long")]
    return []


async def read_body(receive: Receive, limit: int, budget: BodyBudget) -> bytes:
    """The whole body; its bytes count against those that all requests may hold until the caller gives them back.

    Raises:
        Problem: 413, it is longer than `limit`; 503, too many bytes of all are held.
        SenderLeftError: nobody waits for the answer.
    """
    content = bytearray()
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise SenderLeftError
            piece = message.get("body", b"")
            if len(content) + len(piece) > limit:
                raise too_large(limit)
            budget.take(len(piece))
            content += piece
            if not message.get("more_body", False):
                return bytes(content)
    except BaseException:
        budget.give_back(len(content))
        raise


def form_of(content: bytes) -> dict[str, str]:
    """The fields of a form, each of which stands there once: of two a reader keeps one silently.

    Raises:
        Problem: 400, it is none, a field stands there twice, or a text is no UTF-8.
    """
    try:
        fields = parse_qsl(
            content.decode("ascii"), keep_blank_values=True, strict_parsing=bool(content), errors="strict"
        )
        found = dict(fields)
        if len(found) != len(fields):
            raise ValueError
    except ValueError:
        raise Problem(400, "malformed_form", "problems.malformed_form") from None
    return found


def too_large(limit: int) -> Problem:
    """The problem of a body with more bytes than `limit`."""
    return Problem(
        413,
        "body_too_large",
        "problems.body_too_large",
        headers={"connection": "close"},
        n=limit,
    )


def unauthorised(code: str, detail: str) -> Problem:
    """The problem of who is not known."""
    return Problem(401, code, detail, headers={"www-authenticate": 'Bearer realm="vigie"'})
