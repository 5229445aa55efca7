"""Hours of the day and days of the week that lack rows for weeks on end."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock, weekday
from hospital.contracts.tables import Table
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest, instants, span
from hospital.profile.facts import Finding, Weight
from hospital.times import HOUR, MISSING_TIME

__all__ = ["hours_text", "silent_block", "silent_hour_findings"]

_COMINGS = {"visits": "arrived_at", "stays": "entered_at"}
_WEEKDAYS_OF = ("visits", "stays", "staffing")
_ENDS = {"visits": ("seen_at", "left_at"), "stays": ("left_at",)}
_LEAST_EXPECTED, _LEAST_ON_WEEKDAYS = 25.0, 15.0
_LEAST_LEAVING = 40.0
"""A ward lets hardly anybody go on a Sunday, and for weeks nobody: more must lack of those who leave."""
_LEAST_OF_ROTA = 3.0
"""A plan has its rows on every such day, or on none: three days without are no chance."""
_WEEKEND_DAYS, _WORKING_DAYS = (5, 6), (0, 1, 2, 3, 4)
_WEEKEND = 0.3
"""On its quietest day of the week a hospital has at least this share of the other days' comings."""
_LEAST_WEEKS = 3
_LONGEST_HOURS = 20
_OPEN = 0.8
"""Of the other days with a row: what is there on few days lacks some by chance."""
_MONTH = 30


@dataclass(frozen=True)
class _Days:
    """Rows by local day and hour.

    Attributes:
        contract: the table's.
        first: the first day.
        counts: int64 [days, 24].
    """

    contract: Table
    first: int
    counts: Array

    def text(self, index: int) -> str:
        """A day as ISO 8601."""
        return str(np.datetime64(self.first + index, "D"))


def silent_hour_findings(table: Latest, until: int) -> list[Finding]:
    """Hours and days of the week without rows, of the table and of each department."""
    name = table.contract.name
    if name not in _WEEKDAYS_OF:
        return []
    clock = local_clock(table.times, table.zone)

    def days_of(rows: Array | slice) -> _Days | None:
        return _days(table.contract, table.times[rows], clock[rows], until)

    days = days_of(slice(None))
    if days is None:
        return []
    out = [*_weekdays(days, ""), *(_hours(days, "") if name in _COMINGS else ())]
    out += _ends(table, until, {day for f in out if f.code == "silent_weekdays" for day in f.names})
    if name == "visits":
        seen = {(f.code, f.clock, f.names) for f in out}
        for rows, unit in _departments(table):
            own = days_of(rows)
            found = [] if own is None else [*_weekdays(own, unit), *_hours(own, unit)]
            out += [f for f in found if (f.code, f.clock, f.names) not in seen]
    else:
        whole = {day for f in out for day in f.names}
        for rows, unit in _units(table):
            own = days_of(rows)
            out += [] if own is None else _weekdays_that_stop(own, unit, whole)
    return out


def _ends(table: Latest, until: int, said: set[str]) -> list[Finding]:
    """Days of the week on which nothing of what follows a coming is recorded: nobody is seen, or leaves."""
    out: list[Finding] = []
    for column in _ENDS.get(table.contract.name, ()):
        at = instants(table.frame[column])
        known = np.flatnonzero(at != MISSING_TIME)
        known = known[np.argsort(at[known], kind="stable")]

        def days_of(rows: Array, at: Array = at) -> _Days | None:
            return _days(table.contract, at[rows], local_clock(at[rows], table.zone), until)

        days = days_of(known)
        found = [] if days is None else _weekdays(days, "")
        if table.contract.name == "stays":
            whole = {day for f in found for day in f.names}
            units = table.frame["unit"].to_numpy(object)
            for unit in sorted({str(u) for u in units}):
                own = days_of(known[units[known] == unit])
                found += [] if own is None else _weekdays_that_stop(own, unit, whole, least=_LEAST_LEAVING)
        out += [replace(f, column=column) for f in found if not set(f.names) <= said]
    return out


def _units(table: Latest) -> Iterator[tuple[Array, str]]:
    """The rows (int64 [n]) of each unit of stays, and of each unit and role of a rota."""
    keys = table.frame["unit"].astype(str)
    if table.contract.name == "staffing":
        keys = keys + "\x1f" + table.frame["role"].astype(str)
    codes, names = pd.factorize(keys)
    if len(names) > 1:
        for rows, name in zip(rows_of_groups(codes.astype(np.int64), len(names)), names, strict=True):
            yield rows, str(name).partition("\x1f")[0]


def _departments(visits: Latest) -> list[tuple[Array, str]]:
    """The rows (bool [n]) of each department where there are several."""
    of = visits.frame["department"].to_numpy(object)
    names = sorted({str(n) for n in of if isinstance(n, str)})
    return [(of == name, name) for name in names] if len(names) > 1 else []


def _days(contract: Table, times: Array, clock: Array, until: int) -> _Days | None:
    """Rows by day and hour; None where they are of too few weeks.

    Args:
        times: int64 [n] instants, ascending, and `clock`: the local clock of each (`local_clock`).
        until: instant after which the record has ended.
    """
    bounds = span(times)
    if bounds is None:
        return None
    inside = (times >= bounds[0]) & (times <= min(bounds[1], until))
    if not inside.any():
        return None
    hour = clock[inside] // HOUR
    first = int(hour[0]) // 24 + 1
    size = int(hour[-1]) // 24 - first
    if size < 7 * _LEAST_WEEKS:
        return None
    # The first and the last day may be parts of days.
    index = hour - first * 24
    index = index[(index >= 0) & (index < size * 24)]
    return _Days(contract, first, np.bincount(index, minlength=size * 24).reshape(size, 24))


