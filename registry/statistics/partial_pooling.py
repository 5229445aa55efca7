"""Partial pooling: what cells show of themselves, each drawn towards all of them together as far as chance asks.

A cell of few weeks says little of itself and much together with the others; one that really differs must not be carried
by them. Random effects tell the two apart: how far cells differ beyond chance is estimated by the method of moments
(DerSimonian & Laird 1986, doi 10.1016/0197-2456(86)90046-2), and each cell is then predicted from its own figure and
the common one (empirical Bayes: Morris 1983, doi 10.1080/01621459.1983.10477920). The further a cell is drawn, the
less sure its prediction is: a few cells say little of how far cells differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from registry.statistics.intervals import Estimate

__all__ = ["PartialPool", "partially_pooled", "shared_variance"]

_LEAST_OWN = 0.1
"""Of a cell's variance at least this share is its own: with a few blocks all of it can look shared by chance."""


@dataclass(frozen=True)
class PartialPool:
    """Cells after partial pooling.

    Attributes:
        common: what they have in common.
        between: standard deviation of the cells' true values about it; 0 where chance explains all differences.
        cells: each as predicted from its own figure and the common one, in the order given.
    """

    common: Estimate
    between: float
    cells: tuple[Estimate, ...]


def partially_pooled(own: Sequence[Estimate], *, shared: float = 0.0, correction: float = 0.0) -> PartialPool:
    """Each cell's figure, drawn towards the common one.

    A cell that cannot be estimated by itself has the common figure, as uncertain as cells differ.

    Args:
        own: the cells' own figures, at least one.
        shared: variance that all cells' errors have in common, since they are of the same days: it does not set
            cells apart, and pooling does not make it smaller.
        correction: what is added to the common figure before cells are drawn towards it: what is known of it from
            elsewhere. A cell alone is the common figure.
    """
    value = np.array([cell.value for cell in own], np.float64)
    variance = _own_variance(own, shared)
    known = np.isfinite(value) & np.isfinite(variance)
    blocks = min((cell.blocks for cell, k in zip(own, known, strict=True) if k), default=0)
    if not known.any() or not (variance[known] > 0).all():  # nothing to tell chance from
        return PartialPool(own[0], 0.0, tuple(own))
    between = _between(value[known], variance[known])
    weight = 1 / (between + variance[known])
    common = float(weight @ value[known] / weight.sum())
    towards = common + correction
    spread = 1 / float(weight.sum())
    unsure = 2 / max(int(known.sum()) - 1, 1)  # how far cells differ is an estimate of as many cells, too
    cells = []
    for of, chance, is_known in zip(value, variance, known, strict=True):
        share = between / (between + chance) if is_known else 0.0
        drawn = (1 - share) * (towards - of) if is_known else 0.0
        doubt = share * chance + unsure * drawn**2 if is_known else between
        predicted = of + drawn if is_known else towards
        total = doubt + (1 - share) ** 2 * spread + shared
        cells.append(Estimate(float(predicted), float(np.sqrt(total)), blocks))
    return PartialPool(
        Estimate(common, float(np.sqrt(spread + shared)), blocks), float(np.sqrt(between)), tuple(cells)
    )


def shared_variance(influence: Array) -> float:
    """The variance that cells' means have in common: their mean covariance, at least 0.

    Args:
        influence: float64 [blocks, cells], each block's part in the mean of each cell, about 0.
    """
    blocks, cells = influence.shape
    if blocks < 2 or cells < 2:
        return 0.0
    covariance = np.cov(influence, rowvar=False) / blocks
    off = covariance.sum() - np.trace(covariance)
    return max(float(off) / (cells * (cells - 1)), 0.0)


def _own_variance(own: Sequence[Estimate], shared: float) -> Array:
    """The variance that is each cell's own: float64 [cells]; cells that never vary have that of the steadiest other."""
    total = np.array([cell.sd**2 for cell in own], np.float64)
    variance = np.maximum(total - shared, _LEAST_OWN * total)
    positive = variance[np.isfinite(variance) & (variance > 0)]
    return np.where(variance > 0, variance, positive.min(initial=np.inf)) if positive.size else variance


def _between(value: Array, variance: Array) -> float:
    """Variance between cells beyond chance, by moments: at least 0; of one cell 0."""
    if value.size < 2:
        return 0.0
    weight = 1 / variance
    mean = weight @ value / weight.sum()
    scatter = float(weight @ (value - mean) ** 2)
    norm = float(weight.sum() - (weight**2).sum() / weight.sum())
    return max((scatter - (value.size - 1)) / norm, 0.0)
