"""The Bartlett window: variance of a sum of dependent days, with nearer lags counted for more."""

from collections.abc import Callable
from typing import TypeVar

from hospital.arrays import Array

__all__ = ["bartlett_variance", "bartlett_weight"]

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
