"""What the service does beside answering: a thread that looks after the record, whatever is asked meanwhile."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Engine

from registry.record.database import writing
from registry.record.request_keys import LIFETIME, forget_old
from serving.http.authentication import forget_spent
from serving.http.clock import system_time
from serving.http.steady_clock import TOLERANCE

__all__ = ["HourlyForgetting", "Upkeep"]

_HOUR = 3_600.0
_EVERY_SECONDS = 0.5
_LOG = logging.getLogger("vigie.errors")


class HourlyForgetting:
    """Takes away, once an hour, keys of requests and spent tickets that are kept no longer.

    By the system's clock alone they would all be too old while it is ahead, and what was written, used or ended could
    be written, used or opened again. So nothing is taken away in the first hour, and for a day after the clock was set:
    whatever was written before is a day old by then.

    Args:
        seconds: of a clock that nobody sets.
    """

    def __init__(self, engine: Engine, seconds: Callable[[], float] = time.monotonic) -> None:
        self._engine, self._seconds = engine, seconds
        self._due = seconds() + _HOUR
        self._seen: tuple[datetime, float] | None = None

    def look(self, now: datetime) -> None:
        """Takes them away where an hour has gone by; called often, it notices when the clock was set."""
        seconds = self._seconds()
        if self._seen is not None:
            by_clock, gone_by = (now - self._seen[0]).total_seconds(), seconds - self._seen[1]
            if abs(by_clock - gone_by) > TOLERANCE / 1e6:
                self._due = seconds + LIFETIME.total_seconds()
        self._seen = (now, seconds)
        if seconds < self._due:
            return
        self._due = seconds + _HOUR
        with writing(self._engine) as connection:
            forget_old(connection, now)
            forget_spent(connection, now)


class Upkeep:
    """Does its tasks again and again until it is stopped; one that fails is logged once, and tried again.

    Args:
        tasks: by name, called with the system's time.
        last: tasks that are done once more when the service ends.
    """

    def __init__(
        self,
        tasks: Mapping[str, Callable[[datetime], None]],
        last: Mapping[str, Callable[[datetime], None]],
        every: float = _EVERY_SECONDS,
    ) -> None:
        self._tasks, self._last, self._every = tasks, last, every
        self._failing: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vigie-upkeep", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, after what is being done at the moment, and what is to be done last."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._each(self._last)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._each(self._tasks)
            self._ended.wait(self._every)

    def _each(self, tasks: Mapping[str, Callable[[datetime], None]]) -> None:
        for name, task in tasks.items():
            try:
                task(system_time())
            except Exception as error:  # the next look may succeed; its words may hold values
                if name not in self._failing:
                    _LOG.error("%s failed: %s", name, type(error).__name__)
                self._failing.add(name)
            else:
                self._failing.discard(name)
