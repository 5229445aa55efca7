"""The profile of a hospital's tables: silent on sound data, and each damage found where it was done."""

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hospital.contracts.tables import TABLES
from hospital.dataset.splits import least_days, split_history
from hospital.errors import HistoryError
from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.profile.build import profile_of
from hospital.profile.facts import FLOOR, Finding, Profile, UnitProfile, Weight
from hospital.profile.feature_needs import lost_without
from hospital.profile.page import render_page
from hospital.simulator import simulate, write
from hospital.times import DAY, instant
from hospital.words.language import Language
from tests.support.repository import ROOT

Tables = dict[str, pd.DataFrame]
NOW = instant(datetime(2026, 6, 1, tzinfo=UTC))
MIDDLE = pd.Timestamp("2024-08-01", tz="UTC")


@pytest.fixture(scope="module")
def sound() -> Tables:
    """More than a year of a small simulated hospital, over both clock changes and a leap day."""
    return simulate(430, seed=11, start=date(2024, 1, 8), scale=0.25)


@pytest.fixture
def tables(sound: Tables) -> Tables:
    """The same, to be damaged by a test."""
    return {name: frame.copy() for name, frame in sound.items()}


def profile(tables: Tables, folder: Path, *, now: int = NOW, mapping: str | None = None) -> Profile:
    """The profile of tables that were written to files and read again."""
    write(tables, folder / "data")
    mapped = None
    if mapping is not None:
        (folder / "mapping.toml").write_text(mapping)
        mapped = load_mapping(folder / "mapping.toml")
    return profile_of(read_hospital(folder / "data", mapped, b"k" * 32), source="data", now=now)


def looked_at(found: Profile) -> list[tuple[str, str, str]]:
    """What a person should look at: (table, code, column or unit)."""
    return [(f.table, f.code, f.column or f.unit) for f in found.findings if f.weight is Weight.LOOK]


def one(found: Profile, code: str) -> Finding:
    """The only finding of a code."""
    (finding,) = [f for f in found.findings if f.code == code]
    return finding


# --- sound data ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "seed", "scale"), [(430, 11, 0.25), (200, 2, 1.0), (760, 3, 0.1), (300, 4, 0.5), (120, 7, 0.1)]
)
def test_a_sound_hospital_of_any_size_has_nothing_to_look_at(
    tmp_path: Path, days: int, seed: int, scale: float
) -> None:
    """No false alarm over seasons, epidemics, summer closures, clock changes and Christmas."""
    found = profile(simulate(days, seed=seed, start=date(2024, 1, 1), scale=scale), tmp_path)
    assert looked_at(found) in ([], [("", "no_model", "")] if days < 160 else [])


def test_the_profile_counts_what_is_there(tables: Tables, tmp_path: Path) -> None:
    """Rows, spans and shares missing are those of the tables, and JSON holds no id."""
    found = profile(tables, tmp_path)
    by_name = {t.name: t for t in found.tables}
    assert by_name["visits"].rows == len(tables["visits"])
    assert by_name["visits"].first == "2024-01-08"
    assert not by_name["census"].present
    shares = {c.name: c.missing for c in by_name["visits"].columns}
    assert shares["seen_at"] == pytest.approx(tables["visits"]["seen_at"].isna().mean())
    assert shares["respiratory_rate"] == 1.0
    begun = tables["visits"]["arrived_at"] >= pd.Timestamp("2024-01-08", tz="Europe/Paris")
    assert sum(w.rows for w in by_name["visits"].weeks) == pytest.approx(begun.sum(), abs=2 * FLOOR)
    written = json.dumps(found.to_json())
    assert "V000" not in written
    assert "S000" not in written
    assert [u.unit for u in found.units] == sorted(tables["units"]["unit"])


def test_the_order_of_rows_changes_nothing(tables: Tables, tmp_path: Path) -> None:
    """A table sorted wrongly is a table: the profile is the same but for the digest of its bytes."""
    straight = profile(tables, tmp_path / "a").to_json()
    rng = np.random.default_rng(1)
    mixed = {n: f.iloc[rng.permutation(len(f))].reset_index(drop=True) for n, f in tables.items()}
    other = profile(mixed, tmp_path / "b").to_json()
    assert {**straight, "source_digest": ""} == {**other, "source_digest": ""}


