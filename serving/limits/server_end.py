"""Whether the server of this process has begun to end: what lasts looks here, and ends as well.

Uvicorn waits for open answers before it ends, and tells nobody but the connections.
"""

from threading import Event

__all__ = ["begin_to_end", "is_ending"]

_ENDING = Event()


def begin_to_end() -> None:
    """The server takes no more requests."""
    _ENDING.set()


def is_ending() -> bool:
    """Whether it has begun to end."""
    return _ENDING.is_set()