def _longest(silent: Array) -> tuple[int, int]:
    """The longest run of true (bool [n]), as a range."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], silent, [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    if not starts.size:
        return 0, 0
    i = int(np.argmax(stops - starts))
    return int(starts[i]), int(stops[i])


def _hours(days: _Days, unit: str) -> list[Finding]:
    """Hours on end that no day of a run has, of all days, or else of the weekends, or of the other days, alone."""
    found = _hours_of(days, unit)
    if found:
        return found
    of = weekday(days.first + np.arange(days.counts.shape[0]))
    for names in (_WEEKEND_DAYS, _WORKING_DAYS):
        own = np.isin(of, names)
        part = replace(days, counts=np.where(own[:, None], days.counts, 0))
        # A day of the week without any row has a finding of its own.
        there = all(days.counts[of == name].any() for name in names)
        found += [replace(f, names=tuple(map(str, names))) for f in _hours_of(part, unit) if there]
    return found


def _hours_of(days: _Days, unit: str) -> list[Finding]:
    active = np.flatnonzero(days.counts.sum(axis=1) > 0)
    counts, found, seen = days.counts[active], list[Finding](), set[int]()
    for hour in range(24):
        start, stop = _longest(counts[:, hour] == 0)
        if hour in seen or stop - start < 7:
            continue
        per_hour = counts[start:stop].sum(axis=0)
        first, last = silent_block(per_hour == 0, hour)
        size = (last - first) % 24 + 1
        beside = min(per_hour[(first - 1) % 24], per_hour[(last + 1) % 24])
        block = {(first + i) % 24 for i in range(size)}
        if block & seen or size > _LONGEST_HOURS or size * beside < _LEAST_EXPECTED:
            continue
        seen |= block
        lost = round(size * float(beside))
        name = days.contract.name
        found.append(
            Finding(
                name,
                "silent_hours",
                Weight.LOOK,
                _COMINGS[name],
                unit,
                rows=lost,
                share=(stop - start) / active.size,
                first=days.text(int(active[start])),
                last=days.text(int(active[stop - 1])),
                days=stop - start,
                clock=hours_text(first, size),
            )
        )
    return found


def silent_block(silent: Array, hour: int) -> tuple[int, int]:
    """The first and the last of the silent hours (bool [24]) on end around one, over midnight."""
    if silent.all():
        return hour, (hour - 1) % 24
    first = last = hour
    while silent[(first - 1) % 24]:
        first = (first - 1) % 24
    while silent[(last + 1) % 24]:
        last = (last + 1) % 24
    return first, last


def hours_text(first: int, size: int) -> str:
    return f"{first:02d}:00-{(first + size) % 24:02d}:00"


def _weekdays(days: _Days, unit: str) -> list[Finding]:
    """Days of the week without any row for weeks on end, as one finding."""
    daily = days.counts.sum(axis=1)
    near = (
        np.convolve(daily > 0, [1, 1, 0, 0, 0], "same") * np.convolve(daily > 0, [0, 0, 0, 1, 1], "same") > 0
    )
    of = weekday(days.first + np.arange(daily.size))
    silent: list[tuple[int, int, int, int]] = []
    for name in range(7):
        own = np.flatnonzero((of == name) & near)
        if own.size < _LEAST_WEEKS:
            continue
        start, stop = _longest(daily[own] == 0)
        others = daily[(of != name) & (daily > 0)]
        usual = _WEEKEND * float(np.mean(others)) if others.size else 0.0
        if stop - start >= _LEAST_WEEKS and (stop - start) * usual >= _LEAST_ON_WEEKDAYS:
            silent.append((name, int(own[start]), int(own[stop - 1]), stop - start))
    if not silent or len(silent) > 5:
        return []
    count = sum(s[3] for s in silent)
    last = max(s[2] for s in silent)
    first = min(s[1] for s in silent)
    table = days.contract
    finding = Finding(
        table.name, "silent_weekdays", Weight.LOOK, table.time or "", unit, share=count / daily.size
    )
    names = tuple(str(s[0]) for s in silent)
    return [replace(finding, first=days.text(first), last=days.text(last), names=names, days=count)]


def _weekdays_that_stop(
    days: _Days, unit: str, whole: set[str], least: float = _LEAST_ON_WEEKDAYS
) -> list[Finding]:
    """Days of the week without a row for weeks on end that had rows as long before or after; not those of `whole`.

    A ward that never admits on Sundays, or a rota without them, is as it should be.
    """
    daily = days.counts.sum(axis=1)
    of = weekday(days.first + np.arange(daily.size))
    least = _LEAST_OF_ROTA if days.contract.name == "staffing" else least
    silent: list[tuple[int, Array]] = []
    for name in range(7):
        own = np.flatnonzero(of == name)
        start, stop = _longest(daily[own] == 0)
        beside = daily[np.concatenate([own[max(2 * start - stop, 0) : start], own[stop : 2 * stop - start]])]
        open_then = (daily[(of != name)] > 0).mean() >= _OPEN
        usual = float(beside.mean()) if (beside > 0).sum() >= _LEAST_WEEKS else 0.0
        enough = stop - start >= _LEAST_WEEKS and (stop - start) * usual >= least
        if enough and open_then and str(name) not in whole:
            silent.append((name, own[start:stop]))
    if not silent or len(silent) > 4:
        return []
    places = np.concatenate([rows for _, rows in silent])
    table = days.contract
    share, names = places.size / daily.size, tuple(str(name) for name, _ in silent)
    finding = Finding(
        table.name, "silent_weekdays", Weight.LOOK, table.time or "", unit, share=share, names=names
    )
    first, last = days.text(int(places.min())), days.text(int(places.max()))
    return [replace(finding, first=first, last=last, days=int(places.size))]
