"""Whether what a request writes was written when its answer has to be given: it is known, or said to be unknown."""

import threading
from contextvars import ContextVar

from serving.errors import Problem

__all__ = [
    "CURRENT",
    "REPEATED",
    "OutcomeUnknownError",
    "WriteTicket",
    "about_to_commit",
    "took_too_long",
]

REPEATED = {"idempotency-replayed": "true"}
"""The header of an answer that was given before."""


class WriteTicket:
    """One request's right to write: taken by the work that commits, or withdrawn by who no longer waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entered = self.withdrawn = False

    def enter(self) -> bool:
        """Whether the work may commit."""
        with self._lock:
            self.entered = self.entered or not self.withdrawn
            return not self.withdrawn

    def withdraw(self) -> bool:
        """Whether nothing was written, nor will be."""
        with self._lock:
            self.withdrawn = self.withdrawn or not self.entered
            return self.withdrawn


CURRENT: ContextVar[WriteTicket | None] = ContextVar("vigie_write_ticket", default=None)


class OutcomeUnknownError(Exception):
    """A write failed while it was being committed; the cause is what it failed with."""


def about_to_commit() -> None:
    """To be called in a transaction as the last thing before its commit.

    Raises:
        Problem: whoever asked was answered that nothing was written.
    """
    ticket = CURRENT.get()
    if ticket is not None and not ticket.enter():
        raise took_too_long(written_never=True)


def took_too_long(*, written_never: bool) -> Problem:
    """503: the answer took too long."""
    code = "took_too_long" if written_never else "outcome_unknown"
    return Problem(503, code, f"problems.{code}", headers={"retry-after": "5"})
