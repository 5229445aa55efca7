"""Results that several callers want at once: computed once, while nobody else is kept waiting."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from serving.http.single_flight import SingleFlight


def always(_: object) -> bool:
    return True


def test_callers_of_one_key_share_one_computation() -> None:
    """Whoever asks while it is computed waits for the same result."""
    results, begun, go, calls = SingleFlight[str, int](), threading.Event(), threading.Event(), list[int]()

    def compute() -> int:
        calls.append(1)
        begun.set()
        assert go.wait(10)
        return 7

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(results.get, "a", compute, keep=always)
        assert begun.wait(10)
        second = pool.submit(results.get, "a", compute, keep=always)
        go.set()
        assert (first.result(10), second.result(10)) == (7, 7)
    assert len(calls) == 1


def test_another_key_is_not_kept_waiting() -> None:
    """No lock is held while a result is computed."""
    results, begun, go = SingleFlight[str, int](), threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        assert go.wait(10)
        return 1

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(results.get, "slow", slow, keep=always)
        assert begun.wait(10)
        assert pool.submit(results.get, "quick", lambda: 2, keep=always).result(10) == 2
        go.set()
        assert first.result(10) == 1


def test_what_fails_is_raised_to_all_who_wait_and_tried_again_by_the_next() -> None:
    """A fault is no result: it is not kept."""
    results = SingleFlight[str, int]()

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        results.get("a", fail, keep=always)
    assert results.get("a", lambda: 3, keep=always) == 3


def test_keys_that_nobody_asks_for_any_more_are_forgotten() -> None:
    """`keep` says which earlier results may still be asked for."""
    results = SingleFlight[int, int]()
    for minute in (1, 2):
        results.get(minute, lambda: 0, keep=lambda key, now=minute: key == now)  # type: ignore[misc]
    assert results.get(1, lambda: 9, keep=always) == 9
    assert results.get(2, lambda: 9, keep=always) == 0


def test_an_earlier_result_answers_while_a_new_one_is_computed() -> None:
    """Only the first who asks waits for it, and nobody gets the earlier one once the new one is there."""
    results, begun, go = SingleFlight[int, str](), threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert go.wait(10)
        return "second"

    def ask(hour: int) -> str:
        return results.get(hour, slow, keep=lambda kept: kept == hour - 1, meanwhile=hour - 1)

    results.get(1, lambda: "first", keep=always)
    with ThreadPoolExecutor(2) as pool:
        computing = pool.submit(ask, 2)
        assert begun.wait(10)
        assert pool.submit(ask, 2).result(10) == "first"
        go.set()
        assert computing.result(10) == "second"
    assert ask(2) == "second"


def test_without_an_earlier_result_all_wait() -> None:
    """The first results of a service are waited for."""
    results, begun, go = SingleFlight[int, str](), threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert go.wait(10)
        return "first"

    with ThreadPoolExecutor(2) as pool:
        computing = pool.submit(results.get, 2, slow, keep=always, meanwhile=1)
        assert begun.wait(10)
        waiting = pool.submit(results.get, 2, slow, keep=always, meanwhile=1)
        go.set()
        assert (computing.result(10), waiting.result(10)) == ("first", "first")
