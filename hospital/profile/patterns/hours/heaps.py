"""Times heaped on one hour, entered in batches, or rounded to whole minutes of five."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_clock, weekday
from hospital.profile.current_rows import Latest, day_text, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.times import MINUTE, MISSING_TIME

__all__ = ["heap_findings"]

_GRIDS = (60, 30, 15, 10, 5)
"""Minutes that a program may write times in; the widest that nine in ten times lie on is the table's own."""
_ON_GRID = 0.9
_SHARE, _FACTOR, _ERRORS = 0.025, 5.0, 6.0
"""When a shift begins, its doctors see one patient each at once: hardly more than one in a hundred contacts."""
_BESIDE_HOURS, _HEAP_DAYS = 3, 3
_WINDOW = 15
"""Minutes of a slot in which one person types one time after the other."""
_BATCH, _BATCH_DAYS, _BATCH_FACTOR, _BATCHED = 5, 3, 10.0, 0.005
_GROUPED, _GROUPED_FACTOR, _GROUPED_SHARE = 3, 3.0, 0.02
_AROUND: tuple[tuple[int, Literal["left", "right"]], ...] = ((-30, "left"), (30, "right"))
_AROUND_MINUTES = 60
_ROUND = 5
_ROUNDED, _ROUNDED_STEP, _ROUNDED_ERRORS = 0.35, 0.15, 6.0
_FEW_WEEKDAYS, _MOST = 3, 0.8
_LEAST_OF_UNIT = 200


