"""Requests at a rate that does not wait for answers, from a process of its own: what a flood is.

A client that asks again only when it was answered slows down with the service, and its latencies say nothing of an
overload. Here each request has its moment, and its latency counts from that moment, whatever holds it up.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import httptools
import numpy as np
import uvloop

__all__ = ["Ask", "Flood", "Outcome", "flood", "steady"]

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 256
"""Open at once: with more than these on their way a request waits for one, and its latency with it."""
_IDLE_SECONDS = 3.0
"""A connection that was idle for longer is not used again: the service is about to close it."""
_LAST_SECONDS = 30.0
"""How long after the last request answers are waited for."""


@dataclass(frozen=True)
class Ask:
    """What is asked again and again.

    Attributes:
        per_second: requests, at random moments (a Poisson process).
        body: sent as JSON; None: a GET.
    """

    path: str
    per_second: float
    body: Any = None
    token: str = ""

    def encoded(self) -> bytes:
        """The request as it goes over the network."""
        method, content = ("GET", b"") if self.body is None else ("POST", json.dumps(self.body).encode())
        lines = [f"{method} {self.path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(content)}"]
        lines += ["content-type: application/json"] if content else []
        lines += [f"authorization: Bearer {self.token}"] if self.token else []
        return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass
class Outcome:
    """What became of the requests of one `Ask`.

    Attributes:
        accepted_ms, refused_ms: latencies of those answered 2xx; and 429 or 503.
        statuses: how many had each; 0: no answer came.
        without_retry_after: refusals that do not say when to come again.
        problems: refusals by the `code` of their problem detail; "" where there is none.
    """

    accepted_ms: list[float] = field(default_factory=list)
    refused_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def others(self) -> int:
        """Answers that are neither 2xx nor a refusal, and requests that were not answered."""
        return sum(n for status, n in self.statuses.items() if not 200 <= status < 300) - len(self.refused_ms)

    def p(self, quantile: float, *, refused: bool = False) -> float:
        """A quantile of the latencies, in ms; NaN where there is none."""
        found = self.refused_ms if refused else self.accepted_ms
        return float(np.quantile(found, quantile)) if found else float("nan")

    def count(self, status: int, ms: float, headers: dict[bytes, bytes], body: bytes) -> None:
        """Counts one answer."""
        self.statuses[status] += 1
        if 200 <= status < 300:
            self.accepted_ms.append(ms)
        elif status in (429, 503):
            self.refused_ms.append(ms)
            self.without_retry_after += b"retry-after" not in headers
            is_problem = headers.get(b"content-type") == b"application/problem+json"
            self.problems[str(json.loads(body).get("code", "")) if is_problem else ""] += 1


class _Connection(asyncio.Protocol):
    """One connection, on which one request is at a time."""

    def __init__(self, pool: "_Pool") -> None:
        self._pool, self._parser = pool, httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._of: tuple[Outcome, float] | None = None
        self._headers: dict[bytes, bytes] = {}
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none of asyncio's classes

    def send(self, content: bytes, outcome: Outcome, at: float) -> None:
        """Sends a request, whose moment was `at`."""
        assert self._transport is not None
        self._of, self._headers, self._body = (outcome, at), {}, b""
        self._transport.write(content)

    def close(self) -> None:
        """Ends it."""
        assert self._transport is not None
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._of is None:  # idle for long, it was told so
            self.close()
            return
        (outcome, at), self._of = self._of, None
        outcome.count(
            self._parser.get_status_code(), (time.perf_counter() - at) * 1e3, self._headers, self._body
        )
        self._pool.give_back(self, open_still=self._parser.should_keep_alive())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._of is not None:
            self._of[0].statuses[0] += 1
            self._of = None
            self._pool.give_back(self, open_still=False)
        self._pool.forget(self)


class _Pool:
    """Connections to one service, and requests that wait for one."""

    def __init__(self, port: int) -> None:
        self._port, self._open = port, 0
        self._idle: list[tuple[_Connection, float]] = []
        self._waiting: deque[tuple[bytes, Outcome, float]] = deque()
        self.on_way = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, content: bytes, outcome: Outcome, at: float) -> None:
        """Sends it on an idle connection, on a new one, or as soon as one is free."""
        self.on_way += 1
        while self._idle:
            connection, since = self._idle.pop()
            if time.perf_counter() - since < _IDLE_SECONDS:
                connection.send(content, outcome, at)
                return
            connection.close()
        self._waiting.append((content, outcome, at))
        if self._open < CONNECTIONS:
            self._open += 1
            task = asyncio.create_task(self._connect())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def give_back(self, connection: _Connection, *, open_still: bool) -> None:
        """A request was answered."""
        self.on_way -= 1
        if open_still:
            self._use(connection)

    def _use(self, connection: _Connection) -> None:
        if self._waiting:
            connection.send(*self._waiting.popleft())
        else:
            self._idle.append((connection, time.perf_counter()))

    def forget(self, connection: _Connection) -> None:
        """A connection is closed."""
        self._open -= 1
        self._idle = [idle for idle in self._idle if idle[0] is not connection]

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
        except OSError:
            self._open -= 1
            if self._waiting:
                self._waiting.popleft()[1].statuses[0] += 1
                self.on_way -= 1
            return
        self._use(connection)


class _AskingAgain(_Pool):
    """Clients that ask again as soon as they are answered."""

    def __init__(self, port: int, content: bytes, outcome: Outcome, until: float) -> None:
        super().__init__(port)
        self._again, self._until = (content, outcome), until

    def give_back(self, connection: _Connection, *, open_still: bool) -> None:
        super().give_back(connection, open_still=open_still)
        now = time.perf_counter()
        if now < self._until:
            self.ask(*self._again, now)


async def steady(port: int, ask: Ask, clients: int, seconds: float) -> list[Outcome]:
    """So many clients, each of which asks again as soon as it was answered: what a service bears."""
    outcome, now = Outcome(), time.perf_counter()
    pool = _AskingAgain(port, ask.encoded(), outcome, now + seconds)
    for _ in range(clients):
        pool.ask(ask.encoded(), outcome, now)
    while pool.on_way:
        await asyncio.sleep(0.01)
    return [outcome]


async def flood(port: int, asks: list[Ask], seconds: float, seed: int) -> list[Outcome]:
    """Sends for so many seconds, waits for the last answers, and says what became of each `Ask`."""
    pool, outcomes = _Pool(port), [Outcome() for _ in asks]
    total, rng = sum(a.per_second for a in asks), np.random.default_rng(seed)
    moments = np.cumsum(rng.exponential(1 / total, int(total * seconds) + 1))
    chosen = rng.choice(len(asks), len(moments), p=[a.per_second / total for a in asks])
    contents = [ask.encoded() for ask in asks]
    begun = time.perf_counter()
    for moment, which in zip(moments, chosen, strict=True):
        ahead = begun + moment - time.perf_counter()
        if ahead > 0:
            await asyncio.sleep(ahead)
        pool.ask(contents[which], outcomes[which], begun + moment)
    deadline = time.perf_counter() + _LAST_SECONDS
    while pool.on_way and time.perf_counter() < deadline:
        await asyncio.sleep(0.01)
    for outcome, sent in zip(outcomes, np.bincount(chosen, minlength=len(asks)), strict=True):
        outcome.statuses[0] += int(sent) - outcome.statuses.total()
    return outcomes


class Flood:
    """`flood` in a process of its own, which takes no time from whoever waits for it.

    Args:
        clients: above 0: `steady`, of the first of `asks`.
    """

    def __init__(
        self, port: int, asks: list[Ask], seconds: float, *, seed: int = 19, clients: int = 0
    ) -> None:
        self._found = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in `outcomes`
        order = {"port": port, "asks": [asdict(a) for a in asks], "seconds": seconds, "seed": seed}
        order["clients"] = clients
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.overload.flood", json.dumps(order)],
            cwd=ROOT,
            stdout=self._found,
        )

    @property
    def is_over(self) -> bool:
        """Whether all has been answered."""
        return self._process.poll() is not None

    def outcomes(self) -> list[Outcome]:
        """What became of each `Ask`, once all is over.

        Raises:
            RuntimeError: it could not be sent.
        """
        if self._process.wait():
            raise RuntimeError(f"A flood ended with {self._process.returncode}.")
        with self._found:
            self._found.seek(0)
            found = json.load(self._found)
        return [_outcome(one) for one in found]


def _outcome(found: dict[str, Any]) -> Outcome:
    statuses = Counter({int(status): n for status, n in found["statuses"].items()})
    return Outcome(**{**found, "statuses": statuses, "problems": Counter(found["problems"])})


def _main(order: dict[str, Any]) -> None:
    asks = [Ask(**a) for a in order["asks"]]
    port, seconds, clients = order["port"], order["seconds"], order["clients"]
    uvloop.install()
    outcomes = asyncio.run(
        steady(port, asks[0], clients, seconds) if clients else flood(port, asks, seconds, order["seed"])
    )
    json.dump([vars(o) for o in outcomes], sys.stdout)


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
