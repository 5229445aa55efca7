"""Cumulative sums with a margin: a sequential test whose chance of a false alarm in a year is known beforehand.

Page's sum S = max(0, S + z - k) of daily residuals z, in long-run standard deviations, alarms above h. As long as
the truth lies `k` inside the margin, S behaves like a reflected Brownian motion with drift -k, whose mean time to an
alarm is (exp(2kh) - 2kh - 1) / (2k^2) days (Siegmund 1985, Sequential Analysis, ch. X; Page 1954). The chance in a
year is then 365 over it. The overshoot of daily steps is left out, which makes h larger than it must be.

The reference's own mean is known to 1/sqrt(n) only; averaged over that error, the chance grows by the factor
exp(2 h^2 / n), and h is solved with it. A reference too short for any h gets a larger margin instead.
"""

import math
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array

__all__ = ["Path", "cusum", "threshold"]

YEAR_DAYS = 365
_LARGEST_STEP = 2.0
_ENOUGH = 1.02
_LEAST_THRESHOLD = 3 * _LARGEST_STEP


@dataclass(frozen=True)
class Path:
    """Sums of both sides, day by day.

    Attributes:
        upper, lower: float64 [d, k].
        since: int64 [d, k], the day's index at which the larger of both began.
    """

    upper: Array
    lower: Array
    since: Array

    @property
    def larger(self) -> Array:
        """The larger of both sides: float64 [d, k]."""
        return np.maximum(self.upper, self.lower)


def threshold(margin: float, reference_days: float, yearly_chance: float) -> tuple[float, float]:
    """(h, margin) for a chance of a false alarm in a year on one side.

    Args:
        margin: k, in long-run standard deviations of a day, above 0. The one returned is larger where the
        reference is too short for it.
    """
    margin = max(margin, 1e-3)
    while True:
        h = _solve(margin, reference_days, yearly_chance)
        if h is not None:
            return max(h, _LEAST_THRESHOLD), margin
        margin *= _ENOUGH


def _solve(margin: float, reference_days: float, yearly_chance: float) -> float | None:
    needed = YEAR_DAYS / yearly_chance * 2 * margin**2
    most = margin * reference_days / 2  # where 2kh - 2h^2/n is largest

    def excess(h: float) -> float:
        exponent = 2 * margin * h
        mean = math.expm1(exponent) - exponent if exponent < 700 else math.inf
        return math.log(mean) - 2 * h * h / reference_days - math.log(needed) if mean > 0 else -math.inf

    low, high = 1e-6, most
    if excess(high) < 0:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    return high


def cusum(steps: Array, above: Array, below: Array) -> Path:
    """The sums of daily residuals.

    Args:
        steps: float64 [d, k], in long-run standard deviations; a NaN day changes nothing.
        above, below: float64 [d, k], the margins of either side. One day counts at most two beyond the
            margin, a third of the least threshold: an odd day is no alarm.
    """
    d, k = steps.shape
    upper, lower, since = np.empty((d, k)), np.empty((d, k)), np.empty((d, k), np.int64)
    high, low = np.zeros(k), np.zeros(k)
    begun_high, begun_low = np.zeros(k, np.int64), np.zeros(k, np.int64)
    for day in range(d):
        step = np.where(np.isfinite(steps[day]), steps[day], 0.0)
        known = np.isfinite(steps[day])
        high = np.where(known, np.maximum(high + np.minimum(step - above[day], _LARGEST_STEP), 0.0), high)
        low = np.where(known, np.maximum(low + np.minimum(-step - below[day], _LARGEST_STEP), 0.0), low)
        begun_high = np.where(high > 0, begun_high, day + 1)
        begun_low = np.where(low > 0, begun_low, day + 1)
        upper[day], lower[day] = high, low
        since[day] = np.where(high >= low, begun_high, begun_low)
    return Path(upper, lower, since)
