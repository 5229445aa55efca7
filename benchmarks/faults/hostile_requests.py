"""Hostile requests as bytes: bodies that almost keep the contract, odd headers, addresses, tokens, and no HTTP."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Hostile", "canaries", "hostile_request"]

_ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    -0.0,
    10**30,
    "",
    " ",
    "0",
    "NaN",
    "null",
    [],
    {},
    [[]],
    [None],
    {"": {}},
    "\u0000",
    "\u202e",
    "\ud7ff",
    "😀",
    "a" * 5_000,
    "2025-13-45T99:99:99Z",
    "2025-11-03T02:30:00",
    "<script>",
    "' OR 1=1 --",
    "../../etc/passwd",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "%s%n",
    "\r\nx-injected: 1",
)
_RAW_JSON = (
    b"",
    b"{",
    b"[",
    b"nul",
    b"NaN",
    b"{'a':1}",
    b"[1,]",
    b'{"a":1,"a":2}',
    b'"\\ud800"',
    b"\xff\xfe",
    b"[" * 40_000,
    b"1e999",
    b"\xef\xbb\xbf{}",
    b"{}{}",
    b"true",
    b"1" * 5_000,
)
_METHODS = (
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "BREW",
    "get",
    "G\u00c9T",
)
_PATHS = (
    "/",
    "/v1/wait-time",
    "/v1/bed-demand",
    "/v1/observations",
    "/v1/decisions",
    "/v1/predictions/",
    "/v1/models",
    "/v1/journal",
    "/v1/models/wait-time/card",
    "/livez",
    "/readyz",
    "/metrics",
    "/docs.json",
    "/schema.json",
    "/sign-in",
    "/sign-out",
    "/enter/",
    "/static/",
    "/decisions",
    "/monitoring",
    "/first-steps",
)
_TYPES = (
    "application/json",
    "application/json",
    "text/plain",
    "multipart/form-data",
    "application/x-www-form-urlencoded",
    "application/vnd.bentoml+pickle",
    "application/json; charset=utf-7",
    "\u00ff",
)


@dataclass(frozen=True)
class Hostile:
    """One request.

    Attributes:
        kind: what is odd about it.
        content: all of its bytes.
        canary: a word that stands somewhere in it, and must stand nowhere else afterwards.
        whole: whether an answer is due; else the sender leaves in the middle.
    """

    kind: str
    content: bytes
    canary: str
    whole: bool = True


def canaries(count: int, rng: random.Random) -> list[str]:
    """Words that nothing else holds, as a name or an id would stand in a request."""
    return [f"canary{rng.getrandbits(64):016x}" for _ in range(count)]


def hostile_request(rng: random.Random, canary: str, tokens: Sequence[str]) -> Hostile:
    """A request of a kind that is drawn.

    Args:
        tokens: valid ones, under which most are sent: what is behind the gate is to be hit, too.
    """
    kind = rng.choice(list(_KINDS))
    content = _KINDS[kind](rng, canary, rng.choice(list(tokens)))
    if kind == "cut":
        return Hostile(kind, content[: rng.randrange(1, len(content))], canary, whole=False)
    return Hostile(kind, content, canary)


def _head(method: str, target: str, headers: Sequence[tuple[str, str]]) -> bytes:
    lines = [
        f"{method} {target} HTTP/1.1",
        "host: vigie",
        *(f"{n}: {v}" for n, v in headers),
        "connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("utf-8")


def _post(path: str, body: bytes, token: str, kind: str = "application/json") -> bytes:
    headers = [
        ("authorization", f"Bearer {token}"),
        ("content-type", kind),
        ("content-length", str(len(body))),
    ]
    return _head("POST", path, headers) + body


def _valid(rng: random.Random, canary: str) -> tuple[str, Any]:
    """A body that keeps the contract, or nearly: what is stored always has one key too many."""
    visit = {
        "visit_id": canary,
        "arrived_at": "2025-11-03T02:30:00Z",
        "triage": rng.choice(["1", "2", "3A", "5"]),
    }
    row = {"unit": "U1", "at": "2025-11-03T02:00:00Z", "occupied": 3, canary: 1}
    return rng.choice(
        [
            ("/v1/wait-time", {"visits": [visit], "explain": {"top": 3, "language": "en"}}),
            ("/v1/bed-demand", {"units": [canary, "U1"], "horizons_hours": [4, 24], "hospital": True}),
            ("/v1/observations", {"census": [row], "visits": [{**visit, canary: canary}]}),
            ("/v1/decisions", {"prediction_id": "0" * 24, "decision": "accept", "reason": canary}),
        ]
    )


def _mutated(rng: random.Random, value: Any, canary: str) -> Any:
    """The value with one thing in it that is odd."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        if rng.random() < 0.2:
            return {**value, rng.choice([canary, "__proto__", "", "received_at", "\u202e"]): rng.choice(_ODD)}
        if rng.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: _mutated(rng, value[key], canary)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        if rng.random() < 0.2:
            return value * rng.choice([2, 50, 1_200])
        place = rng.randrange(len(value))
        return [_mutated(rng, v, canary) if i == place else v for i, v in enumerate(value)]
    return rng.choice([*_ODD, canary, f"{canary}\u0000", {canary: canary}, [canary] * 3])


