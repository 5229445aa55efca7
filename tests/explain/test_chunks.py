"""How many rows are taken at once, and by how many threads."""

import os

import numpy as np
import pytest

from explain import TreeEngine
from explain.engine import _cores
from explain.forest.forest import grow
from explain.formats.ensemble import Array
from tests.support.trees_by_hand import Shape, random_ensemble


@pytest.mark.parametrize(("features", "parts"), [(1_024, [100]), (1 << 16, [64, 36]), (1 << 19, [16, 4])])
def test_wide_rows_are_taken_few_at_a_time(features: int, parts: list[int]) -> None:
    """Four million values at most, as 64 rows of 65,536 features are; and sixteen rows, however wide they are."""
    forest = grow(random_ensemble(Shape(features, 1, 1), np.random.default_rng(1)))
    engine, seen = TreeEngine(forest, threads=1), []

    def call(part: Array, _: Array) -> None:
        seen.append(len(part))

    engine._spread(call, np.zeros((sum(parts), features), np.float32), np.zeros(sum(parts)))
    assert seen == parts


@pytest.mark.parametrize(("said", "cores"), [(6, 6), (1, 1), (None, 1)])
def test_where_a_process_cannot_be_asked_the_machine_is(
    monkeypatch: pytest.MonkeyPatch, said: int | None, cores: int
) -> None:
    """As on macOS and Windows; a machine that does not know its cores has one."""
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: said)
    assert _cores() == cores
