"""Rules of rows, one by one: what a fault says, once, and never with a value."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from hospital.contracts.column_faults import NAMES_OF_FEATURES, name_fault
from hospital.contracts.file_schemas import Clock, validate
from hospital.contracts.request_models import model_of, validate_rows
from hospital.contracts.tables import TABLES
from hospital.errors import ContractError
from hospital.times import instant, moment

RECEIVED = datetime(2024, 11, 3, 12, 0, tzinfo=UTC)
Row = dict[str, Any]


def _visit(**other: Any) -> Row:
    return {"visit_id": "V1", "arrived_at": "2024-11-03T08:00:00Z", **other}


def _stay(**other: Any) -> Row:
    row = {"stay_id": "S1", "unit": "A", "entered_at": "2024-11-01T08:00:00Z", "source": "emergency"}
    return {**row, **other}


def _faults(table: str, rows: list[object]) -> list[tuple[str, str]]:
    with pytest.raises(ContractError) as caught:
        validate_rows(table, rows, RECEIVED)
    return [(f.path, f.code) for f in caught.value.faults]


def test_every_fault_of_every_row_is_named_at_once_and_no_value() -> None:
    """One answer says all that is to be corrected; a value may be a patient's."""
    rows: list[object] = [
        _stay(left_at="2024-11-01T07:59:59Z", source="SECRET1"),
        _stay(),
        _stay(stay_id="SECRET2" * 20, colour="SECRET3"),
        "SECRET4",
        {**_stay(), "Dupont, né en 1950": "SECRET5"},
    ]
    with pytest.raises(ContractError) as caught:
        validate_rows("stays", rows, RECEIVED)
    assert {(f.path, f.code) for f in caught.value.faults} == {
        ("stays[0].left_at", "before_entered_at"),
        ("stays[0].source", "not_a_choice"),
        ("stays[2].stay_id", "too_long"),
        ("stays[2].colour", "unknown_column"),
        ("stays[3]", "not_an_object"),
        ("stays[4].?", "unknown_column"),
    }
    assert not any(word in str(caught.value) for word in ("SECRET", "Dupont", "1950"))


def test_the_same_row_twice_counts_once_and_with_other_content_is_a_fault() -> None:
    """Times that are the same instant are the same content, however they are written."""
    again = _stay(entered_at="2024-11-01T09:00:00+01:00")
    assert len(validate_rows("stays", [_stay(), again], RECEIVED)) == 1
    assert len(validate_rows("stays", [_stay(), again], RECEIVED, keep_duplicates=True)) == 2
    other = _stay(entered_at="2024-11-01T09:00:00+02:00")
    assert _faults("stays", [_stay(), other]) == [("stays[1].stay_id", "conflicting_revision")]


def test_the_clock_of_reception_is_the_servers() -> None:
    """A sender may not say when something was received."""
    row = _visit(received_at="2024-11-03T08:00:00Z")
    assert _faults("visits", [row]) == [("visits[0].received_at", "unknown_column")]
    assert validate_rows("visits", [_visit()], RECEIVED)[0]["received_at"] == instant(RECEIVED)
    assert validate_rows("visits", [_visit()], instant(RECEIVED))[0]["received_at"] == instant(RECEIVED)


def test_an_extra_may_not_take_the_name_of_a_column() -> None:
    """A covariate called occupied would overwrite the census."""
    row = {"unit": "A", "at": "2024-11-03T08:00:00Z", "occupied": 3}
    assert _faults("census", [{**row, "covariates": {"occupied": 99}}]) == [
        ("census[0].covariates.occupied", "name_taken")
    ]
    assert _faults("visits", [_visit(audit={"<b>": "F"})]) == [("visits[0].audit.?", "not_a_name")]
    assert validate_rows("census", [{**row, "covariates": {"flu_cases": 4}}], RECEIVED)[0]["flu_cases"] == 4


@pytest.mark.parametrize("name", sorted(NAMES_OF_FEATURES))
def test_a_covariate_may_not_take_the_name_of_a_feature(name: str) -> None:
    """What Vigie computes of the hospital's and the unit's demand would be two features of one name."""
    row = {"unit": "A", "at": "2024-11-03T08:00:00Z", "occupied": 3, "covariates": {name: 4}}
    assert _faults("census", [row]) == [(f"census[0].covariates.{name}", "name_of_feature")]
    assert name_fault("visits", name) is None, "audit attributes make no feature"


def test_a_time_at_fault_judges_no_other_time() -> None:
    """One wrong time is one fault, at its own place."""
    row = _stay(entered_at="2024-11-03T13:00:00Z", left_at="2024-11-03T11:00:00Z")
    assert _faults("stays", [row]) == [("stays[0].entered_at", "after_reception")]


def test_five_minutes_after_reception_are_allowed_and_no_microsecond_more() -> None:
    """Two machines' clocks never agree, but by no more than that."""
    limit = moment(instant(RECEIVED) + 300_000_000)
    validate_rows("visits", [_visit(arrived_at=limit.isoformat())], RECEIVED)
    late = moment(instant(limit) + 1).isoformat()
    assert _faults("visits", [_visit(arrived_at=late)]) == [("visits[0].arrived_at", "after_reception")]


def test_a_frame_tells_each_column_and_code_once_with_rows_and_first_position() -> None:
    """A table of a million wrong rows is one line."""
    rows = [_stay(stay_id=f"S{i}", left_at="2024-10-01T00:00:00Z" if i % 2 else None) for i in range(1000)]
    frame = pd.DataFrame(rows).assign(received_at=RECEIVED)
    with pytest.raises(ContractError) as caught:
        validate(frame, "stays", clock=Clock())
    [fault] = caught.value.faults
    assert (fault.path, fault.code, fault.rows) == ("stays[1].left_at", "before_entered_at", 500)


def test_a_table_without_its_line_of_names_shows_none_of_its_cells() -> None:
    """Its first patient would stand where names are expected."""
    frame = pd.DataFrame({"Dupont": ["Martin"], "12/05/1950": ["1"]}).assign(received_at=RECEIVED)
    with pytest.raises(ContractError) as caught:
        validate(frame, "visits", clock=Clock())
    assert "no_known_column" in {f.code for f in caught.value.faults}
    assert "Dupont" not in str(caught.value)
    assert "1950" not in str(caught.value)


def test_the_pydantic_models_tell_ranges_and_choices_to_the_api_document() -> None:
    """What the contract refuses is in the JSON schema that a sender reads."""
    properties = model_of("visits").model_json_schema()["properties"]
    assert properties["age_years"]["anyOf"][0]["maximum"] == 130
    assert "3A" in properties["triage"]["anyOf"][0]["enum"]
    assert properties["arrived_at"] == {"format": "date-time", "title": "Arrived At", "type": "string"}


def test_the_rules_of_every_table_can_be_judged_in_the_order_of_its_columns() -> None:
    """A validator of a column sees earlier columns only."""
    for contract in TABLES.values():
        names = [c.name for c in contract.columns]
        for rule in contract.rules:
            assert names.index(rule.earlier) < names.index(rule.later)
        for column in contract.columns:
            assert column.known_with is None or column.known_with in contract.event_times
        assert set(contract.key) <= set(names)


def test_requests_are_judged_without_pandas() -> None:
    """Serving starts fast and small."""
    code = (
        "import sys, hospital.contracts.request_models; "
        "sys.exit(','.join({'pandas', 'pandera', 'pyarrow', 'numpy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
