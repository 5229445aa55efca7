"""Applications that ask a service for a wait again and again, each over one connection, and note what they got."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hospital.times import MINUTE, moment
from tests.support.live_service import LiveService
from tests.support.small_demo import SmallDemo
from tests.support.waiting import wait_for

__all__ = ["Answer", "Callers", "calling"]


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        asked, came: seconds (`time.monotonic`) at which it was asked for, and was there.
        caller: the number of the connection, which one worker holds all the time.
        status: of HTTP; 0: there was none.
        version: of the model. source: ``model``, or ``baseline``, of which no feature is shown.
        warnings: of the forecast.
    """

    asked: float
    came: float
    caller: int
    status: int
    version: str = ""
    source: str = ""
    warnings: tuple[str, ...] = ()


@dataclass
class Callers:
    """Applications at work, and what they were answered."""

    workers: dict[int, int] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def since(self, at: float) -> list[Answer]:
        """What was asked for after a moment."""
        return [a for a in list(self.answers) if a.asked >= at]

    def wait_for_each(self, since: float, what: str, **fields: object) -> float:
        """Waits until every worker has answered so, asked after a moment; when the last of them did.

        Args:
            fields: of `Answer`, with the value that is waited for.
        """
        whole = set(self.workers.values())

        def all_did() -> float:
            first: dict[int, float] = {}
            for a in self.since(since):
                if all(getattr(a, name) == value for name, value in fields.items()):
                    first.setdefault(self.workers[a.caller], a.came)
            return max(first.values()) if set(first) == whole else 0.0

        return wait_for(all_did, what, 30)


@contextmanager
def calling(service: LiveService, demo: SmallDemo, *, workers: int, each: int = 2) -> Iterator[Callers]:
    """Callers of every worker, at least so many of each, until the block is left; their connections stay open."""
    callers, done = Callers(), threading.Event()
    connections: list[http.client.HTTPConnection] = []

    def connected() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        connection.request("GET", "/livez")
        connection.getresponse().read()
        worker = service.worker_of_port(connection.sock.getsockname()[1])
        held = list(callers.workers.values())
        if worker is None or held.count(worker) >= each:
            connection.close()
        else:
            callers.workers[len(connections)] = worker
            connections.append(connection)
        return len(connections) == workers * each

    wait_for(connected, f"{workers} workers that answer")
    threads = [
        threading.Thread(target=_ask, args=(callers, number, connection, demo, done))
        for number, connection in enumerate(connections)
    ]
    for thread in threads:
        thread.start()
    try:
        yield callers
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _ask(
    callers: Callers,
    number: int,
    connection: http.client.HTTPConnection,
    demo: SmallDemo,
    done: threading.Event,
) -> None:
    at = moment(demo.end - 2 * MINUTE).isoformat()
    visit = {"visit_id": f"caller-{number}", "arrived_at": at, "triaged_at": at, "triage": "3A"}
    visit["department"] = "ED"  # the scope is of units' groups
    body = json.dumps({"visits": [visit]})
    headers = {"authorization": f"Bearer {demo.token}", "content-type": "application/json"}
    while not done.wait(0.02):
        asked = time.monotonic()
        try:
            connection.request("POST", "/v1/wait-time", body, headers)
            response = connection.getresponse()
            status, found = response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            callers.answers.append(Answer(asked, time.monotonic(), number, 0))
            return
        version = found.get("model", {}).get("version", "")
        answer = Answer(asked, time.monotonic(), number, status, version, *_source(found))
        callers.answers.append(answer)


def _source(found: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What a forecast is made by, and its warnings; "" where there is none."""
    made = found.get("predictions")
    if not made:
        return "", ()
    source = "model" if made[0]["explanation"]["contributions"] else "baseline"
    return source, tuple(made[0]["trust"]["warnings"])
