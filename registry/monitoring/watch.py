"""The sequential tests of a model's daily figures: pure, from figures, a release's day and the policy's section."""

import math
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from hospital.events import Array
from registry.monitoring.cusum import Path, follow, threshold
from registry.monitoring.figures import (
    WITHIN_EARLIER,
    DailyFigures,
    Figure,
    by_spread,
    margin_of,
    scaled,
    shares_of,
)
from registry.monitoring.rules import MonitorRules
from registry.monitoring.season import epidemic_days, usual
from registry.monitoring.spread import day_spread, long_run_spread

__all__ = ["LOOKS", "Alarm", "Tested", "watch"]

LOOKS = {"slow": 1.0, "fast": 2.0}
"""Two sums of each figure: beyond the margin, for what a fifth changes, and beyond twice that, for two fifths."""
_EARLIER_FACTOR = 3.0
_MONTH_DAYS = 28
_FEWER_FACTOR = 1.5  # fewer patients than usual overwhelm nobody: they are let stray further
_SPREAD_FLOOR = {"arrivals": 0.02, "missing": 0.005, "coverage": 0.01, "errors": 0.01, "fairness": 0.01}
_FRANCE = ZoneInfo("Europe/Paris")


@dataclass(frozen=True)
class Alarm:
    """Why a figure alarmed.

    Attributes:
        look: of `LOOKS`. day: on which it did. since: first day of the change, as the sum tells it.
        change: mean of the days from `since` to `day` beyond what was usual, on the figure's scale, with its
        `interval` (95 %). margin: within which it may move. statistic, threshold: the sum and what it passed.
        yearly_chance: of an alarm of this figure's in a year in which nothing changes.
    """

    figure: Figure
    look: str
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
        days: int64 [d]. change: float64 [d, k], beyond what was usual. spread: long-run, per day [k]; NaN: not
        tested. margin: float64 [2, k], by look, on the figure's scale. reach: float64 [d, 2, k], the sum as a share
        of its threshold. alarms: the first of each figure.
    """

    figures: tuple[Figure, ...]
    days: Array
    change: Array
    spread: Array
    margin: Array
    reach: Array
    alarms: tuple[Alarm, ...]


def watch(figures: DailyFigures, released_day: int, rules: MonitorRules, zone: ZoneInfo = _FRANCE) -> Tested:
    """Follows every figure from the day of the release on, against the days before it."""
    past = figures.days < released_day
    values = scaled(figures, past)
    epidemic = epidemic_days(figures.days, rules.epidemic_months)
    residual = values - usual(figures.days, values, released_day, epidemic, zone)
    reference, change = residual[past], residual[~past]
    k = len(figures.figures)
    arrivals = np.array([f.family == "arrivals" for f in figures.figures])
    n = np.isfinite(reference).sum(axis=0)
    tested = n >= rules.minimum_reference_days
    spread = np.full(k, np.nan)
    one_day = np.full(k, np.nan)
    if tested.any():
        # Epidemics have a margin of their own: what they add to arrivals is not counted a second time.
        quiet = np.where(np.outer(epidemic[past], arrivals), np.nan, reference)
        enough = np.isfinite(quiet).sum(axis=0) >= rules.minimum_reference_days
        spread[tested] = long_run_spread(np.where(enough, quiet, reference)[:, tested])
        one_day[tested] = day_spread(reference[:, tested])
    chance = shares_of(figures.figures) * rules.false_alarms_per_year
    margin, paths, limits = np.full((2, k), np.nan), [], np.full((2, k), np.nan)
    for i, factor in enumerate(LOOKS.values()):
        for j in np.flatnonzero(tested):
            family = figures.figures[j].family
            spread[j] = max(spread[j], _SPREAD_FLOOR.get(family, 0.0), 1e-9)
            allowed = margin_of(family, rules) * (one_day[j] if by_spread(family) else 1.0)
            if family in WITHIN_EARLIER:
                allowed = max(allowed, _EARLIER_FACTOR * _furthest_month(reference[:, j]))
            # one side of one of two looks
            limits[i, j], inside = threshold(factor * allowed / spread[j], float(n[j]), chance[j] / 4)
            margin[i, j] = inside * spread[j]
        winter = np.outer(epidemic[~past], arrivals * rules.margin_epidemic)
        above = (margin[i] + winter) / spread
        paths.append(follow(change / spread, above, above * np.where(arrivals, _FEWER_FACTOR, 1.0)))
    reach = np.stack([path.larger / limits[i] for i, path in enumerate(paths)], axis=1)
    days = figures.days[~past]
    found = _Found(figures.figures, days, change, spread, margin, limits, chance, n, paths)
    alarms = tuple(a for j in np.flatnonzero(tested) if (a := found.first(int(j))) is not None)
    return Tested(figures.figures, days, change, spread, margin, reach, alarms)


@dataclass(frozen=True)
class _Found:
    figures: tuple[Figure, ...]
    days: Array
    change: Array
    spread: Array
    margin: Array
    limits: Array
    chance: Array
    reference_days: Array
    paths: list[Path]

    def first(self, j: int) -> Alarm | None:
        """The first alarm of a figure, of whichever look came first."""
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
        reach = 1.96 * float(self.spread[j]) / math.sqrt(seen.size)
        return Alarm(
            figure=self.figures[j],
            look=list(LOOKS)[i],
            day=int(self.days[at]),
            since=int(self.days[since]),
            change=mean,
            interval=(mean - reach, mean + reach),
            margin=float(self.margin[i, j]),
            statistic=float(path.larger[at, j]),
            threshold=float(self.limits[i, j]),
            yearly_chance=float(self.chance[j]),
            reference_days=int(self.reference_days[j]),
        )


def _furthest_month(residuals: Array) -> float:
    """How far the mean of four weeks strayed among the reference's own."""
    known = residuals[np.isfinite(residuals)]
    if known.size < _MONTH_DAYS:
        return float(np.abs(known.mean())) if known.size else 0.0
    total = np.concatenate([[0.0], np.cumsum(known)])
    return float(np.abs(total[_MONTH_DAYS:] - total[:-_MONTH_DAYS]).max() / _MONTH_DAYS)
