"""Differences of two versions' figures on the same rows, each with its interval."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.evidence.records import Scored
from registry.statistics.intervals import block_mean
from registry.statistics.scope import horizon_name

__all__ = ["BRIER", "METRICS", "Difference", "Rows", "differences", "losses_of", "one_difference"]

METRICS = ("mae", "crps", "inside")
"""Mean absolute error of p50; continuous ranked probability score over the 19 quantiles; share of outcomes in
p10-p90. The first two in the forecast's unit, less is better; the third is 0.8 where intervals are right."""
BRIER = "brier"
"""Mean squared error of the probability that staffed beds are exceeded; less is better."""

_ALPHA = 0.025  # on either side: 95 % intervals, as people expect of a difference
_LEAST_ROWS = 50
_P10, _P90 = LEVELS.index(0.1), LEVELS.index(0.9)


@dataclass(frozen=True)
class Difference:
    """One figure of both versions on the same rows.

    Attributes:
        metric: of `METRICS`, or `BRIER`.
        by: "all", "horizon", "unit_group" or an audit attribute; of totals "hospital" (by horizon) or "group_total".
        group: of it.
        first, second: the figures.
        difference: second less first.
        low, high: its 95 % interval by blocks of days, None where there are not two blocks.
        n: rows.
        blocks: of days.
    """

    metric: str
    by: str
    group: str
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    n: int
    blocks: int

    @property
    def shown(self) -> int:
        """-1: the first is significantly better, 1: the second, 0: the interval does not say (nor does it of
        `inside`)."""
        if self.low is None or self.high is None or self.metric == "inside":
            return 0
        return -1 if self.low > 0 else int(self.high < 0)


@dataclass(frozen=True)
class Rows:
    """The rows of one line.

    Attributes:
        by, group: as of `Difference`.
        weight, horizon_hours: float64 [n].
        times: int64 [n], prediction times, in their order.
    """

    by: str
    group: str
    weight: Array
    times: Array
    horizon_hours: Array


def one_difference(metric: str, rows: Rows, mine: Array, theirs: Array) -> Difference | None:
    """One figure of both versions (losses: float64 [n]); None: there are too few rows."""
    if rows.times.size < _LEAST_ROWS:
        return None
    found = block_mean(
        theirs - mine,
        rows.weight,
        rows.times,
        horizon_hours=float(rows.horizon_hours.max()),  # the longest errors overlap the longest
    )
    several = found.blocks >= 2
    return Difference(
        metric,
        rows.by,
        rows.group,
        float(np.average(mine, weights=rows.weight)),
        float(np.average(theirs, weights=rows.weight)),
        found.value,
        found.low(_ALPHA) if several else None,
        found.high(_ALPHA) if several else None,
        int(rows.times.size),
        found.blocks,
    )


def differences(first: Scored, second: Scored) -> Iterator[Difference]:
    """Every metric over all rows, then by horizon, unit group and audit attribute.

    Args:
        first, second: the same rows in the same order, every outcome and forecast known.
    """
    losses = {name: (losses_of(first, name), losses_of(second, name)) for name in METRICS}
    for by, group, mask in _groups(first):
        rows = Rows(by, group, first.weight[mask], first.prediction_time[mask], first.horizon_hours[mask])
        for name, (mine, theirs) in losses.items():
            if (found := one_difference(name, rows, mine[mask], theirs[mask])) is not None:
                yield found


def _groups(rows: Scored) -> Iterator[tuple[str, str, Array]]:
    yield "all", "all", np.ones(rows.size, bool)
    horizons = np.unique(rows.horizon_hours)
    for horizon in horizons if horizons.size > 1 else ():
        yield "horizon", horizon_name(float(horizon)), rows.horizon_hours == horizon
    for by, values in {"unit_group": rows.unit_group, **rows.audit}.items():
        known = sorted({str(v) for v in values if v is not None})
        for group in known if len(known) > 1 else ():
            yield by, group, values == group


def losses_of(scored: Scored, metric: str) -> Array:
    """Of each row, by a metric of `METRICS`: float64 [n]."""
    if metric == "mae":
        return np.abs(scored.outcome - scored.p50)
    if metric == "inside":
        low, high = scored.quantiles[:, _P10], scored.quantiles[:, _P90]
        return ((scored.outcome >= low) & (scored.outcome <= high)).astype(np.float64)
    # Twice the mean pinball loss over evenly spaced levels: the usual sum for the CRPS (Gneiting & Ranjan 2011).
    error = scored.outcome[:, None] - scored.quantiles
    levels = np.array(LEVELS)
    return 2 * np.maximum(levels * error, (levels - 1) * error).mean(axis=1)
