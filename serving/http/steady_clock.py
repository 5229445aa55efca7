"""The system's clock, held against one that nobody sets: a step of it is noticed, and does not get into the record.

The rule. While the system's time departs from the time that has gone by since it was last right, the service goes on by
the latter, and says so. A step that lasts for `ADOPTED_AFTER` was a correction: the system's time is then taken over.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime

from hospital.times import MINUTE, instant
from serving.http.clock import Clock, system_time

__all__ = ["ADOPTED_AFTER", "TOLERANCE", "SteadyClock"]

TOLERANCE = MINUTE
"""Microseconds: what a time service sets by, without a step being meant."""
ADOPTED_AFTER = 600.0
"""Seconds."""


def _gone_by() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock(Clock):
    """The real time, without its steps."""

    simulated = False

    def __init__(
        self, system: Callable[[], datetime] = system_time, gone_by: Callable[[], float] = _gone_by
    ) -> None:
        self._system, self._gone_by = system, gone_by
        self._lock = threading.Lock()
        self._base, self._at = instant(system()), gone_by()
        self._since: float | None = None
        self.step = 0

    def now(self) -> int:
        """The instant; notices whether the system's clock was set."""
        with self._lock:
            wall, at = instant(self._system()), self._gone_by()
            steady = self._base + round((at - self._at) * 1e6)
            if abs(wall - steady) <= TOLERANCE:
                return self._right(wall, at)
            self._since = at if self._since is None else self._since
            if at - self._since >= ADOPTED_AFTER:
                return self._right(wall, at)
            self.step = wall - steady
            return steady

    def _right(self, wall: int, at: float) -> int:
        self._base, self._at, self._since, self.step = wall, at, None, 0
        return wall
