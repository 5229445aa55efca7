"""The sequential tests of a model's daily figures: pure, from figures, a release's day and the policy's section."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from hospital.arrays import Array
from hospital.holidays.place import Place
from registry.monitoring.cusum import Path, cusum, threshold
from registry.monitoring.daily_figures import (
    WITHIN_EARLIER,
    DailyFigures,
    Figure,
    by_spread,
    margin_of,
    scaled,
    shares_of,
)
from registry.monitoring.daily_spread import day_spread, long_run_spread
from registry.policy.monitor_rules import MonitorRules
from registry.statistics.season_trend import FRANCE, epidemic_days, expected_values

__all__ = ["TEST_SPEEDS", "Alarm", "Tested", "watch"]

TEST_SPEEDS = {"slow": 1.0, "fast": 2.0}
"""Two sums of each figure: beyond the margin, for what a fifth changes, and beyond twice that, for two fifths."""
_EARLIER_FACTOR = 3.0
_MONTH_DAYS = 28
_LEAST_SHARE = 0.05
_FEWER_FACTOR = 1.5  # fewer patients than usual overwhelm nobody: they are let stray further
_SPREAD_FLOOR = 0.01
_TINY = 1e-9


@dataclass(frozen=True)
class Alarm:
    """Why a figure alarmed.

    Attributes:
        speed: of `TEST_SPEEDS`.
        day: on which it did.
        since: first day of the change, as the sum dates it.
        change: mean of the days from `since` to `day` beyond what was usual, on the figure's scale, with its
            `interval` (95 %).
        margin: within which it may move.
        statistic, threshold: the sum and what it passed.
        yearly_chance: of an alarm of this figure's in a year in which nothing changes.
    """

    figure: Figure
    speed: str
    day: int
    since: int
    change: float
    interval: tuple[float, float]
    margin: float
    statistic: float
    threshold: float
    yearly_chance: float
    reference_days: int


@dataclass(frozen=True)
class Tested:
    """Everything the tests saw of the days after the release.

    Attributes:
        days: int64 [d].
        change: float64 [d, k], beyond what was usual.
        spread: long-run, per day [k]; NaN: not tested.
        margin: float64 [2, k], by speed, on the figure's scale.
        threshold_share: float64 [d, 2, k], the sum as a share of its threshold.
        alarms: the first of each figure.
    """

    figures: tuple[Figure, ...]
    days: Array
    change: Array
    spread: Array
    margin: Array
    threshold_share: Array
    alarms: tuple[Alarm, ...]


def watch(
    figures: DailyFigures,
    released_day: int,
    rules: MonitorRules,
    place: Place = FRANCE,
    restarts: Mapping[tuple[str, str], int] = MappingProxyType({}),
) -> Tested:
    """Tests every figure from the day of the release on, against the days before it.

    Args:
        released_day: the first local day of which the model and its check saw nothing.
        restarts: by family and name, the last day that no longer counts: its alarm was acknowledged.
    """
    past = figures.days < released_day
    values, logarithmic = scaled(figures, past)
    epidemic = epidemic_days(figures.days, rules.epidemic_months)
    residual = values - expected_values(figures.days, values, released_day, epidemic, place)
    days, change = figures.days[~past], residual[~past].copy()
    for j, figure in enumerate(figures.figures):
        change[days <= restarts.get((figure.family, figure.name), int(released_day) - 1), j] = np.nan
    known = _Known.of(figures.figures, values[past], residual[past], logarithmic, epidemic[past], rules)
    arrivals = np.array([f.family == "arrivals" for f in figures.figures], bool)
    winter = np.outer(epidemic[~past], arrivals * rules.margin_epidemic)
    below = np.where(arrivals, _FEWER_FACTOR, 1.0)
    chance = shares_of(figures.figures) * rules.false_alarms_per_year
    margin, limits = np.full((2, arrivals.size), np.nan), np.full((2, arrivals.size), np.nan)
    paths = []
    for i, factor in enumerate(TEST_SPEEDS.values()):
        for j in map(int, np.flatnonzero(np.isfinite(known.spread))):  # one side of one of two speeds
            wanted = factor * known.allowed[j] / known.spread[j]
            limits[i, j], inside = threshold(wanted, float(known.days[j]), chance[j] / 4)
            margin[i, j] = inside * known.spread[j]
        above = (margin[i] + winter) / known.spread
        paths.append(cusum(change / known.spread, above, above * below))
    threshold_share = np.stack([path.larger / limits[i] for i, path in enumerate(paths)], axis=1)
    found = _Found(figures.figures, days, change, known, margin, limits, chance, paths)
    alarms = [found.first(int(j)) for j in np.flatnonzero(np.isfinite(known.spread))]
    return Tested(
        figures.figures,
        days,
        change,
        known.spread,
        margin,
        threshold_share,
        tuple(a for a in alarms if a is not None),
    )


@dataclass(frozen=True)
class _Known:
    """What the reference holds of each figure.

    Attributes:
        days: int64 [k], with a value.
        spread: float64 [k], long-run, per day; NaN: too few days to test it.
        allowed: float64 [k], the margin on the figure's scale.
    """

    days: Array
    spread: Array
    allowed: Array

    @classmethod
    def of(
        cls,
        figures: tuple[Figure, ...],
        values: Array,
        residual: Array,
        logarithmic: Array,
        epidemic: Array,
        rules: MonitorRules,
    ) -> "_Known":
        known = np.isfinite(residual)
        days = known.sum(axis=0)
        spread, allowed = np.full(len(figures), np.nan), np.full(len(figures), np.nan)
        for j in map(int, np.flatnonzero(days >= rules.minimum_reference_days)):
            family, series = figures[j].family, residual[:, j]
            level = 1.0 if logarithmic[j] else float(np.abs(values[known[:, j], j].mean()))
            # A figure that hardly varied would alarm at nothing: it is held to a share of its own level.
            least = _LEAST_SHARE * level if by_spread(family) else _SPREAD_FLOOR
            quiet = np.where(epidemic, np.nan, series)
            if family == "arrivals" and np.isfinite(quiet).sum() >= rules.minimum_reference_days:
                series = quiet  # epidemics have a margin of their own: they are not counted a second time
            spread[j] = max(float(long_run_spread(series[:, None])[0]), least, _TINY)
            unit = max(float(day_spread(residual[:, j])), least) if by_spread(family) else 1.0
            allowed[j] = margin_of(family, rules) * unit
            if family in WITHIN_EARLIER:
                allowed[j] = max(allowed[j], _EARLIER_FACTOR * _furthest_month(residual[:, j]))
        return cls(days, spread, allowed)


@dataclass(frozen=True)
class _Found:
    figures: tuple[Figure, ...]
    days: Array
    change: Array
    known: _Known
    margin: Array
    limits: Array
    chance: Array
    paths: list[Path]

    def first(self, j: int) -> Alarm | None:
        """The first alarm of a figure, at whichever speed came first."""
        first: tuple[int, int] | None = None
        for i, path in enumerate(self.paths):
            over = np.flatnonzero(path.larger[:, j] > self.limits[i, j])
            if over.size and (first is None or over[0] < first[0]):
                first = (int(over[0]), i)
        if first is None:
            return None
        at, i = first
        path = self.paths[i]
        since = int(path.since[at, j])
        seen = self.change[since : at + 1, j]
        seen = seen[np.isfinite(seen)]
        mean = float(seen.mean())
        half_width = 1.96 * float(self.known.spread[j]) / math.sqrt(seen.size)
        return Alarm(
            figure=self.figures[j],
            speed=list(TEST_SPEEDS)[i],
            day=int(self.days[at]),
            since=int(self.days[since]),
            change=mean,
            interval=(mean - half_width, mean + half_width),
            margin=float(self.margin[i, j]),
            statistic=float(path.larger[at, j]),
            threshold=float(self.limits[i, j]),
            yearly_chance=float(self.chance[j]),
            reference_days=int(self.known.days[j]),
        )


def _furthest_month(residuals: Array) -> float:
    """How far the mean of four weeks strayed among the reference's own."""
    known = residuals[np.isfinite(residuals)]
    if known.size < _MONTH_DAYS:
        return float(np.abs(known.mean())) if known.size else 0.0
    total = np.concatenate([[0.0], np.cumsum(known)])
    return float(np.abs(total[_MONTH_DAYS:] - total[:-_MONTH_DAYS]).max() / _MONTH_DAYS)
