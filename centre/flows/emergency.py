"""The emergency flow: who came, who waits, who is cared for and who boards."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

from centre.flows.answers import EmergencyCounts, EmergencyFlow
from centre.flows.staffing import staffed_at
from serving.interface.live_record import DAY, HOUR, LiveRecord, Row
from serving.interface.requests import moment

__all__ = ["boarders", "emergency_flow", "present_visits"]

T = TypeVar("T")

LONGEST_VISIT = 3 * DAY
"""A visit that nobody closed does not crowd the department for ever: the features of forecasts count it as long."""
PLACE = "place"
"""The role of `staffing` that counts a department's treatment places."""


def emergency_flow(record: LiveRecord) -> EmergencyFlow:
    """The departments at the record's instant."""
    visits = record.tables["visits"]
    names = sorted({str(v["department"]) for v in visits if v.get("department") is not None})
    admitted, places = _admitted(record), staffed_at(record, PLACE)
    heard = record.heard_at("visits")
    by_name = {
        n: _counts(record, n, [v for v in visits if v.get("department") == n], admitted) for n in names
    }
    departments = tuple(c.model_copy(update={"places": places.get(n)}) for n, c in by_name.items())
    known = [places.get(name) for name in (names or list(places))]
    total = _counts(record, None, visits, admitted)
    all_places = None if not known or None in known else sum(p for p in known if p is not None)
    return EmergencyFlow(
        heard_at=None if heard is None else moment(heard),
        total=total.model_copy(update={"places": all_places}),
        departments=departments if len(departments) > 1 else (),
    )


def present_visits(record: LiveRecord) -> list[Row] | None:
    """The visits that arrived and neither left nor are in a ward; None: the hospital does not say who left."""
    if not record.gives("visits", "left_at"):
        return None
    admitted = _admitted(record)
    return [v for v in record.tables["visits"] if _present(v, record.at, admitted)]


def boarders(record: LiveRecord) -> list[Row] | None:
    """The visits in which a bed was requested and not yet taken; None: the hospital does not say."""
    present = present_visits(record)
    if present is None or not record.gives("visits", "bed_requested_at"):
        return None
    return [v for v in present if _boards(v, record.at)]


def _admitted(record: LiveRecord) -> Mapping[str, int]:
    """When each visit's patient entered a ward, where that is known."""
    entered: dict[str, int] = {}
    for stay in record.tables["stays"]:
        visit = stay.get("visit_id")
        if visit is not None:
            entered[visit] = min(int(stay["entered_at"]), entered.get(visit, int(stay["entered_at"])))
    return entered


def _counts(
    record: LiveRecord, department: str | None, visits: Sequence[Row], admitted: Mapping[str, int]
) -> EmergencyCounts:
    at, (midnight, _) = record.at, record.day
    present = [v for v in visits if _present(v, at, admitted)]
    boarding = [v for v in present if _boards(v, at)]
    seen = [v for v in present if _happened(v, "seen_at", at) and not _boards(v, at)]
    waiting = [v for v in present if not _happened(v, "seen_at", at) and not _boards(v, at)]
    says = _Says(record)

    heard = record.heard_at("visits")

    def arrived(since: int) -> int | None:
        if heard is None or heard < since:  # nobody was heard of since: an export that stopped looks the same
            return None
        return says(sum(since <= v["arrived_at"] <= at for v in visits))

    return EmergencyCounts(
        department=department,
        arrivals_today=arrived(midnight),
        arrivals_last_hour=arrived(at - HOUR + 1),
        present=says(len(present), "left_at"),
        waiting=says(len(waiting), "left_at", "seen_at"),
        waiting_by_triage=says(_by_triage(waiting), "left_at", "seen_at", "triage"),
        longest_waiting_hours=says(_longest(waiting, "arrived_at", at), "left_at", "seen_at"),
        under_care=says(len(seen), "left_at", "seen_at"),
        boarding=says(len(boarding), "left_at", "bed_requested_at"),
        longest_boarding_hours=says(
            _longest(boarding, "bed_requested_at", at), "left_at", "bed_requested_at"
        ),
        critical=says(sum(v.get("critical") == "yes" for v in present), "left_at", "critical"),
        places=None,
        unclosed=says(sum(_unclosed(v, at, admitted) for v in visits), "left_at"),
    )


class _Says:
    """Gives a figure where the hospital fills the columns that it follows from, else None."""

    def __init__(self, record: LiveRecord) -> None:
        names = ("left_at", "seen_at", "bed_requested_at", "triage", "critical")
        self._given = {name for name in names if record.gives("visits", name)}
        self._any = bool(record.tables["visits"])

    def __call__(self, figure: T, *columns: str) -> T | None:
        return figure if self._any and self._given.issuperset(columns) else None


def _by_triage(waiting: Sequence[Row]) -> dict[str, int]:
    levels = Counter(str(v.get("triage") or "not_triaged") for v in waiting)
    return dict(sorted(levels.items()))


def _longest(visits: Sequence[Row], since: str, at: int) -> float:
    return max(((at - int(v[since])) / HOUR for v in visits), default=0.0)


def _happened(visit: Row, name: str, at: int) -> bool:
    return visit.get(name) is not None and bool(visit[name] <= at)


def _boards(visit: Row, at: int) -> bool:
    return _happened(visit, "bed_requested_at", at)


def _here(visit: Row, at: int, admitted: Mapping[str, int]) -> bool:
    """Arrived and not left, however long ago."""
    moved = admitted.get(visit["visit_id"])
    gone = _happened(visit, "left_at", at) or (moved is not None and moved <= at)
    return bool(visit["arrived_at"] <= at) and not gone


def _present(visit: Row, at: int, admitted: Mapping[str, int]) -> bool:
    return _here(visit, at, admitted) and not _unclosed(visit, at, admitted)


def _unclosed(visit: Row, at: int, admitted: Mapping[str, int]) -> bool:
    return _here(visit, at, admitted) and bool(at - visit["arrived_at"] > LONGEST_VISIT)
