"""What one connection may cost before any of our code sees a request: bytes and time of a head, connections, idle ones.

Uvicorn hands over a request when its head is whole. Until then it takes headers without an end and waits for ever, so
that eight connections could take all memory and all time (docs/adr/0017-the-door.md has what was measured). This is its
protocol with limits; `install` puts it in the place of its own.
"""

import logging
import secrets
from asyncio import BaseTransport, TimerHandle
from collections.abc import Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

import uvicorn.config
from httptools import HttpParserError
from starlette.datastructures import Headers
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from serving.errors import Problem
from serving.http.content_negotiation import preferred_language
from serving.http.problems import problem_response
from serving.limits.admission import Place
from serving.limits.connection_table import ConnectionTable
from serving.limits.door import PLACE, knock
from serving.limits.offered_upgrades import UpgradeOffers
from serving.limits.server_end import begin_to_end

__all__ = ["LimitedProtocol", "install"]

HEAD_BYTES = 32_768
HEADERS = 100
HEAD_SECONDS = 5.0
"""From the first byte of a request, or from the connection, to the end of its head."""
DRAIN_BYTES, DRAIN_SECONDS = 1_048_576, 5.0
"""Of a body that nobody wants after the answer was given: a sender that learns of it later must still read it."""
WRITE_SECONDS = 20.0
"""How long somebody may not read their answer."""
CONNECTIONS = 512
_REFUSALS = {
    400: ("malformed_http", "problems.malformed_http"),
    408: ("head_timeout", "problems.head_timeout"),
    431: ("headers_too_large", "problems.headers_too_large"),
    503: ("overloaded", "problems.too_many_connections"),
}
"""Code and text by status."""

_QUIET = logging.getLogger("vigie.connections")
_QUIET.setLevel(logging.ERROR)
_TABLES: WeakKeyDictionary[ServerState, ConnectionTable] = WeakKeyDictionary()


class LimitedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol; whoever sends too much, too slowly or reads nothing is answered in short, or cut off."""

    head_seconds, drain_seconds, write_seconds = HEAD_SECONDS, DRAIN_SECONDS, WRITE_SECONDS
    most_connections = CONNECTIONS
    _in_head, _head_bytes, _unread_bytes, _drained = True, 0, 0, 0
    _turned_away = ""
    _heard = 0.0
    _timer: TimerHandle | None = None
    _write_timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Counts the connection, and waits for its first head."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._offers = UpgradeOffers(self)
        self.parser = self._offers.parser
        self.logger = _QUIET  # a line a malformed request would fill the disk for whoever sends nothing else
        self.ws_protocol_class = None  # there is no websocket here: an upgrade is answered as what else it is
        self._heard = self.loop.time()
        table = _TABLES.setdefault(self.server_state, ConnectionTable())
        if table.add(self, self.client[0] if self.client else ""):
            self._start_timer(self.head_seconds)
        else:
            self._refuse(503)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets it."""
        self._stop_timer()
        self._stop_write_timer()
        _TABLES.setdefault(self.server_state, ConnectionTable()).remove(self)
        super().connection_lost(exc)

    @property
    def waits_since(self) -> float | None:
        """Since when it waits for a request, for the rest of one, or for an answer to be read; None: it does not."""
        waits = (self._in_head and self._answered) or not self._in_head or self._write_timer is not None
        return self._heard if waits else None

    @property
    def _answered(self) -> bool:
        """Whether nothing that came before is being answered."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def data_received(self, data: bytes) -> None:
        """Hands bytes to the parser, of a head never more than may be one."""
        self._heard = self.loop.time()
        while data and not self.transport.is_closing():
            if not self._in_head:
                piece, data = data[:HEAD_BYTES], data[HEAD_BYTES:]
                if (self._answered and self._drain(len(piece))) or not self._has_room(len(piece)):
                    return
                self._feed(piece)
                continue
            if self._timer is None:
                self._start_timer(self.head_seconds)
            room = HEAD_BYTES - self._head_bytes
            if room <= 0:
                self._refuse(431)
                return
            piece, data = data[:room], data[room:]
            self._head_bytes += len(piece)
            self._feed(piece)

    def _feed(self, piece: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            whole = self._offers.feed(piece)
        except HttpParserError:
            self._refuse(400)
            return
        if not whole and self.cycle is not None:
            self.cycle.keep_alive = False  # what was asked for is answered, and the end

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True

    def _has_room(self, size: int) -> bool:
        """Whether what came since a body's last byte may grow: a trailer without an end is kept by the parser."""
        if self._unread_bytes > HEAD_BYTES:
            self._refuse(431)
            return False
        self._unread_bytes += size
        return True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header, of more than there may be none; a trailer, which no proxy before us checked, is none."""
        if not self._in_head:
            return
        super().on_header(name, value)
        if len(self.headers) > HEADERS:
            self._refuse(431)

    def on_headers_complete(self) -> None:
        """The head is whole: what comes now is its body."""
        self._stop_timer()
        self._in_head, self._head_bytes, self._drained, self._unread_bytes = False, 0, 0, 0
        if self.transport.is_closing():
            return
        if (
            b"#" in self.url
        ):  # no target has one (RFC 9112, 3.2): who stands before us goes by more than we would
            self._refuse(400)
            return
        keep = self.parser.should_keep_alive() and not self.expect_100_continue
        found = knock(self.parser.get_method(), self.url, self.headers, keep) if self._answered else None
        if isinstance(found, bytes):
            self._turn_away(found, keep)
            return
        if found is not None:
            cast(dict[str, Any], self.scope)[PLACE] = found
        try:
            super().on_headers_complete()
        except BaseException:  # a target that is none: no task leaves the place
            if found is not None:
                found.leave()
            raise

    def _turn_away(self, refusal: bytes, keep: bool) -> None:
        """Answers from the head alone; the body is read away, so that whoever sends it can read the answer."""
        self.transport.write(refusal)
        self._turned_away = "keep" if keep else "close"
        self._start_timer(self.drain_seconds)
        if self.expect_100_continue:
            self.transport.close()  # nobody sends a body to a refusal

    def on_body(self, body: bytes) -> None:
        """Takes a piece of the body, where a request was begun."""
        self._unread_bytes = 0
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is whole: what comes now is the next head."""
        self._stop_timer()
        self._in_head, self._head_bytes = True, 0
        turned_away, self._turned_away = self._turned_away, ""
        if turned_away == "close":
            self.transport.close()
        elif turned_away:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        elif self.cycle is not None:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out; whoever still sends its question may do so for a while."""
        if isinstance(place := self.scope.get(PLACE), Place):
            place.leave()  # what stands before the gate may have answered for it
        super().on_response_complete()
        if not self._in_head and not self.transport.is_closing():
            self._start_timer(self.drain_seconds)

    def pause_writing(self) -> None:
        """Nobody reads: for a while."""
        super().pause_writing()
        self._heard = self.loop.time()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Somebody reads again."""
        self._stop_write_timer()
        super().resume_writing()

    def shutdown(self) -> None:
        """The server ends: what lasts is to end, too."""
        begin_to_end()
        super().shutdown()

    def _drain(self, size: int) -> bool:
        """Whether it was closed: more of an unwanted body came than is read away."""
        self._drained += size
        if self._drained > DRAIN_BYTES:
            self.transport.abort()
            return True
        return False

    def _timed_out(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if not self._in_head:
            self.transport.close()
        elif self.cycle is not None and not self.cycle.response_complete:
            self._start_timer(self.head_seconds)  # an answer is on its way; the next head can wait for it
        else:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Answers without the application, and closes; where another answer is on its way, closes only."""
        if self.transport.is_closing():
            return
        self._stop_timer()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_refusal(status, self.headers or ()))
        self.transport.close()

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._timed_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def install() -> None:
    """Has every server of this process use these limits: BentoML starts uvicorn with its usual protocol."""
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{LimitedProtocol.__name__}"


def _refusal(status: int, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A whole response; `headers`: those of the request that came, for the language."""
    code, words = _REFUSALS[status]
    request_id = secrets.token_hex(8)
    accepted = Headers(raw=list(headers)).get("accept-language", "")
    own = {"connection": "close", "x-request-id": request_id, "cache-control": "no-store"}
    problem = Problem(status, code, words, headers=own | ({"retry-after": "1"} if status == 503 else {}))
    response = problem_response(problem, request_id, preferred_language(accepted))
    lines = [name + b": " + value + b"\r\n" for name, value in response.raw_headers]
    return b"".join([STATUS_LINE[status], *lines, b"\r\n", bytes(response.body)])
