"""Waiting for an event (a file, a row, a process, a line of output) in place of a sleep of some length."""

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["wait_for"]

Value = TypeVar("Value")
_LOOK_SECONDS = 0.01


def wait_for(event: Callable[[], Value], what: str, seconds: float = 60.0) -> Value:
    """The first true value of `event`, which is asked again and again.

    Args:
        event: what an exception of it says fails the test at once. what: completes "there is no …".

    Raises:
        AssertionError: there is none after so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not (value := event()):
        if time.monotonic() > deadline:
            raise AssertionError(f"After {seconds:g} s there is no {what}.")
        time.sleep(_LOOK_SECONDS)
    return value
