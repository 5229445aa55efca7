"""What each feature adds to an output; which contributions are shown, and what they are by groups of features."""

from dataclasses import dataclass

import numpy as np

from explain.formats.ensemble import Array

__all__ = ["Contributions", "Interactions", "select", "sums_by_group"]


@dataclass(frozen=True)
class Contributions:
    """What each feature adds to each row's output.

    Attributes:
        values: float64 [rows, features], or [rows, outputs, features] where the booster has several outputs.
        base: float64, the output of nobody in particular (a number, or [outputs]); base + a row's values is its
        output.
        names: of the features, in the order of the values; empty where the model has none.
    """

    values: Array
    base: Array
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interactions:
    """What each pair of features adds together, and each feature alone.

    Attributes:
        values: float64 [rows, (outputs,) features, features], symmetric: half of a pair's value on either side, a
        feature's own on the diagonal; a row of it adds up to the feature's contribution.
        base: as in `Contributions`.
    """

    values: Array
    base: Array


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
