"""Databases that commit nothing, as where their disk is full."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

__all__ = ["refused_commits"]


@contextmanager
def refused_commits(when: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Until the end, each commit fails with the error of a full disk, in any database, once `when` says so."""

    def full(_: object) -> None:
        if when():
            raise OSError(28, "No space left on device")

    event.listen(Engine, "commit", full)
    try:
        yield
    finally:
        event.remove(Engine, "commit", full)
