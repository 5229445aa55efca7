"""Which contributions are shown: the largest, and the sum of the others."""

import numpy as np

from explain.model_file import Array

__all__ = ["select"]


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
