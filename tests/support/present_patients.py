"""Patients of the emergency department: those of a month, and those who are present now."""

from datetime import timedelta
from typing import Any

from hospital.times import moment
from tests.support.serving_fakes import NOW

__all__ = ["START", "ago", "now", "past"]

START = moment(NOW)


def ago(hours: float) -> str:
    """A time before the service's now."""
    return (START - timedelta(hours=hours)).isoformat()


def past() -> list[dict[str, Any]]:
    """Thirty days on which six of triage 2 and six of triage 5 were present a while ago: the former half admitted."""
    rows = []
    for day in range(2, 32):
        for n in range(12):
            sick = n < 6
            arrived, left = day * 24 + 3.0, day * 24 - 3.0
            rows.append(
                {
                    "visit_id": f"p{day}-{n}",
                    "arrived_at": ago(arrived),
                    "triaged_at": ago(arrived),
                    "left_at": ago(left),
                    "triage": "2" if sick else "5",
                    "age_years": 50,
                    **(
                        {"bed_requested_at": ago(left), "disposition": "admitted", "destination_unit": "U1"}
                        if n < 3
                        else {"disposition": "home"}
                    ),
                }
            )
    return rows


def now(triage: str, count: int, **more: Any) -> list[dict[str, Any]]:
    """Patients who are present."""
    row = {"arrived_at": ago(1), "triaged_at": ago(1), "triage": triage, "age_years": 50, **more}
    return [{"visit_id": f"n{triage}-{n}-{len(more)}", **row} for n in range(count)]