def _contract(rng: random.Random, canary: str, token: str) -> bytes:
    path, body = _valid(rng, canary)
    for _ in range(rng.randrange(1, 4)):
        body = _mutated(rng, body, canary)
    return _post(path, json.dumps(body).encode(), token)


def _json(rng: random.Random, canary: str, token: str) -> bytes:
    body = rng.choice(_RAW_JSON) + rng.choice([b"", canary.encode()])
    return _post(rng.choice(_PATHS), body, token, rng.choice(_TYPES))


def _bytes(rng: random.Random, canary: str, token: str) -> bytes:
    path, body = _valid(rng, canary)
    content = bytearray(_post(path, json.dumps(body).encode(), token))
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(content))
        change = rng.randrange(3)
        if change == 0:
            content[place] = rng.randrange(256)
        elif change == 1:
            del content[place : place + rng.randrange(1, 20)]
        else:
            content[place:place] = rng.randbytes(rng.randrange(1, 20))
    return bytes(content)


def _headers(rng: random.Random, canary: str, token: str) -> bytes:
    odd = [
        [("x-canary", canary * rng.choice([1, 100, 4_000]))],
        [(f"x-{n}", canary) for n in range(rng.choice([5, 120, 900]))],
        [("content-length", rng.choice(["-1", "1e3", "99999999999999999999", "3, 3"]))],
        [("transfer-encoding", "chunked"), ("content-length", "5")],
        [("authorization", f"Bearer {token}"), ("authorization", f"Bearer {canary}")],
        [("cookie", f"vigie_session={canary}.{canary}")],
        [("upgrade", "websocket"), ("connection", "upgrade")],
        [("accept", f"{canary}/*;q=9,,;;"), ("accept-language", canary)],
        [("x-forwarded-for", canary), ("forwarded", f"for={canary}"), ("x-request-id", canary)],
        [("expect", "100-continue"), ("range", f"bytes={canary}"), ("if-none-match", canary)],
        [("content-encoding", "gzip"), ("content-type", canary)],
    ]
    headers = rng.choice(odd)
    if all(name != "authorization" for name, _ in headers) and rng.random() < 0.7:
        headers = [("authorization", f"Bearer {token}"), *headers]
    return _head(rng.choice(_METHODS), rng.choice(_PATHS), headers)


