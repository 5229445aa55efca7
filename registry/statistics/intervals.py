"""Intervals for means of dependent rows: by blocks of time, so that a busy week counts once."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from hospital.arrays import Array
from hospital.times import DAY
from registry.statistics.long_run_variance import bartlett_variance

__all__ = [
    "MOST_BLOCKS",
    "Estimate",
    "block_mean",
    "block_starts",
    "daily_sums",
    "decorrelation_days",
    "largest_window_mean",
    "long_run_sd",
    "share_bounds",
]

MOST_BLOCKS = 30
"""More blocks than this are shorter than they need be: the t quantile hardly falls, the dependence grows."""
_UNCORRELATED = 0.1
_LAGS_DAYS = 14


@dataclass(frozen=True)
class Estimate:
    """A figure with how far chance takes it.

    Attributes:
        value: the estimate.
        sd: its standard deviation, infinite where it cannot be estimated.
        blocks: independent stretches of time behind it; the t quantile has one degree of freedom less.
    """

    value: float
    sd: float
    blocks: int

    def half_width(self, alpha: float) -> float:
        """How far a one-sided bound at `alpha` lies from the value."""
        if not math.isfinite(self.sd):
            return math.inf
        return float(stats.t.ppf(1 - alpha, max(self.blocks - 1, 1))) * self.sd

    def low(self, alpha: float) -> float:
        """One-sided lower bound; minus infinity where nothing bounds it."""
        half_width = self.half_width(alpha)
        return self.value - half_width if math.isfinite(half_width) else -math.inf

    def high(self, alpha: float) -> float:
        """One-sided upper bound; infinity where nothing bounds it."""
        half_width = self.half_width(alpha)
        return self.value + half_width if math.isfinite(half_width) else math.inf

    def interval(self, alpha: float) -> tuple[float, float]:
        """Both one-sided bounds."""
        return self.low(alpha), self.high(alpha)

    def p_above(self, threshold: float) -> float:
        """One-sided p-value of "the truth is at most `threshold`"."""
        if not math.isfinite(self.sd):
            return 1.0
        if self.sd == 0:
            return 0.0 if self.value > threshold else 1.0
        return float(stats.t.sf((self.value - threshold) / self.sd, max(self.blocks - 1, 1)))

    def over(self, level: float) -> "Estimate":
        """The same as a share of `level`, above 0."""
        return Estimate(self.value / level, self.sd / level, self.blocks)


def daily_sums(values: Array, weights: Array, times: Array) -> tuple[Array, Array]:
    """(weighted sums, weights) of each day with weight, in the order of time: float64 [days] each."""
    _, inverse = np.unique(times // DAY, return_inverse=True)
    total = np.bincount(inverse, weights=weights)
    sums = np.bincount(inverse, weights=weights * values)
    kept = total > 0
    return sums[kept], total[kept]


def decorrelation_days(daily: Array, least: int) -> int:
    """The first lag, at least `least`, at which a daily series' autocorrelation falls under 0.1.

    No lag above a quarter of the series (but `least`) is looked at: there is too little of it. `daily`: float64 [days].
    """
    centred = daily - daily.mean()
    power = float(centred @ centred)
    most = max(daily.size // 4, least, 1)
    for lag in range(max(least, 1), most):
        if power == 0 or float(centred[lag:] @ centred[:-lag]) / power < _UNCORRELATED:
            return lag
    return most


def block_mean(values: Array, weights: Array, times: Array, *, horizon_hours: float) -> Estimate:
    """Mean of rows with a t interval over blocks of max(1 day, 2 x horizon, decorrelation), at most 30.

    Blocks are consecutive days with rows, all of them used; days differ in weight, so the interval is that of
    a ratio (linearised). With 10 to 30 blocks the t quantile is the answer to unknown dependence (Ibragimov &
    Müller 2010, doi 10.1198/jbes.2009.08046).

    Args:
        values: float64 [n], finite.
        weights: float64 [n], at least 0.
        times: int64 [n], instants.
    """
    sums, total = daily_sums(values, weights, times)
    if sums.size == 0:
        return Estimate(math.nan, math.inf, 0)
    value = float(sums.sum() / total.sum())
    starts = block_starts(sums / total, horizon_hours=horizon_hours)
    blocks = starts.size
    if blocks < 2:
        return Estimate(value, math.inf, blocks)
    influence = np.add.reduceat(sums - value * total, starts) / (total.sum() / blocks)
    return Estimate(value, float(influence.std(ddof=1)) / math.sqrt(blocks), blocks)


def share_bounds(found: Estimate, alpha: float) -> tuple[float, float]:
    """One-sided bounds of a share (0 to 1) of few blocks: the wider of t's and the exact binomial one.

    A share near 0 or 1 hardly varies from block to block, and by t alone looks surer than it is. So each block counts
    as one observation (Clopper & Pearson 1934, doi 10.1093/biomet/26.4.404), hits as parts of one where need be.
    """
    if found.blocks < 2 or not math.isfinite(found.value):
        return 0.0, 1.0
    low, high = found.interval(alpha)
    hits = min(max(found.value, 0.0), 1.0) * found.blocks
    misses = found.blocks - hits
    least = float(stats.beta.ppf(alpha, hits, misses + 1)) if hits > 0 else 0.0
    most = float(stats.beta.isf(alpha, hits + 1, misses)) if misses > 0 else 1.0
    return max(min(low, least), 0.0), min(max(high, most), 1.0)


def block_starts(daily: Array, *, horizon_hours: float) -> Array:
    """Where each block of days begins in a daily series (float64 [days]): int64 [blocks], at most 30.

    Block edges are spread evenly, so that the days that do not fill a last block are not thrown away.
    """
    least = max(1, math.ceil(2 * horizon_hours / 24))
    length = max(decorrelation_days(daily, least), math.ceil(daily.size / MOST_BLOCKS))
    blocks = daily.size // length
    return np.arange(blocks) * daily.size // max(blocks, 1)


def long_run_sd(residuals: Array, window: int) -> float:
    """Standard deviation of the mean of `window` consecutive days, from the residuals of earlier days (float64 [days]).

    From non-overlapping window means where there are eight, and never under the Bartlett estimate over two
    weeks of lags (Newey & West 1987): the larger of the two, since too small a value alarms falsely.
    """
    n = residuals.size
    centred = residuals - residuals.mean()
    of_a_day = float(centred @ centred) / n
    variance = bartlett_variance(
        of_a_day,
        lambda lag: float(centred[lag:] @ centred[:-lag]),
        n,
        lags=min(_LAGS_DAYS, n - 1),
        window=_LAGS_DAYS + 1,
    )
    newey_west = math.sqrt(max(variance, of_a_day) / window)
    blocks = n // window
    if blocks < 8:
        return newey_west
    means = residuals[: blocks * window].reshape(blocks, window).mean(axis=1)
    return max(newey_west, float(means.std(ddof=1)))


def largest_window_mean(residuals: Array, window: int) -> float:
    """Largest |mean| of any `window` consecutive earlier days (float64 [days]): what was usual goes that far itself."""
    if residuals.size < window:
        return math.inf
    sums = np.concatenate([np.zeros(1), np.cumsum(residuals)])
    return float(np.abs(sums[window:] - sums[:-window]).max()) / window
