"""Intervals for means of dependent rows: by blocks of time, so that a busy week counts once."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from hospital.events import Array
from hospital.times import DAY

__all__ = ["BlockMean", "block_mean", "daily_means", "long_run_sd"]

MOST_BLOCKS = 30


@dataclass(frozen=True)
class BlockMean:
    """A mean with an interval from block means.

    Attributes:
        value: mean over blocks. low, high: bounds at the confidence asked, one-sided each. blocks: how many.
    """

    value: float
    low: float
    high: float
    blocks: int


def daily_means(values: Array, weights: Array, times: Array) -> tuple[Array, Array]:
    """(days, weighted mean of each day): int64 [d], float64 [d]; days without weight are left out."""
    days, inverse = np.unique(times // DAY, return_inverse=True)
    total = np.bincount(inverse, weights=weights)
    sums = np.bincount(inverse, weights=weights * values)
    kept = total > 0
    return days[kept], sums[kept] / total[kept]


def decorrelation_days(daily: Array, least: int) -> int:
    """The first lag, at least `least`, at which the daily series' autocorrelation falls under 0.1."""
    centred = daily - daily.mean()
    power = float(centred @ centred)
    for lag in range(max(least, 1), max(daily.size // 4, least + 1)):
        if power == 0 or float(centred[lag:] @ centred[:-lag]) / power < 0.1:
            return lag
    return max(daily.size // 4, least)


def block_mean(
    values: Array, weights: Array, times: Array, *, horizon_hours: float, alpha: float
) -> BlockMean:
    """Mean of rows with a t interval over blocks of max(1 day, 2 x horizon, decorrelation), 30 blocks at most.

    Blocks are consecutive days with rows; with 10 to 30 of them the t quantile is the fixed-b answer to unknown
    dependence (Ibragimov & Müller 2010, doi 10.1198/jbes.2009.08046).
    """
    _, daily = daily_means(values, weights, times)
    least = max(1, math.ceil(2 * horizon_hours / 24))
    length = max(decorrelation_days(daily, least), math.ceil(daily.size / MOST_BLOCKS))
    blocks = daily.size // length
    if blocks < 2:
        return BlockMean(float(daily.mean()) if daily.size else math.nan, -math.inf, math.inf, blocks)
    means = daily[: blocks * length].reshape(blocks, length).mean(axis=1)
    reach = float(stats.t.ppf(1 - alpha, blocks - 1)) * float(means.std(ddof=1)) / math.sqrt(blocks)
    centre = float(means.mean())
    return BlockMean(centre, centre - reach, centre + reach, blocks)


def long_run_sd(residuals: Array, window: int) -> float:
    """Standard deviation of the mean of `window` consecutive days, from the residuals of earlier days.

    From non-overlapping window means where there are eight, and never under the Bartlett estimate over two
    weeks of lags (Newey & West 1987): the larger of the two, since too small a value alarms falsely.
    """
    n = residuals.size
    centred = residuals - residuals.mean()
    variance = float(centred @ centred) / n
    for lag in range(1, min(15, n)):
        variance += 2 * (1 - lag / 15) * float(centred[lag:] @ centred[:-lag]) / n
    newey_west = math.sqrt(max(variance, float(centred @ centred) / n) / window)
    blocks = n // window
    if blocks < 8:
        return newey_west
    means = residuals[: blocks * window].reshape(blocks, window).mean(axis=1)
    return max(newey_west, float(means.std(ddof=1)))