# --- gaps and units --------------------------------------------------------------------------------------


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


# --- times -----------------------------------------------------------------------------------------------


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


# --- the same thing twice --------------------------------------------------------------------------------


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


# --- columns that change their meaning -------------------------------------------------------------------


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


def bare(times: pd.Series) -> np.ndarray:
    """Times as NumPy knows them."""
    return times.dt.tz_convert(None).to_numpy()


def census(tables: Tables, *, daily: bool = False) -> pd.DataFrame:
    """A census counted from simulated stays, hourly or daily."""
    step = "24h" if daily else "1h"
    times = pd.date_range("2024-01-20", "2025-02-20", freq=step, tz="UTC").as_unit("us")
    parts = []
    for unit, stays in tables["stays"].groupby("unit"):
        come, gone = (np.sort(bare(stays[c].dropna())) for c in ("entered_at", "left_at"))
        present = np.searchsorted(come, bare(times.to_series())) - np.searchsorted(
            gone, bare(times.to_series())
        )
        parts.append(pd.DataFrame({"unit": unit, "at": times, "occupied": present.astype(float)}))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("daily", [False, True])
def test_a_sound_census_has_nothing_to_look_at(tables: Tables, tmp_path: Path, daily: bool) -> None:
    """Hourly or daily; and what it lacks is said with the features it costs."""
    found = profile({"census": census(tables, daily=daily)}, tmp_path)
    assert looked_at(found) == []
    bed = next(m for m in found.models if m.model == "bed-demand")
    lacking = {f.name: f.lacks for f in bed.features if not f.exists}
    assert lacking["waiting_for_bed"] == ("census.waiting",)
    assert lacking["free_then"] == ("census.staffed",)
    assert lacking.get("target_hour") == (("cadence",) if daily else None)
    assert next(m for m in found.models if m.model == "wait-time").lacks == ("visits",)


def test_counts_that_become_percent_are_found_in_their_unit(tables: Tables, tmp_path: Path) -> None:
    """From August on one ward tells its occupation in percent of twenty beds."""
    rows = census(tables)
    change = (rows["unit"] == "MED-A") & (rows["at"] >= MIDDLE)
    rows["occupied"] = rows["occupied"].where(~change, rows["occupied"] * 5)
    found = profile({"census": rows}, tmp_path)
    assert [(f.code, f.unit) for f in found.findings if f.weight is Weight.LOOK] == [
        ("level_shifts", "MED-A")
    ]


def test_zeros_of_a_closed_unit_hours_left_out_and_a_second_cadence_are_found(
    tables: Tables, tmp_path: Path
) -> None:
    """Closed is not zero; a gap of one unit is named with that unit; a daily unit among hourly ones too."""
    rows = census(tables)
    closed = (rows["unit"] == "MED-A") & rows["at"].between(MIDDLE, MIDDLE + pd.Timedelta(days=20))
    rows["occupied"] = rows["occupied"].where(~closed, 0)
    hole = (rows["unit"] == "PED-A") & rows["at"].between(MIDDLE, MIDDLE + pd.Timedelta(days=3))
    daily = (rows["unit"] == "REA-A") & (rows["at"].dt.hour != 6)
    nights = (rows["unit"] == "GER-A") & (rows["at"].dt.hour == 3) & (rows["at"].dt.day % 2 == 0)
    found = profile({"census": rows[~hole & ~daily & ~nights].reset_index(drop=True)}, tmp_path)
    codes = {(f.code, f.unit) for f in found.findings if f.weight is Weight.LOOK}
    assert {("zero_when_closed", "MED-A"), ("unit_gap", "PED-A"), ("mixed_cadence", "")} <= codes
    assert ("rows_missing", "GER-A") in codes
    assert ("rows_missing", "PED-A") not in codes


# --- what it is good for ---------------------------------------------------------------------------------


