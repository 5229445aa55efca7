"""A hospital's files to its tables: bad input in clear words, good input the same however it is written."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hospital.errors import ContractError, HistoryError, MappingError
from hospital.ingest.hospital_reader import read_hospital
from hospital.ingest.pseudonyms import pseudonym
from hospital.mapping.mapping_file import load_mapping
from tests.support.hospital_files import KEY, MAPPINGS
from tests.support.small_tables import GOOD, STAYS, VISITS, faults_of_files, read_files, stays_text


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("stays__csv", b"", "empty_file"),
        ("stays__csv", b"\n\n", "not_csv"),
        ("stays__csv", STAYS.encode(), "no_rows"),
        ("stays__csv", GOOD.encode().replace(b"elective", "électif".encode("latin-1")), "not_utf8"),
        ("stays__csv", b"PAR1\x00\x01\x02" * 9, "other_kind"),
        ("stays__csv", GOOD.encode()[:-11], "ragged_row"),
        ("stays__csv", GOOD.encode().replace(b"S2", b'"S2'), "open_quote"),
        ("stays__csv", GOOD.encode().replace(b"left_at", b"unit"), "two_columns"),
        ("stays__csv__gz", gzip.compress(GOOD.encode(), mtime=0)[:-12], "not_gzip"),
        ("stays__csv__gz", GOOD.encode(), "not_gzip"),
        ("stays__csv__gz", gzip.compress(b"", mtime=0), "not_csv"),
        ("stays__parquet", GOOD.encode(), "not_parquet"),
        ("stays__parquet", b"PAR1", "not_parquet"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name_and_fault(
    tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    """Empty, truncated, in another encoding, of another kind than its name says."""
    [(path, found, _)] = faults_of_files(tmp_path, **{name: content})
    assert found == code
    assert path.startswith(name.replace("__", "."))


def test_a_truncated_parquet_file_is_refused(tmp_path: Path) -> None:
    """Whatever its last byte is."""
    pd.DataFrame({"stay_id": ["S1"] * 100}).to_parquet(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    for length in (len(whole) - 1, len(whole) // 2, 10):
        assert faults_of_files(tmp_path, stays__parquet=whole[:length]) == [
            ("stays.parquet", "not_parquet", 1)
        ]


def test_a_ragged_row_is_named_by_its_position(tmp_path: Path) -> None:
    """Rows count from 0, as in every other fault."""
    rows = ["S1,A,2024-11-01T08:00:00Z,,emergency"] * 5
    rows[3] = "S1,A,SECRET"
    assert faults_of_files(tmp_path, stays__csv=stays_text(*rows)) == [("stays.csv[3]", "ragged_row", 1)]


def test_a_table_that_is_there_twice_or_nothing_at_all_is_refused(tmp_path: Path) -> None:
    """Nothing chooses silently."""
    with pytest.raises(HistoryError, match="Nothing to forecast from"):
        read_files(tmp_path, units__csv="unit,label\nA,A\n")
    assert [
        f[1] for f in faults_of_files(tmp_path, stays__csv=GOOD, stays__csv__gz=gzip.compress(GOOD.encode()))
    ] == ["two_files"]


@pytest.mark.parametrize("name", ["UNITS__CSV", "Units__Csv", "units__CSV"])
def test_a_tables_name_may_be_in_capitals(tmp_path: Path, name: str) -> None:
    """As programs export it: such a table was taken as absent."""
    files = {"Stays__csv": GOOD, name: "unit,label\nA,The ward\n"}
    assert read_files(tmp_path, **files).tables["units"]["label"].tolist() == ["The ward"]


@pytest.mark.parametrize("form", ["xlsb", "xls", "XLS", "json"])
def test_a_table_in_a_form_that_is_not_read_is_named(tmp_path: Path, form: str) -> None:
    """And the tables beside it do not hide it; a form that is read does."""
    other = {f"Units__{form}": b"PK"}
    faults = faults_of_files(tmp_path, stays__csv=GOOD, **other)
    assert faults == [(f"Units.{form}", "unknown_kind", 1)]
    assert (
        read_files(tmp_path, stays__csv=GOOD, units__csv="unit,label\nA,A\n", **other)
        .tables["units"]
        .shape[0]
        == 1
    )
    with pytest.raises(ContractError, match="no such file or folder"):
        read_hospital(tmp_path / "none", None, KEY)
    with pytest.raises(ContractError, match="needs a mapping"):
        read_hospital(tmp_path / "stays.csv", None, KEY)


def test_every_fault_of_every_table_is_named_at_once(tmp_path: Path) -> None:
    """One reading says all that is to be corrected."""
    stays = stays_text(
        "S1,A,2024-11-02T08:00:00Z,2024-11-01T08:00:00Z,emergency",
        "S2,A,2024-11-02T08:00:00,,SECRET",
        "S3,A,2024-11-02T08:00:00,,emergency",
    )
    visits = VISITS + "V1,2024-11-01T08:00:00Z,,,,9,,F\n"
    assert set(faults_of_files(tmp_path, stays__csv=stays, visits__csv=visits, units__csv=b"")) == {
        ("stays[0].left_at", "before_entered_at", 1),
        ("stays[1].entered_at", "naive_time", 2),
        ("stays[1].source", "not_a_choice", 1),
        ("units.csv", "empty_file", 1),
        ("visits[0].triage", "not_a_choice", 1),
    }


def test_the_same_id_and_received_at_is_one_row_or_a_fault(tmp_path: Path) -> None:
    """Sent twice it counts once; with other content nothing says which is right."""
    header = "received_at," + STAYS
    row = "2024-11-03T00:00:00Z,S1,A,2024-11-01T08:00:00Z,{},emergency\n"
    again = row.replace("00:00Z,S1", "00:00+00:00,S1")
    later = row.replace("03T00", "04T00")
    left = "2024-11-02T08:00:00Z"
    assert (
        len(read_files(tmp_path, stays__csv=header + row.format("") + again.format("")).tables["stays"]) == 1
    )
    found = read_files(tmp_path, stays__csv=header + row.format("") + later.format(left)).tables["stays"]
    assert found["left_at"].notna().tolist() == [False, True]
    twice = header + later.format("") + row.format("") + again.format(left)
    assert faults_of_files(tmp_path, stays__csv=twice) == [
        ("stays[2].received_at", "conflicting_revision", 1)
    ]


def test_without_received_at_an_id_may_not_come_twice_with_other_content(tmp_path: Path) -> None:
    """Nothing says which of the two rows is the later one, also where their times differ."""
    row, other = (f"S1,A,2024-11-0{day}T08:00:00Z,,emergency" for day in (1, 2))
    assert len(read_files(tmp_path, stays__csv=stays_text(row, row)).tables["stays"]) == 1
    assert faults_of_files(tmp_path, stays__csv=stays_text(row, other)) == [
        ("stays[1].stay_id", "conflicting_revision", 1)
    ]


def test_what_has_happened_may_not_lie_after_its_reception(tmp_path: Path) -> None:
    """A wrong zone shows itself so: an hour or two in the future."""
    text = "received_at," + STAYS + "2024-11-01T08:00:00Z,S1,A,2024-11-01T08:05:01Z,,emergency\n"
    assert faults_of_files(tmp_path, stays__csv=text) == [("stays[0].entered_at", "after_reception", 1)]


def test_a_first_row_in_place_of_the_names_is_refused_without_being_shown(tmp_path: Path) -> None:
    """The names of a file without names are a patient's."""
    text = "SECRET1,A,2024-11-01T08:00:00Z,,emergency\nSECRET2,A,2024-11-01T08:00:00Z,,emergency\n"
    assert "no_known_column" in {code for _, code, _ in faults_of_files(tmp_path, stays__csv=text)}


