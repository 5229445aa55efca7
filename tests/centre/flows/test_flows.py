"""GET /v1/flows over the real gate and database: what was received, and nothing that was not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hospital.times import moment
from tests.support.serving_fakes import NOW, InProcess, make_parts

START = moment(NOW)  # 3:40 by the hospital's clock


class Hospital:
    """Sends rows and asks for the flows, at times of its clock."""

    def __init__(self, home: Path) -> None:
        self.parts, tokens = make_parts(home)
        self._client = InProcess(self.parts)
        self._headers = {"authorization": f"Bearer {tokens['operator']}"}

    def send(self, at: datetime, **rows: list[dict[str, Any]]) -> None:
        """POST /v1/observations at a time."""
        self._set(at)
        response = self._client.request("POST", "/v1/observations", json=rows, headers=self._headers)
        assert response.status_code == 200, response.text

    def flows(self, at: datetime | None = None, as_of: str | None = None) -> dict[str, Any]:
        """The answer at a time of the clock."""
        if at is not None:
            self._set(at)
        response = self.ask(as_of)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def ask(self, as_of: str | None) -> Any:
        """The response."""
        query = {} if as_of is None else {"params": {"as_of": as_of}}
        return self._client.get("/v1/flows", headers=self._headers, **query)

    def _set(self, at: datetime) -> None:
        self.parts.clock.instant = int(at.timestamp() * 1e6)  # type: ignore[attr-defined]


@pytest.fixture
def hospital(quick_path: Path) -> Hospital:
    return Hospital(quick_path)


def ago(minutes: float) -> str:
    """A time before `START`."""
    return (START - timedelta(minutes=minutes)).isoformat()


def ahead(minutes: float) -> str:
    """A time after `START`."""
    return ago(-minutes)


def visit(number: int, arrived: float, **more: Any) -> dict[str, Any]:
    """A visit that arrived so many minutes ago."""
    return {"visit_id": f"v{number}", "department": "ED", "arrived_at": ago(arrived), **more}


def test_the_emergency_flow_counts_who_waits_who_is_cared_for_and_who_boards(hospital: Hospital) -> None:
    """By triage; a boarder who is in a ward already, one who left, and one whom nobody closed are not there."""
    hospital.send(
        START,
        visits=[
            visit(1, 50, triaged_at=ago(45), triage="3A", critical="no"),
            visit(2, 40),
            visit(3, 200, triaged_at=ago(190), triage="2", critical="yes", seen_at=ago(150)),
            visit(4, 600, seen_at=ago(500), bed_requested_at=ago(360), destination_unit="M"),
            visit(5, 700, seen_at=ago(600), bed_requested_at=ago(500), destination_unit="M"),
            visit(6, 90, seen_at=ago(60), left_at=ago(5)),
            visit(7, 5 * 1440),
        ],
        stays=[
            {"stay_id": "s5", "visit_id": "v5", "unit": "M", "entered_at": ago(30), "source": "emergency"}
        ],
        staffing=[{"at": ago(100), "unit": "ED", "role": "place", "count": 12}],
    )
    total = hospital.flows()["emergency"]["total"]
    assert (total["present"], total["waiting"], total["under_care"], total["boarding"]) == (4, 2, 1, 1)
    assert total["waiting_by_triage"] == {"3A": 1, "not_triaged": 1}
    assert total["longest_boarding_hours"] == pytest.approx(6)
    assert total["longest_waiting_hours"] == pytest.approx(50 / 60)
    assert (total["critical"], total["unclosed"], total["places"]) == (1, 1, 12)
    assert (total["arrivals_today"], total["arrivals_last_hour"]) == (4, 2)  # today began 220 minutes ago


def test_what_a_hospital_does_not_send_is_not_known_and_never_nought(hospital: Hospital) -> None:
    """Without any row every figure is null; a column that is never filled leaves what follows from it unknown."""
    empty = hospital.flows()
    for counts in (empty["emergency"]["total"], empty["beds"]["total"], empty["theatres"]["total"]):
        known = {n: v for n, v in counts.items() if v is not None}
        assert set(known) <= {"label", "group", "closed"}, known
    assert empty["emergency"]["heard_at"] is None
    hospital.send(
        START,
        visits=[visit(1, 50), visit(2, 90, left_at=ago(10))],
        stays=[{"stay_id": "s", "unit": "M", "entered_at": ago(99), "source": "elective", "left_at": ago(9)}],
        operations=[{"operation_id": "o", "unit": "M", "booked_at": ago(900), "planned_at": ahead(300)}],
    )
    found = hospital.flows()
    total = found["emergency"]["total"]
    assert (total["present"], total["arrivals_today"], total["unclosed"]) == (1, 2, 0)
    assert [
        total[n] for n in ("waiting", "waiting_by_triage", "under_care", "boarding", "critical", "places")
    ] == [None] * 6
    unit = found["beds"]["units"][0]
    assert unit["occupied"] == 0
    assert [unit[n] for n in ("staffed", "free", "waiting", "expected_discharges_today")] == [None] * 4
    theatre = found["theatres"]["total"]
    assert theatre["programme"] == 1
    assert [theatre[n] for n in ("urgent", "running", "ended", "late", "cancelled")] == [None] * 5


def test_beds_by_unit_with_closures_and_expected_discharges(hospital: Hospital) -> None:
    """A closed unit says why and is in no total; who should have left is counted apart from who will leave today."""
    gone = {"stay_id": "s0", "unit": "M", "entered_at": ago(3000), "source": "elective", "left_at": ago(100)}
    expected = {"expected_known_at": ago(60)}
    stay = {"unit": "M", "entered_at": ago(2000), "source": "emergency"}
    hospital.send(
        START,
        units=[
            {"unit": "M", "label": "Medicine", "group": "medicine"},
            {"unit": "C", "label": "Closed", "open_to": ago(500), "closure_reason": "travaux"},
        ],
        stays=[
            gone,
            {**stay, "stay_id": "s1", **expected, "expected_left_at": ahead(300)},
            {**stay, "stay_id": "s2", **expected, "expected_left_at": ahead(1500)},
            {**stay, "stay_id": "s3", **expected, "expected_left_at": ago(30)},
            {**stay, "stay_id": "s4"},
        ],
        staffing=[
            {"at": ago(3000), "unit": "M", "role": "bed", "count": 9},
            {"at": ago(600), "unit": "M", "role": "bed", "count": 3},
            {"at": ahead(600), "unit": "M", "role": "bed", "count": 30, "known_at": ago(600)},
        ],
    )
    beds = hospital.flows()["beds"]
    closed, open_unit = beds["units"]
    assert (closed["closed"], closed["closure_reason"], closed["occupied"]) == (True, "travaux", None)
    assert (open_unit["occupied"], open_unit["staffed"], open_unit["free"]) == (4, 3, -1)
    assert (open_unit["expected_discharges_today"], open_unit["overdue_discharges"]) == (1, 1)
    assert (beds["total"]["occupied"], beds["total"]["free"]) == (4, -1)


def test_a_census_that_fell_silent_is_not_the_present(hospital: Hospital) -> None:
    """Hourly rows count for six hours, daily ones for two days."""
    hourly = [{"unit": "H", "at": ago(60 * h), "occupied": h, "staffed": 9} for h in (7, 8, 9)]
    daily = [{"unit": "D", "at": ago(1440 * d + 30), "occupied": d, "waiting": 2} for d in (1, 2)]
    hospital.send(START, census=[*hourly, *daily])
    units = {u["unit"]: u for u in hospital.flows()["beds"]["units"]}
    assert (units["H"]["occupied"], units["H"]["staffed"]) == (None, None)
    assert (units["D"]["occupied"], units["D"]["waiting"]) == (1, 2)
    assert hospital.flows()["beds"]["total"]["occupied"] is None


def test_theatres_by_room(hospital: Hospital) -> None:
    """One runs, one ended, one was cancelled and one that is late was added; yesterday's that goes on runs too."""
    base = {"unit": "S", "booked_at": ago(9000), "urgent": "no"}
    hospital.send(
        START,
        operations=[
            {
                **base,
                "operation_id": "a",
                "room": "T1",
                "planned_at": ago(200),
                "started_at": ago(190),
                "ended_at": ago(90),
            },
            {**base, "operation_id": "b", "room": "T1", "planned_at": ago(60), "started_at": ago(50)},
            {**base, "operation_id": "c", "room": "T2", "planned_at": ahead(60), "cancelled_at": ago(30)},
            {
                **base,
                "operation_id": "d",
                "room": "T2",
                "planned_at": ago(5),
                "urgent": "yes",
                "booked_at": ago(15),
            },
            {**base, "operation_id": "e", "room": "T2", "planned_at": ago(300), "started_at": ago(290)},
            {**base, "operation_id": "f", "room": "T2", "planned_at": ahead(1440)},
        ],
    )
    theatres = hospital.flows()["theatres"]
    expected = {"programme": 3, "urgent": 1, "running": 2, "ended": 1, "late": 1, "cancelled": 1}
    assert {n: theatres["total"][n] for n in expected} == expected
    assert [(r["room"], r["programme"], r["running"], r["late"]) for r in theatres["rooms"]] == [
        ("T1", 2, 1, 0),
        ("T2", 1, 1, 1),
    ]


