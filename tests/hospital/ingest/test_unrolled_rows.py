"""Rows without a time of reception: what a live system would have sent, and nothing from after it."""

import time
from pathlib import Path

import numpy as np
import pandas as pd

from hospital.contracts.file_schemas import validate
from hospital.contracts.tables import TABLES
from hospital.mapping.mapping_file import load_mapping
from hospital.mapping.revisions import unroll
from tests.support.hospital_files import MAPPINGS
from tests.support.small_tables import DAY, GOOD, VISITS, read_files


def test_a_row_without_received_at_becomes_what_a_live_system_would_have_sent(tmp_path: Path) -> None:
    """At each event only what was known by then: no disposition at triage, no triage at arrival."""
    row = "V1,{},{},{},{},3A,home,F\n".format(*(DAY.format(1, h) for h in (1, 3, 2, 4)))
    found = read_files(tmp_path, visits__csv=VISITS + row)
    frame = found.tables["visits"].sort_values("received_at", ignore_index=True)
    told = frame[["arrived_at", "seen_at", "triaged_at", "triage", "left_at", "disposition", "sex"]].notna()
    assert told.astype(int).to_numpy().tolist() == [
        [1, 0, 0, 0, 0, 0, 1],
        [1, 1, 0, 0, 0, 0, 1],
        [1, 1, 1, 1, 0, 0, 1],
        [1, 1, 1, 1, 1, 1, 1],
    ]
    assert [t.hour for t in frame["received_at"]] == [1, 2, 3, 4]
    assert frame["triage"].isna().tolist() == [True, True, False, False]
    assert [(f.table, f.code) for f in found.findings] == [("visits", "received_at_missing")]


def test_two_events_at_one_time_are_one_message(tmp_path: Path) -> None:
    """A patient seen on arrival was announced once."""
    at = DAY.format(1, 1)
    found = read_files(tmp_path, visits__csv=VISITS + f"V1,{at},{at},{at},,2,,F\n").tables["visits"]
    assert len(found) == 1
    assert found["triage"].tolist() == ["2"]


def test_what_has_no_time_of_becoming_known_is_left_out_and_said(tmp_path: Path) -> None:
    """A triage level without a triage time would otherwise be known from the arrival on."""
    found = read_files(tmp_path, visits__csv=VISITS + f"V1,{DAY.format(1, 1)},,,,2,,F\n")
    assert found.tables["visits"]["triage"].isna().all()
    assert ("visits", "never_known") in [(f.table, f.code) for f in found.findings]


def test_no_revision_tells_anything_from_after_its_reception() -> None:
    """For many visits at once: the first rule of a forecast that is honest about the past."""
    frame = _many_visits(3000)
    contract = TABLES["visits"]
    rows, times = unroll(frame, contract), list(TABLES["visits"].event_times)
    for name in times:
        assert not (rows[name] > rows["received_at"]).any()
    for column in contract.columns:
        if column.known_with is not None:
            assert not (rows[column.name].notna() & rows[column.known_with].isna()).any()
    last = rows.sort_values("received_at").groupby("visit_id").last()
    whole = frame.set_index("visit_id")[times]
    assert (last[times].loc[whole.index] == whole).all(axis=None)


def test_a_hundred_thousand_visits_are_unrolled_in_about_a_second() -> None:
    """Training reads years of them; the limit leaves room for a busy machine."""
    frame = _many_visits(100_000)
    began = time.process_time()
    rows = unroll(frame, TABLES["visits"])
    assert time.process_time() - began < 5
    times = [frame[["visit_id"]].assign(at=frame[name]) for name in TABLES["visits"].event_times]
    assert len(rows) == len(pd.concat(times).drop_duplicates()) > 499_000


def test_staffing_units_operations_and_census_are_received_when_they_became_known(tmp_path: Path) -> None:
    """Each table by its own clock: known_at, open_from, booked_at and cancelled_at, at."""
    found = read_files(
        tmp_path,
        stays__csv=GOOD,
        units__csv="unit,label,open_from\nA,Ward A,\nB,Ward B,2024-10-01T00:00Z\n",
        staffing__csv=(
            "at,unit,role,count,known_at\n2024-12-01T00:00Z,A,bed,20,2024-10-01T00:00Z\n"
            "2024-12-01T00:00Z,A,bed,18,2024-11-15T00:00Z\n"
        ),
        operations__csv=(
            "operation_id,unit,booked_at,planned_at,minutes,cancelled_at\n"
            "O1,A,2024-10-01T00:00Z,2024-12-01T08:00Z,90,2024-11-01T00:00Z\n"
        ),
        census__csv="unit,at,occupied\nA,2024-11-01T00:00Z,3\nA,2024-11-01T01:00Z,4\n",
    ).tables
    received = {name: [str(t)[:10] for t in frame["received_at"]] for name, frame in found.items()}
    assert received["staffing"] == ["2024-10-01", "2024-11-15"]
    assert received["units"] == ["1970-01-01", "2024-10-01"]
    assert received["census"] == ["2024-11-01", "2024-11-01"]
    assert found["operations"]["cancelled_at"].notna().tolist() == [False, True]
    assert found["operations"]["planned_at"].notna().all()


def _many_visits(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    start = pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 10**7, n), unit="s")
    raw = pd.DataFrame({"visit_id": [f"V{i}" for i in range(n)], "arrived_at": start})
    for name in ("triaged_at", "seen_at", "bed_requested_at", "left_at"):
        later = (
            raw["arrived_at"]
            if name != "left_at"
            else raw["bed_requested_at"].where(raw["bed_requested_at"] > raw["seen_at"], raw["seen_at"])
        )
        raw[name] = later + pd.to_timedelta(rng.integers(1, 9000, n), unit="s")
    raw = raw.assign(triage="3A", heart_rate=80.0, disposition="home", destination_unit="A", sex="F")
    raw["received_at"] = pd.Timestamp("2030-01-01", tz="UTC")
    return validate(raw, "visits", clock=load_mapping(MAPPINGS / "divi.toml").clock("visits"), audit=("sex",))
