"""What units are like, day by day: how many come, for how long, from where, how old; of a census how many are there."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.profile.current_rows import Latest, instants
from hospital.profile.facts import FLOOR
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = ["LEAST_DAYS", "Daily", "Sums", "daily_measures"]

LEAST_DAYS = 14
_COUNT_DAYS = 7
"""Days that a mean is of at least."""
_SHORT_DAYS = (1, 3)
"""A stay of so many days at most is short: known of all but those of the last days."""
_MOST_UNITS = 60
_LEAST_SPREAD, _LEAST_ROWS, _OVERDISPERSION = 0.1, 20, 1.5


@dataclass(frozen=True)
class Daily:
    """What each unit is like, day by day.

    Attributes:
        units: names.
        first: the first local day.
        values: float64 [units, days, measures], NaN where nothing is known.
        present: bool [units, days], whether the unit has a row.
        rows: int64 [units, days].
        row_spread: float64 [measures], the standard deviation of all rows; 0 of counts, and of a census.
    """

    units: tuple[str, ...]
    first: int
    values: Array
    present: Array
    rows: Array
    row_spread: Array


def daily_measures(table: Latest, name: str) -> Daily | None:
    """What the units with the most rows are like; None where there is one alone, or too few days.

    Args:
        name: the column that names the unit.
    """
    codes, names = pd.factorize(table.frame[name])
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    chosen = [i for i in np.argsort(-counts, kind="stable")[:_MOST_UNITS] if counts[i] > 2 * FLOOR]
    first, days = int(table.day[0]), int(table.day[-1] - table.day[0]) + 1
    if len(chosen) < 2 or days < 2 * LEAST_DAYS:
        return None
    measures = _measures(table)
    values = np.full((len(chosen), days, len(measures) + (table.contract.name != "census")), np.nan)
    size = np.zeros((len(chosen), days), np.int64)
    for k, i in enumerate(chosen):
        rows = np.flatnonzero(codes == i)
        day = table.day[rows] - first
        size[k] = np.bincount(day, minlength=days)
        if table.contract.name != "census":
            values[k, :, -1] = size[k]
        for j, measure in enumerate(measures):
            values[k, :, j] = _means(measure[rows], day, days)
    spread = np.zeros(values.shape[2])
    if table.contract.name != "census":
        spread[: len(measures)] = [
            float(np.std(m[np.isfinite(m)])) if np.isfinite(m).any() else 0.0 for m in measures
        ]
    return Daily(tuple(str(names[i]) for i in chosen), first, values, size > 0, size, spread)


def _means(values: Array, day: Array, days: int) -> Array:
    """The mean of each day: float64 [days], NaN without any."""
    known = np.isfinite(values)
    sums = np.bincount(day[known], weights=values[known], minlength=days)
    sizes = np.bincount(day[known], minlength=days)
    return np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan)


def _measures(table: Latest) -> list[Array]:
    """Numbers of each row by which units differ: float64 [n] each."""
    frame, kind = table.frame, table.contract.name
    if kind == "census":
        return [np.sqrt(frame["occupied"].to_numpy(np.float64))]
    if kind == "operations":
        urgent = np.where(frame["urgent"].isna(), np.nan, frame["urgent"] == "yes").astype(np.float64)
        return [np.log1p(frame["minutes"].to_numpy(np.float64)), urgent]
    start, end = table.times, instants(frame["left_at" if kind == "stays" else "seen_at"])
    known = end != MISSING_TIME
    if kind == "stays":
        hour = local_hour(start, table.zone) * (2 * np.pi / 24)
        sources = [(frame["source"] == choice).to_numpy(np.float64) for choice in ("emergency", "transfer")]
        # Who comes in the last days may still leave soon.
        last = int(start[-1])
        short = [
            np.where(start < last - days * DAY, known & (end - start <= days * DAY), np.nan)
            for days in _SHORT_DAYS
        ]
        return [*sources, *short, np.cos(hour), np.sin(hour)]
    length = np.where(known, np.log1p(np.maximum(end - start, 0) / HOUR), np.nan)
    levels = frame["triage"].map({"1": 1, "2": 2, "3A": 3, "3": 3.5, "3B": 4, "4": 5, "5": 6})
    return [length, frame["age_years"].to_numpy(np.float64), levels.to_numpy(np.float64)]


@dataclass(frozen=True)
class Sums:
    """Running sums of what units are like: float64 [units, days + 1, measures]; of days, and of rows.

    Attributes:
        spread: float64 [units, 1, measures], the standard deviation from one day to the same of the next week.
        row_spread: float64 [measures], that of single rows.
    """

    sums: Array
    sizes: Array
    rows: Array
    spread: Array
    row_spread: Array

    @classmethod
    def of(cls, daily: Daily) -> "Sums":
        values, known = daily.values, np.isfinite(daily.values)
        filled = np.where(known, values, 0.0)
        pad = ((0, 0), (1, 0), (0, 0))
        sums, sizes = (np.pad(np.cumsum(v, axis=1), pad) for v in (filled, known.astype(np.float64)))
        steps = filled[:, 7:] - filled[:, :-7]
        both = known[:, 7:] & known[:, :-7]
        spread = (np.where(both, steps**2, 0.0).sum(axis=1, keepdims=True) / 2) / np.maximum(
            both.sum(axis=1, keepdims=True), 1
        )
        # A share that is 0 in one unit and 1 in another varies in neither.
        centre = filled.sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1)
        whole = np.where(known, (values - centre) ** 2, 0.0).sum(axis=(0, 1)) / np.maximum(
            known.sum(axis=(0, 1)), 1
        )
        rows = np.pad(np.cumsum(daily.rows, axis=1), pad[:2])
        least = _LEAST_SPREAD * np.sqrt(whole)
        return cls(sums, sizes, rows, np.maximum(np.sqrt(spread), least), daily.row_spread)

    def before(self, cuts: Array, window: int) -> tuple[Array, Array]:
        """Means of some days before each cut, and their standard errors: float64 [units, cuts, measures]."""
        return self._means(np.maximum(cuts - window, 0), cuts)

    def after(self, cuts: Array, window: int) -> tuple[Array, Array]:
        """The same (float64) of some days from each cut (int64) on."""
        return self._means(cuts, np.minimum(cuts + window, self.rows.shape[1] - 1))

    def rows_before(self, cuts: Array) -> Array:
        """Rows before each cut: int64 [units, cuts]."""
        return self.rows[:, cuts]

    def rows_after(self, cuts: Array) -> Array:
        """Rows from each cut on: int64 [units, cuts]."""
        return self.rows[:, -1:] - self.rows[:, cuts]

    def _means(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Means of days (int64 [cuts] each, up to and not with `high`) and their standard errors."""
        days = np.maximum(self.sizes[:, high] - self.sizes[:, low], 1)
        rows = (self.rows[:, high] - self.rows[:, low])[:, :, None]
        enough = (days >= _COUNT_DAYS) & ((rows >= _LEAST_ROWS) | ~self.row_spread.any())
        means = np.where(enough, (self.sums[:, high] - self.sums[:, low]) / days, np.nan)
        if not self.row_spread.any():
            return means, np.broadcast_to(self.spread, means.shape)
        # A unit of a few rows a day varies as its rows do, even where the days that have any look alike.
        single = self.row_spread / np.sqrt(np.maximum(rows, 1))
        counted = np.zeros_like(means)
        counted[:, :, -1] = np.sqrt(_OVERDISPERSION * np.maximum(rows[:, :, 0], 1)) / days[:, :, -1]
        return means, np.maximum(np.maximum(self.spread / np.sqrt(days), single), counted)
