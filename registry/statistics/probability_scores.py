"""How good probabilities of an event are: Brier skill over how often it was before, and the slope of reliability.

Brier (1950) for the score; the slope is that of events on probabilities (Cox 1958 has it in log odds; by least squares
it needs no probability to lie off 0 and 1).
"""

import numpy as np

from hospital.arrays import Array
from registry.statistics.intervals import Estimate, block_mean

__all__ = ["brier_skill", "climatology", "reliability_slope"]


def brier_skill(
    probability: Array, usual: Array, event: Array, times: Array, horizon_hours: float
) -> Estimate:
    """1 - Brier score of probabilities / that of the usual ones, with its spread over blocks of days.

    Args:
        probability, usual: float64 [n], 0 to 1, finite.
        event: bool [n].
        times: int64 [n], prediction times.

    Returns:
        NaN without a spread where the usual ones make no error.
    """
    theirs = (usual - event) ** 2
    error = float(theirs.mean()) if event.size else 0.0
    if error == 0:
        return Estimate(float("nan"), float("inf"), 0)
    gain = theirs - (probability - event) ** 2
    return block_mean(gain, np.ones(event.size), times, horizon_hours=horizon_hours).over(error)


def reliability_slope(probability: Array, event: Array, times: Array, horizon_hours: float) -> Estimate:
    """Slope of events on probabilities: 1 where each is right on average, under 1 where they are too far from the mean.

    Args:
        probability: float64 [n], 0 to 1, finite.
        event: bool [n].
        times: int64 [n], prediction times.

    Returns:
        NaN without a spread where all probabilities are the same.
    """
    beyond = probability - probability.mean() if event.size else probability
    spread = float((beyond**2).mean()) if event.size else 0.0
    if spread == 0:
        return Estimate(float("nan"), float("inf"), 0)
    slope = float((beyond * event).mean()) / spread
    influence = (
        beyond * (event - event.mean() - slope * beyond) / spread
    )  # of mean 0: how each row moves the slope
    found = block_mean(influence, np.ones(event.size), times, horizon_hours=horizon_hours)
    return Estimate(slope, found.sd, found.blocks)


def climatology(cell: Array, event: Array, coarse: Array, before: Array, judged: Array) -> Array:
    """How often the event was in a row's cell before: float64 [judged]; where the cell was never seen, in its unit.

    Args:
        cell, coarse: int64 [n], unit with weekday and hour; unit.
        event: bool [n].
        before, judged: bool [n].
    """

    def rate(of: Array) -> tuple[Array, Array]:
        number = np.bincount(of[before], minlength=int(of.max()) + 1)
        count = np.bincount(of[before], weights=event[before], minlength=int(of.max()) + 1)
        return count / np.maximum(number, 1), number

    fine, number = rate(cell)
    unit, _ = rate(coarse)
    return np.where(number[cell[judged]] > 0, fine[cell[judged]], unit[coarse[judged]])
