"""A census whose counts change their meaning, close, or leave hours out: each found where it was done."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.profile.build import profile_of
from hospital.profile.facts import Weight
from tests.support.profiled_hospital import MIDDLE, NOW, Tables, looked_at, profile
from tests.support.repository import ROOT


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
