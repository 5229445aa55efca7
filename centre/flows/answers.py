"""The answer of GET /v1/flows: every figure may be null, which says that it is not known."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel

__all__ = [
    "BedsFlow",
    "EmergencyCounts",
    "EmergencyFlow",
    "FlowsAnswer",
    "TheatreCounts",
    "TheatreFlow",
    "UnitBeds",
]


class EmergencyCounts(BaseModel):
    """One emergency department, or all.

    Attributes:
        department: its id; null: all departments, or the one that has no id.
        arrivals_today: since midnight by the hospital's clock.
        present: arrived, not left, and in no ward yet.
        waiting: present, for the first medical contact.
        waiting_by_triage: the same by level, ``not_triaged`` for those without one.
        under_care: seen, without a bed request.
        boarding: present since a bed was requested.
        longest_boarding_hours: 0 where nobody boards.
        critical: present and noted as critical at triage.
        places: treatment places (`staffing`, role ``place``).
        unclosed: visits that nobody closed within three days; they count as left.
    """

    department: str | None
    arrivals_today: int | None
    arrivals_last_hour: int | None
    present: int | None
    waiting: int | None
    waiting_by_triage: Mapping[str, int] | None
    longest_waiting_hours: float | None
    under_care: int | None
    boarding: int | None
    longest_boarding_hours: float | None
    critical: int | None
    places: float | None
    unclosed: int | None


class EmergencyFlow(BaseModel):
    """The emergency departments.

    Attributes:
        heard_at: of the last news about visits.
        total: all departments.
        departments: each, where there are several.
    """

    heard_at: datetime | None
    total: EmergencyCounts
    departments: tuple[EmergencyCounts, ...]


class UnitBeds(BaseModel):
    """One unit, or all.

    Attributes:
        unit: its id; null: all units.
        label_fr, label_en: its name in a language, where the hospital gave one.
        occupied: patients in it.
        staffed: beds with staff.
        free: staffed less occupied; below 0 where there are more patients.
        waiting: patients in the emergency department with a bed request for it.
        closed: whether it is closed by its own dates.
        closure_reason: why, where that was said.
        expected_discharges_today: patients in it who are expected to leave from now until midnight.
        overdue_discharges: patients in it who were expected to have left.
    """

    unit: str | None
    label: str
    label_fr: str | None
    label_en: str | None
    group: str
    occupied: float | None
    staffed: float | None
    free: float | None
    waiting: float | None
    closed: bool
    closure_reason: str | None
    expected_discharges_today: int | None
    overdue_discharges: int | None


class BedsFlow(BaseModel):
    """The units; `heard_at`: of the last news about stays or census. A total is null where one open unit's is."""

    heard_at: datetime | None
    total: UnitBeds
    units: tuple[UnitBeds, ...]


class TheatreCounts(BaseModel):
    """Today's programme of one room, or of all.

    Attributes:
        room: its name; null: all rooms, or operations without a room.
        programme: operations planned for today that were not cancelled.
        urgent: those of them that were added as urgent.
        running: in the room now, whatever day they were planned for.
        ended: those of today's programme that have ended.
        late: planned for an earlier hour of today, and not begun.
        cancelled: planned for today, and cancelled.
    """

    room: str | None
    programme: int | None
    urgent: int | None
    running: int | None
    ended: int | None
    late: int | None
    cancelled: int | None


class TheatreFlow(BaseModel):
    """The theatres; `heard_at`: of the last news about operations."""

    heard_at: datetime | None
    total: TheatreCounts
    rooms: tuple[TheatreCounts, ...]


class FlowsAnswer(BaseModel):
    """The three flows.

    Attributes:
        as_of: what was received until then is in it, and nothing that came later.
    """

    as_of: datetime
    emergency: EmergencyFlow
    beds: BedsFlow
    theatres: TheatreFlow
