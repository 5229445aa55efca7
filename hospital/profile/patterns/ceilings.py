"""Long waits, visits or stays that are no longer there from a day on, and contacts of those who left without one."""

from dataclasses import dataclass, replace

import numpy as np

from hospital.arrays import Array
from hospital.profile.current_rows import Latest, day_text, instants
from hospital.profile.facts import FLOOR, Finding, Weight
from hospital.profile.patterns.row_days import with_days
from hospital.times import HOUR, MINUTE, MISSING_TIME

__all__ = ["ceiling_findings", "contradiction_findings"]

_BELOW = 0.75
"""What lies between three quarters of a ceiling and it is as near to it as can be told."""
_NATS = 16.0
"""Once in ten million, at one of the many days and ceilings that are tried."""
_LEAST_DAYS, _LEAST_ABOVE = 14, 20
_STEP = 7
_RARE = 0.01


@dataclass(frozen=True)
class _Length:
    """A length of time in a table: its code, and the hours at the record's end of which long ones are not over."""

    table: str
    start: str
    end: str
    open_hours: float


_LENGTHS = (_Length("visits", "arrived_at", "seen_at", 24), _Length("visits", "arrived_at", "left_at", 72))


def ceiling_findings(table: Latest) -> list[Finding]:
    """Lengths that pass a limit before a day and never after it, or the other way round, as none does by chance."""
    out = []
    for length in _LENGTHS:
        if length.table != table.contract.name:
            continue
        start, end = instants(table.frame[length.start]), instants(table.frame[length.end])
        known = (start != MISSING_TIME) & (end != MISSING_TIME)
        if known.sum() < 20 * FLOOR:
            continue
        known &= start <= start[known].max() - length.open_hours * HOUR
        minutes = (end[known] - start[known]) / MINUTE
        found = _ceiling(minutes, table.day[known])
        if found is None:
            continue
        low, high, limit, share = found
        at = table.times[known]
        finding = Finding(table.contract.name, "long_ones_missing", Weight.LOOK, length.end, share=share)
        first, last = (day_text(int(at[i]), table.zone) for i in (low, high - 1))
        days = int(table.day[known][high - 1] - table.day[known][low]) + 1
        finding = replace(finding, first=first, last=last, days=days, rows=high - low)
        out.append(replace(finding, before=round(float(minutes.max()), 1), after=round(limit, 1)))
    return out


def _ceiling(minutes: Array, day: Array) -> tuple[int, int, float, float] | None:
    """(first row, end, ceiling, share above it elsewhere) of the days without long ones that are least by chance."""
    days, starts = np.unique(day, return_index=True)
    most = np.maximum.reduceat(minutes, starts)
    best, found = _NATS, None
    for cut in range(_LEAST_DAYS, days.size - _LEAST_DAYS + 1, 1):
        for low, high in ((cut, days.size), (0, cut)):
            limit = float(most[low:high].max())
            surprise = _surprise(most, low, high, limit)
            if surprise > best:
                best, found = surprise, (low, high, limit)
    if found is None:
        return None
    low, high, limit = found
    rows = (int(starts[low]), int(starts[high]) if high < days.size else day.size)
    others = np.concatenate([minutes[: rows[0]], minutes[rows[1] :]])
    above = others > limit
    if above.sum() < _LEAST_ABOVE:
        return None
    return rows[0], rows[1], limit, float(above.mean())


def _surprise(most: Array, low: int, high: int, limit: float) -> float:
    """Nats by which days without a longer one surprise, given the longest of each day (float64 [days]) elsewhere.

    Of the days that came near the limit: as many would have passed it as did so elsewhere.
    """
    near = int((most[low:high] >= _BELOW * limit).sum())
    others = np.concatenate([most[:low], most[high:]])
    others_near = int((others >= _BELOW * limit).sum())
    beyond = int((others > limit).sum())
    if not near or not beyond:
        return 0.0
    # One day near the limit elsewhere that did not pass it is always thought of.
    return near * -float(np.log1p(-beyond / (others_near + 1)))


def contradiction_findings(visits: Latest) -> list[Finding]:
    """Visits that left unseen and yet have a first contact."""
    unseen = (visits.frame["disposition"] == "left_unseen").to_numpy(bool)
    seen = visits.frame["seen_at"].notna().to_numpy(bool)
    rows = unseen & seen
    if not rows.any():
        return []
    share = float(rows.sum() / unseen.sum())
    weight = Weight.LOOK if share >= _RARE else Weight.NOTE
    finding = Finding("visits", "seen_though_left_unseen", weight, "seen_at", share=share)
    return [with_days(finding, visits, rows)]
