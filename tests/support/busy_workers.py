"""Workers of whom all are busy and whose queue is full: what is asked of them then is refused."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from serving.errors import Problem
from serving.http.workers import Workers

__all__ = ["all_busy"]


@contextmanager
def all_busy(workers: Workers) -> Iterator[None]:
    """Until the end, each place of these workers has work that waits."""
    full, end = threading.Event(), threading.Event()

    async def occupy() -> None:
        waiting: list[asyncio.Task[bool]] = []
        while not any(task.done() for task in waiting):  # the first that is refused has found no place
            waiting.append(asyncio.create_task(workers.run(end.wait)))
            await asyncio.sleep(0)
        full.set()
        *kept, refused = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(refused, Problem), refused
        assert kept == [True] * len(kept)

    def occupied() -> None:
        try:
            asyncio.run(occupy())
        except BaseException as error:
            failed.append(error)

    failed: list[BaseException] = []
    thread = threading.Thread(target=occupied, daemon=True)
    thread.start()
    try:
        assert full.wait(20)
        yield
    finally:
        end.set()
        thread.join()
    assert failed == []
