"""Who is in an emergency department at a time and what moved there lately, as it was known then, and its staff.

What both forecasts ask of a department; the queue of those who wait is `hospital.features.emergency`. A patient
counts as present for at most `MAX_STAY`: a visit that nobody closed does not crowd the department for ever.
"""

from functools import cached_property

import numpy as np

from hospital.arrays import Array
from hospital.record.events import Events, Facts
from hospital.record.interval_counts import Own, Series, Spans, Together, later, or_forever
from hospital.times import DAY, HOUR, MISSING_TIME

__all__ = ["MAX_STAY", "EmergencyFlow", "last_news", "present_spans", "seen_of", "visits_of"]

MAX_STAY = 3 * DAY
_STAFF_AGE = DAY
_LIVE = DAY // 2
"""How long before the last news a request still counts as one of now."""


def visits_of(events: Events, department: str | None) -> Facts:
    """The visits of a department, or of all where the hospital names none."""
    return _of(
        events.facts("visits", ("department", "arrived_at", "seen_at", "left_at", "triage")), department
    )


def seen_of(events: Events, department: str | None) -> Facts:
    """Who was seen, and when: what stays the same when they leave."""
    return _of(events.facts("visits", ("department", "arrived_at", "seen_at", "triage")), department)


def last_news(visits: Facts) -> int:
    """The instant from which a request counts as one of now: `Together` answers those at once."""
    return int(visits.known_from.max(initial=0)) - _LIVE


def present_spans(facts: Facts, start: Array, end: Array, weight: Array | None = None) -> Spans:
    """Spans of visits (facts with ``arrived_at``) from `start` to `end` (int64), at most `MAX_STAY` after it."""
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