def _address(rng: random.Random, canary: str, token: str) -> bytes:
    path = rng.choice(_PATHS)
    tail = rng.choice(
        [
            canary,
            f"?{canary}={canary}",
            f"?limit={canary}",
            f"?after=-1&limit=0&{canary}",
            "%00",
            "%0d%0ax: y",
            "%ff%fe",
            f"/../{canary}",
            "//",
            f";{canary}",
            f"#{canary}",
            "?" + "a=b&" * 700,
            canary * 60,
            "%252e%252e/",
            "\u00e9",
            "?language=%F0%9F",
        ]
    )
    target = rng.choice([path + tail, f"http://{canary}{path}", "*", tail or "/", f"{canary}:443"])
    return _head(rng.choice(_METHODS), target.replace(" ", ""), [("authorization", f"Bearer {token}")])


def _token(rng: random.Random, canary: str, token: str) -> bytes:
    value = rng.choice(
        [
            f"Bearer {canary}",
            f"bearer  {token} {canary}",
            f"Basic {canary}",
            canary,
            "Bearer ",
            f"Bearer {token[:-1]}",
            f"Bearer {token}\u00e9",
            f"Bearer vigie_{'0' * 12}_{canary}",
            "Bearer " + "a" * 20_000,
            f"Bearer {token},{token}",
        ]
    )
    method, path = rng.choice(
        [("GET", "/v1/journal"), ("GET", "/"), ("GET", "/v1/models"), ("POST", "/v1/wait-time")]
    )
    return _head(method, path, [("authorization", value), ("content-length", "0")])


def _form(rng: random.Random, canary: str, token: str) -> bytes:
    body = rng.choice(
        [
            f"token={canary}",
            f"token={canary}&token={token}",
            "=&=&",
            f"{canary}",
            "token=%ZZ",
            "a=b&" * 2_000,
            f"language={canary}",
        ]
    ).encode()
    path = rng.choice(["/sign-in", "/sign-out", "/decisions"])
    return _post(path, body, token, "application/x-www-form-urlencoded")


def _no_http(rng: random.Random, canary: str, _: str) -> bytes:
    word = canary.encode()
    return rng.choice(
        [
            b"\x16\x03\x01\x02\x00\x01\x00" + word,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            word + b"\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET  /  HTTP/1.1\r\n\r\n",
            b"GET /\r\n\r\n",
            rng.randbytes(300) + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + word + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\n: " + word + b"\r\n\r\n",
            b"GET / HTTP/1.1\nhost:" + word + b"\n\n",
        ]
    )


def _chunked(rng: random.Random, canary: str, token: str) -> bytes:
    """Bodies in chunks, and what may stand beside and behind them: a trailer is kept by a parser until it ends."""
    path, body = _valid(rng, canary)
    content, word = json.dumps(body).encode(), canary.encode()
    size = f"{len(content):x}".encode()
    extension = rng.choice([b"", b"", b";" + word, b";a=" + word * rng.choice([1, 20_000]), b" "])
    trailer = rng.choice(
        [
            f"authorization: Bearer {token}\r\n".encode(),
            b"x-forwarded-for: " + word + b"\r\n",
            b"x: " + word * rng.choice([1, 3_000, 30_000]),
            b"".join(b"h%d: %b\r\n" % (i, word) for i in range(rng.choice([2, 200, 2_000]))),
            word * rng.choice([1, 10_000]),
        ]
    )
    coding = rng.choice(["chunked"] * 6 + ["gzip, chunked", "chunked, identity", canary])
    headers = [("transfer-encoding", coding), ("content-type", "application/json")]
    if rng.random() < 0.5:
        headers = [("authorization", f"Bearer {token}"), *headers]
    parted = size + extension + b"\r\n" + content + b"\r\n0\r\n"
    return _head("POST", path, headers) + parted + trailer + rng.choice([b"\r\n", b""])


_KINDS: dict[str, Callable[[random.Random, str, str], bytes]] = {
    "contract": _contract,
    "json": _json,
    "bytes": _bytes,
    "headers": _headers,
    "address": _address,
    "token": _token,
    "form": _form,
    "no http": _no_http,
    "chunked": _chunked,
    "cut": _contract,
}
