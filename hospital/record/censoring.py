"""Waits that nobody saw the end of: weights by Kaplan-Meier, so that those who left unseen are not dropped.

Who leaves unseen, or still waits, shows that the wait was longer than that. A visit that was seen is weighted
by 1 / G(wait), G the share of patients of its triage level that had not been censored by then (inverse
probability of censoring weighting: Robins & Rotnitzky 1992); a censored one by 0.
"""

import numpy as np

from hospital.arrays import Array

__all__ = ["MAX_WEIGHT", "censoring_weights"]

MAX_WEIGHT = 10.0
"""A single visit never speaks for more than this many: beyond, the tail is too thin to be estimated."""
_FEW = 30


def censoring_weights(minutes: Array, censored: Array, stratum: Array) -> Array:
    """Weights (float64 [n]) of visits waiting `minutes` (float64 [n]); `censored` bool [n].

    Args:
        stratum: object [n], triage levels; those with fewer than 30 visits are pooled.
    """
    weights = np.zeros(minutes.size)
    names, codes, counts = np.unique(
        np.array([str(s) for s in stratum], object).astype(str), return_inverse=True, return_counts=True
    )
    codes = np.where(counts[codes] < _FEW, -1, codes)
    for code in range(-1, len(names)):
        chosen = np.flatnonzero(codes == code)
        if chosen.size:
            weights[chosen] = _weights(minutes[chosen], censored[chosen])
    return weights


def _weights(minutes: Array, censored: Array) -> Array:
    order = np.lexsort(
        (censored, minutes)
    )  # an event and a censoring at the same minute: the event came first
    at_risk = minutes.size - np.arange(minutes.size)
    stays = np.cumprod(1.0 - censored[order] / at_risk)
    before = np.concatenate([np.ones(1), stays[:-1]])
    weights = np.zeros(minutes.size)
    weights[order] = np.where(censored[order], 0.0, 1.0 / np.maximum(before, 1.0 / MAX_WEIGHT))
    return weights
