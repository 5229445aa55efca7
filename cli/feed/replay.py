"""Sends a source's rows when their time has come by the service's own clock, and goes on where it was stopped."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from cli.feed.feed_source import FeedSource
from cli.feed.feed_state import FeedState, load_state, save_state, state_file
from cli.feed.service_client import ServiceClient, ServiceClock, UnreachableError
from cli.feed.timeline import News, Timeline, begin_of
from hospital.errors import VigieError
from hospital.times import HOUR
from hospital.words.catalogue import text
from hospital.words.language import Language

__all__ = ["Replay", "ReplayBegin", "ReplayEnd", "Waiting"]

_MOST_ROWS = 2_000
_LONGEST_NAP = 1.0
_HEARD_AGAIN = 10.0  # seconds after which the service's clock is asked for again
_SHORTEST_NAP = 0.02
_SECOND = 1_000_000


@dataclass(frozen=True)
class Waiting:
    """How a replay waits; tests hand in a clock of their own.

    Attributes:
        patience: seconds that a service which does not answer is waited for.
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    patience: float = 300.0


@dataclass(frozen=True)
class ReplayBegin:
    """What is about to be sent.

    Attributes:
        url: of the service.
        rows: to come, without those of the beginning.
        speed: of the service's clock.
        resumed: whether it goes on with an earlier run.
    """

    url: str
    rows: int
    speed: float
    resumed: bool


@dataclass(frozen=True)
class ReplayEnd:
    """What was sent by this run.

    Attributes:
        rows: of it all, those of the beginning too.
        latest: the longest that a row was sent after its time, in seconds of the service's clock.
    """

    rows: int
    latest: float


