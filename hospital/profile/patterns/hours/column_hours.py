"""Hours of the day and days of the week at which a column of visits is hardly ever filled in."""

from dataclasses import replace

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_clock, weekday
from hospital.profile.current_rows import Latest, day_text
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.hours.silent_hours import hours_text, silent_block
from hospital.profile.patterns.row_parts import rows_of_units
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = ["column_hour_findings"]

_LEAST_EXPECTED, _HARDLY = 25.0, 0.1


def column_hour_findings(visits: Latest) -> list[Finding]:
    """Columns that hardly any row has at some hours, or on some days of the week, though usually many have them.

    Of all visits, and of each department where all of them do not show it.
    """
    out = _of_rows(visits, "")
    said = {f.column for f in out}
    for part in rows_of_units(visits):
        out += [f for f in _of_rows(visits.part(part.rows), part.unit) if f.column not in said]
    return out


def _of_rows(visits: Latest, unit: str) -> list[Finding]:
    clock = local_clock(visits.times, visits.zone)
    hour, day = clock % DAY // HOUR, weekday(clock // DAY)
    usable = visits.times != MISSING_TIME
    slotted = [(slots, np.bincount(slots, minlength=size)) for slots, size in ((hour, 24), (day, 7))]
    skipped = {"visit_id", "received_at", "arrived_at"}
    out: list[Finding] = []
    for column in [str(c) for c in visits.frame.columns if c not in skipped]:
        known = visits.frame[column].notna().to_numpy(bool) & usable
        if not 0 < known.sum() < usable.sum():
            continue
        for slots, rows in slotted:
            out += _column(visits, column, known, slots, rows)
    return [replace(f, unit=unit) for f in out]


def _column(visits: Latest, column: str, known: Array, slots: Array, rows: Array) -> list[Finding]:
    """Of one column.

    Args:
        known: bool [n], whether it is filled in.
        slots: int64 [n], the hour or the day of the week, and `rows`: int64 [24 or 7], all rows of each.
    """
    size = rows.size
    have = np.bincount(slots[known], minlength=size)
    usual = float(np.median(have[rows >= FLOOR] / rows[rows >= FLOOR])) if (rows >= FLOOR).any() else 0.0
    expected = rows * usual
    silent = (expected >= _LEAST_EXPECTED) & (have < _HARDLY * expected)
    if size == 24:
        # An hour of few rows belongs to the silent hours on both sides of it.
        silent |= (have < _HARDLY * np.maximum(expected, 1.0)) & np.roll(silent, 1) & np.roll(silent, -1)
    if not silent.any() or silent.all():
        return []
    count = int(rows[silent].sum())
    at = visits.times[silent[slots] & ~known]
    finding = Finding(
        "visits", "column_hours", Weight.LOOK, column, rows=count, share=count / int(rows.sum())
    )
    days = np.unique(visits.day[silent[slots] & ~known]).size
    if at.size >= 2 * FLOOR:
        first, last = (day_text(int(at[i]), visits.zone) for i in (FLOOR - 1, -FLOOR))
        finding = replace(finding, first=first, last=last)
    if size == 7:
        return [replace(finding, names=tuple(str(i) for i in np.flatnonzero(silent)), days=days)]
    first_hour, last_hour = silent_block(silent, int(np.argmax(silent)))
    return [replace(finding, clock=hours_text(first_hour, (last_hour - first_hour) % 24 + 1), days=days)]
