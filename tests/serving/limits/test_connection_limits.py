"""What a connection may cost: heads without an end or a pause, idle ones, many of them, answers that nobody reads."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

import pytest
import uvicorn
import uvicorn.config

from serving.limits.admission import Admission
from serving.limits.connection_limits import LimitedProtocol, install
from serving.limits.connection_table import ConnectionTable
from serving.limits.door import open_door
from tests.support.listening_door import Door, code, listening, read
from tests.support.waiting import wait_for

GET = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"


class Hurried(LimitedProtocol):
    """A tenth of a second in place of five."""

    head_seconds = drain_seconds = write_seconds = 0.15


class Small(LimitedProtocol):
    """Room for twenty connections."""

    most_connections = 20


@contextmanager
def serving(large: int = 0, protocol: type[LimitedProtocol] | Literal["auto"] = "auto") -> Iterator[Door]:
    """The limits in front of an application that answers at once, with a body of so many bytes for /large."""
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        seen.append(scope["path"])
        while scope["path"] == "/form" and (await receive()).get("more_body"):
            pass
        body = b"x" * large if scope["path"] == "/large" else b"ok"
        length = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        half = len(body) // 2  # of a large answer the second half waits until somebody reads
        await send({"type": "http.response.body", "body": body[:half], "more_body": True})
        await send({"type": "http.response.body", "body": body[half:]})

    with listening(application, seen, protocol) as door:
        yield door


@contextmanager
def echoing() -> Iterator[Door]:
    """The limits in front of an application that answers with the body it was sent."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        length = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": body})

    with listening(application, []) as door:
        yield door


@pytest.fixture
def door() -> Iterator[Door]:
    """A server with the limits."""
    with serving() as found:
        yield found


@pytest.mark.parametrize(
    "content",
    [
        b"GET /livez HTTP/1.1\r\nx: " + b"a" * 2_000_000,
        b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 5_000,
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /livez HTTP/1.1\r\n" + b"x" * 100_000 + b": y\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nhost: x\r\ncookie: " + b"c" * 40_000 + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\n" + b"".join(b"h%d: 1\r\n" % i for i in range(101)) + b"\r\n",
    ],
    ids=["endless value", "endless headers", "endless address", "endless name", "large cookie", "many"],
)
def test_a_head_has_a_size(door: Door, content: bytes) -> None:
    """431 as soon as it is passed, and the application sees nothing; others are answered."""
    answer = door.ask(content)
    # Bytes on their way when the service closes may cut its answer off: then there is none, and nothing was served.
    assert not answer or code(answer) == (431, "headers_too_large")
    assert door.seen == []
    assert door.ask(GET.replace(b"host: x", b"connection: close")).endswith(b"ok")


@pytest.mark.parametrize("target", ["/livez#", "/static/a.css#/../livez", "/livez#?x", "#"])
def test_a_target_with_a_fragment_is_refused(door: Door, target: str) -> None:
    """The parser leaves it out, while a proxy goes by all of it: its rule for ``.css`` would open another address."""
    answer = door.ask(GET.replace(b"/livez", target.encode()))
    assert code(answer) == (400, "malformed_http")
    assert door.seen == []


@pytest.mark.parametrize("kind", ["silent", "drops", "line ends", "after an answer"])
def test_a_head_has_a_time(kind: str) -> None:
    """408, or the end: for who sends nothing, a byte now and then, line ends only, or does so after an answer."""
    with serving(protocol=Hurried) as door, door.open() as connection:
        if kind == "after an answer":
            connection.sendall(GET)
            first = b""
            while not first.endswith(b"ok"):
                first += connection.recv(1_000)
        connection.settimeout(0.05)
        drop = {"silent": b"", "line ends": b"\r\n"}.get(kind, b"G")
        answer, begun = b"", time.monotonic()
        while time.monotonic() - begun < 5:
            try:
                connection.sendall(drop)
                chunk = connection.recv(1_000)
            except TimeoutError:
                drop = {b"G": b"E", b"E": b"T", b"T": b" /a", b" /a": b"a"}.get(drop, drop)
                continue
            except ConnectionError:
                break
            if not chunk:
                break
            answer += chunk
        assert time.monotonic() - begun < 3
        assert not answer or code(answer)[0] in (400, 408)
        assert door.seen == ["/livez"] * (kind == "after an answer")


def test_what_is_no_http_is_a_problem_too(door: Door) -> None:
    """In the form of every other fault, with an id."""
    for content in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"nonsense\r\n\r\n"):
        assert code(door.ask(content)) == (400, "malformed_http")


def test_a_refusal_is_in_the_language_that_is_accepted(door: Door) -> None:
    """By what was read before what is refused; in English where that names none, as every problem is.

    The parser hands a header over once the next one has begun.
    """
    accepts = b"accept-language: fr-FR, en;q=0.5\r\n"
    head = b"GET /livez HTTP/1.1\r\n"
    many = b"".join(b"h%d: 1\r\n" % i for i in range(101)) + b"\r\n"
    for sent, status, words in (
        (head + accepts + many, 431, "Les en-têtes sont trop longs"),
        (head + many, 431, "The headers are too large"),
        (head + accepts + b"host: x\r\nno header\r\n\r\n", 400, "La demande n'est pas du HTTP/1.1\u00a0:"),
    ):
        answer = door.ask(sent)
        assert code(answer)[0] == status
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["detail"].startswith(words)


