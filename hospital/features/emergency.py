"""The emergency department at a time, as it was known then: queue, boarding, flow, recent waits, staff.

Built once from the events, asked for any times.
"""

from dataclasses import dataclass
from itertools import repeat

import numpy as np

from hospital.arrays import Array
from hospital.features.emergency_flow import (
    EmergencyFlow,
    last_news,
    present_spans,
    seen_of,
    visits_of,
)
from hospital.features.feature import TRIAGE_RANK
from hospital.record.events import Events, Facts
from hospital.record.interval_counts import LastOnes, Own, Together, later, or_forever
from hospital.times import DAY, HOUR, MINUTE, MISSING_TIME

__all__ = ["RECENT", "RECENT_PATIENTS", "URGENT_RANK", "EmergencyDepartment", "minutes_between"]

RECENT = DAY
"""How far back "recent" waits reach."""
RECENT_PATIENTS = 10
"""Walker et al. 2022 (EMJ 39:386): the mean wait of the last k patients is among the strongest predictors."""
URGENT_RANK = 3.25
"""Triage 1, 2, 3A (and an unsplit 3) are urgent."""

_SECOND = MINUTE // 60


def minutes_between(earlier: Array, later_times: Array) -> Array:
    """Elapsed minutes (float64 [n]); NaN where either is missing."""
    known = (earlier != MISSING_TIME) & (later_times != MISSING_TIME)
    return np.where(known, np.where(known, later_times - earlier, 0) / MINUTE, np.nan)


@dataclass(frozen=True)
class Queue:
    """Who waits, by how urgent they are and how long they have waited.

    Attributes:
        counts: of all, their times of arrival (s) summed, those waiting longer (`hours`), those of each urgency.
        own: the same of one patient: of all, then as `counts` from the third on.
        hours, ranks: of what is counted, in that order.
    """

    counts: Together
    own: tuple[Own, ...]
    hours: tuple[int, ...]
    ranks: Array


class EmergencyDepartment:
    """One department's state at given times.

    Args:
        events: all that has been received.
        department: its id, or None where the hospital names none.
    """

    def __init__(self, events: Events, department: str | None) -> None:
        self.department = department
        visits = visits_of(events, department)
        rank = _rank(visits)
        self._flow = EmergencyFlow(events, department, visits)
        self._queue = _queue(visits, rank)
        # Without the departures: that a patient left is no news of how long they had waited to be seen.
        seen = seen_of(events, department)
        urgent = _rank(seen) <= URGENT_RANK
        self._recent_all = _last_waits(seen)
        self._recent = {kind: _last_waits(seen.where(urgent == kind)) for kind in (True, False)}

    def waiting(self, times: Array, row: Array, rank: Array) -> dict[str, Array]:
        """The queue without the patient of `row` (int64 [n], -1: none), whose urgency is `rank`."""
        queue = self._queue
        counts = queue.counts.at(times)
        own_count, own_sum = queue.own[0].at(row, times)
        count, arrived_sum = counts[0] - own_count, counts[1] - own_sum
        out = {
            "ed_waiting": count.astype(np.float64),
            "ed_mean_wait_so_far": _ratio(times // _SECOND * count - arrived_sum, 60 * count),
        }
        others = counts[2:]
        if row.max(initial=-1) >= 0:
            others = others - np.array([own.at(row, times)[0] for own in queue.own[1:]])
        for hours, number in zip(queue.hours, others, strict=False):
            out[f"ed_waiting_over_{hours}h"] = number.astype(np.float64)
        by_rank = others[len(queue.hours) :]
        urgent = by_rank[queue.ranks <= URGENT_RANK].sum(axis=0)
        ahead = (by_rank * (queue.ranks[:, None] <= rank)).sum(axis=0)
        return out | {
            "ed_waiting_urgent": urgent.astype(np.float64),
            "ed_waiting_ahead": np.where(np.isnan(rank), np.nan, ahead),
        }

    def flow(self, times: Array) -> dict[str, Array]:
        """Who is there and what moved in the last hours, and the staff on duty: float64 [n] each, NaN unknown; times:
        int64 [n]."""
        return self._flow.at(times)

    def own(self, times: Array, row: Array) -> dict[str, Array]:
        """How often the patient of `row` (int64 [n], -1: none) is among those counted: 0 or 1 (float64 [n])."""
        return self._flow.own(times, row)

    def recent_waits(self, times: Array, rank: Array) -> dict[str, Array]:
        """Waits of the last patients seen, of all and of those about as urgent: minutes, float64 [n] each, NaN where
        there are none; times: int64 [n]."""
        own_kind = np.full((times.size, RECENT_PATIENTS), np.nan)
        urgent = rank <= URGENT_RANK
        for kind, ones in self._recent.items():
            chosen = np.flatnonzero(urgent == kind)
            if chosen.size:
                own_kind[chosen] = ones.last(times[chosen], RECENT_PATIENTS)
        return {
            "recent_wait_triage": _median(own_kind),
            "last_wait_triage": own_kind[:, 0],
            "recent_wait_all": _mean(self._recent_all.last(times, RECENT_PATIENTS)),
        }


def _last_waits(seen: Facts) -> LastOnes:
    """The waits (minutes) of patients in the order in which it became known that they were seen."""
    waits = minutes_between(seen["arrived_at"], seen["seen_at"])
    return LastOnes(seen, seen["seen_at"], waits, RECENT)


def _rank(visits: Facts) -> Array:
    return np.fromiter(
        map(TRIAGE_RANK.get, visits["triage"].tolist(), repeat(np.nan)), np.float64, visits.row.size
    )


def _queue(visits: Facts, rank: Array) -> Queue:
    end = np.minimum(or_forever(visits["seen_at"]), or_forever(visits["left_at"]))
    ranks, hours = sorted(set(TRIAGE_RANK.values())), (1, 2)
    spans = [present_spans(visits, visits["arrived_at"], end, visits["arrived_at"] // _SECOND)]
    spans += [present_spans(visits, later(visits["arrived_at"], h * HOUR), end) for h in hours]
    for level in ranks:
        part = visits.where(rank == level)
        spans.append(present_spans(part, part["arrived_at"], end[rank == level]))
    counters = [s.counter() for s in spans]
    counts = [counters[0].count, counters[0].sum, *(c.count for c in counters[1:])]
    return Queue(
        Together(counters, counts, last_news(visits)),
        tuple(Own(s) for s in spans),
        hours,
        np.array(ranks, np.float64),
    )


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
    total = np.add.accumulate(np.where(known, values, 0.0), axis=1)[:, -1]
    number = known.sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
