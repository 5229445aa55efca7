"""Weighted quantiles, the one rule for all of them."""

import numpy as np

from hospital.arrays import Array

__all__ = ["LEVELS", "weighted_quantiles"]

LEVELS: tuple[float, ...] = tuple(round(0.05 * i, 2) for i in range(1, 20))
"""The levels of every predictive distribution: 5, 10, … 95 %."""


def weighted_quantiles(
    values: Array, weights: Array, levels: tuple[float, ...] = LEVELS, *, independent: float | None = None
) -> Array:
    """Quantiles (float64 [levels]) of values (float64 [n]) with weights (float64 [n], >= 0); NaN without weight.

    The smallest value whose cumulative weight reaches the level of all weight plus one mean weight: the finite
    sample correction of split conformal prediction (Vovk et al. 2005), so that coverage is not short.

    Args:
        independent: how many values' worth of news the values are, where they overlap; None: each is its own.
    """
    keep = (weights > 0) & ~np.isnan(values)
    if not keep.any():
        return np.full(len(levels), np.nan)
    order = np.argsort(values[keep], kind="stable")
    ordered, cumulative = values[keep][order], np.cumsum(weights[keep][order])
    total = cumulative[-1] + cumulative[-1] / (independent or ordered.size)
    # Below the median the correction moves outwards too: by symmetry from the other end.
    high = np.searchsorted(cumulative, np.array(levels) * total, "left")
    low = np.searchsorted(cumulative, cumulative[-1] - (1 - np.array(levels)) * total, "right")
    index = np.where(np.array(levels) >= 0.5, high, low)
    return np.asarray(ordered[np.clip(index, 0, ordered.size - 1)], np.float64)
