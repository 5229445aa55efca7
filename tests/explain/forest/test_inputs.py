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


ODD = np.array([-2, -1, -0.5, -0.0, 0, 0.5, 3, 3.9, 4, 7, 8, 2147483648, np.inf, -np.inf, np.nan], np.float32)


@pytest.mark.parametrize(("cut_first", "between"), [(False, 0.0), (True, 1.0)])
def test_a_column_of_a_set_is_one_for_its_categories_alone(cut_first: bool, between: float) -> None:
    """A value counts as the whole number below it; between -1 and 0 as none, or (LightGBM) as category 0."""
    sets = ((0, np.array([0, 3])), (0, np.array([7])), (1, np.array([3])))
    inputs = Inputs(features=2, sets=sets, cut_first=cut_first)
    assert (inputs.count, inputs.first_set, inputs.owner.tolist()) == (5, 2, [0, 1, 0, 0, 1])
    wide = inputs.widen(np.column_stack([ODD, ODD]))
    np.testing.assert_array_equal(wide[:, :2], np.column_stack([ODD, ODD]))
    nan = np.nan
    first = [0, 0, between, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, nan]
    np.testing.assert_array_equal(wide[:, 2], np.array(first, np.float32))
    np.testing.assert_array_equal(wide[:, 3], np.array([0] * 9 + [1, 0, 0, 0, 0, nan], np.float32))
    np.testing.assert_array_equal(wide[:, 4], np.array([0] * 6 + [1, 1, 0, 0, 0, 0, 0, 0, nan], np.float32))
    edges = (
        [0, 3, 1, 4, 7, 8]
        if not cut_first
        else [0, 3, 1, 4, np.nextafter(np.float32(-1), np.float32(0)), 7, 8]
    )
    assert inputs.edges(0).tolist() == edges
    assert inputs.edges(1).tolist() == [3, 4]


def test_a_set_of_no_category_is_in_none() -> None:
    """As LightGBM's infinite thresholds are read; zeros and sets stand after the features, in this order."""
    inputs = Inputs(features=1, zeros=(0,), sets=((0, np.zeros(0, np.int64)),))
    assert (inputs.count, inputs.first_set, inputs.owner.tolist()) == (3, 2, [0, 0, 0])
    wide = inputs.widen(np.array([[0.0], [1.0], [np.nan]], np.float32))
    np.testing.assert_array_equal(
        wide, np.array([[0, np.nan, 0], [1, 1, 0], [np.nan, np.nan, np.nan]], np.float32)
    )


def test_rows_that_are_asked_by_thresholds_alone_stay_as_they_are() -> None:
    rows = np.zeros((2, 3), np.float32)
    assert Inputs(features=3).widen(rows) is rows
