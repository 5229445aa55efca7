"""Who calls: by bearer token, or in a browser by a session cookie that stands for one.

A page is opened by typing a token into a form, or by a link that works once (`entry_link`): a token never
stands in an address, where browsers and logs keep it.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select

from registry.digests import read_plain_file
from registry.errors import TokenError
from registry.record.database import writing
from registry.record.tables.access_tables import spent_tickets
from registry.record.tokens import NOBODY, Caller, authenticate, valid_caller
from serving.http.clock import system_time
from serving.http.write_outcome import about_to_commit

__all__ = [
    "COOKIE",
    "ENTERED_BY_LINK",
    "SESSION_SECONDS",
    "Authority",
    "create_session_key",
    "entry_link",
    "forget_spent",
]

COOKIE = "vigie_session"
ENTERED_BY_LINK = NOBODY
"""The name of who came by a link: nobody's own."""
LINK_ROLES = ("operator", "board")
SESSION_SECONDS = 12 * 3600
LINK_SECONDS = 24 * 3600
CACHED_SECONDS = 1.0
"""How long a verified token is not asked for again; a revoked one is refused after this."""
_MOST = 1_000
_IN_THESE_PAGES = re.compile(r"/(?:[^/\\\s\x00-\x1f][^\\\s\x00-\x1f]*)?")
"""A path of this host: ``//host`` and a backslash lead a browser to another one."""


class Authority:
    """Says who a token or a cookie belongs to.

    Args:
        engine: of the database of tokens.
        home: whose key seals sessions and links.
        clock: the real time, by which sessions, links and tokens end.
    """

    def __init__(self, engine: Engine, home: Path, clock: Callable[[], datetime] = system_time) -> None:
        self._engine, self._key, self._clock = engine, _session_key(home), clock
        self._cached: dict[bytes, tuple[float, Caller]] = {}

    def known(self, secret: str) -> Caller | None:
        """Whose token this is, if it was verified a moment ago."""
        found = self._cached.get(_fingerprint(secret))
        return found[1] if found is not None and found[0] > time.monotonic() else None

    def was_known(self, secret: str) -> bool:
        """Whether it was verified lately: nothing that a right is given for, but no guess either."""
        return _fingerprint(secret) in self._cached

    def caller(self, secret: str) -> Caller | None:
        """Whose token this is; None: nobody's. Asks the database."""
        fingerprint = _fingerprint(secret)
        with self._engine.connect() as connection:
            try:
                caller = authenticate(connection, secret, now=self._clock())
            except TokenError:
                self._cached.pop(fingerprint, None)
                return None
        if len(self._cached) >= _MOST:
            self._cached.clear()
        self._cached[fingerprint] = (time.monotonic() + CACHED_SECONDS, caller)
        return caller

    def open_session(self, caller: Caller, *, by_link: bool = False) -> str:
        """The cookie of a session: it ends by itself, at sign-out, and with the caller's token."""
        until = int(self._clock().timestamp()) + SESSION_SECONDS
        ticket = secrets.token_hex(16)
        body = {"s": ticket, "t": caller.token_id, "r": sorted(caller.roles), "l": by_link, "u": until}
        return _sealed(self._key, "session", body)

    def session(self, cookie: str) -> Caller | None:
        """Whose session a cookie is; None: none, ended, or of a token that is valid no more. Asks the database."""
        body = self._opened("session", cookie)
        if body is None:
            return None
        with self._engine.connect() as connection:
            if _is_spent(connection, body["s"]):
                return None
            caller = valid_caller(connection, body["t"], now=self._clock())
        return None if caller is None else _lent(caller, body["r"], by_link=body["l"])

    def end_session(self, cookie: str) -> None:
        """Ends a session for good: its cookie, wherever it was copied to, opens nothing any more.

        Raises:
            Problem: whoever asked was answered that nothing was written.
        """
        body = self._opened("session", cookie)
        if body is not None:
            with writing(self._engine) as connection:
                _spend(connection, body["s"], body["u"])
                about_to_commit()

    def enter(self, code: str) -> Caller | None:
        """Who enters by a link; each works once, and while its token does.

        Raises:
            Problem: whoever asked was answered that nothing was written; the link works as before.
        """
        body = self._opened("link", code)
        if body is None:
            return None
        with writing(self._engine) as connection:
            caller = valid_caller(connection, body["t"], now=self._clock())
            if caller is None or not _spend(connection, body["s"], body["u"]):
                return None
            about_to_commit()
        return _lent(caller, body["r"], by_link=True)

    def opened_page(self, code: str) -> str:
        """The path, in these pages, that a link of this home opens; "/" where it says none or is none of ours."""
        body = self._opened("link", code)
        page = str(body.get("p", "/")) if body is not None else "/"
        return page if _IN_THESE_PAGES.fullmatch(page) else "/"

    def _opened(self, kind: str, text: str) -> dict[str, Any] | None:
        return _opened(self._key, kind, text, self._clock())


