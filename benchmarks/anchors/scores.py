"""How good forecasts are, and how far chance takes a difference between two of them on the same rows."""

import numpy as np

from benchmarks.anchors.forecast_files import Forecasts
from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.statistics.disparities import mean_by_block
from registry.statistics.intervals import Estimate, block_starts, daily_sums

__all__ = [
    "MEASURES",
    "absolute_error",
    "crps",
    "difference",
    "inside",
    "interval_score",
    "mean",
    "mean_of_both",
    "tail_loss",
]

_LOW, _HIGH = LEVELS.index(0.1), LEVELS.index(0.9)
_OUTSIDE = 0.2
_RESAMPLES = 2000


def absolute_error(forecasts: Forecasts) -> Array:
    """|outcome - p50|: float64 [n]."""
    return np.abs(forecasts.outcome - forecasts.p50)


def crps(forecasts: Forecasts) -> Array:
    """Continuous ranked probability score as 19 quantiles tell it, twice their mean pinball loss: float64 [n].

    Gneiting & Ranjan 2011 (doi 10.1198/jbes.2010.08110): the score is twice the pinball loss over all levels.
    """
    over = forecasts.outcome[:, None] - forecasts.quantiles
    levels = np.array(LEVELS)
    return np.asarray(2 * np.maximum(levels * over, (levels - 1) * over).mean(axis=1))


def interval_score(forecasts: Forecasts) -> Array:
    """Width of p10 to p90, and ten times how far the outcome lies outside: float64 [n].

    Gneiting & Raftery 2007 (doi 10.1198/016214506000001437), equation 43, with an α of 0.2.
    """
    low, high, y = forecasts.quantiles[:, _LOW], forecasts.quantiles[:, _HIGH], forecasts.outcome
    beyond = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return np.asarray(high - low + 2 / _OUTSIDE * beyond)


def inside(forecasts: Forecasts) -> Array:
    """100 where the outcome lies from p10 to p90, ends included, else 0: float64 [n]."""
    y = forecasts.outcome
    low, high = forecasts.quantiles[:, _LOW], forecasts.quantiles[:, _HIGH]
    return 100.0 * ((y >= low) & (y <= high))


def tail_loss(forecasts: Forecasts) -> Array:
    """Pinball loss of p90: float64 [n]."""
    over = forecasts.outcome - forecasts.quantiles[:, _HIGH]
    return np.maximum(0.9 * over, -0.1 * over)


MEASURES = {
    "MAE": absolute_error,
    "CRPS": crps,
    "interval score": interval_score,
    "pinball loss at 0.9": tail_loss,
    "inside p10–p90": inside,
}


def mean(values: Array, forecasts: Forecasts) -> float:
    """Mean over rows by their weights."""
    return float(np.average(values, weights=forecasts.weight))


def mean_of_both(one: Forecasts, other: Forecasts) -> Forecasts:
    """The mean of two forecasts of the same rows, quantile by quantile."""
    return one.forecast_as((one.quantiles + other.quantiles) / 2, f"{one.made_by}, {other.made_by}")


def difference(mine: Array, theirs: Array, rows: Forecasts) -> Estimate | None:
    """Mean of one method's values less another's, with what blocks of days say of chance; None: too few blocks.

    Blocks are as long as errors depend on each other (`registry.statistics.intervals.block_starts`) and are drawn with
    replacement.

    Args:
        mine, theirs: float64 [n], of the rows.
    """
    order = np.argsort(rows.time, kind="stable")
    sums, total = daily_sums((mine - theirs)[order], rows.weight[order], rows.time[order])
    horizon = float(rows.horizon_hours.max()) if rows.size else 0.0
    starts = block_starts(sums / total, horizon_hours=horizon)
    if starts.size < 2:
        return None
    blocks = [np.add.reduceat(a, starts) for a in (sums, total)]
    return mean_by_block(*blocks, resamples=_RESAMPLES)
