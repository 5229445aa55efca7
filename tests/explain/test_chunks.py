"""How many rows are taken at once, and by how many threads."""

import os

import numpy as np
import pytest

from explain import RowsError, TreeEngine
from explain.engine import _cores
from explain.forest.forest import grow
from explain.formats.ensemble import Array
from explain.kernel import aligned
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


@pytest.mark.parametrize(("cores", "asked", "threads"), [(12, None, 8), (3, None, 3), (12, 9, 9), (2, 1, 1)])
def test_eight_threads_are_used_at_most_unless_more_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, cores: int, asked: int | None, threads: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    forest = grow(random_ensemble(Shape(2, 1, 1), np.random.default_rng(1)))
    assert TreeEngine(forest, threads=asked).threads == threads


def test_tables_of_the_last_two_sets_of_references_are_kept() -> None:
    """The one that was asked for longest ago goes; what is asked for again is not made again."""
    engine = TreeEngine(grow(random_ensemble(Shape(3, 2, 3), np.random.default_rng(1))), threads=1)
    rows = np.random.default_rng(2).normal(size=(6, 3)).astype(np.float32)
    first = engine.contributions(rows, rows[:2]).values
    kept = list(engine._tables.values())
    engine.contributions(rows, rows[2:4])
    np.testing.assert_array_equal(engine.contributions(rows, rows[:2]).values, first)
    assert [kept[0] is tables for tables in engine._tables.values()] == [False, True]
    engine.contributions(rows, rows[4:])
    assert [kept[0] is tables for tables in engine._tables.values()] == [True, False]


def test_pairs_of_2000_features_are_computed_and_no_more() -> None:
    """Four million of them, over all outputs."""
    for features, outputs, supported in (
        (2000, 1, True),
        (2001, 1, False),
        (1000, 4, True),
        (1000, 5, False),
    ):
        shape = Shape(features, outputs, 1, outputs=outputs)
        engine = TreeEngine(grow(random_ensemble(shape, np.random.default_rng(1))), threads=1)
        rows = np.zeros((0, features), np.float32)
        if supported:
            assert engine.interactions(rows).values.shape[-2:] == (features, features)
        else:
            with pytest.raises(RowsError, match=f"Pairs of {features} features are more than 4000000"):
                engine.interactions(rows)


def test_a_contrast_is_of_one_row_and_one_other() -> None:
    engine = TreeEngine(grow(random_ensemble(Shape(3, 2, 3), np.random.default_rng(1))), threads=1)
    one, two = np.zeros((1, 3), np.float32), np.ones((2, 3), np.float32)
    for x, other in ((one, two), (two, one), (two, two)):
        with pytest.raises(RowsError, match="one row against one row"):
            engine.contrast(x, other)
    found = engine.contrast(two[0], one)
    assert found.values.shape == (3,)
    assert float(found.base) == pytest.approx(float(engine.predict_exactly(one)[0]))


def test_room_for_vectors_begins_where_they_need_it() -> None:
    """At a multiple of 64 bytes, with place for all numbers of any type."""
    for count in range(1, 20):
        for kind in (np.float64, np.float32, np.uint8):
            room = aligned(count, kind)
            assert (room.size, room.dtype, room.ctypes.data % 64) == (count, kind, 0)
            room[:] = 1
