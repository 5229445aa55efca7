"""FEDORU's six indicators of "hôpital en tension": their inputs, from the live record; cut-offs are a policy's.

Those of a day are those of the last whole day by the hospital's clock, and known only once news came after it ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from centre.flows.answers import BedsFlow
from centre.flows.emergency import present_visits
from serving.interface.live_record import HOUR, LiveRecord, Row
from serving.interface.requests import moment

__all__ = ["FEDORU", "fedoru_inputs", "ratio"]

FEDORU: Mapping[str, str] = {
    "free_medicine_surgery_beds": "medicine_surgery_staffed - medicine_surgery_occupied",
    "visits": "visits_last_day",
    "mean_stay_of_admitted": "stay_hours_of_admitted / admitted",
    "admission_rate": "admitted / ended_visits",
    "present_at_15": "present_at_last_15",
    "visits_of_75_and_more": "visits_of_75_last_day",
}
"""Formula of each indicator, by its name."""
_OLD_YEARS = 75
_AFTERNOON = 15


def ratio(numerator: float, denominator: float) -> float:
    """A mean or a rate.

    Raises:
        ValueError: there is nobody to take it of.
    """
    if denominator <= 0:
        raise ValueError("nobody_to_count")
    return numerator / denominator


def fedoru_inputs(
    record: LiveRecord, beds: BedsFlow, groups: frozenset[str]
) -> Mapping[str, dict[str, float | None]]:
    """The inputs of each indicator; None: not known.

    Args:
        beds: read off the record.
        groups: the unit groups that are medicine or surgery; empty: the hospital does not say which.
    """
    visits = _last_day(record)
    admitted, stay_hours, ended = _admissions(record, visits)
    staffed, occupied = _beds(beds, groups)
    return {
        "free_medicine_surgery_beds": {
            "medicine_surgery_staffed": staffed,
            "medicine_surgery_occupied": occupied,
        },
        "visits": {"visits_last_day": None if visits is None else float(len(visits))},
        "mean_stay_of_admitted": {"stay_hours_of_admitted": stay_hours, "admitted": admitted},
        "admission_rate": {"admitted": admitted, "ended_visits": ended},
        "present_at_15": {"present_at_last_15": _present_at_15(record)},
        "visits_of_75_and_more": {"visits_of_75_last_day": _old(visits)},
    }


def _last_day(record: LiveRecord) -> Sequence[Row] | None:
    """Who arrived on the last whole day; None: nobody, or nothing was heard since, so that it may not be all."""
    ends, _ = record.day
    begins, _ = replace(record, at=ends - 1).day
    heard = record.heard_at("visits")
    rows = [v for v in record.tables["visits"] if begins <= int(v["arrived_at"]) < ends]
    return rows if rows and heard is not None and heard >= ends else None


def _admissions(
    record: LiveRecord, visits: Sequence[Row] | None
) -> tuple[float | None, float | None, float | None]:
    """(admitted, sum of their hours in the department, ended visits); None: one that ended does not say how."""
    if visits is None or not record.gives("visits", "left_at"):
        return None, None, None
    wards = _ward_entries(record)
    ended = [v for v in visits if _end(v, record.at, wards) is not None]
    if any(v.get("disposition") is None and v["visit_id"] not in wards for v in ended):
        return None, None, None
    admitted = [v for v in ended if v.get("disposition") == "admitted" or v["visit_id"] in wards]
    ends = [_end(v, record.at, wards) for v in admitted]
    hours = sum(
        (e - int(v["arrived_at"])) / HOUR for v, e in zip(admitted, ends, strict=True) if e is not None
    )
    return float(len(admitted)), float(hours), float(len(ended))


def _ward_entries(record: LiveRecord) -> Mapping[str, int]:
    out: dict[str, int] = {}
    for stay in record.tables["stays"]:
        visit, entered = stay.get("visit_id"), int(stay["entered_at"])
        if visit is not None and entered <= record.at:
            out[visit] = min(entered, out.get(visit, entered))
    return out


def _end(visit: Row, at: int, wards: Mapping[str, int]) -> int | None:
    """When a patient left the department, for a ward or elsewhere; None: not yet."""
    ends = [int(e) for e in (visit.get("left_at"), wards.get(visit["visit_id"])) if e is not None and e <= at]
    return min(ends, default=None)


def _beds(beds: BedsFlow, groups: frozenset[str]) -> tuple[float | None, float | None]:
    units = [u for u in beds.units if u.group in groups and not u.closed]

    def total(values: Sequence[float | None]) -> float | None:
        return None if not values or None in values else float(sum(v for v in values if v is not None))

    return total([u.staffed for u in units]), total([u.occupied for u in units])


def _present_at_15(record: LiveRecord) -> float | None:
    """Patients present at the last 15:00 by the hospital's clock; None: nothing was heard since."""
    now = moment(record.at)
    local = now.astimezone(record.zone)
    day = local if local.hour >= _AFTERNOON else local - timedelta(days=1)
    afternoon = day.replace(hour=_AFTERNOON, minute=0, second=0, microsecond=0, fold=0).astimezone(now.tzinfo)
    at = record.at - (now - afternoon) // timedelta(microseconds=1)
    heard = record.heard_at("visits")
    present = present_visits(replace(record, at=at))
    return None if present is None or heard is None or heard < at else float(len(present))


def _old(visits: Sequence[Row] | None) -> float | None:
    """Visits of people of 75 and more; None: somebody's age is not known."""
    ages = [v.get("age_years") for v in visits or ()]
    if visits is None or None in ages:
        return None
    return float(sum(int(age) >= _OLD_YEARS for age in ages if age is not None))
