"""A clock that is off in one department or unit: by those who come, and by those who go on from one unit to the next.

Those who come. A department's day has a shape, above all the morning's rise. Where the shape of some weeks, of the
summer or of the winter is the others' moved by whole hours, the log likelihood of that is held against no move's.

Those who go on. Who leaves one place enters the next at that time. Where the difference is an hour in one department
alone, in all months or in some, its clock is another.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest, day_text, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.times import DAY, MINUTE, MISSING_TIME

__all__ = ["handover_findings", "handover_label_findings", "handovers", "unit_clock_findings"]

_SLOTS = 48
_LAGS = tuple(k for k in range(-6, 7) if k)
"""Half hours."""
_LEAST_ROWS = 200
_NATS = 20.0
_LEFT, _LEFT_SHARE = 2.0, 0.25
_MOST_SEGMENTS = 60
_HOURS = (-2, -1, 1, 2)
_NEAR_MINUTES, _EVEN_MINUTES = 15.0, 30.0
_AT_ONCE, _OFF_SHARE, _TIMES_OTHERS = 0.2, 0.05, 5.0
_CROSSED, _STRAIGHT, _LEAST_CROSSED = 0.7, 0.3, 10
"""Shares of the patients of two units who went to the other one than the bed was asked in, while the labels are
exchanged, and before or after; and how many each way."""


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


def unit_clock_findings(visits: Latest) -> list[Finding]:
    """Departments whose arrivals are moved on the clock: in some weeks, in summer or winter, or beside the others'."""
    codes, names = pd.factorize(visits.frame["department"])
    groups = rows_of_groups(codes.astype(np.int64), len(names))
    parts = list(zip(groups, [str(n) for n in names], strict=True)) if len(names) > 1 else []
    parts = parts or [(np.arange(visits.size), str(names[0]) if len(names) else "")]
    clock = local_clock(visits.times, visits.zone)
    slot = clock % DAY * _SLOTS // DAY
    whole, out = np.bincount(slot, minlength=_SLOTS), []
    for rows, name in parts:
        part = visits.part(rows)
        best = max(_segments(part, clock[rows], slot[rows]), key=lambda s: s.nats, default=None)
        if best is not None and best.nats >= _NATS:
            out.append(_finding(part, "unit_clock_moved", name, best))
            continue
        own = np.bincount(slot[rows], minlength=_SLOTS)
        nats, hours = _moves(own[None], (whole - own)[None])
        if nats[0] >= _NATS:
            segment = _Segment(np.ones(part.size, bool), float(nats[0]), float(hours[0]))
            out.append(_finding(part, "unit_clock_differs", name, segment))
    return out


