"""Which contributions are shown: the largest, and the sum of the others; and what they are by groups of features."""

import numpy as np

from explain.formats.ensemble import Array

__all__ = ["select", "sums_by_group"]


def select(contributions: Array, top: int) -> tuple[Array, Array]:
    """Of each row (contributions: float64 [n, features]) the `top` of the largest size, and the sum of the others.

    The others are added up by themselves: never what is left of a total.

    Returns:
        Their columns, largest first (int64 [n, top]; fewer where there are not so many), and float64 [n].
    """
    columns = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :top]
    others = contributions.copy()
    others[np.arange(len(others))[:, None], columns] = 0.0
    return columns, others.sum(axis=1)


def sums_by_group(contributions: Array, group: Array, shown: Array) -> tuple[Array, Array]:
    """What the features of each group add, and of these what those that are not shown add.

    Both are added up by themselves: neither is what the other leaves of a total.

    Args:
        contributions: float64 [n, features].
        group: int64 [features], 0, 1, …; each has a feature.
        shown: int64 [n, k], columns, as `select` gives them.

    Returns:
        float64 [n, groups] each.
    """
    others = contributions.copy()
    others[np.arange(len(others))[:, None], shown] = 0.0
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(group.max(initial=-1) + 1))
    # Row by row, and not by a product of matrices, whose last bits depend on how many rows there are.
    totals = (np.add.reduceat(a.take(order, axis=1), starts, axis=1) for a in (contributions, others))
    return next(totals), next(totals)
