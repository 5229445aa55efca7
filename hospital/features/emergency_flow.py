"""Who is in an emergency department at a time and what moved there lately, as it was known then, and its staff.

What both forecasts ask of a department; the queue of those who wait is `hospital.features.emergency`. A patient
counts as present for at most `MAX_STAY`: a visit that nobody closed does not crowd the department for ever.
"""

from functools import cached_property

import numpy as np

from hospital.arrays import Array
from hospital.record.events import Events, Facts
from hospital.record.interval_counts import Own, Series, Spans, Together, later, or_forever
from hospital.times import DAY, HOUR, MINUTE, MISSING_TIME

__all__ = ["MAX_STAY", "EmergencyFlow", "WaitLevels", "last_news", "present_spans", "visits_of"]

MAX_STAY = 3 * DAY
_STAFF_AGE = DAY
_SECOND = MINUTE // 60
_LIVE = DAY // 2
"""How long before the last news a request still counts as one of now."""


def visits_of(events: Events, department: str | None) -> Facts:
    """The visits of a department, or of all where the hospital names none."""
    return _of(
        events.facts("visits", ("department", "arrived_at", "seen_at", "left_at", "triage")), department
    )


def last_news(visits: Facts) -> int:
    """The instant from which a request counts as one of now: `Together` answers those at once."""
    return int(visits.known_from.max(initial=0)) - _LIVE


def present_spans(facts: Facts, start: Array, end: Array, weight: Array | None = None) -> Spans:
    """Spans of visits (facts with ``arrived_at``) from `start` to `end`, at most `MAX_STAY` after the arrival."""
    stop = np.minimum(or_forever(end), later(facts["arrived_at"], MAX_STAY))
    return Spans.of(facts, start, stop, weight)


class EmergencyFlow:
    """One department's patients, arrivals and departures, and its staff.

    Args:
        events: all that has been received.
        department: its id, or None where the hospital names none.
        visits: its visits (`visits_of`).
    """

    def __init__(self, events: Events, department: str | None, visits: Facts) -> None:
        present = present_spans(visits, visits["arrived_at"], visits["left_at"])
        arrivals = {h: _recent(visits, visits["arrived_at"], h) for h in (1, 3)}
        self._present, self._arrivals = present, arrivals
        unseen = visits.where((visits["seen_at"] == MISSING_TIME) & (visits["left_at"] != MISSING_TIME))
        boarding = _of(
            events.facts("visits", ("department", "arrived_at", "bed_requested_at", "left_at")), department
        )
        counted = {
            "ed_present": present,
            "ed_boarding": present_spans(boarding, boarding["bed_requested_at"], boarding["left_at"]),
            **{f"ed_arrivals_{h}h": spans for h, spans in arrivals.items()},
            "ed_seen_1h": _recent(visits, visits["seen_at"], 1),
            "ed_left_unseen_4h": _recent(unseen, unseen["left_at"], 4),
        }
        counters = [spans.counter() for spans in counted.values()]
        self._names = tuple(counted)
        self._counters = Together(counters, [c.count for c in counters], last_news(visits))
        self._staff = {role: _staff(events, department, role) for role in ("doctor", "nurse")}

    def at(self, times: Array) -> dict[str, Array]:
        """Who is there and what moved in the last hours, and the staff on duty, at instants: float64 [n] each."""
        out = dict(zip(self._names, self._counters.at(times).astype(np.float64), strict=True))
        return out | {
            "ed_doctors": self._staff["doctor"].value(times, times),
            "ed_nurses": self._staff["nurse"].value(times, times),
        }

    @cached_property
    def _own(self) -> dict[str, Own]:
        """Who asks for one patient's wait asks this; a forecast of beds does not."""
        return {"ed_present": Own(self._present)} | {
            f"ed_arrivals_{h}h": Own(spans) for h, spans in self._arrivals.items()
        }

    def own(self, times: Array, row: Array) -> dict[str, Array]:
        """How often the patient of `row` (int64 [n], -1: none) is among those counted: 0 or 1 (float64 [n])."""
        return {name: own.at(row, times)[0].astype(np.float64) for name, own in self._own.items()}


_LEVEL_HOURS = {"mean_wait_24h": 24, "mean_wait_7d": 168, "mean_wait_28d": 672}


class WaitLevels:
    """How long patients of each triage level have waited in the last day, week and four weeks: where the level stands.

    Args:
        visits: of one department.
        rank: float64 [n], of their triage levels, NaN for none: those without one are a kind of their own.
    """

    def __init__(self, visits: Facts, rank: Array) -> None:
        self._counts: dict[float | None, Together] = {}
        for level in (None, *np.unique(rank[~np.isnan(rank)]).tolist()):
            part = visits.where(np.isnan(rank) if level is None else rank == level)
            seen = part["seen_at"]
            seconds = np.where(seen == MISSING_TIME, 0, seen - part["arrived_at"]) // _SECOND
            counters = [
                Spans.of(part, seen, later(seen, h * HOUR), seconds).counter() for h in _LEVEL_HOURS.values()
            ]
            asked = [ask for c in counters for ask in (c.count, c.sum)]
            self._counts[level] = Together(counters, asked, last_news(visits))

    def at(self, times: Array, rank: Array) -> dict[str, Array]:
        """Mean wait (minutes, float64 [n]) of those of the rank (float64 [n]) who were seen; NaN where nobody was."""
        out = {name: np.full(times.size, np.nan) for name in _LEVEL_HOURS}
        for level, counts in self._counts.items():
            chosen = np.flatnonzero(np.isnan(rank) if level is None else rank == level)
            if not chosen.size:
                continue
            known = counts.at(times[chosen])
            for name, number, seconds in zip(_LEVEL_HOURS, known[::2], known[1::2], strict=True):
                some = number > 0
                out[name][chosen] = np.where(some, seconds / np.where(some, 60 * number, 1), np.nan)
        return out


def _of(visits: Facts, department: str | None) -> Facts:
    return visits if department is None else visits.where(visits["department"] == department)


def _recent(facts: Facts, at: Array, hours: int) -> Spans:
    return Spans.of(facts, at, later(at, hours * HOUR))


def _staff(events: Events, department: str | None, role: str) -> Series:
    facts = events.facts("staffing", ("unit", "role", "at", "count"))
    wards = {unit.unit for unit in events.units}
    of_department = np.fromiter(
        (u == department or (department is None and u not in wards) for u in facts["unit"]), bool
    )
    facts = facts.where((facts["role"] == role) & of_department)
    return Series(facts["at"], facts, facts["count"], _STAFF_AGE)
