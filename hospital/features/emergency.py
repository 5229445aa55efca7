"""The emergency department at a time, as it was known then: queue, boarding, flow, recent waits, staff.

Built once from the events, asked for any times. A patient counts as present for at most `MAX_STAY`: a visit
that nobody closed does not crowd the department for ever.
"""

from dataclasses import dataclass

import numpy as np

from hospital.counting import Counter, LastOnes, Own, Series, Spans, later, or_forever
from hospital.events import Array, Events, Facts
from hospital.features.feature import TRIAGE_RANK
from hospital.times import DAY, HOUR, MINUTE, MISSING_TIME

__all__ = ["MAX_STAY", "RECENT", "RECENT_PATIENTS", "URGENT_RANK", "EmergencyDepartment", "minutes_between"]

MAX_STAY = 3 * DAY
RECENT = DAY
"""How far back "recent" waits reach."""
RECENT_PATIENTS = 10
"""Walker et al. 2022 (EMJ 39:386): the mean wait of the last k patients is among the strongest predictors."""
URGENT_RANK = 3.25
"""Triage 1, 2, 3A (and an unsplit 3) are urgent."""

_SECOND = MINUTE // 60
_STAFF_AGE = DAY


def minutes_between(earlier: Array, later_times: Array) -> Array:
    """Elapsed minutes (float64 [n]); NaN where either is missing."""
    known = (earlier != MISSING_TIME) & (later_times != MISSING_TIME)
    return np.where(known, np.where(known, later_times - earlier, 0) / MINUTE, np.nan)


@dataclass(frozen=True)
class Queue:
    """Who waits, by how urgent they are and how long they have waited."""

    all: Counter
    own: Own
    by_rank: tuple[tuple[float, Counter, Own], ...]
    over: tuple[tuple[int, Counter, Own], ...]


