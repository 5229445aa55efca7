"""Rows of groups and medians of groups, against looking through all rows for each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospital.dataset.baselines import usual_changes
from hospital.grouping import rows_of_groups


@given(st.lists(st.integers(-1, 6), max_size=60), st.sampled_from([7, 40_000]))
def test_each_group_has_its_rows_in_their_order(of: list[int], groups: int) -> None:
    """Also groups without rows, rows without a group, and more groups than a short whole number counts."""
    group = np.array(of, np.int64)
    found = rows_of_groups(group, groups)
    assert len(found) == groups
    for number in range(7):
        assert found[number].tolist() == np.flatnonzero(group == number).tolist()
    assert sum(rows.size for rows in found[7:]) == 0


@pytest.mark.parametrize("slots", [7, 168])
def test_a_usual_change_is_the_median_of_its_slot_and_of_the_hours_around_it(slots: int) -> None:
    """Odd and even numbers of changes, unknown ones, units that are not among the rules', slots without any."""
    rng, size, shape = np.random.default_rng(3), 4_000, (3, 2, slots)
    unit, horizon = rng.integers(-1, 3, size), rng.integers(0, 2, size)
    slot = np.where(unit == 2, 5, rng.integers(0, slots, size))
    change = np.where(rng.random(size) < 0.1, np.nan, rng.integers(-9, 9, size))
    near = (-1, 0, 1) if slots == 168 else (0,)
    found = usual_changes(unit, horizon, slot, change, shape)
    for u, h, s in np.ndindex(shape):
        around = np.isin(slot, [(s + step) % slots for step in near])
        mine = change[(unit == u) & (horizon == h) & around & ~np.isnan(change)]
        assert found[u, h, s] == (np.median(mine) if mine.size else 0.0)
