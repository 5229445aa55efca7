"""Which contributions are shown, and what the others add."""

import numpy as np

from explain.reasons import select, sums_by_group


def test_sums_by_group_do_not_depend_on_how_many_rows_there_are() -> None:
    """To the last bit, whatever the sizes of groups; and they add up to all that the features add."""
    rng = np.random.default_rng(7)
    for features in (1, 5, 40, 90):
        group = rng.permutation(np.arange(features) % max(features // 9, 1))
        contributions = rng.normal(size=(64, features))
        shown = np.tile(np.arange(min(3, features)), (64, 1))
        totals, others = sums_by_group(contributions, group, shown)
        for i in range(64):
            alone = sums_by_group(contributions[i : i + 1].copy(), group, shown[:1])
            assert np.array_equal(alone[0][0], totals[i])
            assert np.array_equal(alone[1][0], others[i])
        assert np.allclose(totals.sum(axis=1), contributions.sum(axis=1))
        left = contributions[:, shown[0].size :]
        assert np.allclose(others.sum(axis=1), left.sum(axis=1))


def test_the_largest_of_each_row_are_shown_and_the_others_added_up() -> None:
    """By size and not by sign; of equals the first; where there are fewer, all of them."""
    contributions = np.array([[0.5, -3.0, 1.0, 0.25], [2.0, 2.0, -2.0, 0.0]])
    columns, others = select(contributions, 2)
    assert columns.tolist() == [[1, 2], [0, 1]]
    assert others.tolist() == [0.75, -2.0]
    columns, others = select(contributions, 9)
    assert columns.tolist() == [[1, 2, 0, 3], [0, 1, 2, 3]]
    assert others.tolist() == [0.0, 0.0]
    assert contributions[0].tolist() == [0.5, -3.0, 1.0, 0.25]  # what was given stays
