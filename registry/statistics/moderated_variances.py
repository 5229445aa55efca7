"""Variances of cells that few blocks of time estimate, drawn towards those of the other cells as far as chance asks.

Of eight blocks a cell's variance is known to half of itself. A cell whose blocks happen to agree looks sure of itself,
and whatever weighs cells by how sure they are makes too much of it: partial pooling takes the difference for a real
one. Empirical Bayes tells how far variances differ beyond chance: logarithms of χ² variables have known moments, and
what they scatter more is the cells' own (Smyth 2004, doi 10.2202/1544-6115.1027, section 6.2).
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from hospital.arrays import Array
from registry.statistics.intervals import Estimate

__all__ = ["moderated"]

_STEPS = 50
"""Newton's steps at most: a dozen do (Smyth 2004, appendix)."""


def moderated(own: Sequence[Estimate]) -> list[Estimate]:
    """The estimates with moderated standard deviations; values and blocks stay.

    Cells that have no spread, or one that is unknown, stay as they are, as do fewer than two others.

    Args:
        own: of cells of one kind, whose variances come from one distribution: not of horizons, whose variances differ
            by what they are.
    """
    variance = np.array([cell.sd**2 for cell in own], np.float64)
    freedom = np.array([max(cell.blocks - 1, 1) for cell in own], np.float64)
    known = np.isfinite(variance) & (variance > 0)
    out = list(own)
    if int(known.sum()) < 2:
        return out
    common, weight = _prior(variance[known], freedom[known])
    for place in np.flatnonzero(known).tolist():
        share = 1.0 if math.isinf(weight) else weight / (weight + float(freedom[place]))
        drawn = share * common + (1 - share) * float(variance[place])
        out[place] = Estimate(own[place].value, math.sqrt(drawn), own[place].blocks)
    return out


def _prior(variance: Array, freedom: Array) -> tuple[float, float]:
    """(what variances have in common, as of how many degrees of freedom; infinite: chance explains all differences)."""
    half = freedom / 2
    scattered = np.log(variance) - special.digamma(half) + np.log(half)
    beyond = float(scattered.var(ddof=1) - special.polygamma(1, half).mean())
    centre = float(scattered.mean())
    if beyond <= 0:
        return math.exp(centre), math.inf
    of = _trigamma_inverse(beyond)
    return math.exp(centre + float(special.digamma(of)) - math.log(of)), 2 * of


def _trigamma_inverse(value: float) -> float:
    """Where the trigamma function, which falls, has this value, above 0."""
    at = 0.5 + 1 / value
    for _ in range(_STEPS):
        here = float(special.polygamma(1, at))
        step = here * (1 - here / value) / float(special.polygamma(2, at))
        at += step
        if abs(step) <= 1e-12 * at:
            break
    return at
