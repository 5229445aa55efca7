"""Applications that write all the time, over HTTP, whatever is killed meanwhile: each asks again with its key until it
is answered, and at the end the record must hold each acknowledged write once."""

import http.client
import itertools
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from hospital.ingest.pseudonyms import load_or_create_key, pseudonym
from hospital.times import HOUR, MINUTE, instant, moment
from registry.record.database import opened_database
from registry.record.journal_audit import audit
from registry.record.tables.record_tables import decisions, observations, predictions
from registry.settings import Settings
from tests.support.small_demo import SmallDemo

__all__ = ["Write", "Writers", "feed", "lost_or_doubled", "mixed", "writing_to"]

_AGAIN_SECONDS = 0.05


@dataclass
class Write:
    """One write, and whether it was acknowledged.

    Attributes:
        name: a word of its own, by which the record knows it.
        path, body: what is sent.
        count: rows that it has.
        answer: what it was acknowledged with; None: not yet.
        attempts: how often it was sent.
        refused: a status that no write of these may get; 0: none.
    """

    name: str
    path: str
    body: dict[str, Any]
    count: int = 1
    answer: dict[str, Any] | None = None
    attempts: int = 0
    refused: int = 0


@dataclass
class Writers:
    """What was written by all of them."""

    writes: list[Write] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def acknowledged(self) -> list[Write]:
        """What was answered as written."""
        return [w for w in list(self.writes) if w.answer is not None]

    @property
    def rows(self) -> int:
        """Rows that were acknowledged."""
        return sum(w.count for w in self.acknowledged)


Maker = Callable[[SmallDemo, Callable[[Write], dict[str, Any] | None]], None]
"""Makes the writes of one turn, and hands each over to be sent until it is answered; None: the end came before."""


def mixed(demo: SmallDemo, send: Callable[[Write], dict[str, Any] | None]) -> None:
    """A visit is sent, a wait is asked for, and a person decides on it."""
    name = f"w-{secrets.token_hex(8)}"
    at = moment(demo.end - 10 * MINUTE).isoformat()
    visit = {"visit_id": name, "arrived_at": at, "triaged_at": at, "triage": "3A"}
    send(Write(name, "/v1/observations", {"visits": [{**visit, "department": "ED"}]}))
    found = send(Write(name, "/v1/wait-time", {"visits": [visit]}))
    if found is not None:
        prediction = found["predictions"][0]["prediction_id"]
        body = {"prediction_id": prediction, "decision": "accept", "reason": name}
        send(Write(name, "/v1/decisions", body))


_MINUTES = itertools.count()


def feed(units: int, rows: int) -> Maker:
    """Each turn a census row of some of so many units, of another minute: so many rows in one request."""

    def turn(demo: SmallDemo, send: Callable[[Write], dict[str, Any] | None]) -> None:
        number = next(_MINUTES)
        at = moment(demo.end - 20 * HOUR + number * 1_000_000).isoformat()
        names = [f"FEED-{(number * rows + i) % units:03d}" for i in range(rows)]
        census = [{"unit": unit, "at": at, "occupied": number % 40} for unit in names]
        send(Write(at, "/v1/observations", {"census": census}, count=rows))

    return turn


@contextmanager
def writing_to(demo: SmallDemo, port: int, makers: Sequence[Maker], pause: float = 0.0) -> Iterator[Writers]:
    """Writers at work, one a maker, until the block is left: what is on its way then is answered first."""
    writers = Writers()
    threads = [threading.Thread(target=_write, args=(writers, demo, port, maker, pause)) for maker in makers]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        writers.done.set()
        for thread in threads:
            thread.join()


def _write(writers: Writers, demo: SmallDemo, port: int, maker: Maker, pause: float) -> None:
    sender = _Sender(writers, demo.token, port)
    while not writers.done.wait(pause):
        maker(demo, sender.send)
    sender.close()


class _Sender:
    """One connection, made again whenever it breaks."""

    def __init__(self, writers: Writers, token: str, port: int) -> None:
        self._writers, self._token, self._port = writers, token, port
        self._connection: http.client.HTTPConnection | None = None
        self._give_up = 0.0

    def send(self, write: Write) -> dict[str, Any] | None:
        """Sends it with one key until it is answered; 503 and silence are asked again, as the answer advises."""
        self._writers.writes.append(write)
        key = secrets.token_hex(12)
        while write.answer is None and not write.refused:
            write.attempts += 1
            status, found = self._once(write, key)
            if status in (200, 201):
                write.answer = found
            elif status not in (0, 429, 503):
                write.refused = status
            elif self._over():
                return None
            else:
                time.sleep(_AGAIN_SECONDS)
        return write.answer

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _over(self) -> bool:
        """Whether the end came long ago: a service that never answers must not be asked for ever."""
        if self._writers.done.is_set():
            self._give_up = self._give_up or time.monotonic() + 60
        return bool(self._give_up) and time.monotonic() > self._give_up

    def _once(self, write: Write, key: str) -> tuple[int, dict[str, Any]]:
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
            body = json.dumps(write.body)
            self._connection.request("POST", write.path, body, {**headers, "idempotency-key": key})
            response = self._connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            with suppress(OSError):
                self.close()
            return 0, {}


def lost_or_doubled(settings: Settings, writers: Writers) -> list[str]:
    """What the record does not hold exactly once of what was acknowledged, and what is wrong with its journal."""
    key = load_or_create_key(settings.pseudonym_key)
    with opened_database(settings.database) as engine, engine.connect() as connection:
        faults = [f"journal, entry {f.seq}: {f.message}" for f in audit(connection).faults]
        o = observations.c
        rows = connection.execute(select(o.kind, o.row)).all()
        visits = Counter(json.loads(row)["visit_id"] for kind, row in rows if kind == "visits")
        census = Counter(json.loads(row)["at"] for kind, row in rows if kind == "census")
        made = dict(connection.execute(select(predictions.c.prediction_id, predictions.c.response)).all())
        of_visit = Counter(json.loads(response)["prediction"].get("visit_id") for response in made.values())
        decided = connection.execute(select(decisions.c.decision_id, decisions.c.reason)).all()
    by_reason, ids = Counter(reason for _, reason in decided), {i for i, _ in decided}
    for w in writers.writes:
        if w.answer is None:
            faults.append(
                f"{w.path} of {w.name} was never answered (status {w.refused}, {w.attempts} attempts)"
            )
            continue
        name = pseudonym(key, w.name)
        if w.path == "/v1/wait-time":
            known, count = w.answer["predictions"][0]["prediction_id"] in made, of_visit[name]
        elif w.path == "/v1/decisions":
            known, count = w.answer["decision_id"] in ids, by_reason[w.name]
        elif "census" in w.body:
            known, count = True, census[_instant(w.name)] // w.count
        else:
            known, count = True, visits[name]
        if not known or count != 1:
            faults.append(
                f"{w.path} of {w.name}: {count} in the record, its id {'known' if known else 'unknown'}"
            )
    return faults


def _instant(at: str) -> int:
    return instant(datetime.fromisoformat(at))
