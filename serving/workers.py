"""Threads for the work of requests, so that the event loop stays free; a full queue is refused at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from serving.errors import Problem

__all__ = ["Workers"]

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """A few threads and a short queue."""

    def __init__(self, threads: int = 4, queue: int = 64, seconds: float = 15.0) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="vigie")
        self._limit, self._seconds, self._pending = threads + queue, seconds, 0

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What `work` returns, computed in a thread.

        Raises:
            Problem: 429, the queue is full; 503, it took too long (what it writes may still be written).
        """
        if self._pending >= self._limit:
            raise Problem(
                429,
                "overloaded",
                "Too much is being computed: try again shortly.",
                headers={"retry-after": "1"},
            )
        self._pending += 1
        context = copy_context()
        future = self._pool.submit(lambda: context.run(work, *args, **kwargs))
        future.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise Problem(
                503,
                "took_too_long",
                "The answer took too long: ask for less at a time.",
                headers={"retry-after": "5"},
            ) from None

    def _done(self, _: object) -> None:
        self._pending -= 1

    def close(self) -> None:
        """Ends the threads when they have finished."""
        self._pool.shutdown(wait=True, cancel_futures=True)
