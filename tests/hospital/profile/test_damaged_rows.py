"""Rows that stand twice and columns that change their meaning: each found where it was done."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.support.profiled_hospital import MIDDLE, Tables, looked_at, one, profile


def test_two_rows_of_one_visit(tables: Tables, tmp_path: Path) -> None:
    """The same row twice counts once and is named; the same content under another id is named, too."""
    visits = tables["visits"]
    tables["visits"] = pd.concat([visits, visits.iloc[100:107]], ignore_index=True)
    again = one(profile(tables, tmp_path / "a"), "duplicate_row")
    assert (again.table, again.rows) == ("visits", 7)
    twins = visits.iloc[100:107].assign(visit_id=[f"X{i}" for i in range(7)])
    tables["visits"] = pd.concat([visits, twins], ignore_index=True)
    assert one(profile(tables, tmp_path / "b"), "same_content").rows == 7


def test_a_copied_day_is_found(tables: Tables, tmp_path: Path) -> None:
    """A day exported again under the next day's date."""
    visits = tables["visits"]
    day = visits["arrived_at"].dt.tz_convert("Europe/Paris").dt.date
    copy = visits[day == date(2024, 8, 1)].copy()
    for column in ("arrived_at", "triaged_at", "seen_at", "bed_requested_at", "left_at"):
        copy[column] = copy[column] + pd.Timedelta(days=1)
    copy["visit_id"] = [f"X{i}" for i in range(len(copy))]
    tables["visits"] = pd.concat([visits[day != date(2024, 8, 2)], copy], ignore_index=True)
    assert looked_at(profile(tables, tmp_path)) == [("visits", "copied_day", "arrived_at")]


def test_one_patient_in_two_beds_is_found(tables: Tables, tmp_path: Path) -> None:
    """A stay that begins before the former one of the same visit has ended."""
    stays = tables["stays"]
    alone = ~stays["visit_id"].duplicated(keep=False) & stays["left_at"].notna()
    first = stays[alone].head(12)
    second = first.assign(
        stay_id=[f"Y{i}" for i in range(12)],
        unit="GER-A",
        entered_at=first["entered_at"] + pd.Timedelta(minutes=30),
        left_at=first["left_at"] + pd.Timedelta(hours=1),
    )
    tables["stays"] = pd.concat([stays, second], ignore_index=True)
    found = one(profile(tables, tmp_path), "overlapping")
    assert found.rows == 12


def _fahrenheit(values: pd.Series) -> pd.Series:
    return (values * 9 / 5 + 32).clip(upper=44.9)  # the contract's range refuses what is truly in °F


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("heart_rate", lambda v: v / 60),  # per second
        ("systolic_mmhg", lambda v: v / 7.5),  # kPa
        ("spo2_percent", lambda v: v / 100),  # a share
        ("temperature_celsius", _fahrenheit),
        ("pain_0_10", lambda v: v / 10),
    ],
)
def test_another_unit_of_measure_from_a_day_on_is_found_on_that_day(
    tables: Tables, tmp_path: Path, column: str, change: Callable[[pd.Series], pd.Series]
) -> None:
    """The level jumps overnight, and no other column is blamed."""
    visits = tables["visits"]
    after = visits["arrived_at"] >= MIDDLE
    visits[column] = visits[column].where(~after, change(visits[column]))
    found = profile(tables, tmp_path)
    assert looked_at(found) == [("visits", "level_shifts", column)]
    assert one(found, "level_shifts").first in ("2024-07-31", "2024-08-01", "2024-08-02")


def test_another_list_of_codes_from_a_day_on_is_found(tables: Tables, tmp_path: Path) -> None:
    """Triage 3A and 3B become a plain 3; sex becomes 1 and 2."""
    visits = tables["visits"]
    after = visits["arrived_at"] >= MIDDLE
    visits["triage"] = visits["triage"].where(~after, visits["triage"].replace({"3A": "3", "3B": "3"}))
    visits["sex"] = visits["sex"].where(~after, visits["sex"].replace({"F": "2", "M": "1"}))
    found = looked_at(profile(tables, tmp_path))
    assert found == [("visits", "codes_change", "sex"), ("visits", "codes_change", "triage")]


def test_a_column_that_is_known_from_a_day_on_is_found(tables: Tables, tmp_path: Path) -> None:
    """Nobody wrote the saturation down before August."""
    visits = tables["visits"]
    visits["spo2_percent"] = visits["spo2_percent"].where(visits["arrived_at"] >= MIDDLE)
    found = profile(tables, tmp_path)
    assert looked_at(found) == [("visits", "presence_shifts", "spo2_percent")]
