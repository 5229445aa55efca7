"""Which stored versions are read, in which order and as which columns: for a forecast now, and as of an instant."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, insert

from hospital.record.events import FOREVER
from hospital.times import DAY, HOUR, MISSING_TIME
from registry.record.database import opened_database, writing
from registry.record.observations import (
    before_present,
    columns_in_force,
    first_reception,
    rows_in_force,
    rows_known_at,
)
from registry.record.tables.record_tables import observations

AT = 20_000 * DAY


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A database without an observation."""
    with opened_database(database_url) as engine, writing(engine) as found:
        yield found


def _store(
    connection: Connection,
    row: dict[str, Any],
    received: int,
    *,
    kind: str = "stays",
    until: int = FOREVER,
    superseded: int | None = None,
) -> None:
    values = {"kind": kind, "row_id": json.dumps(row), "received_at": received, "superseded_at": superseded}
    values |= {"active_until": until, "digest": "", "row": json.dumps(row), "journal_seq": 1, "salt": ""}
    connection.execute(insert(observations).values(**values))


def _stay(number: int, **more: Any) -> dict[str, Any]:
    return {"stay_id": f"s{number}", "unit": "U1", "entered_at": AT - DAY, **more}


def _names(parts: Iterator[list[dict[str, Any]]]) -> list[str]:
    return [row["stay_id"] for part in parts for row in part]


def test_what_may_matter_is_read_and_nothing_else(connection: Connection) -> None:
    """Not over by then, not superseded by then, of this table: at the very instant it still matters."""
    _store(connection, _stay(1), AT - DAY)
    _store(connection, _stay(2), AT - DAY, until=AT)
    _store(connection, _stay(3), AT - DAY, until=AT - 1)
    _store(connection, _stay(4), AT - DAY, superseded=AT)
    _store(connection, _stay(5), AT - DAY, superseded=AT - 1)
    _store(connection, _stay(6), AT - DAY, kind="visits")
    assert _names(rows_in_force(connection, "stays", AT)) == ["s1", "s2", "s4"]
    ((row, *_),) = rows_in_force(connection, "stays", AT)
    assert row == {**_stay(1), "received_at": AT - DAY}


def test_only_what_was_stored_since_is_read_again(connection: Connection) -> None:
    """After the last number that was read, up to the one that was looked up: no row twice, and none is missed."""
    for number in (1, 2, 3, 4):
        _store(connection, _stay(number), AT - number)  # the clock does not say in which order they came
    assert _names(rows_in_force(connection, "stays", AT, after=1, until=3)) == ["s2", "s3"]
    assert _names(rows_in_force(connection, "stays", AT, after=4)) == []
    assert _names(rows_in_force(connection, "stays", AT, until=1)) == ["s1"]
    assert _names(rows_in_force(connection, "stays", AT)) == ["s1", "s2", "s3", "s4"]


def test_a_long_table_comes_in_parts_and_whole(connection: Connection) -> None:
    """So that a worker never holds a year of stays as texts."""
    rows = [
        {"kind": "stays", "row_id": str(n), "received_at": AT - DAY, "active_until": FOREVER, "digest": ""}
        | {"row": json.dumps(_stay(n)), "journal_seq": 1, "salt": ""}
        for n in range(2500)
    ]
    connection.execute(insert(observations), rows)
    parts = list(rows_in_force(connection, "stays", AT))
    assert len(parts) > 1
    assert max(map(len, parts)) <= 1000
    assert _names(iter(parts)) == [f"s{n}" for n in range(2500)]


def test_columns_are_typed_and_what_is_unknown_stays_unknown(connection: Connection) -> None:
    """Times as instants, numbers and texts; never a zero for what nobody said."""
    _store(connection, _stay(1, left_at=AT - HOUR), AT - HOUR, until=AT)
    _store(connection, _stay(2), AT - HOUR)
    found = columns_in_force(connection, "stays", AT)
    assert found["stay_id"].tolist() == ["s1", "s2"]
    assert found["left_at"].tolist() == [AT - HOUR, MISSING_TIME]
    assert found["visit_id"].tolist() == [None, None]
    assert found["received_at"].tolist() == [AT - HOUR, AT - HOUR]


