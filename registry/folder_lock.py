"""One at a time in a folder of sealed files: two commands begun together would undo each other's work."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PENDING", "one_at_a_time"]

PENDING = ".erased"
"""What a file without a person is called until it takes its place."""


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Two trainings or erasures begun together would each take away what the other has just put in place."""
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
