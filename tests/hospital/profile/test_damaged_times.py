"""Days that are missing, times that cannot be, clocks that moved: each found where it was done."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.profile.build import profile_of
from hospital.profile.facts import Weight
from tests.support.profiled_hospital import MIDDLE, NOW, Tables, looked_at, one, profile


def test_a_year_missing_in_the_middle_is_a_gap_and_does_not_count_as_history(
    tables: Tables, tmp_path: Path
) -> None:
    """The second half of the record moved on by a year leaves a year of nothing."""
    late = {"visits": "arrived_at", "stays": "entered_at"}
    for name, column in late.items():
        times = [c for c in tables[name] if str(c).endswith("_at")]
        after = (tables[name][column] >= MIDDLE).to_numpy()
        for time in times:
            moved = tables[name][time] + pd.to_timedelta(366 * after, unit="D")
            tables[name][time] = moved
    found = profile(tables, tmp_path)
    gap = next(f for f in found.findings if f.table == "visits" and f.code == "gap")
    # The days of the last visit before it and of the first after: nobody came after midnight of August 1st, local time.
    assert (gap.first, gap.last) == ("2024-07-31", "2025-08-02")
    assert gap.after == pytest.approx(366, abs=1)
    assert all(m.history_days == pytest.approx(430, abs=3) for m in found.models)


def test_a_silent_night_of_the_emergency_department_is_a_gap(tables: Tables, tmp_path: Path) -> None:
    """Two days without a row are found to the hour; the table's other columns are not blamed."""
    visits = tables["visits"]
    hole = visits["arrived_at"].between(MIDDLE, MIDDLE + pd.Timedelta(days=2))
    tables["visits"] = visits[~hole].reset_index(drop=True)
    found = profile(tables, tmp_path)
    kept = tables["visits"]["arrived_at"]
    silent = kept[kept > MIDDLE].min() - kept[kept < MIDDLE].max()  # and the quiet hours on both sides
    assert looked_at(found) == [("visits", "gap", "")]
    assert one(found, "gap").after == pytest.approx(silent / pd.Timedelta(days=1), abs=0.06)


def test_a_unit_that_opens_later_is_a_finding_unless_the_table_of_units_says_so(
    tables: Tables, tmp_path: Path
) -> None:
    """Closed is not zero: what has no row before a day either was closed or was not exported."""
    stays = tables["stays"]
    tables["stays"] = stays[(stays["unit"] != "MED-A") | (stays["entered_at"] >= MIDDLE)].reset_index(
        drop=True
    )
    assert looked_at(profile(tables, tmp_path / "a")) == [("stays", "unit_opens", "unit")]
    tables["units"]["open_from"] = np.where(tables["units"]["unit"] == "MED-A", MIDDLE, pd.NaT)
    tables["units"]["open_from"] = pd.to_datetime(tables["units"]["open_from"], utc=True)
    told = profile(tables, tmp_path / "b")
    assert looked_at(told) == []
    assert next(u for u in told.units if u.unit == "MED-A").open_from == "2024-08-01"


def test_a_new_unit_is_served_by_the_baseline(tables: Tables, tmp_path: Path) -> None:
    """Under ninety days of history a unit has no model of its own."""
    stays, late = tables["stays"], pd.Timestamp("2025-02-01", tz="UTC")
    tables["stays"] = stays[(stays["unit"] != "MED-A") | (stays["entered_at"] >= late)].reset_index(drop=True)
    found = profile(tables, tmp_path)
    assert [u.unit for u in found.units if u.baseline_only] == ["MED-A"]


def test_what_has_not_happened_yet_is_found(tables: Tables, tmp_path: Path) -> None:
    """A future date is no history: the day of a typing error is counted, never shown."""
    tables["visits"].loc[
        [5, 6, 7], ["arrived_at", "triaged_at", "seen_at", "bed_requested_at", "left_at"]
    ] += pd.Timedelta(days=30_000)
    found = profile(tables, tmp_path)
    codes = {(code, column) for _, code, column in looked_at(found)}
    assert {("future", "arrived_at"), ("isolated", "arrived_at")} <= codes
    assert next(f for f in found.findings if f.code == "future" and f.column == "arrived_at").rows == 3
    assert "2106" not in json.dumps(found.to_json())


def test_dates_without_their_hour_are_a_heap_at_midnight(tables: Tables, tmp_path: Path) -> None:
    """A tenth of the departures written as dates."""
    stays, tenth = tables["stays"], np.arange(len(tables["stays"])) % 10 == 0
    local = stays["left_at"].dt.tz_convert("Europe/Paris").dt.normalize() + pd.Timedelta(days=1)
    stays["left_at"] = stays["left_at"].where(~tenth, local.dt.tz_convert("UTC"))
    assert ("stays", "midnight", "left_at") in looked_at(profile(tables, tmp_path))


def test_a_month_in_another_zone_is_found(tables: Tables, tmp_path: Path) -> None:
    """Two months of visits exported two hours late: the day's arrivals are moved on the clock."""
    visits = tables["visits"]
    wrong = visits["arrived_at"].between(MIDDLE, MIDDLE + pd.Timedelta(days=61)).to_numpy()
    for column in ("arrived_at", "triaged_at", "seen_at", "bed_requested_at", "left_at"):
        visits[column] = visits[column] + pd.to_timedelta(2 * wrong, unit="h")
    moved = one(profile(tables, tmp_path), "clock_moved")
    assert moved.first == "2024-08-01"
    assert moved.after == pytest.approx(2.0, abs=0.6)


def test_times_with_and_without_a_zone_in_one_column_are_a_finding(tables: Tables, tmp_path: Path) -> None:
    """With a mapping's zone the naive ones are read in it, and a person is asked whether that is right."""
    visits = tables["visits"][["visit_id", "arrived_at", "seen_at"]].head(400).copy()
    written = visits["arrived_at"].dt.strftime("%Y-%m-%dT%H:%M:%S") + np.where(np.arange(400) < 300, "Z", "")
    visits["arrived_at"], visits["seen_at"] = written, None
    (tmp_path / "data").mkdir()
    visits.to_csv(tmp_path / "data" / "visits.csv", index=False)
    (tmp_path / "m.toml").write_text(
        '[mapping]\nname = "m"\nzone = "UTC"\n[tables.visits.columns]\n'
        'visit_id = "visit_id"\narrived_at = "arrived_at"\nseen_at = "seen_at"\n'
    )
    hospital = read_hospital(tmp_path / "data", load_mapping(tmp_path / "m.toml"), b"k" * 32)
    found = one(profile_of(hospital, source="data", now=NOW), "mixed_zones")
    assert (found.column, found.rows, found.weight) == ("arrived_at", 100, Weight.LOOK)


def test_a_leap_day_is_a_day_and_a_clock_change_no_gap(tables: Tables, tmp_path: Path) -> None:
    """29 February, the skipped and the repeated hour are days like others."""
    assert looked_at(profile(tables, tmp_path)) == []
    counts = tables["visits"]["arrived_at"].dt.tz_convert("Europe/Paris").dt.date.value_counts()
    assert counts[date(2024, 2, 29)] > 10