class EmergencyDepartment:
    """One department's state at given times.

    Args:
        events: all that has been received.
        department: its id, or None where the hospital names none.
    """

    def __init__(self, events: Events, department: str | None) -> None:
        self.department = department
        visits = _of(
            events.facts("visits", ("department", "arrived_at", "seen_at", "left_at", "triage")), department
        )
        self._queue = _queue(visits)
        present = _spans(visits, visits["arrived_at"], visits["left_at"])
        arrivals = {h: _recent(visits, visits["arrived_at"], h) for h in (1, 3)}
        self._present = present.counter()
        self._arrivals = {h: spans.counter() for h, spans in arrivals.items()}
        self._own = {"ed_present": Own(present)}
        self._own |= {f"ed_arrivals_{h}h": Own(spans) for h, spans in arrivals.items()}
        self._seen = _recent(visits, visits["seen_at"], 1).counter()
        unseen = visits.where((visits["seen_at"] == MISSING_TIME) & (visits["left_at"] != MISSING_TIME))
        self._unseen = _recent(unseen, unseen["left_at"], 4).counter()
        waits = minutes_between(visits["arrived_at"], visits["seen_at"])
        self._recent_all = LastOnes(visits, visits["seen_at"], waits, RECENT)
        rank = _rank(visits)
        self._recent = {
            urgent: LastOnes(
                part, part["seen_at"], minutes_between(part["arrived_at"], part["seen_at"]), RECENT
            )
            for urgent, part in ((u, visits.where((rank <= URGENT_RANK) == u)) for u in (True, False))
        }
        boarding = _of(
            events.facts("visits", ("department", "arrived_at", "bed_requested_at", "left_at")), department
        )
        self._boarding = Spans.of(
            boarding,
            boarding["bed_requested_at"],
            np.minimum(or_forever(boarding["left_at"]), later(boarding["arrived_at"], MAX_STAY)),
        ).counter()
        self._staff = {role: _staff(events, department, role) for role in ("doctor", "nurse")}

    def waiting(self, times: Array, row: Array, rank: Array) -> dict[str, Array]:
        """The queue without the patient of `row` (int64 [n], -1: none), whose urgency is `rank`."""
        queue = self._queue
        own_count, own_sum = queue.own.at(row, times)
        count = queue.all.count(times) - own_count
        arrived_sum = queue.all.sum(times) - own_sum
        out = {
            "ed_waiting": count.astype(np.float64),
            "ed_mean_wait_so_far": _ratio(times // _SECOND * count - arrived_sum, 60 * count),
        }
        for hours, counter, own in queue.over:
            out[f"ed_waiting_over_{hours}h"] = (counter.count(times) - own.at(row, times)[0]).astype(
                np.float64
            )
        urgent, ahead = np.zeros(times.size), np.zeros(times.size)
        for level, counter, own in queue.by_rank:
            number = counter.count(times) - own.at(row, times)[0]
            urgent += np.where(level <= URGENT_RANK, number, 0)
            ahead += np.where(level <= rank, number, 0)
        return out | {
            "ed_waiting_urgent": urgent,
            "ed_waiting_ahead": np.where(np.isnan(rank), np.nan, ahead),
        }

    def flow(self, times: Array) -> dict[str, Array]:
        """Who is there and what moved in the last hours, and the staff on duty."""
        counts = {
            "ed_present": self._present,
            "ed_boarding": self._boarding,
            "ed_arrivals_1h": self._arrivals[1],
            "ed_arrivals_3h": self._arrivals[3],
            "ed_seen_1h": self._seen,
            "ed_left_unseen_4h": self._unseen,
        }
        out = {name: counter.count(times).astype(np.float64) for name, counter in counts.items()}
        return out | {
            "ed_doctors": self._staff["doctor"].value(times, times),
            "ed_nurses": self._staff["nurse"].value(times, times),
        }

    def own(self, times: Array, row: Array) -> dict[str, Array]:
        """How often the patient of `row` (int64 [n], -1: none) is among those counted: 0 or 1 (float64 [n])."""
        return {name: own.at(row, times)[0].astype(np.float64) for name, own in self._own.items()}

    def recent_waits(self, times: Array, rank: Array) -> dict[str, Array]:
        """Waits (minutes) of the last patients seen: of all, and of those about as urgent."""
        own_kind = np.full((times.size, RECENT_PATIENTS), np.nan)
        urgent = rank <= URGENT_RANK
        for kind, ones in self._recent.items():
            chosen = np.flatnonzero(urgent == kind)
            own_kind[chosen] = ones.last(times[chosen], RECENT_PATIENTS)
        return {
            "recent_wait_triage": _median(own_kind),
            "last_wait_triage": own_kind[:, 0],
            "recent_wait_all": _mean(self._recent_all.last(times, RECENT_PATIENTS)),
        }


def _of(visits: Facts, department: str | None) -> Facts:
    return visits if department is None else visits.where(visits["department"] == department)


def _rank(visits: Facts) -> Array:
    return np.fromiter((TRIAGE_RANK.get(t, np.nan) for t in visits["triage"]), np.float64, visits.row.size)


def _spans(facts: Facts, start: Array, end: Array, weight: Array | None = None) -> Spans:
    stop = np.minimum(or_forever(end), later(facts["arrived_at"], MAX_STAY))
    return Spans.of(facts, start, stop, weight)


def _recent(facts: Facts, at: Array, hours: int) -> Spans:
    return Spans.of(facts, at, later(at, hours * HOUR))


def _queue(visits: Facts) -> Queue:
    end = np.minimum(or_forever(visits["seen_at"]), or_forever(visits["left_at"]))
    spans = _spans(visits, visits["arrived_at"], end, visits["arrived_at"] // _SECOND)
    rank = _rank(visits)
    by_rank, over = [], []
    for level in sorted(set(TRIAGE_RANK.values())):
        part = visits.where(rank == level)
        level_spans = _spans(part, part["arrived_at"], end[rank == level])
        by_rank.append((level, level_spans.counter(), Own(level_spans)))
    for hours in (1, 2):
        long = _spans(visits, later(visits["arrived_at"], hours * HOUR), end)
        over.append((hours, long.counter(), Own(long)))
    return Queue(spans.counter(), Own(spans), tuple(by_rank), tuple(over))


def _staff(events: Events, department: str | None, role: str) -> Series:
    facts = events.facts("staffing", ("unit", "role", "at", "count"))
    wards = {unit.unit for unit in events.units}
    of_department = np.fromiter(
        (u == department or (department is None and u not in wards) for u in facts["unit"]), bool
    )
    facts = facts.where((facts["role"] == role) & of_department)
    return Series(facts["at"], facts, facts["count"], _STAFF_AGE)


def _ratio(numerator: Array, denominator: Array) -> Array:
    safe = np.where(denominator > 0, denominator, 1)
    return np.where(denominator > 0, numerator / safe, np.nan)


def _median(values: Array) -> Array:
    """Median of each row's numbers (NaN last after sorting), NaN where there are none."""
    ordered = np.sort(values, axis=1)
    number = (~np.isnan(values)).sum(axis=1)
    row = np.arange(values.shape[0])
    low, high = np.maximum(number - 1, 0) // 2, np.minimum(number // 2, values.shape[1] - 1)
    return np.where(number > 0, (ordered[row, low] + ordered[row, high]) / 2, np.nan)


def _mean(values: Array) -> Array:
    """Mean of each row's numbers, added in one fixed order; NaN where there are none."""
    known = ~np.isnan(values)
    total = np.zeros(values.shape[0])
    for column in range(values.shape[1]):
        total = total + np.where(known[:, column], values[:, column], 0.0)
    number = known.sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
