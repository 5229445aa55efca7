"""What follows a body: a trailer is no header, and has no more room than a head."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from serving.limits.connection_limits import HEAD_BYTES
from tests.support.listening_door import Door, code, listening

POST = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"


@contextmanager
def reading() -> Iterator[Door]:
    """The limits before an application that waits for the whole body, and answers with it and the headers' names."""
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        seen.append(scope["path"])
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        found = json.dumps({"size": size, "names": [name.decode() for name, _ in scope["headers"]]}).encode()
        length = [(b"content-length", str(len(found)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": found})

    with listening(application, seen) as door:
        yield door


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    """A server with the limits."""
    with reading() as found:
        yield found


@pytest.mark.parametrize(
    "name", ["authorization", "cookie", "x-forwarded-for", "idempotency-key", "content-type", "origin"]
)
def test_a_trailer_is_no_header(door: Door, name: str) -> None:
    """It comes in one piece with the request, before anybody reads the headers: with a token in it, it was let in."""
    answer = door.ask(POST + b"0\r\n" + name.encode() + b": 1\r\n\r\n")
    found = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert found == {"size": 2, "names": ["host", "connection", "transfer-encoding"]}


@pytest.mark.parametrize(
    "endless",
    [b"0\r\nx: ", b"0\r\n", b"1;", b"0\r\n" + b"a: b\r\n" * 20 + b"x-"],
    ids=["value", "name", "extension of a chunk", "after others"],
)
def test_what_follows_a_body_has_a_size(door: Door, endless: bytes) -> None:
    """The parser keeps it until it ends: eight connections took half a gigabyte, and ten seconds of /livez."""
    sent = 0
    with door.open() as connection:
        connection.sendall(POST + endless)
        with suppress(ConnectionError):
            while sent < 100 * HEAD_BYTES:
                connection.sendall(b"a" * HEAD_BYTES)
                sent += HEAD_BYTES
            raise AssertionError("it took all of it")
    assert door.ask(POST + b"0\r\n\r\n").endswith(b"}")


def test_a_large_body_in_large_and_small_chunks_is_read(door: Door) -> None:
    """However it is parted: the limit is of what is no body."""
    large = b"%x\r\n" % 3_000_000 + b"a" * 3_000_000 + b"\r\n"
    answer = door.ask(POST + large + b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["size"] == 2 + 3_000_000 + 50_000


def test_too_many_headers_are_refused_as_before(door: Door) -> None:
    """431."""
    many = b"".join(b"h%d: 1\r\n" % i for i in range(101))
    assert code(door.ask(b"GET / HTTP/1.1\r\n" + many + b"\r\n")) == (431, "headers_too_large")
