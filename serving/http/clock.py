"""The service's clock: the real time, or the demo's, which runs on from the end of its data.

What is written in the journal carries the system's time in any case: when a person did something is no demo.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol

from hospital.times import instant

__all__ = ["Clock", "DemoClock", "SystemClock", "system_time"]


class Clock(Protocol):
    """Gives the service's now."""

    step: int
    """By how much the system's clock was set while this went on: microseconds, 0 where it was not."""

    @property
    def simulated(self) -> bool:
        """Whether it is another time than the real one."""

    def now(self) -> int:
        """The instant."""


def system_time() -> datetime:
    """The real time, aware."""
    return datetime.now(UTC)


class SystemClock:
    """The real time."""

    simulated = False
    step = 0

    def now(self) -> int:
        """The instant."""
        return instant(system_time())


class DemoClock:
    """Runs on from `start` since it was made, in real time until it is set to run faster (`run_at`)."""

    simulated = True
    step = 0

    def __init__(self, start: int, system: Callable[[], datetime] = system_time) -> None:
        self._system, self._lock = system, Lock()
        self._line = (start, system(), 1.0)

    @property
    def speed(self) -> float:
        """How many seconds of its time pass in one of the real time."""
        return self._line[2]

    def now(self) -> int:
        """The instant."""
        start, began, speed = self._line
        real = (self._system() - began) // timedelta(microseconds=1)
        return start + (real if speed == 1.0 else int(real * speed))

    def run_at(self, speed: float) -> None:
        """Runs on from now at another speed; it never goes back by it."""
        with self._lock:
            self._line = (self.now(), self._system(), speed)