def test_pipelined_and_split_requests_are_answered(door: Door) -> None:
    """Many in one packet; one in many packets; a body and the next head in one packet."""
    last = GET.replace(b"host: x", b"connection: close")
    assert door.ask(GET * 20 + last).count(b"HTTP/1.1 200") == 21
    with door.open() as connection:
        for byte in last:
            connection.sendall(bytes([byte]))
        assert read(connection).endswith(b"ok")
    post = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 50000\r\n\r\n" + b"b" * 50_000
    assert door.ask(post + last).count(b"HTTP/1.1 200") == 2


def test_an_upgrade_is_answered_as_what_else_it_is(door: Door) -> None:
    """There is no websocket; the connection is closed behind the answer."""
    upgrade = b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    assert door.ask(upgrade + b"\x00" * 100).startswith(b"HTTP/1.1 ")


_OFFER = b"host: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAA\r\n"


@pytest.mark.parametrize(
    ("lengths", "body"),
    [
        (b"content-length: 9\r\n", b'{"a": 12}'),
        (b"Transfer-Encoding: chunked\r\n", b'4\r\n{"a"\r\n5\r\n: 12}\r\n0\r\ntrailer: x\r\n\r\n'),
        (b"content-length: 40000\r\n", b"{}" + b" " * 39_998),
        (b"content-length: 0\r\n", b""),
    ],
    ids=["a length", "chunks", "a long one", "none"],
)
@pytest.mark.parametrize("size", [1, 7, 100_000], ids=["byte by byte", "in pieces", "at once"])
def test_the_body_of_a_request_that_offers_an_upgrade_is_read(lengths: bytes, body: bytes, size: int) -> None:
    """As Java's client sends a first request over plain HTTP: read whole, and what follows on the connection, too."""
    offered = b"POST /echo?a=1 HTTP/1.1\r\n" + _OFFER + lengths + b"\r\n" + body
    last = b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
    sent = offered * 2 + last
    with echoing() as door, door.open() as connection:
        size = max(size, len(sent) // 400)
        for start in range(0, len(sent), size):
            connection.sendall(sent[start : start + size])
        answer = read(connection)
    data = b"".join(body.split(b"\r\n")[1:4:2]) if b"chunked" in lengths else body
    assert answer.count(b"HTTP/1.1 200") == 3
    assert [part.partition(b"HTTP/1.1")[0] for part in answer.split(b"\r\n\r\n")[1:]] == [data, data, b"ok"]


def test_many_offers_in_one_piece_are_all_answered() -> None:
    """Three hundred of them at once: each is answered in its turn."""
    offered = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\ncontent-length: 1\r\n\r\na"
    with echoing() as door:
        last = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        assert door.ask(offered * 300 + last).count(b"HTTP/1.1 200") == 301


@pytest.mark.parametrize(
    "lengths",
    [
        b"content-length: 3\r\ntransfer-encoding: chunked\r\n",
        b"content-length: 3\r\ncontent-length: 4\r\n",
        b"transfer-encoding: chunked, identity\r\n",
        b"content-length: +3\r\n",
    ],
)
def test_an_offer_does_not_make_two_lengths_one(lengths: bytes) -> None:
    """What is refused without an upgrade is refused with one."""
    with echoing() as door:
        answer = door.ask(b"POST / HTTP/1.1\r\n" + _OFFER + lengths + b"\r\nabc")
    assert code(answer) == (400, "malformed_http")


def test_an_unwanted_body_is_read_away_within_bounds(door: Door) -> None:
    """Who is answered before the end of a body can still read the answer; who sends on without an end is cut off."""
    head = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
    with door.open() as connection:
        connection.sendall(head % 100_000)
        first = connection.recv(1_000)
        connection.sendall(b"x" * 100_000 + GET.replace(b"host: x", b"connection: close"))
        assert (first + read(connection)).count(b"HTTP/1.1 200") == 2
    sent = 0
    with door.open() as connection:
        connection.sendall(head % 10**9)
        with suppress(ConnectionError):
            while sent < 50_000_000:
                sent += connection.send(b"x" * 65_536)
    assert sent < 20_000_000


def test_who_reads_nothing_is_cut_off() -> None:
    """An answer that nobody fetches is not held for ever."""
    with serving(30_000_000, Hurried) as door, door.open() as connection:
        connection.sendall(GET.replace(b"/livez", b"/large"))
        wait_for(lambda: door.seen == ["/large"], "request")

        def is_cut_off() -> bool:
            try:
                connection.send(b"\r\n")
            except ConnectionError:
                return True
            return False

        wait_for(is_cut_off, "end of it", 10)


@pytest.fixture
def small() -> Iterator[Door]:
    """A server with room for twenty connections."""
    with serving(protocol=Small) as found:
        yield found


def test_a_new_connection_is_answered_however_many_are_idle(small: Door) -> None:
    """The oldest that waits is closed for it; those that are kept are no more than there may be."""
    idle = [small.open() for _ in range(60)]
    for connection in idle[::2]:
        with suppress(ConnectionError):
            connection.sendall(b"GET /livez HTTP/1.1\r\nx: ")
    assert small.ask(GET.replace(b"host: x", b"connection: close")).endswith(b"ok")

    def closed() -> int:
        count = 0
        for connection in idle:
            connection.setblocking(False)
            try:
                count += connection.recv(1) == b""
            except BlockingIOError:
                pass
            except ConnectionError:
                count += 1
        return count

    wait_for(lambda: closed() >= 40, "end of forty of them", 5)
    for connection in idle:
        connection.close()


@pytest.mark.parametrize(
    "request_head",
    [
        b"POST /form HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
        GET.replace(b"/livez", b"/large"),
    ],
    ids=["a body without an end", "an answer before the body's end", "an answer that nobody reads"],
)
def test_nor_however_many_keep_us_waiting(request_head: bytes) -> None:
    """Without a token, six hundred of them had `/livez` refused with 503 for five seconds, and again and again."""
    with serving(30_000_000, Small) as door:
        stalled = [door.open() for _ in range(40)]
        for connection in stalled:
            with suppress(ConnectionError):
                connection.sendall(request_head)
        wait_for(lambda: len(door.seen) >= 20, "requests")
        assert door.ask(GET.replace(b"host: x", b"connection: close")).endswith(b"ok")
        for connection in stalled:
            connection.close()


def test_what_is_being_answered_makes_no_room() -> None:
    """Whoever has sent all of a request, and has not been answered yet, is closed for nobody."""
    table = ConnectionTable()
    busy = [_Busy() for _ in range(3)]
    assert [table.add(connection, "") for connection in busy] == [True, True, False]


class _Busy:
    """A connection on which something is being answered, of a server with room for two."""

    most_connections, waits_since = 2, None
    transport: Any = None


def test_uvicorn_still_takes_its_protocol_from_where_the_limits_are_put() -> None:
    """A newer one that looks elsewhere would leave the door open without a word."""
    install()
    config = uvicorn.Config(lambda: None, lifespan="off")
    config.load()
    assert config.http_protocol_class is LimitedProtocol


POST = b"POST /v1/wait-time HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n"
REFUSED = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\nno"


class TestTurnedAway:
    """Those whom the door refuses: answered from the head, with no task for them."""

    @pytest.fixture
    def refusing(self, request: pytest.FixtureRequest) -> Iterator[Door]:
        """A server whose door refuses all that is no GET; with the limits that a test asks for."""

        def refuse(method: bytes, target: bytes, headers: Any, keep: bool) -> bytes | None:
            return REFUSED if method == b"POST" else None

        open_door(refuse)
        try:
            with serving(protocol=getattr(request, "param", "auto")) as door:
                yield door
        finally:
            open_door(None)

    def test_they_are_answered_before_their_body_came(self, refusing: Door) -> None:
        """The application sees nothing of them."""
        with refusing.open() as connection:
            connection.sendall(POST + b"\r\n")
            assert connection.recv(65_536) == REFUSED
        assert refusing.seen == []

    def test_their_body_is_read_away_and_the_connection_goes_on(self, refusing: Door) -> None:
        """Whoever sends head and body apart reads the refusal, and asks again on the same connection."""
        with refusing.open() as connection:
            for _ in range(3):
                connection.sendall(POST + b"\r\nabc")
                assert connection.recv(65_536) == REFUSED
                connection.sendall(b"def")
            connection.sendall(GET)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        assert refusing.seen == ["/livez"]

    def test_who_wants_the_end_gets_it_after_the_body(self, refusing: Door) -> None:
        """The connection is not cut off under whoever still sends."""
        with refusing.open() as connection:
            connection.sendall(POST + b"connection: close\r\n\r\nabc")
            assert connection.recv(65_536) == REFUSED
            connection.sendall(b"def")
            connection.settimeout(2)  # an idle connection is closed after five
            assert connection.recv(65_536) == b""

    @pytest.mark.parametrize("refusing", [Hurried], indirect=True)
    def test_a_body_that_never_ends_ends_the_connection(self, refusing: Door) -> None:
        """As after any other answer."""
        with refusing.open() as connection:
            connection.sendall(POST + b"\r\nabc")
            assert connection.recv(65_536) == REFUSED
            connection.settimeout(2)
            assert connection.recv(65_536) == b""

    def test_a_place_is_handed_on_and_left(self, door: Door) -> None:
        """Also where the application answers without looking at it, and where the target is none."""
        admission = Admission(others=1)
        open_door(lambda *_: admission.enter("other"))
        try:
            for _ in range(3):
                assert door.ask(GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")).endswith(b"ok")
            door.ask(b"GET http://[ HTTP/1.1\r\nhost: x\r\n\r\n")
        finally:
            open_door(None)
        assert admission.inside("other") == 0
        assert len(door.seen) == 3
