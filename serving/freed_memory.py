"""Memory that answers took and gave up goes back to the system: else a worker would hold its busiest hour for good.

The C library keeps what was freed between two pieces that are in use. It is looked through once a minute, without the
interpreter's lock; a lower bound of what it keeps would have every answer ask the system for its pages anew.
"""

import ctypes
import time
from collections.abc import Callable
from datetime import datetime

__all__ = ["FreedMemory"]

_EVERY_SECONDS = 60.0


class FreedMemory:
    """Gives it back once a minute; where the C library is another than glibc there is nothing to call.

    Args:
        give_back: the call. None: that of the C library.
        seconds: of a clock that nobody sets.
    """

    def __init__(
        self,
        give_back: Callable[[], object] | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._give_back = give_back or _of_the_library()
        self._seconds = seconds
        self._due = seconds() + _EVERY_SECONDS

    def look(self, _: datetime) -> None:
        """Gives it back where a minute has gone by."""
        if self._seconds() >= self._due:
            self._due = self._seconds() + _EVERY_SECONDS
            self._give_back()


def _of_the_library() -> Callable[[], object]:
    library = ctypes.CDLL(None)
    if not hasattr(library, "malloc_trim"):
        return lambda: None
    trim = library.malloc_trim
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
    return lambda: trim(0)