def _finding(part: Latest, code: str, name: str, segment: _Segment) -> Finding:
    at, day = part.times[segment.rows], part.day[segment.rows]
    first, last = (day_text(int(at[i]), part.zone) for i in (0, -1))
    return Finding(
        "visits",
        code,
        Weight.LOOK,
        "arrived_at",
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


def handover_findings(pairs: pd.DataFrame) -> list[Finding]:
    """Departments, and units, whose patients leave an hour before or after they enter the next place.

    Args:
        pairs: as `handovers` has them.
    """
    if len(pairs) < 2 * FLOOR:
        return []
    departments = _off(pairs, "department", "visits", "left_at")
    units = _off(pairs, "unit", "stays", "entered_at")
    # A department that is off puts the units off that it fills, and a unit some of a department's patients.
    return max(departments, units, key=lambda found: max((f.share or 0.0 for f in found), default=0.0))


def handovers(visits: Latest, stays: Latest) -> pd.DataFrame:
    """The first stay of each visit: minutes from leaving the department to entering the unit, of at most a day.

    A row has its ``department``, the ``unit``, the one that was ``asked`` for, ``minutes`` and the ``day``; rows stand
    in the order of entering.
    """
    left = pd.DataFrame(
        {
            "visit_id": visits.frame["visit_id"],
            "department": visits.frame["department"].astype(object).fillna(""),
            "left": instants(visits.frame["left_at"]),
            "asked": visits.frame["destination_unit"].astype(object),
        }
    )
    columns = {"visit_id": stays.frame["visit_id"], "unit": stays.frame["unit"]}
    entered = pd.DataFrame({**columns, "entered": stays.times, "day": stays.day})
    entered = entered[entered["visit_id"].notna()].drop_duplicates("visit_id")
    pairs = entered.merge(left[left["left"] != MISSING_TIME], on="visit_id")
    pairs["minutes"] = (pairs["entered"] - pairs["left"]) / MINUTE
    return pairs[pairs["minutes"].abs() <= 24 * 60].sort_values("entered", kind="stable")


def _off(pairs: pd.DataFrame, key: str, table: str, column: str) -> list[Finding]:
    """Names of which many rows lie whole hours beside the usual time between the two, and hardly any of the others."""
    minutes, names = pairs["minutes"].to_numpy(np.float64), pairs[key].to_numpy(object)
    low, usual, high = np.quantile(minutes, (0.25, 0.5, 0.75))
    # One department off in most rows is not the usual one: to go on takes no time rather than an hour.
    if (np.abs(minutes) <= _NEAR_MINUTES).mean() >= _AT_ONCE:
        usual = 0.0
    elif high - low > _EVEN_MINUTES:
        return []
    out = []
    for name in sorted(set(names.tolist())):
        own = names == name
        for hours in _HOURS:
            off = np.abs(minutes - usual - 60 * hours) <= _NEAR_MINUTES
            count, share = int((off & own).sum()), float(off[own].mean())
            others = float(off[~own].mean()) if not own.all() else 0.0
            if count < 2 * FLOOR or share < _OFF_SHARE or share < _TIMES_OTHERS * others:
                continue
            days = pairs["day"].to_numpy(np.int64)[off & own]
            first, last = (str(np.datetime64(int(d), "D")) for d in (days[FLOOR - 1], days[-FLOOR]))
            out.append(
                Finding(
                    table,
                    "handover_moved",
                    Weight.LOOK,
                    column,
                    str(name),
                    rows=count,
                    share=share,
                    first=first,
                    last=last,
                    after=float(hours),
                    days=np.unique(days).size,
                )
            )
    return out


def handover_label_findings(pairs: pd.DataFrame) -> list[Finding]:
    """Two units whose labels are exchanged in stays, by where a bed was asked: also where they are alike.

    From one day on most who waited for a bed in the one enter the other, and the other way round.

    Args:
        pairs: as `handovers` has them.
    """
    pairs = pairs[pairs["asked"].notna() & pairs["unit"].notna()]
    asked, entered = (pairs[name].to_numpy(object) for name in ("asked", "unit"))
    day, out = pairs["day"].to_numpy(np.int64), list[Finding]()
    for a, b in combinations(sorted(set(entered.tolist())), 2):
        both = np.isin(asked, [a, b]) & np.isin(entered, [a, b])
        crossed = both & (asked != entered)
        if min((crossed & (asked == name)).sum() for name in (a, b)) < _LEAST_CROSSED:
            continue
        run = _run(crossed[both])
        inside, outside = crossed[both][run], np.delete(crossed[both], run)
        if (
            inside.sum() < 2 * _LEAST_CROSSED
            or inside.mean() < _CROSSED
            or (outside.size and outside.mean() > _STRAIGHT)
        ):
            continue
        days = day[both][run]
        spread = [str(np.datetime64(int(d), "D")) for d in (days[FLOOR - 1], days[-FLOOR])]
        share = float(inside.sum() / both.sum())
        out.append(
            Finding(
                "stays",
                "labels_exchanged",
                Weight.LOOK,
                "unit",
                str(a),
                rows=int(inside.sum()),
                share=share,
                first=spread[0],
                last=spread[1],
                names=(str(b),),
                days=np.unique(days).size,
            )
        )
    return out


def _run(crossed: Array) -> slice:
    """The rows on end (of bool [n]) that hold the most that cross and the fewest that do not."""
    sums = np.concatenate([[0.0], np.cumsum(crossed - 0.5)])
    lowest = np.minimum.accumulate(sums)
    stop = int(np.argmax(sums - lowest))
    start = int(np.argmin(sums[: stop + 1]))
    return slice(start, stop)
