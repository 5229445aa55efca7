"""Values of a wait's features counted anew from the tables (`tests.support.recomputed_record`)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.support.recomputed_record import DAY, HOLIDAYS, HOUR, NEVER, Table, Tables, hour_of, local

__all__ = ["NOBODY", "RANKS", "Patients", "patients_of"]

RANKS = {"1": 1.0, "2": 2.0, "3A": 3.0, "3": 3.25, "3B": 3.5, "4": 4.0, "5": 5.0}
NOBODY = -1
"""Of a patient who is not in the tables."""
_MINUTE = HOUR / 60
_URGENT = 3.25
_LONGEST_VISIT, _RECENT, _LAST = 3 * DAY, DAY, 10
_VITAL_SIGNS = ("heart_rate", "systolic_mmhg", "temperature_celsius", "spo2_percent", "pain_0_10")


@dataclass(frozen=True)
class Patients:
    """Patients at their prediction times, [n] each.

    Attributes:
        row: of the visit in the table, so that nobody counts as waiting before themselves; `NOBODY`: none.
        own: their own values by feature: numbers as they are, texts.
    """

    tables: Tables
    at: Any
    arrived: Any
    row: Any
    triage: Any
    own: dict[str, Any]

    def where(self, chosen: Any) -> "Patients":
        """Those chosen (bool [n])."""
        own = {name: values[chosen] for name, values in self.own.items()}
        columns = (self.at, self.arrived, self.row, self.triage)
        return Patients(self.tables, *(values[chosen] for values in columns), own)

    def values(self) -> dict[str, Any]:
        """Every feature by its name: [n], NaN (None of texts) unknown."""
        found = [self._state(i) for i in range(self.at.size)]
        days = local(self.at).normalize()
        return {
            **self.own,
            **{name: np.array([one[name] for one in found]) for name in found[0]},
            "triage": np.array([RANKS.get(level, np.nan) for level in self.triage]),
            "hour": hour_of(self.at),
            "weekday": np.asarray(days.day_of_week, float),
            "holiday": np.asarray(days.isin(HOLIDAYS), float),
            "minutes_since_arrival": (self.at - self.arrived) / _MINUTE,
            "ed_doctors": self.tables.on_duty("ED", "doctor", self.at, self.at, DAY),
            "ed_nurses": self.tables.on_duty("ED", "nurse", self.at, self.at, DAY),
        } | self._per_doctor(found)

    def _per_doctor(self, found: list[dict[str, float]]) -> dict[str, Any]:
        doctors = self.tables.on_duty("ED", "doctor", self.at, self.at, DAY)
        waiting = np.array([one["ed_waiting"] for one in found])
        return {"waiting_per_doctor": np.where(doctors > 0, waiting / np.maximum(doctors, 1), np.nan)}

    def _state(self, i: int) -> dict[str, float]:
        t, visits = self.at[i], self.tables.visits
        other = np.arange(visits["arrived_at"].size) != self.row[i]
        arrived, left, seen = (visits[name] for name in ("arrived_at", "left_at", "seen_at"))
        rank = np.array([RANKS.get(level, np.nan) for level in visits["triage"]])
        rank[visits["triaged_at"] > t] = np.nan
        own = RANKS.get(self.triage[i], np.nan)
        here = other & (arrived <= t) & (t < np.minimum(left, arrived + _LONGEST_VISIT))
        waits = here & (seen > t)
        since = (t - arrived) / _MINUTE
        came = {hours: (other & (arrived <= t) & (arrived > t - hours * HOUR)).sum() for hours in (1, 3)}
        asked = visits["bed_requested_at"]
        unseen = (seen == NEVER) & (left <= t) & (left > t - 4 * HOUR)
        return {
            "ed_waiting": float(waits.sum()),
            "ed_waiting_urgent": float((waits & (rank <= _URGENT)).sum()),
            "ed_waiting_ahead": float((waits & (rank <= own)).sum()) if own == own else np.nan,
            "ed_waiting_over_1h": float((waits & (since >= 60)).sum()),
            "ed_waiting_over_2h": float((waits & (since >= 120)).sum()),
            "ed_mean_wait_so_far": float(since[waits].mean()) if waits.any() else np.nan,
            "ed_present": float(here.sum() + 1),
            "ed_boarding": float(((asked <= t) & (t < np.minimum(left, arrived + _LONGEST_VISIT))).sum()),
            "ed_arrivals_1h": float(came[1] + (t - self.arrived[i] < HOUR)),
            "ed_arrivals_3h": float(came[3] + (t - self.arrived[i] < 3 * HOUR)),
            "ed_seen_1h": float(((seen <= t) & (seen > t - HOUR)).sum()),
            "ed_left_unseen_4h": float(unseen.sum()),
            **self._recent(t, visits, rank, own),
        }

    def _recent(self, t: int, visits: Table, rank: Any, own: float) -> dict[str, float]:
        """Waits of the last ten who were seen in a day, of all and of those as urgent, newest first."""
        seen = visits["seen_at"]
        recent = np.flatnonzero((seen <= t) & (seen > t - _RECENT))
        recent = recent[np.argsort(-seen[recent], kind="stable")]
        waits = (seen - visits["arrived_at"]) / _MINUTE
        all_last = waits[recent[:_LAST]]
        similar = waits[recent[(rank[recent] <= _URGENT) == (own <= _URGENT)][:_LAST]]
        return {
            "recent_wait_all": float(all_last.mean()) if all_last.size else np.nan,
            "recent_wait_triage": float(np.median(similar)) if similar.size else np.nan,
            "last_wait_triage": float(similar[0]) if similar.size else np.nan,
        }


def patients_of(tables: Tables, since: int, until: int, ended_by: int) -> Patients:
    """The patients of training.

    Their wait could be forecast from `since` on, before `until`, and ended before `ended_by` (instants).
    """
    visits = tables.visits
    triaged, arrived = visits["triaged_at"], visits["arrived_at"]
    at = np.where(triaged < NEVER, triaged, arrived)
    end = np.where(visits["seen_at"] < NEVER, visits["seen_at"], visits["left_at"])
    rows = np.flatnonzero((end > at) & (at >= since) & (at < until) & (end < ended_by))
    known = visits.where(rows)
    own = {name: known[name].astype(float) for name in ("age_years", *_VITAL_SIGNS)}
    own |= {name: known[name] for name in ("department", "arrival_mode", "reason")}
    return Patients(tables, at[rows], arrived[rows], rows, known["triage"], own)
