"""Threads for the work of requests, so that the event loop stays free; a full queue is refused at once."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import accumulate
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from serving.errors import Problem
from serving.http.write_outcome import CURRENT, OutcomeUnknownError, WriteTicket, took_too_long

__all__ = ["MOST_BYTES_TOGETHER", "MOST_TOGETHER", "Workers", "Written"]

P = ParamSpec("P")
R = TypeVar("R")
Item = TypeVar("Item")
MOST_TOGETHER = 32
MOST_BYTES_TOGETHER = 65_536
"""Of the bodies of calls that are answered together: some 240 visits. More are no cheaper each, and leave more memory
behind (512 visits 13 MB, where 256 leave 6), and each waits for all."""


class Written(Exception):  # noqa: N818 - it says what may have happened, beside its cause
    """Work of several failed while it was being written, and may have been: nothing of it is to be tried again."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


_Asked = tuple[Any, "asyncio.Future[Any]", WriteTicket, int]


class Workers:
    """A few threads and a short queue."""

    def __init__(self, threads: int = 4, queue: int = 64, seconds: float = 15.0) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="vigie")
        self._limit, self._seconds, self._pending = threads + queue, seconds, 0
        self._waiting: dict[tuple[asyncio.AbstractEventLoop, Any], list[_Asked]] = {}

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What `work` returns, computed in a thread.

        Raises:
            Problem: 429, the queue is full; 503, it took too long: it says whether something may have been written.
            OutcomeUnknownError: the database failed while it was committing.
        """
        self._admit()
        context, ticket = copy_context(), WriteTicket()
        context.run(CURRENT.set, ticket)

        def ticketed() -> R:
            try:
                return context.run(work, *args, **kwargs)
            except DBAPIError as error:
                if ticket.entered:
                    raise OutcomeUnknownError from error
                raise

        future = self._pool.submit(ticketed)
        future.add_done_callback(self._done)
        return await self._within_time(asyncio.wrap_future(future), ticket)

    async def run_together(
        self, work: Callable[[Sequence[Item]], Sequence[R | Exception]], item: Item, size: int = 0
    ) -> R:
        """`work` of several items that wait at the same moment; nobody waits for others to come.

        While `work` runs, those that come gather, and go together when it has ended: what a piece of work costs
        whatever its size (a commit above all) is then paid once for all of them.

        Args:
            work: gives one result an item, or the exception that is raised for it. Where it fails as a whole, having
            changed nothing, each of its items is tried alone.
            size: bytes of the item: together they are at most `MOST_BYTES_TOGETHER`, or it goes alone.

        Raises:
            Problem: as `run`; and what `work` says of the item.
        """
        self._admit()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        future.add_done_callback(self._done)
        waiting, ticket = self._waiting.get((loop, work)), WriteTicket()
        if waiting is None:
            self._start(loop, work, [(item, future, ticket, size)], [])
        else:
            waiting.append((item, future, ticket, size))
        return await self._within_time(future, ticket)

    def _start(
        self, loop: asyncio.AbstractEventLoop, work: Any, batch: list[_Asked], waiting: list[_Asked]
    ) -> None:
        items = [item for item, *_ in batch]
        for _, _, ticket, _ in batch:  # written together: a batch is not stopped for one that waits no longer
            ticket.enter()

        def computed() -> None:
            results = _each(work, items)
            loop.call_soon_threadsafe(self._finish, loop, work, batch, results)

        try:
            self._pool.submit(computed)
        except RuntimeError as error:  # the service is stopping
            for _, future, *_ in (*batch, *waiting):
                if not future.done():
                    future.set_exception(error)
        else:
            self._waiting[loop, work] = waiting

    def _finish(
        self, loop: asyncio.AbstractEventLoop, work: Any, batch: list[_Asked], results: Sequence[Any]
    ) -> None:
        for (_, future, *_), result in zip(batch, results, strict=True):
            if future.done():  # whoever asked has left, or waited too long
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
        waiting = [asked for asked in self._waiting.pop((loop, work)) if not asked[1].done()]
        if waiting:
            number = _together([size for *_, size in waiting[:MOST_TOGETHER]])
            self._start(loop, work, waiting[:number], waiting[number:])

    def _admit(self) -> None:
        if self._pending >= self._limit:
            raise Problem(
                429,
                "overloaded",
                "problems.overloaded",
                headers={"retry-after": "1"},
            )
        self._pending += 1

    async def _within_time(self, future: "asyncio.Future[R]", ticket: WriteTicket) -> R:
        try:
            async with asyncio.timeout(self._seconds):
                return await future
        except TimeoutError:
            raise took_too_long(written_never=ticket.withdraw()) from None

    def _done(self, _: object) -> None:
        self._pending -= 1

    def close(self) -> None:
        """Ends the threads when they have finished."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _together(sizes: Sequence[int]) -> int:
    """How many of those who wait go together, the first in any case."""
    return max(sum(total <= MOST_BYTES_TOGETHER for total in accumulate(sizes)), 1)


def _each(
    work: Callable[[Sequence[Item]], Sequence[R | Exception]], items: Sequence[Item]
) -> list[R | Exception]:
    """What `work` gives for each item; of all alone where it failed for them together, having changed nothing."""
    try:
        found = list(work(items))
    except Written as error:
        return [error.cause] * len(items)
    except Exception as error:
        if len(items) == 1:
            return [error]
        return [result for item in items for result in _each(work, [item])]
    if len(found) != len(items):
        return [RuntimeError(f"{len(found)} answers to {len(items)} questions")] * len(items)
    return found
