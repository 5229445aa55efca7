"""The threads behind the gate: a full queue, work that takes too long, work of several who wait at once."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from serving.errors import Problem
from serving.http.workers import MOST_BYTES_TOGETHER, MOST_TOGETHER, Workers, Written


def test_a_full_queue_is_refused_at_once() -> None:
    """429 with when to come again, and room again when the work is done."""

    async def scene() -> tuple[str, str]:
        workers, gate = Workers(threads=1, queue=1, seconds=5.0), threading.Event()
        first, second = (asyncio.create_task(workers.run(gate.wait, 5)) for _ in range(2))
        await asyncio.sleep(0)  # every task has asked
        with pytest.raises(Problem) as full:
            await workers.run(lambda: None)
        gate.set()
        await asyncio.gather(first, second)
        await workers.run(lambda: None)
        workers.close()
        return full.value.code, full.value.headers["retry-after"]

    assert asyncio.run(scene()) == ("overloaded", "1")


def test_work_that_takes_too_long_is_a_problem() -> None:
    """503 after the limit; the thread is free again when it has finished."""

    async def scene() -> str:
        workers, gate = Workers(threads=1, queue=1, seconds=0.05), threading.Event()
        with pytest.raises(Problem) as late:
            await workers.run(gate.wait, 5)
        gate.set()
        workers.close()
        return late.value.code

    assert asyncio.run(scene()) == "took_too_long"


class _Work:
    """Doubles numbers, and keeps with whom each was asked; the first batch waits until `gate` is set."""

    def __init__(self) -> None:
        self.gate, self.batches = threading.Event(), list[list[int]]()

    def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(items))
        self.gate.wait(5)
        if len(items) > 1 and 13 in items:
            raise RuntimeError("together it fails")
        return [ValueError(str(i)) if i < 0 else 2 * i for i in items]


def test_who_waits_at_the_same_moment_is_answered_together() -> None:
    """The first goes alone and at once; those that came meanwhile go as one, each with its own answer or error."""

    async def scene() -> tuple[list[object], list[list[int]]]:
        workers, work = Workers(threads=1, queue=80), _Work()
        tasks = [asyncio.create_task(workers.run_together(work, i)) for i in (1, 2, -3, 4)]
        await asyncio.sleep(0)  # every task has asked
        work.gate.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        found.append(await workers.run_together(work, 5))
        workers.close()
        return found, work.batches

    found, batches = asyncio.run(scene())
    assert batches == [[1], [2, -3, 4], [5]]
    assert [str(f) for f in found] == ["2", "4", "-3", "8", "10"]
    assert isinstance(found[2], ValueError)


def test_what_fails_together_is_tried_alone() -> None:
    """One item that breaks the whole takes nobody else's answer with it."""

    async def scene() -> tuple[list[object], list[list[int]]]:
        workers, work = Workers(threads=1, queue=80), _Work()
        tasks = [asyncio.create_task(workers.run_together(work, i)) for i in (1, 12, 13, 14)]
        await asyncio.sleep(0)  # every task has asked
        work.gate.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        workers.close()
        return found, work.batches

    found, batches = asyncio.run(scene())
    assert batches == [[1], [12, 13, 14], [12], [13], [14]]
    assert found == [2, 24, 26, 28]


def test_a_batch_has_an_end_and_who_left_is_not_computed() -> None:
    """At most so many at a time; a caller that has gone is passed over; too many are refused."""

    async def scene() -> tuple[list[int], list[int], str]:
        workers, work = Workers(threads=1, queue=MOST_TOGETHER + 5), _Work()
        tasks = [asyncio.create_task(workers.run_together(work, 100 + i)) for i in range(MOST_TOGETHER + 6)]
        await asyncio.sleep(0)  # every task has asked
        with pytest.raises(Problem) as full:
            await workers.run_together(work, 99)
        tasks[5].cancel()
        work.gate.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        workers.close()
        return [len(b) for b in work.batches], [f for f in found if isinstance(f, int)], full.value.code

    sizes, found, code = asyncio.run(scene())
    assert sizes == [1, MOST_TOGETHER, 4]
    assert found == [2 * (100 + i) for i in range(MOST_TOGETHER + 6) if i != 5]
    assert code == "overloaded"


def test_a_batch_has_no_more_bytes_than_are_cheaper_together() -> None:
    """In the order in which they came; one that is larger by itself goes alone."""

    async def scene() -> list[list[int]]:
        workers, work = Workers(threads=1, queue=80), _Work()
        half = MOST_BYTES_TOGETHER // 2
        sizes = {1: 0, 2: half, 3: half, 4: 1, 5: 3 * half, 6: half, 7: half + 1, 8: 0}
        tasks = [asyncio.create_task(workers.run_together(work, i, n)) for i, n in sizes.items()]
        await asyncio.sleep(0)  # every task has asked
        work.gate.set()
        assert await asyncio.gather(*tasks) == [2 * i for i in sizes]
        workers.close()
        return work.batches

    assert asyncio.run(scene()) == [[1], [2, 3], [4], [5], [6], [7, 8]]


def test_who_waits_too_long_is_refused_and_the_next_is_answered() -> None:
    """The limit counts the time in the queue too."""

    async def scene() -> tuple[str, int]:
        workers, work = Workers(threads=1, queue=5, seconds=0.1), _Work()
        with pytest.raises(Problem) as late:
            await workers.run_together(work, 1)
        work.gate.set()
        found = await workers.run_together(work, 2)
        workers.close()
        return late.value.code, found

    assert asyncio.run(scene()) == ("outcome_unknown", 4)


def test_what_may_have_been_written_is_not_tried_again() -> None:
    """A commit that failed may have been made: each is given the error, and nothing is recorded twice."""

    async def scene() -> tuple[list[object], int]:
        workers, calls, gate = Workers(threads=1, queue=80), [0], threading.Event()

        def work(items: Sequence[int]) -> list[int | Exception]:
            calls[0] += 1
            gate.wait(5)
            if len(items) > 1:
                raise Written(OSError("the connection was lost"))
            return list(items)

        tasks = [asyncio.create_task(workers.run_together(work, i)) for i in (1, 2, 3)]
        await asyncio.sleep(0)  # every task has asked
        gate.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        workers.close()
        return found, calls[0]

    found, calls = asyncio.run(scene())
    assert [type(f) for f in found] == [int, OSError, OSError]
    assert calls == 2


def test_nobody_is_left_waiting() -> None:
    """Too few answers, or threads that have ended: all are answered at once, the next one is served or refused."""

    async def scene() -> list[object]:
        workers = Workers(threads=1, queue=80, seconds=5.0)

        def too_few(items: Sequence[int]) -> list[int | Exception]:
            return list(items)[1:]

        found: list[object] = list(
            await asyncio.gather(*(workers.run_together(too_few, i) for i in (1, 2)), return_exceptions=True)
        )
        workers.close()
        found += await asyncio.gather(workers.run_together(too_few, 3), return_exceptions=True)
        found += await asyncio.gather(workers.run_together(too_few, 4), return_exceptions=True)
        return found

    assert [type(f) for f in asyncio.run(asyncio.wait_for(scene(), 4))] == [RuntimeError] * 4
