"""Server-sent events with a bounded life: how many streams may be open, how long each lasts; they end with the service.

A stream says once that something is new, and ends; the page that holds it asks again, and then for another stream. What
never ends by itself would hold up the end of the service. Whether who listens may still do so is asked at each look, so
that a stream ends with its token or session, too.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.limits.server_end import is_ending

__all__ = ["EventStream", "EventStreams"]

_RETRY_MILLISECONDS = 2_000


class EventStreams:
    """The open streams of one worker, and the state that all of them watch.

    Args:
        most, most_of_one: streams at once, of all and of one address.
        seconds: how long each lasts at most; less than the time-out of a request.
        every: seconds between two looks at the state, however many streams wait for it.
    """

    def __init__(
        self, *, most: int = 64, most_of_one: int = 16, seconds: float = 20.0, every: float = 1.0
    ) -> None:
        self.seconds, self.every = seconds, every
        self._most, self._most_of_one = most, most_of_one
        self._open: Counter[str] = Counter()
        self._state, self._looked = "", float("-inf")

    @property
    def count(self) -> int:
        """How many are open."""
        return self._open.total()

    def enter(self, address: str) -> bool:
        """Whether there is room for one more stream of an address; where there is, it counts until `leave`."""
        if self.count >= self._most or self._open[address] >= self._most_of_one:
            return False
        self._open[address] += 1
        return True

    def leave(self, address: str) -> None:
        """A stream of this address has ended."""
        self._open[address] -= 1
        self._open += Counter()  # without those that have none

    async def state(self, look: Callable[[], Awaitable[str]]) -> str:
        """The state, looked at by one stream for all."""
        if time.monotonic() - self._looked >= self.every:
            self._looked = time.monotonic()
            self._state = await look()
        return self._state


class EventStream(Response):
    """One stream: ``changed`` as soon as the state is another than the page has, and the end.

    Args:
        look: at the state.
        may_listen: whether who opened it may still see pages.
        seen: the state that the page has.
        full: the answer where no stream can be opened.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        streams: EventStreams,
        address: str,
        look: Callable[[], Awaitable[str]],
        may_listen: Callable[[], Awaitable[bool]],
        seen: str,
        full: Response,
    ) -> None:
        super().__init__()
        self._streams, self._address, self._look, self._seen = streams, address, look, seen
        self._may_listen, self._full = may_listen, full
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, until it is over or whoever listens has left."""
        if not self._streams.enter(self._address):
            await self._full(scope, receive, send)
            return
        left = asyncio.ensure_future(_left(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._say(send, f"retry: {_RETRY_MILLISECONDS}\n\n")
            await self._watch(send, left)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            left.cancel()
            self._streams.leave(self._address)

    async def _watch(self, send: Send, left: "asyncio.Future[None]") -> None:
        until = time.monotonic() + self._streams.seconds
        while time.monotonic() < until and not is_ending() and not left.done():
            state = await self._streams.state(self._look)
            if state and state != self._seen:
                await self._say(send, f"event: changed\ndata: {state}\n\n")
                return
            await asyncio.wait([left], timeout=self._streams.every)
            if not left.done() and not await self._may_listen():
                return

    async def _say(self, send: Send, words: str) -> None:
        await send({"type": "http.response.body", "body": words.encode("ascii"), "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