def test_corrections_and_late_news_count_and_what_was_known_can_be_asked_for_again(
    hospital: Hospital,
) -> None:
    """As of an hour ago the visit was there; since then its exit came, with a time before that."""
    hospital.send(START, visits=[visit(1, 50), visit(2, 60, left_at=ago(55))])
    before = hospital.flows()
    later = START + timedelta(hours=1)
    hospital.send(later, visits=[visit(1, 50, left_at=ago(10)), visit(3, 20)])
    now = hospital.flows(later)
    assert (before["emergency"]["total"]["present"], now["emergency"]["total"]["present"]) == (1, 1)
    assert (before["emergency"]["total"]["arrivals_today"], now["emergency"]["total"]["arrivals_today"]) == (
        2,
        3,
    )
    again = hospital.flows(later, START.isoformat().replace("+00:00", "Z"))
    assert again == before
    long_after = hospital.flows(later + timedelta(days=200), START.isoformat().replace("+00:00", "Z"))
    assert long_after == before


def test_an_operation_that_goes_on_is_read_until_it_ends(hospital: Hospital) -> None:
    """Also where the row says nothing of its end; what nobody ended stops to run after two days."""
    row = {
        "operation_id": "a",
        "unit": "S",
        "booked_at": ago(9000),
        "planned_at": ago(60),
        "started_at": ago(50),
    }
    other = {**row, "operation_id": "b", "ended_at": ago(5)}
    hospital.send(START, operations=[row, other])
    assert hospital.flows()["theatres"]["total"]["running"] == 1
    assert hospital.flows(START + timedelta(hours=40))["theatres"]["total"]["running"] == 1
    assert hospital.flows(START + timedelta(hours=60))["theatres"]["total"]["running"] == 0