def test_separators_marks_compression_and_kinds_of_file_change_nothing(tmp_path: Path) -> None:
    """Comma, semicolon, byte-order mark, gzip, quotes, spaces, Parquet: the same table."""
    typed = pd.DataFrame(
        {
            "stay_id": ["S1", "S2"],
            "unit": ["A", "B"],
            "entered_at": pd.to_datetime(["2024-11-01T08:00Z", "2024-11-01T09:00Z"]),
            "left_at": pd.to_datetime(pd.Series(["2024-11-02T08:00Z", None])),
            "source": ["emergency", "elective"],
        }
    )
    typed.to_parquet(tmp_path / "typed")
    quoted = GOOD.replace("S1", '"S1"').replace("B,", '"B" ,').replace("\n", "\r\n")
    ways: list[dict[str, Any]] = [
        {"stays__csv": GOOD},
        {"stays__csv": GOOD.replace(",", ";")},
        {"stays__csv": b"\xef\xbb\xbf" + GOOD.encode()},
        {"stays__csv__gz": gzip.compress(GOOD.encode(), mtime=0)},
        {"stays__csv": quoted},
        {"stays__parquet": (tmp_path / "typed").read_bytes()},
    ]
    expected = None
    for number, files in enumerate(ways):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = read_files(folder, **files).tables["stays"]
        expected = found if expected is None else expected
        pd.testing.assert_frame_equal(found, expected)


