"""What is planned within a horizon is what had been said by then, of patients who were still there."""

from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospital.arrays import Array
from hospital.features.bed_list import bed_features_of
from hospital.features.bed_query import BedQuery
from hospital.features.beds import BedFeatures
from hospital.features.feature import with_levels
from hospital.record.events import Events, columns_from_rows
from hospital.record.planned_moves import PlannedMoves
from hospital.times import DAY, HOUR

NOW = 20_000 * DAY
Row = dict[str, Any]
NUMBERS = count()
HOURS = st.integers(-30, 30)


def test_departures_are_those_expected_by_the_target() -> None:
    """One before the target, one overdue and still there, one after it, one who does not say."""
    stays = [_stay(expected=3), _stay(expected=-2), _stay(expected=5), _stay(expected=None)]
    assert _departures(stays, hours=4) == 2
    assert _departures(stays, hours=24) == 3


def test_who_has_left_is_not_expected_to_leave() -> None:
    """Nor is who left and whose leaving was received later: at the time, they were there."""
    gone = _stay(expected=3, left=-1, received=-1)
    assert _departures([_stay(expected=3), gone], hours=4) == 1
    late = _stay(expected=3)
    assert _departures([late, late | {"left_at": NOW - HOUR, "received_at": NOW + HOUR}], hours=4) == 1


@pytest.mark.parametrize(("known", "received"), [(1, -10), (None, 1), (-5, 1)])
def test_a_plan_counts_once_it_was_said_and_received(known: int | None, received: int) -> None:
    """Said or received after the prediction time, it is not known; the unit's other plans are."""
    others = [_stay(expected=60)]
    assert _departures([*others, _stay(expected=3, known=known, received=received)], hours=4) == 0


def test_a_plan_without_the_time_it_was_said_counts_from_its_reception() -> None:
    """As a live record may have it."""
    assert _departures([_stay(expected=3, known=None)], hours=4) == 1


def test_the_plan_in_force_counts() -> None:
    """A departure put off until tomorrow is not expected today, nor is one that was withdrawn."""
    first = _stay(expected=3, known=-10, received=-10)
    off = first | {"expected_left_at": NOW + 30 * HOUR, "received_at": NOW - 2 * HOUR}
    assert _departures([first, off], hours=4) == 0
    assert _departures([first, off], hours=48) == 1
    withdrawn = first | {"expected_left_at": None, "received_at": NOW - 2 * HOUR}
    assert _departures([first, withdrawn], hours=48) == 0
    not_yet = off | {"received_at": NOW + HOUR}
    assert _departures([first, not_yet], hours=4) == 1


def test_a_unit_that_gave_none_for_four_weeks_does_not_say() -> None:
    """Unknown is missing: with a plan four weeks old at most, none expected is none."""
    lately = [_stay(expected=-26 * 24, known=-27 * 24, left=-20 * 24, entered=-30 * 24)]
    assert _departures([*lately, _stay(expected=None)], hours=4) == 0
    before = [_stay(expected=-28 * 24, known=-29 * 24, left=-20 * 24, entered=-30 * 24)]
    assert np.isnan(_departures([*before, _stay(expected=None)], hours=4))
    moves = PlannedMoves(_events([_stay(expected=3), _stay(expected=None, unit="B")]))
    assert np.isnan(moves.departures(1, 4.0, np.array([NOW]))[0])


@given(
    st.lists(st.tuples(HOURS, HOURS, HOURS, st.none() | HOURS), max_size=8),
    st.sampled_from([4.0, 24.0, 72.0]),
)
def test_departures_agree_with_a_count_by_hand(
    stays: list[tuple[int, int, int, int | None]], hours: float
) -> None:
    """(entered, said, expected, left) in hours from now, each received at its own time."""
    rows = [_stay(expected=600, known=-40)]
    expected = 0
    for entered, said, planned, left in stays:
        stay = _stay(expected=planned, known=max(said, entered), entered=entered, received=entered)
        rows.append(stay)
        if left is not None and left > entered:
            rows.append(stay | {"left_at": NOW + left * HOUR, "received_at": NOW + left * HOUR})
        there = entered <= 0 and (left is None or left <= entered or left > 0)
        expected += there and max(said, entered) <= 0 and planned <= hours
    assert _departures(rows, hours) == expected


def test_a_hospital_that_never_says_has_no_such_feature() -> None:
    """Neither a census nor stays without expected departures have it; where it is said, the forecast reads it."""
    silent = _events([_stay(expected=None)])
    assert "expected_departures" not in {f.name for f in bed_features_of(silent)}
    census = [{"unit": "A", "at": NOW, "occupied": 3, "received_at": NOW}]
    units = columns_from_rows("units", [{"unit": "A", "received_at": 0}])
    counted = Events.of({"census": columns_from_rows("census", census), "units": units}, zone=ZoneInfo("UTC"))
    assert "expected_departures" not in {f.name for f in bed_features_of(counted)}
    events = _events([_stay(expected=3), _stay(expected=30)])
    features = with_levels(bed_features_of(events), {"unit": ("A", "B")})
    query = BedQuery(
        np.zeros(2, np.int64), np.full(2, NOW), np.array([4.0, 48.0]), np.full(2, np.nan, np.float64)
    )
    X: Array = BedFeatures(events, features).compute(query)
    column = [f.name for f in features].index("expected_departures")
    assert X[:, column].tolist() == [1.0, 2.0]


def test_operations_are_those_planned_and_not_called_off() -> None:
    """Booked by then, within the horizon."""
    operation = {"unit": "A", "booked_at": NOW - DAY, "received_at": NOW - DAY}
    rows = [
        {**operation, "operation_id": "soon", "planned_at": NOW + 3 * HOUR},
        {**operation, "operation_id": "over", "planned_at": NOW - HOUR},
        {**operation, "operation_id": "late", "planned_at": NOW + 5 * HOUR},
        {**operation, "operation_id": "off", "planned_at": NOW + 3 * HOUR, "cancelled_at": NOW - HOUR},
    ]
    events = _events([_stay(expected=3)], {"operations": columns_from_rows("operations", rows)})
    assert PlannedMoves(events).operations(0, 4.0, np.array([NOW])).tolist() == [1.0]


def _departures(stays: list[Row], hours: float) -> float:
    return float(PlannedMoves(_events(stays)).departures(0, float(hours), np.array([NOW]))[0])


def _stay(
    *,
    expected: int | None,
    known: int | None = -10,
    received: int | None = None,
    entered: int = -20,
    left: int | None = None,
    unit: str = "A",
) -> Row:
    """A stay, its times in hours from now; received when its plan was made, unless it is said."""

    def at(hours: int | None) -> int | None:
        return None if hours is None else NOW + hours * HOUR

    return {
        "stay_id": f"s{next(NUMBERS)}",
        "unit": unit,
        "entered_at": at(entered),
        "left_at": at(left),
        "source": "emergency",
        "expected_left_at": at(expected),
        "expected_known_at": None if expected is None else at(known),
        "received_at": at(entered if received is None else received),
    }


def _events(stays: list[Row], others: dict[str, dict[str, Array]] | None = None) -> Events:
    """Two units, and a record of a hundred days."""
    units = [{"unit": u, "label": u, "received_at": 0} for u in ("A", "B")]
    tables = {"stays": columns_from_rows("stays", stays), "units": columns_from_rows("units", units)}
    return Events.of({**tables, **(others or {})}, zone=ZoneInfo("UTC"), history_from=NOW - 100 * DAY)
