"""Means of a day from rows, and days with few rows put together with those after them."""

from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from registry.monitoring.daily_figures import DailyFigures, Figure
from registry.policy.monitor_rules import Family

__all__ = ["LEAST_ROWS", "Collected", "daily_mean"]

LEAST_ROWS = 20
"""Fewer rows than that and a day's mean says little and may be of one patient: it waits for the days after it."""


def daily_mean(day: Array, days: int, values: Array, weight: Array | None = None) -> tuple[Array, Array]:
    """(means, rows) of each day: float64 [days], int64 [days]; NaN where there are none.

    Days are put together until they hold `LEAST_ROWS` rows, and the last of them has the mean.

    Args:
        day: int64 [n], 0 to `days` - 1.
        values: float64 [n], NaN where unknown.
        weight: float64 [n].
    """
    known = np.isfinite(values) if weight is None else np.isfinite(values) & (weight > 0)
    w = np.ones(known.sum()) if weight is None else weight[known]
    rows = np.bincount(day[known], minlength=days)
    total = np.bincount(day[known], w, minlength=days)
    sums = np.bincount(day[known], w * values[known], minlength=days)
    out, counted = np.full(days, np.nan), np.zeros(days, np.int64)
    kept_rows, kept_total, kept_sum = 0, 0.0, 0.0
    for d in range(days):
        kept_rows, kept_total, kept_sum = kept_rows + int(rows[d]), kept_total + total[d], kept_sum + sums[d]
        if kept_rows >= LEAST_ROWS and kept_total > 0:
            out[d], counted[d] = kept_sum / kept_total, kept_rows
            kept_rows, kept_total, kept_sum = 0, 0.0, 0.0
    return out, counted


@dataclass
class Collected:
    """Figures as they are found, over the same days.

    Attributes:
        days: int64 [d], consecutive local days.
        day: int64 [n], of each row its place among them.
    """

    days: Array
    day: Array

    def __post_init__(self) -> None:
        self._figures: list[Figure] = []
        self._columns: list[Array] = []
        self._rows: list[Array] = []

    def add(self, family: Family, name: str, values: Array, rows: Array) -> None:
        """A figure of which the days' values are known (float64 [d], int64 [d])."""
        if np.isfinite(values).any():
            self._figures.append(Figure(family, name))
            self._columns.append(values)
            self._rows.append(rows)

    def mean(
        self,
        family: Family,
        name: str,
        values: Array,
        *,
        weight: Array | None = None,
        mask: Array | None = None,
    ) -> None:
        """A figure that is a mean of rows (float64 [n]), of those of which `mask` is true."""
        kept = values if mask is None else np.where(mask, values, np.nan)
        self.add(family, name, *daily_mean(self.day, self.days.size, kept, weight))

    def done(self) -> DailyFigures:
        """All figures."""
        none: Array = np.empty((self.days.size, 0))
        values = np.column_stack(self._columns) if self._columns else none
        rows = np.column_stack(self._rows) if self._rows else none.astype(np.int64)
        return DailyFigures(self.days, tuple(self._figures), values, rows)