class Replay:
    """One source into one service.

    Args:
        home: where its progress is noted.
        speed: None: the service's own.
        hours: of the source's time after which it ends; None: with the source.
        again: begins anew, whatever is noted.
    """

    def __init__(
        self,
        client: ServiceClient,
        source: FeedSource,
        home: Path,
        *,
        speed: float | None = None,
        hours: float | None = None,
        again: bool = False,
        language: Language = "fr",
        waiting: Waiting | None = None,
    ) -> None:
        self._client, self._source, self._language = client, source, language
        self._speed, self._hours, self._waiting = speed, hours, waiting or Waiting()
        self._file = state_file(home, client.url, source.digest)
        self._state = FeedState(0, 0)
        self._again = again
        self._clock, self._heard = ServiceClock(0, simulated=True, speed=1.0), 0.0
        self._rows, self._latest = 0, 0.0

    def run(self, begun: Callable[[ReplayBegin], None], progress: Callable[[int, float], None]) -> ReplayEnd:
        """Sends all of it; the service's clock runs in real time again at the end, however it ends.

        Args:
            begun: gets what is about to be sent.
            progress: gets the source's instant, and the share that is sent.

        Raises:
            VigieError: the service refuses, is not reached in time, or runs by the real time.
        """
        self._listen()
        resumed = self._begin()
        timeline = Timeline(self._source, self._state.begin, self._state.shift)
        until = self._until()
        try:
            self._set_speed()
            rows = timeline.size(until) - self._state.after
            begun(ReplayBegin(self._client.url, rows, self._clock.speed, resumed))
            self._note(self._state)  # before anything is sent: stopped now, it goes on with the same times
            self._send_before(timeline)
            self._send_after(timeline, until, progress)
        finally:
            self._put_back()
        return ReplayEnd(self._rows, self._latest)

    def _listen(self) -> None:
        clock = self._client.clock()
        if not clock.simulated:
            raise VigieError(text("feed.real_clock", self._language))
        self._hear(clock)

    def _begin(self) -> bool:
        """Takes up what is noted, or begins; whether it was noted."""
        noted = None if self._again else load_state(self._file)
        if noted is not None:
            if self._clock.now < noted.now:
                raise VigieError(text("feed.earlier_clock", self._language))
            self._state = noted
            return True
        begin = begin_of(self._source, self._clock.now)
        self._state = FeedState(begin, self._clock.now - begin)
        return False

    def _until(self) -> int:
        if self._hours is None:
            return self._source.last
        return min(self._source.last, self._state.begin + int(self._hours * HOUR))

    def _set_speed(self) -> None:
        if self._speed is not None:
            self._hear(self._client.run_at(self._speed))

    def _put_back(self) -> None:
        if self._speed is None:
            return
        try:
            self._client.run_at(1.0)
        except VigieError:  # it is gone: started again, it runs in real time
            return

    def _send_before(self, timeline: Timeline) -> None:
        for batch in _batches(islice(timeline.before(), self._state.before, None)):
            self._send(batch)
            self._note(replace(self._state, before=self._state.before + len(batch)))

    def _send_after(self, timeline: Timeline, until: int, progress: Callable[[int, float], None]) -> None:
        rows = islice(timeline.after(), self._state.after, None)
        whole = max(until - self._state.begin, 1)
        waiting = next(rows, None)
        while waiting is not None and waiting.at <= until:
            at = self._now() - self._state.shift
            if waiting.at > at:
                progress(at, min((at - self._state.begin) / whole, 1.0))
                self._nap((waiting.at - at) / _SECOND / self._clock.speed)
                continue
            due, waiting = _due(waiting, rows, min(at, until))
            self._send(due)
            self._latest = max(self._latest, (at - due[0].at) / _SECOND)
            self._note(replace(self._state, after=self._state.after + len(due)))

    def _send(self, batch: list[News]) -> None:
        body: dict[str, list[dict[str, Any]]] = {}
        for news in batch:
            body.setdefault(news.table, []).append(news.row)
        self._patiently(lambda: self._client.observe(body))
        self._rows += len(batch)
        if self._waiting.monotonic() - self._heard > _HEARD_AGAIN:
            self._patiently(lambda: self._hear(self._client.clock()))

    def _patiently(self, ask: Callable[[], None]) -> None:
        """Asks until the service answers: what it stored before it was stopped, it knows again.

        A service that was started again runs in real time, from the last that it received: its clock is heard and set
        first.
        """
        began = self._waiting.monotonic()
        lost = False
        while True:
            try:
                if lost:
                    self._hear(self._client.clock())
                    self._set_speed()
                    self._catch_up()
                ask()
                return
            except UnreachableError:
                if self._waiting.monotonic() - began > self._waiting.patience:
                    raise
                lost = True
                self._waiting.sleep(_LONGEST_NAP)

    def _catch_up(self) -> None:
        """Waits until a clock that went back is where it was: news would lie ahead of it.

        Of one that went back by long, another service's, the next answer will say that the news lie ahead.
        """
        behind = self._state.now - self._clock.now
        if 0 < behind < _LONGEST_NAP * _SECOND * self._clock.speed * self._waiting.patience:
            self._waiting.sleep(behind / _SECOND / self._clock.speed)
            self._hear(self._client.clock())

    def _note(self, state: FeedState) -> None:
        self._state = replace(state, now=self._now())
        save_state(self._file, self._state)

    def _hear(self, clock: ServiceClock) -> None:
        self._clock, self._heard = clock, self._waiting.monotonic()

    def _now(self) -> int:
        """The service's instant, as it was last heard and has run on since."""
        passed = (self._waiting.monotonic() - self._heard) * self._clock.speed
        return self._clock.now + int(passed * _SECOND)

    def _nap(self, seconds: float) -> None:
        self._waiting.sleep(min(max(seconds, _SHORTEST_NAP), _LONGEST_NAP))


def _due(first: News, rows: Iterator[News], at: int) -> tuple[list[News], News | None]:
    """What is sent in one request: what has come, each row once; and what comes after it."""
    batch, keys = [first], {(first.table, first.key)}
    for news in rows:
        if news.at > at or (news.table, news.key) in keys or len(batch) >= _MOST_ROWS:
            return batch, news
        batch.append(news)
        keys.add((news.table, news.key))
    return batch, None


def _batches(rows: Iterator[News]) -> Iterator[list[News]]:
    while batch := list(islice(rows, _MOST_ROWS)):
        yield batch
