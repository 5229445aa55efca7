"""Bearer tokens: roles, scopes, an end, and an identity that no other token has. Only a hash of the secret is stored.

A token is ``vigie_<id>_<secret>``; the id finds the row, the secret proves it. The secret has 256 random
bits, so a plain SHA-256 is enough: nobody can guess what no dictionary holds, and an answer must not wait for
a slow hash.

What a token asks and decides is recorded under its identity: its name, or its name and id where another token, in use
or not, has borne that name. So whoever gets a second token of a name inherits nothing of the first. Making a token and
revoking it are entries of the journal, written in the same transaction.
"""

import getpass
import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from hospital.times import instant, moment
from hospital.words.messages import Message, message
from registry.errors import TokenError
from registry.record.journal import append
from registry.record.tables.record_tables import tokens

__all__ = [
    "LONGEST",
    "NOBODY",
    "ROLES",
    "SCOPES",
    "USUAL_LIFETIME",
    "Caller",
    "TokenInfo",
    "account",
    "authenticate",
    "create_token",
    "list_tokens",
    "revoke_token",
    "valid_caller",
]

ROLES = ("application", "operator", "data_scientist", "board", "auditor", "admin")
SCOPES = (
    "wait-time",
    "bed-demand",
    "observations",
    "predictions",
    "decisions",
    "models",
    "journal",
    "metrics",
    "pages",
    "centre",
)
"""Parts of the interface. A token may be held to some of them, whatever its roles allow besides."""
USUAL_LIFETIME = timedelta(days=180)
LONGEST = timedelta(days=366)
NOBODY = "page"
"""The name under which pages ask for themselves, and that of who came by a link: no token's identity."""
_LONGEST_NAME = 200
_FORM = re.compile(r"vigie_([0-9a-f]{12})_([0-9A-Za-z_-]{43})")


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Attributes:
        name: as people read it; another token may have the same.
        roles: what it may do.
        identity: what the record knows it by; "": the name, of who came without a token.
        token_id: of the token that vouches for it, "" without one.
        scopes: the parts of the interface that it is held to; empty: to none.
    """

    name: str
    roles: frozenset[str]
    identity: str = ""
    token_id: str = ""
    scopes: frozenset[str] = frozenset()

    @property
    def actor(self) -> str:
        """Under which it is recorded."""
        return self.identity or self.name

    @property
    def sees_own_only(self) -> bool:
        """Whether it may read what it asked itself and nothing else: an application, whatever it is besides."""
        return "application" in self.roles


@dataclass(frozen=True)
class TokenInfo:
    """A token as the list shows it; times are instants."""

    token_id: str
    name: str
    roles: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    scopes: tuple[str, ...] = ()
    identity: str = ""

    def state(self, now: datetime) -> str:
        """``valid``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= instant(now) else "valid"


def create_token(
    connection: Connection,
    name: str,
    roles: Sequence[str],
    *,
    now: datetime,
    expires: datetime | None = None,
    scopes: Collection[str] = (),
    by: str = "",
) -> str:
    """Makes a token, with its journal entry; its secret is returned once and never again.

    Args:
        connection: one of `registry.record.database.writing`.
        expires: `USUAL_LIFETIME` from now if left out.
        scopes: of `SCOPES`; empty: the roles alone decide.
        by: whoever makes it; "": the account of this machine.

    Raises:
        TokenError: every fault of them: no name, an unknown role or none, an unknown scope, an end that has
            passed or lies too far ahead.
    """
    end = now + USUAL_LIFETIME if expires is None else expires
    faults = [*_name_faults(name), *_right_faults(roles, scopes), *_end_faults(end, now)]
    if faults:
        raise TokenError("registry.tokens.refused", faults=tuple(faults))
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = {
        "token_id": token_id,
        "name": name,
        "roles": json.dumps(sorted(set(roles))),
        "hash": _hash(secret),
        "created_at": instant(now),
        "expires_at": instant(end),
        "scopes": json.dumps(sorted(set(scopes))),
        "identity": _free_identity(connection, name, token_id),
    }
    connection.execute(insert(tokens).values(**row))
    _enter(connection, "create token", row, by, now)
    return f"vigie_{token_id}_{secret}"


def authenticate(connection: Connection, secret: str, *, now: datetime) -> Caller:
    """Who a token belongs to.

    Raises:
        TokenError: unknown, revoked or expired; which of these is not said.
    """
    refused = TokenError("registry.tokens.not_valid")
    form = _FORM.fullmatch(secret)
    if form is None:
        raise refused
    row = connection.execute(select(tokens).where(tokens.c.token_id == form[1])).first()
    same = hmac.compare_digest(_hash(form[2]), row.hash if row is not None else _hash(""))
    if row is None or not same or not _is_valid(row, now):
        raise refused
    return _caller(row)


