"""Bearer tokens with roles. Only a hash is stored.

A token is ``vigie_<id>_<secret>``; the id finds the row, the secret proves it. The secret has 256 random
bits, so a plain SHA-256 is enough: nobody can guess what no dictionary holds, and an answer must not wait for
a slow hash.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from hospital.times import instant
from registry.errors import TokenError
from registry.record.database import tokens

__all__ = ["ROLES", "Caller", "TokenInfo", "authenticate", "create_token", "list_tokens", "revoke_token"]

ROLES = ("application", "operator", "data_scientist", "board", "auditor", "admin")
_FORM = re.compile(r"vigie_([0-9a-f]{12})_([0-9A-Za-z_-]{43})")


@dataclass(frozen=True)
class Caller:
    """Who calls: a name and its roles."""

    name: str
    roles: frozenset[str]


@dataclass(frozen=True)
class TokenInfo:
    """A token as the list shows it; times are instants."""

    token_id: str
    name: str
    roles: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None


def create_token(
    connection: Connection, name: str, roles: Sequence[str], *, now: datetime, expires: datetime | None = None
) -> str:
    """Makes a token; its secret is returned once and never again.

    Raises:
        TokenError: no name, an unknown role or none, or an end that has passed.
    """
    if not roles or set(roles) - set(ROLES):
        raise TokenError(f"A token needs roles among {', '.join(ROLES)}.")
    if not name.strip() or not name.isprintable():
        raise TokenError("A token needs a name: that of the person or application that will carry it.")
    if expires is not None and expires <= now:
        raise TokenError("The token would have expired already: choose a later end.")
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    connection.execute(
        insert(tokens).values(
            token_id=token_id,
            name=name,
            roles=json.dumps(sorted(set(roles))),
            hash=_hash(secret),
            created_at=instant(now),
            expires_at=None if expires is None else instant(expires),
        )
    )
    return f"vigie_{token_id}_{secret}"


def authenticate(connection: Connection, secret: str, *, now: datetime) -> Caller:
    """Who a token belongs to.

    Raises:
        TokenError: unknown, revoked or expired; which of these is not said.
    """
    refused = TokenError("The token is not valid: ask the administrator for a new one (vigie token create).")
    form = _FORM.fullmatch(secret)
    if form is None:
        raise refused
    row = connection.execute(select(tokens).where(tokens.c.token_id == form[1])).first()
    same = hmac.compare_digest(_hash(form[2]), row.hash if row is not None else _hash(""))
    if row is None or not same or row.revoked_at is not None:
        raise refused
    if row.expires_at is not None and row.expires_at <= instant(now):
        raise refused
    return Caller(row.name, frozenset(json.loads(row.roles)))


def revoke_token(connection: Connection, token_id: str, *, now: datetime) -> None:
    """Revokes a token; one revoked before keeps its first time.

    Raises:
        TokenError: there is none of this id.
    """
    mine = tokens.c.token_id == token_id
    if connection.execute(select(tokens.c.token_id).where(mine)).first() is None:
        raise TokenError(f"There is no token {token_id}: see vigie token list.")
    first = mine & tokens.c.revoked_at.is_(None)
    connection.execute(update(tokens).where(first).values(revoked_at=instant(now)))


def list_tokens(connection: Connection) -> list[TokenInfo]:
    """Every token, the oldest first."""
    rows = connection.execute(select(tokens).order_by(tokens.c.created_at))
    return [
        TokenInfo(r.token_id, r.name, tuple(json.loads(r.roles)), r.created_at, r.expires_at, r.revoked_at)
        for r in rows
    ]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
