"""Who was present every few hours, as it was known then; what was not known then is seen by nobody."""

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from hospital.admissions.inputs import INPUTS, input_classes
from hospital.admissions.snapshots import Snapshots, snapshots_of
from hospital.record.events import Events, columns_from_rows
from hospital.times import DAY, HOUR, instant, parse_time

ZONE = ZoneInfo("Europe/Paris")
START = instant(parse_time("2024-03-04T08:00:00Z"))
"""A multiple of four hours, 9 o'clock in Paris."""


def snapshots(*versions: dict[str, Any]) -> Snapshots:
    """Of visits of a day around `START`."""
    rows = [{"visit_id": "v", "received_at": v.get("arrived_at"), **v} for v in versions]
    events = Events.of({"visits": columns_from_rows("visits", rows)}, zone=ZONE, history_from=0)
    return snapshots_of(events, START - DAY, START + DAY)


def visit(**more: Any) -> dict[str, Any]:
    """Arrived half an hour before `START`."""
    return {"arrived_at": START - HOUR // 2, **more}


def classes(found: Snapshots) -> list[tuple[str, ...]]:
    """Each patient's classes."""
    made = input_classes(found.columns, found.time, ZONE, found.filled)
    return list(zip(*(made[name].tolist() for name in INPUTS), strict=True))


def test_a_patient_is_seen_as_was_known_then_and_judged_by_what_became() -> None:
    """Triage came an hour after the first instant; the bed was asked for after the second one."""
    arrived = visit(age_years=80, arrival_mode="ambulance")
    triaged = {
        **arrived,
        "triaged_at": START + HOUR,
        "triage": "2",
        "critical": "yes",
        "received_at": START + HOUR,
    }
    seen = {**triaged, "seen_at": START + 2 * HOUR, "received_at": START + 2 * HOUR}
    asked = {**seen, "bed_requested_at": START + 5 * HOUR, "received_at": START + 5 * HOUR}
    found = snapshots(arrived, triaged, seen, asked)
    assert found.time.tolist() == [START, START + 4 * HOUR]
    assert found.admitted.tolist() == [True, True]
    assert found.decided_at.tolist() == [START + 5 * HOUR] * 2
    assert classes(found) == [
        ("unknown", "75", "ambulance", "unknown", "unknown", "waits", "0", "8"),
        ("2", "75", "ambulance", "unknown", "yes", "2", "4", "12"),
    ]


def test_who_went_home_was_not_admitted_and_who_is_still_there_says_nothing() -> None:
    """A visit that has not ended, or does not say how, is left out and is no refusal."""
    home = visit(left_at=START + HOUR, disposition="home", visit_id="h")
    silent = visit(left_at=START + HOUR, visit_id="s")
    there = visit(visit_id="t")
    found = snapshots(*({**v, "received_at": START - HOUR // 2} for v in (home, silent, there)))
    assert (found.size, found.admitted.tolist()) == (1, [False])


def test_a_visit_that_ends_on_an_instant_is_not_present_then() -> None:
    """Spans hold their start, and not their end."""
    ends = visit(left_at=START, disposition="home")
    begins = {**visit(left_at=START + HOUR, disposition="home"), "arrived_at": START, "visit_id": "b"}
    found = snapshots(ends, begins)
    assert found.time.tolist() == [START]
    assert found.columns["arrived_at"].tolist() == [START]


def test_nobody_waits_for_a_contact_that_nobody_notes() -> None:
    """Without the time of the first contact in the whole table the class is unknown, and not that they wait."""
    found = snapshots(visit(left_at=START + HOUR, disposition="home"))
    assert "seen_at" not in found.filled
    assert classes(found)[0][INPUTS.index("care")] == "unknown"
    assert np.all(found.time == START)