def test_each_missing_column_costs_the_features_that_training_then_lacks(
    tables: Tables, tmp_path: Path
) -> None:
    """What the profile says is missing is what the features of these tables lack, with the reason."""
    tables["visits"] = tables["visits"].drop(columns=["triage", "bed_requested_at", "destination_unit"])
    del tables["operations"]
    found = profile(tables, tmp_path)
    lacking = {f.name: f.lacks for m in found.models for f in m.features if not f.exists}
    assert lacking["triage"] == ("visits.triage",)
    assert lacking["ed_waiting_ahead"] == ("visits.triage",)
    assert lacking["planned_operations"] == ("operations",)
    columns = {c.name: c.features for t in found.tables if t.name == "visits" for c in t.columns}
    assert set(columns["triage"]) >= {"wait-time:triage", "wait-time:ed_waiting_urgent"}
    assert columns["reason"] == ("wait-time:reason",)


def test_every_optional_feature_has_a_reason() -> None:
    """Whatever is taken away from a hospital total, the feature that goes is written down with it."""
    lost = lost_without(True, False)
    assert ("bed-demand", "planned_operations") in lost["operations"]
    assert ("bed-demand", "expected_departures") in lost["stays.expected_left_at"]
    assert ("wait-time", "ed_doctors") in lost["staffing"]
    assert ("bed-demand", "season_cos") in lost["history"]
    assert lost["visits.seen_at"] >= {("wait-time", "hour")}  # without it there is no such model
    assert {n for n in lost if "." in n} <= {f"{t.name}.{c.name}" for t in TABLES.values() for c in t.columns}


@pytest.mark.parametrize("gap", [0, DAY, 7 * DAY, 14 * DAY])
def test_the_least_history_is_just_enough(gap: int) -> None:
    """A day less is refused, and the profile says the same number as training does."""
    days = least_days(gap)
    split_history(0, days * DAY, gap=gap)
    with pytest.raises(HistoryError, match=f"at least {days} are needed"):
        split_history(0, (days - 1) * DAY, gap=gap)


def test_small_groups_of_people_are_not_shown(tables: Tables, tmp_path: Path) -> None:
    """Nine people are not a group: nothing says which or how many they are."""
    tables["visits"].loc[:8, "language"] = "rare"
    found = profile(tables, tmp_path)
    (language,) = [a for t in found.tables for a in t.attributes if a.name == "language"]
    assert language.small_groups
    assert "rare" not in json.dumps(found.to_json())


@pytest.mark.parametrize("doubling_days", [7, 14])
def test_an_epidemic_is_no_other_unit_of_measure(tables: Tables, tmp_path: Path, doubling_days: int) -> None:
    """Counts that double every week, eight times over, jump on no day."""
    rows = census(tables, daily=True)
    days = (rows["at"] - MIDDLE).dt.days.clip(0, 8 * doubling_days)
    rows["occupied"] = (rows["occupied"] * 2 ** (days / doubling_days)).round()
    assert looked_at(profile({"census": rows}, tmp_path)) == []


@pytest.mark.real_data
def test_the_register_of_intensive_care_changed_its_meaning_twice(tmp_path: Path) -> None:
    """DIVI: reporting became a duty on 16 April 2020, and what counts as a bed changed on 3 August 2020."""
    folder = os.environ.get("VIGIE_REAL_DATA")
    if not folder:
        pytest.skip("VIGIE_REAL_DATA is not set: the real data sets are not on this machine")
    mapping = load_mapping(ROOT / "docs" / "mappings" / "divi.toml")
    file = Path(folder) / "divi_icu_beds_daily_2020_2025.parquet"
    found = profile_of(read_hospital(file, mapping, b"k" * 32), source="divi", now=NOW)
    jumps = {(f.column, f.unit): f.first for f in found.findings if f.code == "level_shifts"}
    assert jumps[("occupied", "Niedersachsen")] == "2020-04-16"
    assert jumps[("staffed", "Baden-Württemberg")] == "2020-08-03"
    assert {f.code for f in found.findings if f.weight is Weight.LOOK} == {"level_shifts"}
    assert not [column for column, _ in jumps if column == "covid_patients"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_unit_may_be_called_anything(language: Language) -> None:
    """Its name is text on the page, and never markup."""
    unit = UnitProfile("<script>", "<b>", "", 3, "2024-01-01", "2024-02-01", 31.0, "", "", (), True)
    found = Profile("<i>", "sha256:0", "2024-02-01T00:00:00Z", "Europe/Paris", None, (), (unit,), (), ())
    page = render_page(found, language)
    assert "&lt;script&gt;" in page
    assert not re.search("<script|<b>|<i>", page)