def valid_caller(connection: Connection, token_id: str, *, now: datetime) -> Caller | None:
    """Whom a token vouches for that was shown earlier; None: it is revoked, has expired, or there is none."""
    row = connection.execute(select(tokens).where(tokens.c.token_id == token_id)).first()
    return None if row is None or not _is_valid(row, now) else _caller(row)


def revoke_token(connection: Connection, token_id: str, *, now: datetime, by: str = "") -> None:
    """Revokes a token, with its journal entry; one revoked before keeps its first time, and has its entry.

    Sessions that it opened and links that it lent end with it.

    Raises:
        TokenError: there is none of this id.
    """
    row = connection.execute(select(tokens).where(tokens.c.token_id == token_id)).mappings().first()
    if row is None:
        raise TokenError("registry.tokens.unknown", token=_shown(token_id))
    if row["revoked_at"] is not None:
        return
    connection.execute(update(tokens).where(tokens.c.token_id == token_id).values(revoked_at=instant(now)))
    _enter(connection, "revoke token", row, by, now)


def list_tokens(connection: Connection) -> list[TokenInfo]:
    """Every token, the oldest first."""
    rows = connection.execute(select(tokens).order_by(tokens.c.created_at))
    return [
        TokenInfo(
            r.token_id,
            r.name,
            tuple(json.loads(r.roles)),
            r.created_at,
            r.expires_at,
            r.revoked_at,
            tuple(json.loads(r.scopes)),
            r.identity,
        )
        for r in rows
    ]


def _name_faults(name: str) -> list[Message]:
    # What is not printable is a line break, a terminal's control, or turns the direction of what is written.
    if name.strip() and name.isprintable() and len(name) <= _LONGEST_NAME:
        return []
    return [message("registry.tokens.name", most=_LONGEST_NAME)]


def _right_faults(roles: Sequence[str], scopes: Collection[str]) -> list[Message]:
    faults = []
    if not roles or set(roles) - set(ROLES):
        faults.append(message("registry.tokens.roles", roles=", ".join(ROLES)))
    if set(scopes) - set(SCOPES):
        faults.append(message("registry.tokens.scopes", scopes=", ".join(SCOPES)))
    return faults


def _end_faults(end: datetime, now: datetime) -> list[Message]:
    if end <= now:
        return [message("registry.tokens.past")]
    if end - now > LONGEST:
        return [message("registry.tokens.long", n=LONGEST.days)]
    return []


def _free_identity(connection: Connection, name: str, token_id: str) -> str:
    """The name where no identity is taken for it by sight, else the name with the token's id."""
    taken = {_folded(identity) for identity in connection.scalars(select(tokens.c.identity))}
    borne = {_folded(other) for other in connection.scalars(select(tokens.c.name))}
    alone = _folded(name) not in taken | borne | {NOBODY}
    return name if alone else f"{name} ({token_id})"


def _folded(name: str) -> str:
    """What spellings of one name have in common: capitals, spaces and Unicode's ways do not count."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _enter(connection: Connection, action: str, row: Mapping[Any, Any], by: str, now: datetime) -> None:
    """The entry holds the whole row but its secret's hash, of which it has a digest."""
    subjects = {
        "token": row["token_id"],
        "identity": row["identity"],
        "name": row["name"],
        "roles": ", ".join(json.loads(row["roles"])),
        "scopes": ", ".join(json.loads(row["scopes"])) or "all",
        "expires_at": moment(row["expires_at"]).isoformat(timespec="seconds"),
        "secret_digest": "sha256:" + _hash(row["hash"]),  # registry.record.token_audit reads these
    }
    append(connection, actor=by or account(), action=action, subjects=subjects, now=now)


def account() -> str:
    """The account of this machine, as the journal names it."""
    try:
        return f"account {getpass.getuser()}"
    except (KeyError, OSError):
        return "account unknown"


def _is_valid(row: Row[Any], now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > instant(now))


def _caller(row: Row[Any]) -> Caller:
    roles, scopes = frozenset(json.loads(row.roles)), frozenset(json.loads(row.scopes))
    return Caller(row.name, roles, row.identity, row.token_id, scopes)


def _shown(token_id: str) -> str:
    """An id as it was typed, in characters that a terminal takes for nothing else."""
    return (
        token_id[:40].encode("ascii", "backslashreplace").decode() if token_id.isprintable() else "of this id"
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
