"""FEDORU's six indicators by hand: no published worked example is at hand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from centre.flows.hospital import flows_of
from centre.tension.fedoru import FEDORU
from centre.tension.indices import crowding_indices
from hospital.contracts.tables import TABLES
from serving.interface.live_record import LiveRecord

PARIS = ZoneInfo("Europe/Paris")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> int:
    """Instant of a time in March 2026 by the hospital's clock."""
    return (datetime(2026, 3, day, hour, minute, tzinfo=PARIS) - EPOCH) // timedelta(microseconds=1)


def visit(name: str, arrived: int, left: int | None, **more: Any) -> dict[str, Any]:
    """A visit; the last news of it came when it ended."""
    row = {"visit_id": name, "arrived_at": arrived, "left_at": left, "received_at": left or arrived, **more}
    return {k: v for k, v in row.items() if v is not None}


VISITS = [
    visit("before", at(9, 23), at(9, 23, 30), disposition="home", age_years=90),
    visit("a", at(10, 0), at(10, 4), disposition="admitted", age_years=75),
    visit("b", at(10, 14), None, age_years=80),  # went to a ward at 20:00
    visit("c", at(10, 15), at(10, 16), disposition="home", age_years=74),
    visit("d", at(10, 23, 59), at(11, 2), disposition="home", age_years=30),
    visit("today", at(11, 1), at(11, 9), disposition="admitted", age_years=88),
]
STAYS = [
    {"stay_id": "s", "visit_id": "b", "unit": "M1", "entered_at": at(10, 20), "received_at": at(10, 20)},
    {"stay_id": "t", "unit": "M1", "entered_at": at(8, 1), "left_at": at(9, 1), "received_at": at(9, 1)},
]
UNITS = [
    {"unit": "M1", "label": "M1", "group": "medicine", "received_at": 0},
    {"unit": "R1", "label": "R1", "group": "rehabilitation", "received_at": 0},
]
STAFFING = [{"unit": "M1", "role": "bed", "at": at(10, 7), "count": 12, "received_at": at(10, 7)}]


def indices(
    visits: list[dict[str, Any]], *, now: int = at(11, 10), groups: frozenset[str] = frozenset({"medicine"})
) -> dict[str, Any]:
    """The indices by name."""
    rows = {"visits": visits, "stays": STAYS, "units": UNITS, "staffing": STAFFING}
    record = LiveRecord(now, PARIS, {name: rows.get(name, []) for name in TABLES})
    return {i.name: i for i in crowding_indices(record, flows_of(record), groups)}


def changed(name: str, **more: Any) -> list[dict[str, Any]]:
    """The visits, one of them changed."""
    return [
        {k: v for k, v in {**row, **more}.items() if v is not None} if row["visit_id"] == name else row
        for row in VISITS
    ]


def test_the_six_of_a_day_that_can_be_counted_by_hand() -> None:
    """Of the last whole day: four visits, two admitted after 4 and 6 hours, two of 75 and more; at 15:00 b and c."""
    values = {name: indices(VISITS)[name].value for name in FEDORU}
    assert values == {
        "free_medicine_surgery_beds": 11,
        "visits": 4,
        "mean_stay_of_admitted": 5,
        "admission_rate": 0.5,
        "present_at_15": 2,
        "visits_of_75_and_more": 2,
    }


@pytest.mark.parametrize(
    ("visits", "lacking"),
    [
        ([], set(FEDORU) - {"free_medicine_surgery_beds"}),
        (changed("c", age_years=None), {"visits_of_75_and_more"}),
        (changed("c", disposition=None), {"mean_stay_of_admitted", "admission_rate"}),
        (
            [{k: v for k, v in row.items() if k != "left_at"} for row in VISITS],
            {"mean_stay_of_admitted", "admission_rate", "present_at_15"},
        ),
        (VISITS[:4], set(FEDORU) - {"free_medicine_surgery_beds", "present_at_15"}),  # nothing since midnight
    ],
)
def test_what_is_missing_is_said_and_is_no_zero(visits: list[dict[str, Any]], lacking: set[str]) -> None:
    """An age, an outcome, a column, or news after the day had ended."""
    found = indices(visits)
    assert {name for name in FEDORU if found[name].value is None} == lacking
    assert all(found[name].missing for name in lacking)


def test_beds_need_the_groups_that_are_medicine_and_surgery() -> None:
    """Nobody said, a group that has no unit, and one without staffed beds: three times not known."""
    for groups in (frozenset[str](), frozenset({"surgery"}), frozenset({"medicine", "rehabilitation"})):
        free = indices(VISITS, groups=groups)["free_medicine_surgery_beds"]
        assert free.value is None
        assert "medicine_surgery_staffed" in free.missing


def test_before_fifteen_it_is_yesterdays_afternoon_and_after_it_todays() -> None:
    """News at 15:10 makes today's known; until then today's is not."""
    later = [
        *VISITS,
        visit("e", at(11, 14), None),
        visit("f", at(11, 15, 5), None, received_at=at(11, 15, 10)),
    ]
    assert indices(VISITS, now=at(11, 14, 59))["present_at_15"].value == 2
    assert indices(VISITS, now=at(11, 15, 30))["present_at_15"].value is None
    assert indices(later, now=at(11, 15, 30))["present_at_15"].value == 1


def test_a_day_without_an_admission_has_a_rate_and_no_mean_stay() -> None:
    """Nobody to count is said as such, and no division by nought."""
    found = indices([row for row in VISITS if row["visit_id"] not in {"a", "b"}])
    assert found["admission_rate"].value == 0
    assert (found["mean_stay_of_admitted"].value, found["mean_stay_of_admitted"].undefined) == (
        None,
        "nobody_to_count",
    )


def test_the_bjml_of_a_live_record_is_not_computable() -> None:
    """It needs years; the record holds days."""
    index = indices(VISITS)["BJML"]
    assert (index.value, index.missing) == (None, ("hospitalisations_by_day", "past_years"))
