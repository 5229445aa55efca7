"""Who may pass: limits before anything else, then whose token or session it is, then roles and scope."""

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import Scope

from registry.record.tokens import Caller
from serving.errors import Problem
from serving.gateway.endpoint import ANONYMOUS, Endpoint
from serving.gateway.request_reading import accept_of, bearer_of, cookie_of, is_local, unauthorised
from serving.gateway.service_parts import Parts
from serving.gateway.way_in import way_in
from serving.http.content_negotiation import preferred_type
from serving.limits.rate_limits import network_of

__all__ = ["Admitted", "admit"]

_FORMS = ("application/json", "text/html")
_PROBE_SECONDS = 2.0


@dataclass(frozen=True)
class Admitted:
    """Who is let in.

    Attributes:
        secret: the token that was sent, "" without one.
        cookie: the session's cookie that was sent, valid or not, "" without one.
        address: where it comes from, as the limits count it.
    """

    caller: Caller
    secret: str
    cookie: str
    address: str


async def admit(parts: Parts, endpoint: Endpoint, headers: Headers, scope: Scope) -> Admitted:
    """Who asks, where they may.

    Raises:
        Problem: 429, too often; 401 or 303, nobody is known; 403, the roles or the scope of the token forbid it.
    """
    address = network_of(scope.get("client"))
    secret, cookie = bearer_of(headers), cookie_of(headers)
    authority, limits = parts.authority, parts.limits
    if not endpoint.direct:  # probes answer whoever floods
        limits.require_address(address)
        if secret is not None or cookie is not None:
            limits.require_token(secret if secret is not None else str(cookie))
    is_guess = secret is not None and not authority.was_known(secret)
    if is_guess or (secret is None and not endpoint.direct):
        limits.require_unrefused(address)
    try:
        caller = await _caller(parts, endpoint, headers, scope, secret, cookie)
    except Problem as problem:
        if problem.status in (401, 303):
            limits.refuse(address)
        raise
    _require_rights(endpoint, caller)
    return Admitted(caller, secret or "", cookie or "", address)


async def _caller(
    parts: Parts, endpoint: Endpoint, headers: Headers, scope: Scope, secret: str | None, cookie: str | None
) -> Caller:
    if endpoint.roles is None and not endpoint.page:
        return ANONYMOUS
    if secret is not None:
        caller = await _of_token(parts, endpoint, secret)
        if caller is None and endpoint.roles is not None:
            raise unauthorised("unknown_token", "problems.unknown_token")
        return caller or ANONYMOUS
    if cookie is not None and endpoint.page:
        found = await parts.workers.run(parts.authority.session, cookie)
        if found is not None:
            return found
    if endpoint.roles is None or (endpoint.local and is_local(scope, headers)):
        return ANONYMOUS
    if endpoint.page and preferred_type(accept_of(headers), _FORMS) == "text/html":
        query = scope.get("query_string", b"").decode("latin-1")
        where = way_in(scope["method"], quote(scope["path"]), query, headers)
        raise Problem(303, "sign_in", "problems.sign_in", headers={"location": where})
    raise unauthorised("no_token", "problems.no_token")


async def _of_token(parts: Parts, endpoint: Endpoint, secret: str) -> Caller | None:
    known = parts.authority.known(secret)
    if known is not None:
        return known
    if not endpoint.direct:
        return await parts.workers.run(parts.authority.caller, secret)
    try:  # the workers may all be busy: what watches the service must not wait for them
        return await asyncio.wait_for(asyncio.to_thread(parts.authority.caller, secret), _PROBE_SECONDS)
    except TimeoutError:
        raise Problem(
            503,
            "database_unavailable",
            "problems.token_unverified",
            headers={"retry-after": "5"},
        ) from None


def _require_rights(endpoint: Endpoint, caller: Caller) -> None:
    if endpoint.roles is None or caller is ANONYMOUS:
        return
    if not caller.roles & endpoint.roles:
        needed = ", ".join(sorted(endpoint.roles))
        raise Problem(403, "role_missing", "problems.role_missing", roles=needed)
    if caller.scopes and endpoint.scope not in caller.scopes:
        raise Problem(403, "scope_missing", "problems.scope_missing", scope=endpoint.scope)
