"""Parts of a table in which a fault may stand alone: a unit, a department, a level, the nights, the weekends."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_clock, weekday
from hospital.grouping import rows_of_groups
from hospital.profile.current_rows import Latest
from hospital.profile.facts import FLOOR
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = ["Part", "kinds_of_visits", "nights", "rows_of_units", "times_of_week"]

_UNIT = {"visits": "department", "census": "unit", "stays": "unit", "operations": "unit", "staffing": "unit"}
_EVENING, _MORNING = 20, 8
_SATURDAY = 5
BLOCK_HOURS = 3
WEEKENDS = ("5", "6")


@dataclass(frozen=True)
class Part:
    """Rows of a table that are looked at by themselves.

    Attributes:
        rows: int64 [n], ascending.
        unit: whose they are; "" where that is not what they share.
        names: what they share beside it: a role, ``triage=5``, or days of the week from Monday 0 on.
        clock: the hours that they share; "" where it is none.
    """

    rows: Array
    unit: str = ""
    names: tuple[str, ...] = ()
    clock: str = ""


def rows_of_units(table: Latest) -> Iterator[Part]:
    """The rows of each unit or department where there are several; of staffing, those of each role in it."""
    keys = table.frame[_UNIT[table.contract.name]]
    if table.contract.name == "staffing":
        keys = keys.astype(str) + "\x1f" + table.frame["role"].astype(str)
    codes, names = pd.factorize(keys)
    if len(names) < 2:
        return
    for rows, name in zip(rows_of_groups(codes.astype(np.int64), len(names)), names, strict=True):
        if rows.size > 2 * FLOOR:
            unit, _, role = str(name).partition("\x1f")
            yield Part(rows, unit, (role,) if role else ())


def kinds_of_visits(visits: Latest) -> Iterator[Part]:
    """The rows of each triage level, and of each mode of arrival."""
    for column in ("triage", "arrival_mode"):
        codes, names = pd.factorize(visits.frame[column])
        for rows, name in zip(rows_of_groups(codes.astype(np.int64), len(names)), names, strict=True):
            if len(names) > 1 and rows.size > 2 * FLOOR:
                yield Part(rows, names=(f"{column}={name}",))


def times_of_week(table: Latest) -> Iterator[Part]:
    """The rows of every three hours of the day, and those of the weekends."""
    clock = local_clock(table.times, table.zone)
    hour, usable = clock % DAY // HOUR, table.times != MISSING_TIME
    for first in range(0, 24, BLOCK_HOURS):
        rows = np.flatnonzero((hour >= first) & (hour < first + BLOCK_HOURS) & usable)
        if rows.size > 2 * FLOOR:
            yield Part(rows, clock=f"{first:02d}:00-{(first + BLOCK_HOURS) % 24:02d}:00")
    ends = np.flatnonzero((weekday(clock // DAY) >= _SATURDAY) & usable)
    if ends.size > 2 * FLOOR:
        yield Part(ends, names=WEEKENDS)


def nights(table: Latest) -> Part:
    """The rows from 20:00 to 08:00."""
    hour = local_clock(table.times, table.zone) % DAY // HOUR
    rows = np.flatnonzero(((hour >= _EVENING) | (hour < _MORNING)) & (table.times != MISSING_TIME))
    return Part(rows, clock=f"{_EVENING:02d}:00-{_MORNING:02d}:00")
