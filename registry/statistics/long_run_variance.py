"""The Bartlett window: variance of a sum of dependent days, with nearer lags counted for more."""

import math
from collections.abc import Callable
from typing import TypeVar

from hospital.arrays import Array

__all__ = ["bartlett_variance", "bartlett_weight", "day_sd", "degrees_of_freedom"]

_WINDOW_DAYS = 15
_MOST_MEMORY = 0.95

Value = TypeVar("Value", float, Array)


def bartlett_weight(lag: int, window: int) -> float:
    """Weight of the autocovariance at `lag`: 1 at lag 0, falling evenly to 0 at `window` lags (both in days)."""
    return 1 - lag / window


def bartlett_variance(
    variance: Value, products: Callable[[int], Value], days: Value, *, lags: int, window: int
) -> Value:
    """Long-run variance of a day, in the series' unit squared (Newey & West 1987, doi 10.2307/1913610).

    Never below 0 where `variance` is the autocovariance at lag 0 over all days and `lags` is `window` - 1 or the
    series has no more lags; of days that repel one another it lies below `variance`.

    Args:
        variance: of a day; float, or float64 [k] of k series.
        products: by lag, the sum of products of days that lie so far apart, of centred series; as `variance`.
        days: what a sum of products is divided by; int, or int64 [k].
        lags: the last lag that counts.
        window: the first lag whose weight is 0.
    """
    for lag in range(1, lags + 1):
        variance = variance + 2 * bartlett_weight(lag, window) * products(lag) / days
    return variance


def day_sd(residuals: Array) -> float:
    """Long-run standard deviation of a day: that of a mean of n days, times the root of n.

    The larger of Bartlett's estimate over two weeks of lags and that of a first-order autoregression: the first leaves
    out what lies beyond its window, the second what is no autoregression.

    Args:
        residuals: float64 [d], at least two.
    """
    n = residuals.size
    centred = residuals - residuals.mean()
    of_a_day = float(centred @ centred) / n
    if of_a_day == 0:
        return 0.0
    bartlett = bartlett_variance(
        of_a_day,
        lambda lag: float(centred[lag:] @ centred[:-lag]),
        n,
        lags=min(_WINDOW_DAYS - 1, n - 1),
        window=_WINDOW_DAYS,
    )
    memory = min(float(centred[1:] @ centred[:-1]) / n / of_a_day, _MOST_MEMORY)
    autoregression = of_a_day * (1 + memory) / (1 - memory)
    return math.sqrt(max(bartlett, autoregression, of_a_day))


def degrees_of_freedom(days: int) -> float:
    """Of a t bound on `day_sd`: those of Bartlett's estimate, 3 n / 2 over its window, at least 2 (Priestley 1981,
    Spectral Analysis and Time Series, table 6.2)."""
    return max(1.5 * days / _WINDOW_DAYS, 2.0)