@dataclass(frozen=True)
class _Times:
    """The known times of one column.

    Attributes:
        at: int64 [n] instants, ascending.
        minute: int64 [n], local minutes since 1970-01-01.
        unit: object [n], the unit or department of each row, or None.
        grid: minutes that times are written in.
    """

    table: Latest
    column: str
    at: Array
    minute: Array
    unit: Array
    grid: int

    @classmethod
    def of(cls, table: Latest, column: str) -> "_Times":
        at = instants(table.frame[column])
        known = np.flatnonzero(at != MISSING_TIME)
        order = known[np.argsort(at[known], kind="stable")]
        at = at[order]
        minute = local_clock(at, table.zone) // MINUTE
        name = "department" if table.contract.name == "visits" else "unit"
        unit = table.frame[name].to_numpy(object)[order]
        on = (g for g in _GRIDS if at.size and (minute % g == 0).mean() >= _ON_GRID)
        return cls(table, column, at, minute, unit, next(on, 1))

    def part(self, rows: Array) -> "_Times":
        """Some of them (bool [n])."""
        return replace(self, at=self.at[rows], minute=self.minute[rows], unit=self.unit[rows])

    def finding(self, code: str, rows: Array) -> Finding:
        """A finding of some rows (bool [n]), with their days but for the nine rows at either end."""
        count, at = int(rows.sum()), self.at[rows]
        days = np.unique(self.minute[rows] // 1440).size
        out = Finding(
            self.table.contract.name,
            code,
            Weight.LOOK,
            self.column,
            self._unit(rows),
            rows=count,
            share=count / self.at.size,
            days=days,
        )
        if count < 2 * FLOOR:
            return out
        first, last = (day_text(int(at[i]), self.table.zone) for i in (FLOOR - 1, -FLOOR))
        return replace(out, first=first, last=last)

    def _unit(self, rows: Array) -> str:
        """The unit that nine in ten of the rows are of, where fewer than seven in ten of all are."""
        units = self.unit[rows]
        for unit in {u for u in units.tolist() if isinstance(u, str)}:
            if (units == unit).mean() >= 0.9 and (self.unit == unit).mean() < 0.7:
                return str(unit)
        return ""


def heap_findings(table: Latest) -> list[Finding]:
    """Heaps, batches and rounded minutes in the times of what happened, of visits and stays."""
    if table.contract.name not in ("visits", "stays"):
        return []
    out = []
    # When a plan is made is an hour of the day: at the round, all of a ward's discharges at once.
    plans = {c.known_with for c in table.contract.columns if c.planned}
    for column in table.contract.event_times:
        if column in plans:
            continue
        times = _Times.of(table, column)
        if times.at.size < 2 * FLOOR:
            continue
        found = _of_times(times)
        out += found or _of_units(times)
    return out


def _of_times(times: _Times) -> list[Finding]:
    out, heaped = list[Finding](), np.zeros(times.at.size, bool)
    for finding, rows in _heaps(times):
        out.append(finding)
        heaped |= rows
    return [*out, *_batches(times, heaped), *_rounded(times.part(~heaped))]


def _of_units(times: _Times) -> list[Finding]:
    """The same of each unit or department alone: one of eight that types its times by hand is lost among all."""
    names = sorted({u for u in times.unit.tolist() if isinstance(u, str)})
    parts = [(name, times.part(times.unit == name)) for name in names if len(names) > 1]
    large = [(name, part) for name, part in parts if part.at.size >= _LEAST_OF_UNIT]
    # Where the others write minutes, one that always rounds them has another cause than the program.
    return [replace(f, unit=name, weight=Weight.LOOK) for name, part in large for f in _of_times(part)]


def _heaps(times: _Times) -> Iterable[tuple[Finding, Array]]:
    """Each time of day that holds far more rows than those beside it, of all days or of some days of the week."""
    taken = np.zeros(times.at.size, bool)
    for width in sorted({times.grid, max(times.grid, _WINDOW)}):
        slot = times.minute % 1440 // width
        slots = 1440 // width
        day = weekday(times.minute // 1440)
        by_day = np.bincount(day[~taken] * slots + slot[~taken], minlength=7 * slots).reshape(7, slots)
        heaped = _high(np.vstack([by_day, by_day.sum(axis=0)]), width)
        for place in np.flatnonzero(heaped.any(axis=0)):
            if place == 0 and width == times.grid:
                continue  # midnight has a finding of its own
            own = by_day[:, place]
            days = _weekdays(own, heaped[:7, place])
            rows = (slot == place) & ~taken & np.isin(day, days or range(7))
            dates = np.unique(times.minute[rows] // 1440).size
            if rows.sum() < FLOOR or dates < _HEAP_DAYS or _share(rows) < _SHARE:
                continue
            taken |= rows
            clock = f"{place * width // 60:02d}:{place * width % 60:02d}"
            finding = times.finding("heaped_times", rows)
            yield replace(finding, clock=clock, names=tuple(str(d) for d in days)), rows


def _share(rows: Array) -> float:
    """The share of rows (bool [n], in the order of time) that are heaped, of those between the first and the last."""
    where = np.flatnonzero(rows)
    low, high = where[where.size // 20], where[-1 - where.size // 20]
    return float(rows[low : high + 1].mean())


def _weekdays(counts: Array, heaped: Array) -> list[int]:
    """The few days of the week (int64 [7] rows each) that hold a heap; none where it is there on most days."""
    order = np.argsort(counts, kind="stable")[::-1]
    for size in range(1, _FEW_WEEKDAYS + 1):
        if counts[order[:size]].sum() >= _MOST * counts.sum():
            return sorted(int(d) for d in order[:size])
    few = np.flatnonzero(heaped)
    return [int(d) for d in few] if 0 < few.size <= _FEW_WEEKDAYS else []


def _high(counts: Array, width: int) -> Array:
    """Which slots (int64 [k, slots]) hold far more rows than those within an hour and the same of other hours."""
    around, hour, slots = max(60 // width, 2), max(60 // width, 1), counts.shape[1]
    sums = np.cumsum(np.pad(counts, ((0, 0), (around + 1, around)), "wrap"), axis=1)
    near = (sums[:, 2 * around + 1 :] - sums[:, :slots] - counts) / (2 * around)
    hours = [k * hour for k in range(-_BESIDE_HOURS, _BESIDE_HOURS + 1) if k]
    usual = np.maximum(near, np.mean([np.roll(counts, k, axis=1) for k in hours], axis=0))
    return (counts >= FLOOR) & (counts > _FACTOR * usual) & (counts > usual + _ERRORS * np.sqrt(usual + 1))


def _batches(times: _Times, heaped: Array) -> list[Finding]:
    """Many rows of one and the same minute, on several days at different times: typed, or sent, in one go."""
    if times.grid > _ROUND:
        return []
    minutes, of, counts = np.unique(times.minute // times.grid, return_inverse=True, return_counts=True)
    hours = np.bincount(times.minute % 1440 // 60, minlength=24)
    days = max(np.unique(times.minute // 1440).size, 1)
    usual = hours[minutes * times.grid % 1440 // 60] / days / 60 * times.grid
    batch = (counts >= np.maximum(_BATCH, _BATCH_FACTOR * usual))[of] & ~heaped
    enough = batch.sum() >= max(FLOOR, _BATCHED * times.at.size)
    if enough and np.unique(times.minute[batch] // 1440).size >= _BATCH_DAYS:
        return [times.finding("batched_times", batch)]
    return _grouped(times, minutes, counts, of, heaped) if times.grid == 1 else []


def _grouped(times: _Times, minutes: Array, counts: Array, of: Array, heaped: Array) -> list[Finding]:
    """Rows of one minute by threes and fours, far more than as many rows within half an hour would have by chance.

    Args:
        minutes, counts: int64 [k], each minute that has rows, and how many; `of` (int64 [n]) says which is whose.
    """
    low, high = (np.searchsorted(times.minute, minutes + k, side) for k, side in _AROUND)
    rate = (high - low - counts + 1) / _AROUND_MINUTES
    chance = float(((1 - np.exp(-rate) * (1 + rate)) * counts).sum())
    grouped = (counts >= _GROUPED)[of] & ~heaped
    rows, days = int(grouped.sum()), np.unique(times.minute[grouped] // 1440).size
    beyond = rows > _GROUPED_FACTOR * chance + _ERRORS * np.sqrt(chance + 1)
    if not beyond or rows < max(2 * FLOOR, _GROUPED_SHARE * times.at.size) or days < _BATCH_DAYS:
        return []
    return [times.finding("grouped_times", grouped)]


def _rounded(times: _Times) -> list[Finding]:
    """Minutes that end in 0 or 5 far more often than the one in five that chance gives, whole or from a day on."""
    if times.at.size < 20 * FLOOR:
        return []
    five = times.minute % _ROUND == 0
    start, stop = _change(five)
    inside, outside = five[start:stop], np.concatenate([five[:start], five[stop:]])
    rows = np.zeros(five.size, bool)
    if outside.size and inside.mean() - outside.mean() >= _ROUNDED_STEP and inside.mean() >= _ROUNDED:
        rows[start:stop] = True
    elif five.mean() >= _ROUNDED:
        rows[:] = True
    else:
        return []
    finding = times.finding("rounded_minutes", rows & five)
    finding = replace(finding, rows=int((rows & five).sum()), share=float(five[rows].mean()))
    if rows.all() and five.mean() >= _ON_GRID:
        return [replace(finding, weight=Weight.NOTE)]
    return [finding]


def _change(five: Array) -> tuple[int, int]:
    """The range of rows (bool [n]) whose share differs most from the rest's, begun or ended inside; all without one."""
    n, share = five.size, float(five.mean())
    spread = np.sqrt(max(share * (1 - share), 1e-9))
    walk = np.cumsum(five - share)[:-1]
    if not walk.size:
        return 0, n
    i = int(np.argmax(np.abs(walk)))
    k = i + 1
    if abs(walk[i]) / (spread * np.sqrt(k * (n - k) / n)) < _ROUNDED_ERRORS:
        return 0, n
    return (k, n) if walk[i] < 0 else (0, k)
