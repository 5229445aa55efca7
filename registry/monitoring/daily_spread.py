"""How much a daily figure varies in the long run: days depend on one another, so a sum of them varies more."""

import numpy as np
from scipy import stats

from hospital.arrays import Array
from registry.statistics.long_run_variance import bartlett_variance

__all__ = ["day_spread", "long_run_spread"]

_LAGS_DAYS = 14
_LARGEST_MEMORY = 0.95
_LEAST_MEMORY = 0.3
_UNCERTAIN = 0.4


def day_spread(residuals: Array) -> Array:
    """Standard deviation of a day, of each column: float64 [k] from [d, k]; NaN days are left out."""
    return np.asarray(np.nanstd(residuals, axis=0))


def long_run_spread(residuals: Array) -> Array:
    """Long-run standard deviation of each column, per day: sqrt(days) times it is that of a sum of days.

    The larger of two: Bartlett's over two weeks of lags (Newey & West 1987), and that of a first-order
    autoregression whose memory is corrected for the bias of short series (Marriott & Pope 1954). It is at least
    0.3: a hospital's days do depend on one another, and a short reference may not show it. Such days hold less
    information, n of them what n (1 - memory) / (1 + memory) would; the variance is the upper 60 % bound that so
    many allow. *Assumes* that what lasts longer than weeks lies within the margin.

    Args:
        residuals: float64 [d, k], NaN where a day has none.
    """
    known = np.isfinite(residuals)
    n = np.maximum(known.sum(axis=0), 2)
    x = np.where(known, residuals - _mean(residuals, known), 0.0)
    variance = (x**2).sum(axis=0) / (n - 1)
    bartlett = bartlett_variance(
        variance,
        lambda lag: (x[lag:] * x[:-lag]).sum(axis=0),
        n,
        lags=min(_LAGS_DAYS, residuals.shape[0] - 1),
        window=_LAGS_DAYS + 1,
    )
    pairs = (known[1:] & known[:-1]).sum(axis=0)
    earlier = np.where(known[1:] & known[:-1], x[:-1] ** 2, 0.0).sum(axis=0)
    memory = np.divide(
        (x[1:] * x[:-1]).sum(axis=0), earlier, out=np.zeros(x.shape[1]), where=(earlier > 0) & (pairs > 2)
    )
    memory = np.clip(memory + (1 + 3 * memory) / n, _LEAST_MEMORY, _LARGEST_MEMORY)
    regression = variance * (1 + memory) / (1 - memory)
    independent = np.maximum(n * (1 - memory) / (1 + memory), 2.0)
    bound = independent / stats.chi2.ppf(_UNCERTAIN, independent)
    return np.asarray(np.sqrt(np.maximum(bartlett, regression) * bound))


def _mean(residuals: Array, known: Array) -> Array:
    total = np.where(known, residuals, 0.0).sum(axis=0)
    return np.asarray(total / np.maximum(known.sum(axis=0), 1))
