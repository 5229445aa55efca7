"""Exports of which a part is missing, or that lie among a program's own files (README.md)."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from hospital.errors import ContractError
from hospital.ingest.hospital_reader import HospitalTables
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "Etc/GMT-1"\n'
CENSUS = (
    '[tables.census]\nfile = "{}"\n{}[tables.census.columns]\nat = "at"\nunit = "unit"\noccupied = "occ"\n'
)


def _census(file: Path, rows: int, sex: str = "") -> Path:
    lines = [f"{date(2024, 1, 1) + timedelta(days=n // 100)};U{n % 100};{n % 9}{sex}" for n in range(rows)]
    file.write_text("at;unit;occ" + (";sex" if sex else "") + "\n" + "\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize(("rows", "found"), [(9_999, False), (10_000, True), (10_001, False), (30_000, True)])
def test_a_file_that_ends_at_the_limit_of_a_program(tmp_path: Path, rows: int, found: bool) -> None:
    """A sheet, a report and a query stop at a number of rows, and none of them says so in the file."""
    tables = read_mapped(_census(tmp_path / "c.csv", rows), HEAD + CENSUS.format("c.csv", ""))
    limits = [f for f in tables.findings if f.code == "rows_at_limit"]
    assert [f.rows for f in limits] == [rows] * found
    assert all("census" in f.words("fr") for f in limits)


def _choice(folder: Path, second: str, where: str) -> HospitalTables:
    rows = [f"2024-01-01T{n:02}:00;MED;{n};{'tous' if n % 3 else second}" for n in range(24)]
    (folder / "c.csv").write_text("at;unit;occ;sexe\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return read_mapped(folder / "c.csv", HEAD + CENSUS.format("c.csv", f"where = {where}\n"), any_step=True)


@pytest.mark.parametrize("second", ["Tous", "TOUS", "tous.", "tóus"])
def test_a_code_that_chooses_rows_in_two_writings(tmp_path: Path, second: str) -> None:
    """A third of the rows would be left out, or one kind of total be read, without a word."""
    for where, rows in (('{ sexe = "tous" }', 16), ('{ sexe = { not = "tous" } }', 8)):
        tables = _choice(tmp_path, second, where)
        assert len(tables.tables["census"]) == rows
        assert [(f.column, f.rows) for f in tables.findings if f.code == "where_alike"] == [("sexe", 8)]
        assert all("casse" in f.words("fr") for f in tables.findings if f.code == "where_alike")
    both = _choice(tmp_path, second, f'{{ sexe = ["tous", "{second}"] }}')
    assert len(both.tables["census"]) == 24
    assert not [f for f in both.findings if f.code == "where_alike"]


def test_another_code_is_no_second_writing(tmp_path: Path) -> None:
    """Nor is an empty cell."""
    for second in ("M", "", "tous 2"):
        tables = _choice(tmp_path, second, '{ sexe = "tous" }')
        assert not [f for f in tables.findings if f.code == "where_alike"]


def test_files_of_programs_beside_those_that_a_pattern_means(tmp_path: Path) -> None:
    """A spreadsheet that is open, and what some systems lay beside each file they copy, are none of the months."""
    _census(tmp_path / "2024-01.csv", 500)
    for name in ("~$2024-01.csv", "._2024-01.csv", ".~lock.2024-01.csv"):
        (tmp_path / name).write_bytes(b"\x07Admin" + b" " * 159)
    tables = read_mapped(tmp_path, HEAD + CENSUS.format("*.csv", ""))
    assert len(tables.tables["census"]) == 500


@pytest.mark.parametrize(
    ("pattern", "other", "found"),
    [
        ("lits 2024-*.csv", "lits 2024_02.csv", True),
        ("lits 2024-*.csv", "Lits 2024 02.CSV", True),
        ("lits 2024-*.csv", "lits 2024-01.ods", True),
        ("lits 2024-*.csv", "census-2024-02.xlsx", True),
        ("lits 2024-*.csv", "census.txt", True),
        ("lits 2024-*.csv", "census.csv.zip", True),
        ("lits 2024-*.csv", "census.toml", False),
        ("lits 2024-*.csv", "lits.csv", False),
        ("lits 2024-*.csv", "notes.txt", False),
        ("lits 2024-*.csv", "lits 2024_02.pdf", False),
        ("lits*2024*2.csv", "lits 2024_02.csv", False),
    ],
)
def test_a_month_whose_name_the_pattern_does_not_fit(
    tmp_path: Path, pattern: str, other: str, found: bool
) -> None:
    """One file of twelve is named by another hand, and would be left out without a word."""
    _census(tmp_path / "lits 2024-02.csv", 500)
    (tmp_path / other).write_text("x")
    if pattern.startswith("lits*"):
        _census(tmp_path / other, 500)
    tables = read_mapped(tmp_path, HEAD + CENSUS.format(pattern, ""))
    unread = [f for f in tables.findings if f.code == "unread_files"]
    assert [(f.table, f.rows, f.place) for f in unread] == [("census", 1, other)] * found
    assert all(other in f.words("fr") for f in unread)


def test_a_table_that_is_a_folder_of_parts(tmp_path: Path) -> None:
    """Programs that compute on several machines write visits.parquet as a folder: it is no table that is absent."""
    _census(tmp_path / "c.csv", 500)
    (tmp_path / "visits.parquet").mkdir()
    with pytest.raises(ContractError) as caught:
        read_mapped(tmp_path, HEAD + CENSUS.format("c.csv", ""))
    assert [(f.path, f.code) for f in caught.value.faults] == [("visits", "folder_of_parts")]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        ("<html><table>", "HTML"),
        ("<!DOCTYPE html>", "HTML"),
        ("<?xml version='1.0'?>", "XML"),
        ('{"rows": [', "JSON"),
    ],
)
def test_a_page_or_a_message_called_csv(tmp_path: Path, start: str, kind: str) -> None:
    """What a web page exports as a table is often the page: it is called what it is."""
    file = tmp_path / "c.csv"
    file.write_text(start + "\n<tr><td>2024-01-01</td></tr>\n")
    with pytest.raises(ContractError) as caught:
        read_mapped(file, HEAD + CENSUS.format("c.csv", ""))
    (fault,) = caught.value.faults
    assert fault.code == "other_kind"
    assert kind in fault.words("fr")
