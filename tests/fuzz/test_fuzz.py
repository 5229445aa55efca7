"""The search is alive: each way in gets some dozens of inputs, and what breaks one is found and made again."""

import numpy as np
import pytest

from hospital.errors import VigieError
from tests.fuzz.mutation import mutated
from tests.fuzz.run import search
from tests.fuzz.targets import ALLOWED, TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_sound_inputs_are_read_and_mutated_ones_are_read_or_refused_in_words(target: Target) -> None:
    """Forty inputs of a fixed seed; the hour's search is `make fuzz`."""
    accepted = 0
    for content in target.seeds:
        try:
            target.run(content)
            accepted += 1
        except ALLOWED:
            continue
    if target.name != "request body":  # a body is one question of four, and refused by the other three
        assert accepted >= 1
    tried, broken = search(target, 20_261_129, lambda number: number >= 40)
    assert tried == 40
    assert [f"{b.number}: {b.trace}" for b in broken] == []


def test_what_breaks_is_found_with_the_number_that_makes_it_again() -> None:
    """A way in that fails at a quote mark is caught at the same inputs in each run of a seed."""

    def run(content: bytes) -> None:
        if b'"' in content:
            raise ValueError("a quote mark")
        if b";" in content:
            raise VigieError("a semicolon is not allowed: take a comma")

    target = Target("planted", (b"a,b\n1,2\n",), run)
    _, first = search(target, 1, lambda number: number >= 400)
    _, again = search(target, 1, lambda number: number >= 400)
    _, other = search(target, 2, lambda number: number >= 400)
    assert first
    assert [b.number for b in first] == [b.number for b in again]
    assert [b.content for b in first] != [b.content for b in other]
    one = first[0]
    assert mutated(target.seeds, np.random.default_rng((1, one.number))) == one.content
    assert "a quote mark" in one.trace


def test_what_takes_too_long_is_a_fault_too() -> None:
    """By a clock that jumps."""
    moments = iter(range(0, 1000, 11))
    _, broken = search(
        Target("slow", (b"x",), lambda _: None), 1, lambda n: n >= 1, lambda: float(next(moments))
    )
    assert [b.trace for b in broken] == ["it took 11 s"]


def test_what_waited_for_a_busy_machine_once_is_none() -> None:
    """The second time it is quick."""
    moments = iter([0.0, 11.0, 20.0, 21.0])
    _, broken = search(
        Target("slow once", (b"x",), lambda _: None), 1, lambda n: n >= 1, lambda: next(moments)
    )
    assert broken == []