def entry_link(
    home: Path,
    token: str,
    page: str = "/",
    roles: Collection[str] = LINK_ROLES,
    clock: Callable[[], datetime] = system_time,
) -> str:
    """The path of a link that opens a page once, within a day; for whoever can read the home's key.

    Opened again by the browser that it let in, it leads to the same page.

    Args:
        token: whose rights it lends, or that token's id; the link and who came by it end with the token.
        roles: at most these of the token's.
        clock: the real time, from which the day counts.
    """
    token_id = token.split("_")[1] if token.startswith("vigie_") else token
    until = int(clock().timestamp()) + LINK_SECONDS
    body = {"s": secrets.token_hex(16), "t": token_id, "r": sorted(roles), "u": until, "p": page}
    return f"/enter/{_sealed(_session_key(home), 'link', body)}"


def _lent(caller: Caller, roles: Collection[str], *, by_link: bool) -> Caller:
    """The caller with no more than these roles; who came by a link has no name of their own."""
    kept = replace(caller, roles=caller.roles & frozenset(roles))
    return replace(kept, name=ENTERED_BY_LINK, identity="") if by_link else kept


def _is_spent(connection: Connection, ticket: str) -> bool:
    found = select(spent_tickets.c.ticket).where(spent_tickets.c.ticket == ticket)
    return connection.execute(found).first() is not None


def _spend(connection: Connection, ticket: str, until: int) -> bool:
    """Whether it was still to be spent."""
    if _is_spent(connection, ticket):
        return False
    connection.execute(insert(spent_tickets).values(ticket=ticket, until=until))
    return True


def forget_spent(connection: Connection, now: datetime) -> None:
    """Forgets what was spent and would have ended by itself; whoever calls this knows that the clock is right.

    What a clock that was ahead forgot would be open again once it is set back: a session that was ended, a link.
    """
    connection.execute(delete(spent_tickets).where(spent_tickets.c.until < int(now.timestamp())))


def _fingerprint(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def create_session_key(home: Path) -> None:
    """Makes the home's key of sessions, where there is none; its owner alone may read it."""
    _session_key(home)


def _session_key(home: Path) -> bytes:
    path = home / "session.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
    for _ in range(50):  # another process may be writing it
        key = read_plain_file(path, follow=True)
        if len(key) == 32:
            return key
        time.sleep(0.02)
    raise TokenError("problems.session_key")


def _sealed(key: bytes, kind: str, body: dict[str, Any]) -> str:
    content = base64.urlsafe_b64encode(json.dumps({**body, "k": kind}).encode()).rstrip(b"=")
    seal = base64.urlsafe_b64encode(hmac.digest(key, content, hashlib.sha256)[:24])
    return f"{content.decode()}.{seal.decode()}"


def _opened(key: bytes, kind: str, text: str, now: datetime) -> dict[str, Any] | None:
    """What was sealed as of this kind and has not ended; None: anything else."""
    content, _, seal = text.partition(".")
    try:
        expected = base64.urlsafe_b64encode(hmac.digest(key, content.encode("ascii"), hashlib.sha256)[:24])
        if not hmac.compare_digest(expected, seal.encode("ascii")):
            return None
        body = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    except ValueError:
        return None
    # One that an earlier Vigie sealed names no kind: whoever holds it signs in again.
    if not isinstance(body, dict) or body.get("k") != kind or body["u"] < now.timestamp():
        return None
    return body
