"""The 28 days after a unit's level has changed, and how often intervals hold there that hold in 80 % of all days.

A change is seen in the outcomes, so that its days are picked by what came: they are days on which intervals did not
hold, whoever made them. How often they hold there at best is seen on random walks whose law a forecaster knows.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from benchmarks.anchors.forecast_files import Forecasts
from hospital.arrays import Array
from hospital.times import DAY, HOUR

__all__ = ["CHANGED", "IDEAL", "WEEK", "days_since_change", "days_since_change_of", "ideal_shares"]

CHANGED = "28 days after a level change"
_CHANGE, WEEK, _MONTH = 0.2, 7, 28
"""A level changes where a week's mean lies a fifth or more from that of the 28 days before."""
_DAILY_SD = 0.02
"""Of the ideal forecaster's random walk, a share of its level: one-day intervals are then as wide as half of the German
states' are (2.5 % of the beds on either side, `docs/forecasts.md`)."""
_SERIES, _DAYS = 100, 3650
IDEAL = f"{_SERIES} random walks of {_DAYS:,} days, {100 * _DAILY_SD:g} % a day; 80 % of all their days hold"


def days_since_change(rows: Forecasts, unit: Array) -> Array:
    """Days from the first day of a change of the unit's level to the outcome, in the 28 days from a week that shows it:
    float64 [n], NaN for all others.

    A level changes where the mean of seven days lies a fifth or more from that of the 28 days before, by outcomes.
    Such weeks of which the 28 days overlap are one change.

    Args:
        unit: str [n], whose level is asked.
    """
    day = (rows.time + (rows.horizon_hours * HOUR).astype(np.int64)) // DAY
    out = np.full(rows.size, np.nan)
    for name in np.unique(unit).tolist():
        mine = np.flatnonzero(unit == name)
        of = day[mine] - int(day[mine].min())
        count = np.bincount(of)
        level = np.bincount(of, weights=rows.outcome[mine]) / np.where(count > 0, count, np.nan)
        out[mine] = days_since_change_of(level)[of]
    return out


def days_since_change_of(level: Array) -> Array:
    """The same of one unit's daily level (float64 [days], NaN unknown): float64 [days]."""
    out = np.full(level.size, np.nan)
    if level.size < _MONTH + WEEK:
        return out
    windows = np.lib.stride_tricks.sliding_window_view
    usual = windows(level, _MONTH).mean(axis=1)[:-WEEK]
    week = windows(level, WEEK).mean(axis=1)[_MONTH:]
    first = 0
    for begin in (_MONTH + np.flatnonzero(np.abs(week - usual) >= _CHANGE * usual)).tolist():
        if np.isnan(out[begin]):
            first = begin
        until = min(begin + _MONTH, level.size)
        out[begin:until] = np.arange(begin, until) - first
    return out


def ideal_shares(horizons_hours: Sequence[float], *, seed: int) -> dict[float, float]:
    """Per cent inside the 80 % intervals of who knows the law of a random walk, in the 28 days after a level change,
    by horizon.

    The logarithm of a level moves each day by a normal share of it; its intervals hold in 80 % of all days.
    """
    steps = np.random.default_rng(seed).normal(0, _DAILY_SD, (_SERIES, _DAYS))
    log = steps.cumsum(axis=1)
    after = np.stack([np.isfinite(days_since_change_of(level)) for level in np.exp(log)])
    found = {}
    for hours in horizons_hours:
        days = round(hours / 24)
        wide = stats.norm.ppf(0.9) * _DAILY_SD * np.sqrt(days)
        covered = np.abs(log[:, days:] - log[:, :-days]) <= wide
        found[hours] = 100 * float(covered[after[:, days:]].mean())
    return found
