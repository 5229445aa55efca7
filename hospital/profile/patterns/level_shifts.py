"""A column that changes its meaning in the middle: its level, its codes, or whether it is filled at all.

The rule. Around a day, the 28 days before are held against the 28 days after (from 24 values a side):

- *moved*: the median moves by at least three times the larger interquartile range;
- *scaled*: median and interquartile range are both multiplied, or both divided, by at least 1.8;
  of counts (a census, rows a day) also by three times the square root of the larger median;
- *codes*: at least a fifth of the values after are codes never seen before, each 2 % of them or more;
- *filled*: the share missing changes by at least half.

And it is sudden: the medians (or shares) of the 7 days on either side already differ by 70 % of that. An epidemic, a
season or a summer closure come by and by or stay within their spread; another unit of measure comes overnight.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.contracts.tables import Column, Kind
from hospital.profile.current_rows import Latest, day_text
from hospital.profile.facts import Finding, Weight

__all__ = ["level_shift_findings"]

_WINDOW, _SUDDEN = 28, 7
_LEAST_VALUES = 24
_MOVED, _SCALED, _NEW_CODES, _PRESENCE = 3.0, 1.8, 0.2, 0.5
_FREQUENT = 0.02
_SHOWN_AT_ONCE = 0.7
_NOT_CODES = ("unit", "destination_unit", "predecessor", "label", "label_fr", "label_en")
"""Units open, close and are renamed: that is a finding of each unit."""


def level_shift_findings(table: Latest, covariates: tuple[str, ...]) -> list[Finding]:
    """Level shifts of every column of a table; of a census in each unit."""
    name = table.contract.name
    out = _rows_shift(table) if name in ("visits", "stays") else []
    if name not in ("visits", "operations", "census"):
        return out
    for part, unit in _parts(table):
        for column in _columns(table, covariates):
            out += _of_column(part, column, unit)
    return out


def _rows_shift(table: Latest) -> list[Finding]:
    """Rows a day that change at once, of the days that have any: another hospital's, or site's, are put beside them."""
    bounds = table.bounds
    if bounds is None:
        return []
    days, counts = np.unique(
        table.day[(table.times >= bounds[0]) & (table.times <= bounds[1])], return_counts=True
    )
    days, counts = days[1:-1], counts[1:-1]  # the first and the last may be parts of days
    if days.size < 2 * _SUDDEN:
        return []
    level = _Level.of(counts.astype(np.float64), counts=True)
    return _level_shift(table, table.contract.time or "", "", "rows_shift", days, level)


def _parts(table: Latest) -> Iterator[tuple[Latest, str]]:
    if table.contract.name != "census":
        yield table, ""
        return
    units = table.frame["unit"].to_numpy(object)
    for unit in sorted(set(units)):
        yield table.part(units == unit), str(unit)


def _columns(table: Latest, covariates: tuple[str, ...]) -> list[Column]:
    own = [c for c in table.contract.columns if c.kind not in (Kind.ID, Kind.TIME)]
    extra = [Column(n, Kind.NUMBER) for n in covariates if table.contract.extra == "covariates"]
    texts = {c.name for c in table.contract.columns} | {"received_at"} | set(covariates)
    audit = [
        Column(str(n), Kind.TEXT)
        for n in table.frame.columns
        if n not in texts and table.contract.extra == "audit"
    ]
    return [c for c in (*own, *extra, *audit) if c.name in table.frame and c.name not in _NOT_CODES]


def _of_column(table: Latest, column: Column, unit: str) -> list[Finding]:
    series = table.frame[column.name]
    known = series.notna().to_numpy(bool)
    if not known.any():
        return []
    day = table.day[known]
    out = _level_shift(
        table, column.name, unit, "presence_shifts", table.day, _Presence(known.astype(np.float64))
    )
    if column.kind in (Kind.NUMBER, Kind.INTEGER):
        level = _Level.of(series.to_numpy(np.float64)[known], table.contract.name == "census")
        out += _level_shift(table, column.name, unit, "level_shifts", day, level)
    elif table.contract.name != "census":
        codes = _Codes.of(pd.factorize(series[known])[0])
        out += _level_shift(table, column.name, unit, "codes_change", day, codes)
    return out


class _Measure(Protocol):
    """What may shift."""

    def size(self, before: slice, after: slice) -> float:
        """How far the values before and after differ; 1 or more is a level shift."""

    def both_sides(self, before: slice, after: slice) -> tuple[float | None, float]:
        """What a person reads of both sides; what it moves by is their difference."""


@dataclass(frozen=True)
class _Presence:
    """Whether a column is filled at all: float64 [n], 0 or 1."""

    known: Array

    def size(self, before: slice, after: slice) -> float:
        return float(abs(self.known[after].mean() - self.known[before].mean())) / _PRESENCE

    def both_sides(self, before: slice, after: slice) -> tuple[float | None, float]:
        return 1 - float(self.known[before].mean()), 1 - float(self.known[after].mean())


@dataclass(frozen=True)
class _Level:
    """A number's level and spread: float64 [n].

    Attributes:
        least: the smallest spread that is taken for one.
        counts: whether they count something, so that small ones vary by their square root.
    """

    values: Array
    least: float
    counts: bool

    @classmethod
    def of(cls, values: Array, counts: bool) -> "_Level":
        return cls(values, max(abs(float(np.median(values))) / 20, 1e-9), counts)

    def size(self, before: slice, after: slice) -> float:
        quartiles = [np.percentile(self.values[side], (25, 50, 75)) for side in (before, after)]
        spreads, medians = [float(q[2] - q[0]) for q in quartiles], [float(q[1]) for q in quartiles]
        difference = abs(medians[1] - medians[0])
        size = difference / max(*spreads, self.least) / _MOVED
        if min(*spreads, *medians) > 0:
            ratios = np.log([medians[1] / medians[0], spreads[1] / spreads[0]])
            scaled = ratios.min() if ratios[0] > 0 else (-ratios).min()
            size = max(size, float(scaled) / np.log(_SCALED))
        if self.counts:
            size = min(size, difference / (_MOVED * max(*medians, 1.0) ** 0.5))
        return float(size)

    def both_sides(self, before: slice, after: slice) -> tuple[float | None, float]:
        return float(np.median(self.values[before])), float(np.median(self.values[after]))


@dataclass(frozen=True)
class _Codes:
    """Codes (int64 [n]), and for each value where its code was first seen."""

    values: Array
    first_seen: Array

    @classmethod
    def of(cls, values: Array) -> "_Codes":
        _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
        return cls(values, first[inverse])

    def size(self, before: slice, after: slice) -> float:
        return self._new(after) / _NEW_CODES

    def both_sides(self, before: slice, after: slice) -> tuple[float | None, float]:
        return None, self._new(after)

    def _new(self, after: slice) -> float:
        """Share of values in codes first seen there; of rare codes new ones are met every day."""
        new = self.values[after][self.first_seen[after] >= after.start]
        counts, size = np.bincount(new), after.stop - after.start
        return float(counts[counts >= _FREQUENT * size].sum() / size)


def _level_shift(
    table: Latest, column: str, unit: str, code: str, day: Array, measure: _Measure
) -> list[Finding]:
    found = _find(day, measure)
    if found is None:
        return []
    before, after = measure.both_sides(*_around(day, found, _WINDOW))
    rows, first = int((table.day >= found).sum()), int(table.times[np.searchsorted(table.day, found)])
    finding = Finding(
        table.contract.name,
        code,
        Weight.LOOK,
        column,
        unit,
        rows=rows,
        share=rows / table.size,
        first=day_text(first, table.zone),
        before=None if before is None else round(before, 3),
        after=round(after, 3),
    )
    return [finding]


def _find(day: Array, measure: _Measure) -> int | None:
    """The day (of sorted days, int64 [n]) of the largest level shift, or None."""
    first, last = int(day[0]) + _SUDDEN, int(day[-1]) - _SUDDEN
    best, at = 0.0, None
    for candidate in range(first, last + 1, _SUDDEN):
        before, after = _around(day, candidate, _WINDOW)
        if min(before.stop - before.start, after.stop - after.start) < _LEAST_VALUES:
            continue
        # A few days beside the true one, a part of one side is of the other: half a shift earns a closer look.
        size = measure.size(before, after)
        if size >= 0.5 and size > best:
            best, at = size, candidate
    if at is None:
        return None
    near = range(max(at - _WINDOW // 2, first), min(at + _WINDOW // 2, last) + 1)
    exact = max((d for d in near if _rows_on_both(day, d)), key=lambda d: _key(day, d, measure), default=None)
    if exact is None or measure.size(*_around(day, exact, _WINDOW)) < 1:
        return None
    # A trend has little spread within a week: how far it moves is held against the whole, not against the spread.
    at_once, whole = (_moves(measure, *_around(day, exact, width)) for width in (_SUDDEN, _WINDOW))
    return exact if whole != 0 and at_once / whole >= _SHOWN_AT_ONCE else None


def _rows_on_both(day: Array, at: int) -> bool:
    """Whether the weeks on both sides have rows: a daily census has one value a day."""
    return min(side.stop - side.start for side in _around(day, at, _SUDDEN)) >= _SUDDEN - 1


def _key(day: Array, at: int, measure: _Measure) -> tuple[float, float]:
    """Where a week on either side, then four weeks, differ most."""
    return measure.size(*_around(day, at, _SUDDEN)), measure.size(*_around(day, at, _WINDOW))


def _moves(measure: _Measure, before: slice, after: slice) -> float:
    sides = measure.both_sides(before, after)
    return sides[1] - (sides[0] or 0.0)


def _around(day: Array, at: int, width: int) -> tuple[slice, slice]:
    """Rows of `width` days before a day, and of `width` days from it on."""
    low, middle, high = (int(i) for i in np.searchsorted(day, [at - width, at, at + width]))
    return slice(low, middle), slice(middle, high)