def test_numbers_as_ids_are_texts_and_a_named_index_is_a_column(tmp_path: Path) -> None:
    """Parquet from pandas often has both."""
    frame = pd.DataFrame(
        {"unit": [7, 7], "entered_at": ["2024-11-01T08:00Z"] * 2, "source": "transfer"},
        index=pd.Index([11, 12], name="stay_id"),
    )
    frame.to_parquet(tmp_path / "stays.parquet")
    found = read_hospital(tmp_path, None, KEY).tables["stays"]
    assert found["unit"].tolist() == ["7", "7"]
    assert found["stay_id"].tolist() == [pseudonym(KEY, "11"), pseudonym(KEY, "12")]


def test_columns_of_odd_kinds_are_faults_and_no_tracebacks(tmp_path: Path) -> None:
    """Lists, bytes, durations, booleans: a Parquet file may hold anything."""
    frame = pd.DataFrame(
        {
            "stay_id": [["a"], ["b"]],
            "unit": [b"A", b"\xff"],
            "entered_at": [["2024"], None],
            "left_at": pd.to_timedelta([1, 2], unit="h"),
            "source": [True, False],
        }
    )
    frame.to_parquet(tmp_path / "stays.parquet")
    with pytest.raises(ContractError) as caught:
        read_hospital(tmp_path, None, KEY)
    assert {f.path.split(".")[1] for f in caught.value.faults} == set(frame.columns)


def _census(hours: float, rows: int = 200, zone: str = "Europe/Paris") -> str:
    local = pd.date_range("2024-10-20", periods=rows, freq=pd.Timedelta(hours=hours), tz="UTC")
    if hours == 24:
        local = pd.date_range("2024-10-20", periods=rows, freq="D", tz=zone)
    return "unit,at,occupied\n" + "".join(f"{u},{t.isoformat()},5\n" for u in "AB" for t in local)


@pytest.mark.parametrize(("hours", "cadence"), [(1, "hourly"), (0.5, "hourly"), (24, "daily")])
def test_a_census_is_hourly_or_daily_over_both_clock_changes(
    tmp_path: Path, hours: float, cadence: str
) -> None:
    """A day of 23 or 25 hours is a day."""
    found = read_files(tmp_path, census__csv=_census(hours))
    assert found.cadence == cadence
    assert found.tables["units"]["unit"].tolist() == ["A", "B"]
    assert ("units", "derived") in [(f.table, f.code) for f in found.findings]


@pytest.mark.parametrize("hours", [6.0, 168.0])
def test_a_census_of_another_cadence_is_refused(tmp_path: Path, hours: float) -> None:
    """Neither hours nor days can be recovered from it."""
    with pytest.raises(HistoryError, match=f"every {hours:.0f} hours"):
        read_files(tmp_path, census__csv=_census(hours))


def test_rows_of_a_unit_that_no_table_names_are_said(tmp_path: Path) -> None:
    """They count for no unit; a misspelt ward would vanish silently."""
    found = read_files(tmp_path, stays__csv=GOOD, units__csv="unit,label\nA,Ward A\n")
    assert ("stays", "unknown_unit") in [(f.table, f.code) for f in found.findings]


FRENCH = """
[mapping]
name = "x"
zone = "Europe/Paris"
repeated_hour = "{}"
[tables.stays]
file = "sejours.csv"
[tables.stays.columns]
stay_id = "SEJOUR"
unit = "UF"
entered_at = {{ column = "ENTREE", format = "%d/%m/%Y %H:%M" }}
source = {{ column = "MODE", codes = {{ "8" = "emergency", "7" = "transfer" }} }}
"""
SEJOURS = "SEJOUR;UF;ENTREE;MODE;NOM\n1;A;27/10/2024 02:30;8;x\n2;A;26/10/2024 02:30;7;y\n"