@pytest.mark.parametrize(
    ("as_of", "code"),
    [
        ("yesterday", "not_a_time"),
        ("2025-11-03T01:00:00", "naive_time"),
        ("2199-01-01T00:00:00Z", "after_now"),
    ],
)
def test_a_time_that_is_none_has_no_zone_or_lies_ahead_is_refused(
    hospital: Hospital, as_of: str, code: str
) -> None:
    """With its path and what to do."""
    response = hospital.ask(as_of)
    assert response.status_code == 422
    assert [(e["path"], e["code"]) for e in response.json()["errors"]] == [("query.as_of", code)]


def test_a_day_is_the_hospitals_own(hospital: Hospital) -> None:
    """The day on which the clock goes back has 25 hours; midnight is local."""
    at = datetime(2025, 10, 26, 22, 30, tzinfo=UTC)  # 23:30 in Paris
    first, last = datetime(2025, 10, 25, 22, 30, tzinfo=UTC), datetime(2025, 10, 25, 21, 30, tzinfo=UTC)
    rows = [{"visit_id": f"v{i}", "arrived_at": t.isoformat()} for i, t in enumerate((first, last))]
    hospital.send(at, visits=rows)
    assert hospital.flows()["emergency"]["total"]["arrivals_today"] == 1


def test_serving_by_itself_has_no_flows() -> None:
    """Serving knows nothing of the centre: the routes are mounted above both."""
    from assembly.routes import ENDPOINTS
    from serving.application import ENDPOINTS as SERVED_ALONE

    assert "/v1/flows" in {e.path for e in ENDPOINTS}
    assert {e.path for e in ENDPOINTS} > {e.path for e in SERVED_ALONE}
    assert "/v1/flows" not in {e.path for e in SERVED_ALONE}


def test_arrivals_of_a_day_of_which_nothing_was_heard_are_not_known(hospital: Hospital) -> None:
    """An export that stopped yesterday looks like a day without a patient: it is null, and never 0."""
    hospital.send(START, visits=[visit(1, 50)])
    assert hospital.flows()["emergency"]["total"]["arrivals_today"] == 1
    later = hospital.flows(at=START + timedelta(days=2))["emergency"]["total"]
    assert later["arrivals_today"] is None
    assert later["arrivals_last_hour"] is None
