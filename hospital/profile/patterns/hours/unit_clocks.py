"""A clock that is off in one department or unit, by those who come and leave.

A department's day has a shape, above all the morning's rise. Where the shape of some weeks, of the
summer or of the winter is the others' moved by whole hours, the log likelihood of that is held against no move's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock, local_day
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest, day_text, instants
from hospital.profile.facts import Finding, Weight
from hospital.times import DAY, MISSING_TIME

__all__ = ["unit_clock_findings"]

_SLOTS = 48
_LAGS = tuple(k for k in range(-6, 7) if k)
"""Half hours."""
_LEAST_ROWS = 200
_NATS, _NATS_OF_UNIT, _MOST_HOURS = 20.0, 40.0, 2.0
_LEFT, _LEFT_SHARE = 2.0, 0.25
_MOST_SEGMENTS = 60


@dataclass(frozen=True)
class _Segment:
    """Rows whose clock differs from the rest's: the nats of it, and by how many hours.

    Attributes:
        rows: bool [n].
        period: "summer", "winter", or "" for days on end.
    """

    rows: Array
    nats: float
    hours: float
    period: str = ""


def unit_clock_findings(table: Latest) -> list[Finding]:
    """Departments whose arrivals, or units whose entries and departures, are moved on the clock: in some weeks, or in
    summer or winter; arrivals beside the other departments', too.
    """
    visits = table.contract.name == "visits"
    out: list[Finding] = []
    for column in ("arrived_at",) if visits else ("entered_at", "left_at"):
        found = _of_column(_by_time(table, column), column, differs=visits)
        said = {f.unit for f in out}
        out += [f for f in found if f.unit not in said]
    return out


def _by_time(table: Latest, column: str) -> Latest:
    """The rows that have a time, in its order, and by its days."""
    at = instants(table.frame[column])
    rows = np.flatnonzero(at != MISSING_TIME)
    rows = rows[np.argsort(at[rows], kind="stable")]
    frame, times = table.frame.iloc[rows].reset_index(drop=True), at[rows]
    return replace(table, frame=frame, times=times, day=local_day(times, table.zone))


def _of_column(table: Latest, column: str, *, differs: bool) -> list[Finding]:
    codes, names = pd.factorize(table.frame["department" if table.contract.name == "visits" else "unit"])
    groups = rows_of_groups(codes.astype(np.int64), len(names))
    parts = list(zip(groups, [str(n) for n in names], strict=True)) if len(names) > 1 else []
    parts = parts or [(np.arange(table.size), str(names[0]) if len(names) else "")]
    clock = local_clock(table.times, table.zone)
    slot = clock % DAY * _SLOTS // DAY
    whole, out = np.bincount(slot, minlength=_SLOTS), list[Finding]()
    for rows, name in parts:
        if not rows.size:
            continue
        part = table.part(rows)
        best = max(_segments(part, clock[rows], slot[rows]), key=lambda s: s.nats, default=None)
        if best is not None and (best.nats >= _NATS if differs else _is_sure(best)):
            out.append(_finding(part, "unit_clock_moved", column, name, best))
            continue
        own = np.bincount(slot[rows], minlength=_SLOTS)
        nats, hours = _moves(own[None], (whole - own)[None])
        if differs and nats[0] >= _NATS:
            segment = _Segment(np.ones(part.size, bool), float(nats[0]), float(hours[0]))
            out.append(_finding(part, "unit_clock_differs", column, name, segment))
    return out


def _is_sure(segment: _Segment) -> bool:
    """A unit's hours are few and flat: more must show it, and no program is three hours off."""
    return segment.nats >= _NATS_OF_UNIT and abs(segment.hours) <= _MOST_HOURS


def _finding(part: Latest, code: str, column: str, name: str, segment: _Segment) -> Finding:
    at, day = part.times[segment.rows], part.day[segment.rows]
    first, last = (day_text(int(at[i]), part.zone) for i in (0, -1))
    return Finding(
        part.contract.name,
        code,
        Weight.LOOK,
        column,
        name,
        rows=at.size,
        share=at.size / part.size,
        first=first,
        last=last,
        after=segment.hours,
        names=(segment.period,) if segment.period else (),
        days=np.unique(day).size,
    )


def _segments(part: Latest, clock: Array, slot: Array) -> Iterator[_Segment]:
    """Summer against winter; and weeks on end against all others.

    Args:
        clock: int64 [n], local clock of the rows, and `slot`: in which half hour of the day that is.
    """
    offset = clock - part.times
    if offset.size and offset.min() != offset.max():
        summer = offset == offset.max()
        for rows, period in ((summer, "summer"), (~summer, "winter")):
            inside, outside = (np.bincount(slot[r], minlength=_SLOTS)[None] for r in (rows, ~rows))
            nats, hours = _moves(inside, outside)
            yield _Segment(rows, float(nats[0]), float(hours[0]), period)
    yield from _weeks_on_end(part.day, slot)


def _weeks_on_end(day: Array, slot: Array) -> Iterator[_Segment]:
    width = max(7, -(-int(day[-1] - day[0] + 1) // _MOST_SEGMENTS))
    week = (day - day[0]) // width
    weeks = int(week[-1]) + 1
    counts = np.bincount(week * _SLOTS + slot, minlength=weeks * _SLOTS).reshape(weeks, _SLOTS)
    sums = np.concatenate([np.zeros((1, _SLOTS), np.int64), np.cumsum(counts, axis=0)])
    low, high = np.triu_indices(weeks + 1, k=1)
    inside = sums[high] - sums[low]
    nats, hours = _moves(inside, sums[-1] - inside)
    i = int(np.argmax(nats))
    yield _Segment((week >= low[i]) & (week < high[i]), float(nats[i]), float(hours[i]))


def _moves(inside: Array, outside: Array) -> tuple[Array, Array]:
    """By how much the best whole move explains counts by slot from others, and the move in hours: float64 [k] each.

    A move of half an hour more or less must explain them less well, and what then is left must be small: another shape
    of the day is no clock. Of two parts the smaller one is moved.

    Args:
        inside, outside: int64 [k, 48].
    """
    rows = inside.sum(axis=1)
    usual = (np.roll(outside, 1, axis=1) + 2 * outside + np.roll(outside, -1, axis=1)) / 4 + 1.0
    usual *= (rows / usual.sum(axis=1))[:, None]
    logs = np.log(np.maximum(usual, 1e-300))
    gains = np.stack([(inside * (np.roll(logs, lag, axis=1) - logs)).sum(axis=1) for lag in _LAGS])
    best = np.argmax(gains, axis=0)
    lag, nats = np.array(_LAGS)[best], gains[best, np.arange(rows.size)]
    places = (np.arange(_SLOTS) - lag[:, None]) % _SLOTS
    moved = np.take_along_axis(usual, places, axis=1)
    left, before = (((inside - e) ** 2 / np.maximum(e, 1e-9)).mean(axis=1) for e in (moved, usual))
    enough = (rows >= _LEAST_ROWS) & (rows <= outside.sum(axis=1))
    clear = enough & (lag % 2 == 0) & (left < _LEFT + _LEFT_SHARE * before)
    return np.where(clear, nats, 0.0), lag / 2