def test_a_french_file_is_read_through_its_mapping_and_the_rest_of_the_folder_as_it_is(
    tmp_path: Path,
) -> None:
    """Local times, codes, other names; a table that the mapping does not name has naive times in its zone."""
    units = "unit,label,open_from\nA,Ward A,2024-07-01T00:00\n"
    found = read_files(tmp_path, FRENCH.format("second"), sejours__csv=SEJOURS, units__csv=units)
    stays = found.tables["stays"]
    assert [str(t) for t in stays["entered_at"]] == ["2024-10-27 01:30:00+00:00", "2024-10-26 00:30:00+00:00"]
    assert stays["source"].tolist() == ["emergency", "transfer"]
    assert str(found.tables["units"]["open_from"][0]) == "2024-06-30 22:00:00+00:00"
    assert "NOM" not in stays.columns
    with pytest.raises(ContractError) as caught:
        read_files(tmp_path, FRENCH.format("refuse"), sejours__csv=SEJOURS)
    assert [(f.path, f.code) for f in caught.value.faults] == [("stays[0].entered_at", "repeated_local_time")]


def test_the_wrong_zone_shows_itself_where_the_clock_skipped(tmp_path: Path) -> None:
    """A time that never was in Paris was one in UTC."""
    text = SEJOURS.replace("26/10/2024", "31/03/2024")
    with pytest.raises(ContractError, match="zone") as caught:
        read_files(tmp_path, FRENCH.format("first"), sejours__csv=text)
    assert [(f.path, f.code) for f in caught.value.faults] == [
        ("stays[1].entered_at", "nonexistent_local_time")
    ]


def test_faults_of_the_mapping_and_of_other_tables_come_together(tmp_path: Path) -> None:
    """One reading says all of them."""
    text = SEJOURS.replace(";8;", ";SECRET;")
    with pytest.raises(MappingError) as caught:
        read_files(tmp_path, FRENCH.format("first"), sejours__csv=text, units__csv="unit,label\nA,\n")
    assert {(f.path, f.code) for f in caught.value.faults} == {
        ("stays[0].MODE", "code_not_listed"),
        ("units[0].label", "missing"),
    }
    assert "SECRET" not in str(caught.value)


def test_a_mapped_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """By the name that the mapping gives it."""
    with pytest.raises(ContractError, match=r"sejours\.csv"):
        read_files(tmp_path, FRENCH.format("first"))


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """A file of the real data sets, or a skip that says why."""
    folder = os.environ.get("VIGIE_REAL_DATA")

    def find(name: str) -> Path:
        if not folder:
            pytest.skip("VIGIE_REAL_DATA is not set: the real data sets are not on this machine")
        return Path(folder) / name

    return find


@pytest.mark.real_data
def test_the_divi_register_is_read_through_its_shipped_mapping(real_data: Callable[[str], Path]) -> None:
    """16 states, every day from 2020-03-20 to 2025-08-22, at local midnight over eleven clock changes."""
    path = real_data("divi_icu_beds_daily_2020_2025.parquet")
    found = read_hospital(path, load_mapping(MAPPINGS / "divi.toml"), KEY)
    raw = pd.read_parquet(path)
    census = found.tables["census"]
    assert found.cadence == "daily"
    assert len(census) == len(raw) == 31712
    assert len(found.tables["units"]) == 16
    local = census["at"].dt.tz_convert("Europe/Berlin")
    assert (local.dt.hour == 0).all()
    assert (local.dt.date.to_numpy() == raw["datum"].to_numpy()).all()
    assert census["occupied"].sum() == raw["intensivbetten_belegt"].sum()
    beds = raw["intensivbetten_belegt"] + raw["intensivbetten_frei"]
    assert (census["staffed"].to_numpy() == beds.to_numpy()).all()
    assert census["covid_patients"].sum() == raw["faelle_covid_aktuell"].sum()
    assert (census["received_at"] == census["at"]).all()
    assert [(f.table, f.code) for f in found.findings] == [
        ("census", "received_at_missing"),
        ("units", "derived"),
    ]
