"""Which contributions are shown, and what the others add."""

import numpy as np

from explain.reasons import sums_by_group


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
