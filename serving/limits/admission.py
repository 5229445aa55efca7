"""How many requests a worker answers at once: forecasts, and all others, each counted by itself.

A worker has one interpreter: of n forecasts at work each takes about n times as long as one alone, and what waits
beyond that gains nobody anything. So there is room for a burst; once somebody has to be refused, there is only as much
room as keeps those who are let in quick. That is measured, since it depends on machine, models and question:
additive increase and multiplicative decrease of the room by the time an answer takes, beside the time it takes alone
(the idea of TCP Vegas, and of Netflix's concurrency-limits). A person's decision never waits for room among forecasts.
"""

import time
from collections.abc import Callable
from typing import Literal

from serving.errors import Problem

__all__ = ["Admission", "Kind", "Place", "overloaded"]

Kind = Literal["forecast", "other"]
_LEAST = 3
"""Forecasts at once that there is always room for: each takes at most about three times as long as alone."""
_SLOWER = 2.0
"""Times as long as alone that an answer may take on average before there is less room."""
_QUIET_SECONDS = 0.2
"""After so long without a refusal there is room for a burst again."""
_TRY_SECONDS = 8.0
"""And after so long with refusals, once: little room makes for small batches, which bear less than large ones, and a
load that could be borne would be refused for ever after one pause of the machine."""


class Place:
    """Room for one request, until it is left; to leave it twice is to leave it once."""

    __slots__ = ("_alone", "_entered", "_room", "held")

    def __init__(self, room: "_Room") -> None:
        self._room, self.held = room, False
        self.take()

    def take(self) -> bool:
        """Whether there is room, which is held from now on; again after it was left."""
        if not self.held and self._room.has_room():
            self._room.inside += 1
            self._room.entries += 1
            self.held = True
            self._alone = self._room.entries if self._room.inside == 1 else 0
            self._entered = self._room.clock()
        return self.held

    def leave(self, *, answered: bool = False) -> None:
        """Gives the room back.

        Args:
            answered: the request was worked on to its end, and the time that it took says how much room there is.
        """
        if not self.held:
            return
        self.held = False
        self._room.inside -= 1
        if answered:
            alone = self._alone == self._room.entries
            self._room.learn(self._room.clock() - self._entered, alone=alone)


class _Room:
    """The room of one kind of request.

    Attributes:
        inside: how many are in it. entries: how many have ever been.
    """

    def __init__(self, most: int, least: int, clock: Callable[[], float]) -> None:
        self.clock, self._most, self._least = clock, most, min(least, most)
        self.inside, self.entries = 0, 0
        self._limit, self._alone_seconds = float(most), 0.0
        self._refused = self._widened = float("-inf")

    def has_room(self) -> bool:
        """Whether one more may come in; where not, that is remembered."""
        now = self.clock()
        if now - self._refused > _QUIET_SECONDS or now - self._widened > _TRY_SECONDS:
            self._limit, self._widened = float(self._most), now
        if self.inside < int(self._limit):
            return True
        self._refused = now
        return False

    def learn(self, seconds: float, *, alone: bool) -> None:
        """Takes account of how long an answer took."""
        if alone:
            self._alone_seconds += (seconds - self._alone_seconds) * (0.1 if self._alone_seconds else 1.0)
        if self.clock() - self._refused > _QUIET_SECONDS:
            return  # nobody is refused: however long it takes, there is room
        if seconds > _SLOWER * self._alone_seconds:
            self._limit = max(float(self._least), self._limit * 0.95)
        else:
            self._limit = min(float(self._most), self._limit + 1.0 / self._limit)


class Admission:
    """The rooms of one worker.

    Args:
        forecasts: at once at most, as long as nobody is refused.
        others: requests of any other kind at once: pages, decisions, observations.
        clock: seconds that only grow.
    """

    def __init__(
        self, forecasts: int = 24, others: int = 64, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.clock = clock
        self._rooms: dict[Kind, _Room] = {
            "forecast": _Room(forecasts, _LEAST, clock),
            "other": _Room(others, others, clock),
        }

    def enter(self, kind: Kind) -> Place | None:
        """Room for a request; None: there is none."""
        place = Place(self._rooms[kind])
        return place if place.held else None

    def inside(self, kind: Kind) -> int:
        """How many requests of a kind have room now."""
        return self._rooms[kind].inside


def overloaded(number: int = 0) -> Problem:
    """The problem of whom there is no room for.

    Args:
        number: of the refusal; by it clients are given different seconds, so that they do not all come back at once.
    """
    return Problem(429, "overloaded", "problems.overloaded", headers={"retry-after": str(1 + number % 3)})
