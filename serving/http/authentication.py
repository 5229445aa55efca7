"""Who calls: by bearer token, or in a browser by a session cookie that stands for one.

A page is opened by typing a token into a form, or by a link that works once (`entry_link`): a token never
stands in an address, where browsers and logs keep it.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from hospital.times import instant
from registry.errors import TokenError
from registry.record.database import tokens
from registry.record.tokens import Caller, authenticate
from serving.http.clock import system_time

__all__ = [
    "COOKIE",
    "ENTERED_BY_LINK",
    "SESSION_SECONDS",
    "Authority",
    "create_session_key",
    "entry_link",
]

COOKIE = "vigie_session"
ENTERED_BY_LINK = "page"
"""The name of who came by a link: nobody's own."""
SESSION_SECONDS = 12 * 3600
LINK_SECONDS = 24 * 3600
CACHED_SECONDS = 1.0
"""How long a verified token is not asked for again; a revoked one is refused after this."""
_MOST = 1_000


class Authority:
    """Says who a token or a cookie belongs to."""

    def __init__(self, engine: Engine, home: Path) -> None:
        self._engine, self._key = engine, _session_key(home)
        self._home = home
        self._cached: dict[bytes, tuple[float, Caller]] = {}

    def known(self, secret: str) -> Caller | None:
        """Whose token this is, if it was verified a moment ago."""
        found = self._cached.get(_fingerprint(secret))
        return found[1] if found is not None and found[0] > time.monotonic() else None

    def caller(self, secret: str) -> Caller | None:
        """Whose token this is; None: nobody's. Asks the database."""
        with self._engine.connect() as connection:
            try:
                caller = authenticate(connection, secret, now=system_time())
            except TokenError:
                return None
        if len(self._cached) >= _MOST:
            self._cached.clear()
        self._cached[_fingerprint(secret)] = (time.monotonic() + CACHED_SECONDS, caller)
        return caller

    def open_session(self, caller: Caller, secret: str) -> str:
        """The cookie of a session."""
        token_id = secret.split("_")[1] if secret.count("_") >= 2 else ""
        until = int(time.time()) + SESSION_SECONDS
        return _sealed(self._key, {"n": caller.name, "r": sorted(caller.roles), "t": token_id, "u": until})

    def session(self, cookie: str) -> Caller | None:
        """Whose session a cookie is; None: none, ended, or of a revoked token. Asks the database."""
        body = _opened(self._key, cookie)
        if body is None or "n" not in body or body["u"] < time.time():
            return None
        if body["t"]:
            with self._engine.connect() as connection:
                if not _valid(connection, body["t"]):
                    return None
        return Caller(str(body["n"]), frozenset(body["r"]))

    def enter(self, code: str) -> Caller | None:
        """Who enters by a link; each works once."""
        body = _opened(self._key, code)
        if body is None or "l" not in body or body["u"] < time.time():
            return None
        used = self._home / "used-links"
        used.mkdir(exist_ok=True)
        try:
            (used / hashlib.sha256(str(body["l"]).encode()).hexdigest()[:32]).touch(exist_ok=False)
        except FileExistsError:
            return None
        return Caller(ENTERED_BY_LINK, frozenset(body["r"]))

    def opened_page(self, code: str) -> str:
        """The path, in these pages, that a link of this home opens; "/" where it says none or is none of ours."""
        body = _opened(self._key, code)
        return str(body.get("p", "/")) if body is not None and "l" in body else "/"


def entry_link(home: Path, roles: tuple[str, ...] = ("operator", "board"), page: str = "/") -> str:
    """The path of a link that opens a page once, within a day; for whoever can read the home's key.

    Opened again by the browser that it let in, it leads to the same page.
    """
    body = {"l": secrets.token_hex(8), "r": list(roles), "u": int(time.time()) + LINK_SECONDS, "p": page}
    return f"/enter/{_sealed(_session_key(home), body)}"


def _valid(connection: Connection, token_id: str) -> bool:
    row = connection.execute(select(tokens).where(tokens.c.token_id == token_id)).first()
    if row is None or row.revoked_at is not None:
        return False
    return row.expires_at is None or row.expires_at > instant(system_time())


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
        key = path.read_bytes()
        if len(key) == 32:
            return key
        time.sleep(0.02)
    raise TokenError("session.key in the home is damaged: delete it; whoever is signed in signs in again.")


def _sealed(key: bytes, body: dict[str, Any]) -> str:
    content = base64.urlsafe_b64encode(json.dumps(body).encode()).rstrip(b"=")
    seal = base64.urlsafe_b64encode(hmac.digest(key, content, hashlib.sha256)[:24])
    return f"{content.decode()}.{seal.decode()}"


def _opened(key: bytes, text: str) -> dict[str, Any] | None:
    content, _, seal = text.partition(".")
    try:
        expected = base64.urlsafe_b64encode(hmac.digest(key, content.encode("ascii"), hashlib.sha256)[:24])
        if not hmac.compare_digest(expected, seal.encode("ascii")):
            return None
        body = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
