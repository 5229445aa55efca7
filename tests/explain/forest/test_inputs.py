"""Columns that rows are widened by: where they change, and how many are made of one feature."""

import numpy as np
import pytest

from explain import ModelFileError
from explain.forest.inputs import Inputs

NEAR_ZERO = np.float32(1e-35)
"""What LightGBM takes for zero, and whatever is nearer to it."""


def test_a_column_without_zeros_changes_where_its_zeros_begin_and_end() -> None:
    """Both edges by hand: the lowest value that is a zero, and the first that is none any more."""
    inputs = Inputs(features=2, zeros=(1,))
    low, high = inputs.edges(1)
    assert (low, high) == (-NEAR_ZERO, np.nextafter(NEAR_ZERO, np.float32(1)))
    assert inputs.edges(0).size == 0
    beside = np.array([np.nextafter(low, np.float32(-1)), low, 0.0, NEAR_ZERO, high], np.float32)
    column = inputs.widen(np.column_stack([beside, beside]))[:, 2]
    assert np.isnan(column).tolist() == [False, True, True, True, False]


def test_more_sets_of_one_feature_than_their_table_may_hold_are_refused() -> None:
    """16,384 sets of a category each: a table of 2^14 times (2^14 + 2) cells, which is over 2^28, is never made."""
    sets = tuple((0, np.array([category], np.int64)) for category in range(1 << 14))
    with pytest.raises(ModelFileError, match="too many sets of categories"):
        Inputs(features=1, sets=sets).widen(np.zeros((0, 1), np.float32))