def test_columns_of_before_come_first_and_what_they_lack_is_unknown(connection: Connection) -> None:
    """A reader that goes on appends; a column that only the new rows have is NaN for the others, and the reverse."""
    _store(connection, _stay(1), AT - HOUR)
    before = dict(columns_in_force(connection, "stays", AT)) | {"old": np.array([5.0])}
    _store(connection, _stay(2), AT)

    def ages(rows: Any) -> dict[str, Any]:
        return {"age": np.array([70.0 + len(row["stay_id"]) for row in rows])}

    found = columns_in_force(connection, "stays", AT, after=1, known=before, more=ages)
    assert found["stay_id"].tolist() == ["s1", "s2"]
    np.testing.assert_array_equal(found["age"], [np.nan, 72.0])
    np.testing.assert_array_equal(found["old"], [5.0, np.nan])
    assert columns_in_force(connection, "stays", AT, after=2, known=before)["stay_id"].tolist() == ["s1"]
    alone = columns_in_force(connection, "stays", AT, more=ages)
    assert alone["age"].tolist() == [72.0, 72.0]


def test_no_row_at_all_has_columns_without_values(connection: Connection) -> None:
    """An empty record is no error."""
    found = columns_in_force(connection, "stays", AT)
    assert {name: values.size for name, values in found.items()}.get("stay_id", 0) == 0


@pytest.mark.parametrize(
    ("received", "seen"),
    [
        ([], []),
        ([5, 9, 10], [5, 9, 10]),  # at the present: known
        ([5, 11], [5, 10]),
        ([5, 11, 11, 12], [5, 9, 9, 10]),
        ([20, 12, 20, 3], [10, 9, 10, 3]),
        ([40, 30, 20], [10, 9, 8]),
    ],
)
def test_receptions_ahead_of_the_clock_count_as_received_now_in_their_order(
    received: list[int], seen: list[int]
) -> None:
    """A clock that was an hour ahead hides nothing once it is set right, and its last word is still the last."""
    columns = {"received_at": np.array(received, np.int64), "unit": np.array(received, object)}
    kept = columns["received_at"].copy()
    found = before_present(columns, 10)
    assert found["received_at"].tolist() == seen
    assert found["received_at"].dtype == np.int64
    assert found["unit"] is columns["unit"]
    np.testing.assert_array_equal(columns["received_at"], kept)


def test_of_each_row_the_version_of_an_instant_is_known(connection: Connection) -> None:
    """Received by then, not yet superseded, not over before: no forecast of the past is judged by what came later."""
    _store(connection, _stay(1), AT - 10, superseded=AT + 5)  # superseded later: still in force
    _store(connection, _stay(1, left_at=AT), AT + 5)  # received later
    _store(connection, _stay(2), AT - 10, superseded=AT)  # superseded at the very instant
    _store(connection, _stay(2, unit="U2"), AT)  # by this one, which is known then
    _store(connection, _stay(3), AT - 10, until=AT - DAY - 1)  # over before
    _store(connection, _stay(4), AT - 10, until=AT - DAY)
    _store(connection, _stay(5), AT - 10, kind="visits")
    found = rows_known_at(connection, "stays", AT, since=AT - DAY)
    assert found == [
        {**_stay(1), "received_at": AT - 10},
        {**_stay(2, unit="U2"), "received_at": AT},
        {**_stay(4), "received_at": AT - 10},
    ]


def test_the_record_begins_with_the_first_reception_of_a_patient_or_a_census(connection: Connection) -> None:
    """Other tables are kept longer; 0 where nothing was received."""
    assert first_reception(connection) == 0
    _store(connection, {"operation_id": "o"}, 50, kind="surgery")
    assert first_reception(connection) == 0
    for kind, at in (("census", 90), ("stays", 80), ("visits", 70)):
        _store(connection, {"row": kind}, at, kind=kind)
        assert first_reception(connection) == at
