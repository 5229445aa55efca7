"""Workbooks with more in them than the table that is meant (README.md)."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from hospital.drafting.mapping_draft import draft_mapping
from hospital.errors import ContractError, MappingError, VigieError
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
CENSUS = '[tables.census]\nfile = "c.xlsx"\n{}[tables.census.columns]\nat = "at"\nunit = "unit"\noccupied = "occ"\n'
NAMES = ["at", "unit", "occ"]


def _days(first: int, count: int = 4) -> list[list[Any]]:
    start = datetime(2024, 1, 1)
    return [[start + timedelta(days=first + n), "MED", 10 + n] for n in range(count)]


def _write(folder: Path, sheets: dict[str, list[list[Any]]], *hidden: str) -> tuple[Path, Workbook]:
    book, file = Workbook(), folder / "c.xlsx"
    del book["Sheet"]
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        page.sheet_state = "hidden" if title in hidden else "visible"
        for row in rows:
            page.append(row)
    book.save(file)
    return file, book


def _read(file: Path, more: str = "") -> int:
    return len(read_mapped(file, HEAD + CENSUS.format(more)).tables["census"])


def _fault(file: Path, more: str = "") -> tuple[str, str, str]:
    with pytest.raises((ContractError, MappingError)) as caught:
        _read(file, more)
    error: VigieError = caught.value
    assert isinstance(error, (ContractError, MappingError))
    (fault,) = error.faults
    return fault.path, fault.code, fault.words("fr")


def test_several_sheets_of_which_one_alone_would_be_read(tmp_path: Path) -> None:
    """Eleven months of twelve are not left out without a word; what else a workbook holds is no reason to ask."""
    of_months = {
        "janv": [NAMES, *_days(0)],
        "févr": [["unit", "note", "occ", "at"], [*"ab", 3, datetime(2024, 2, 1)]],
    }
    file, _ = _write(tmp_path, of_months)
    path, code, words = _fault(file)
    assert (path, code) == ("c.xlsx", "several_sheets")
    assert "janv, févr" in words
    assert _read(file, 'sheet = "janv"\n') == 4
    file, _ = _write(tmp_path, {"a": [NAMES, *_days(0)], "b": [NAMES, *_days(4)], "next": [NAMES]})
    assert _read(file, 'sheets = "all"\n') == 8
    file, _ = _write(
        tmp_path, {"a": [NAMES, *_days(0)], "codes": [["unit", "label"], ["MED", "Médecine"]], "c": [NAMES]}
    )
    assert _read(file) == 4


def test_a_hidden_sheet(tmp_path: Path) -> None:
    """Nobody who opens the file sees it: it is not the first, nor one of all, unless it is named."""
    file, _ = _write(tmp_path, {"old": [NAMES, *_days(50, 3)], "data": [NAMES, *_days(0)]}, "old")
    assert _read(file) == _read(file, 'sheets = "*"\n') == 4
    assert _read(file, 'sheet = "old"\n') == 3


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "=VLOOKUP(1,A:B,2)", 5])
def test_what_is_wrong_in_a_column_that_nobody_maps(tmp_path: Path, cell: object) -> None:
    """A helper's column with an error, a formula without its result, or a merged number is not read at all."""
    rows = [[*row, cell if n == 1 else 7] for n, row in enumerate(_days(0))]
    file, book = _write(tmp_path, {"data": [[*NAMES, "helper"], *rows]})
    if cell == 5:
        book["data"].merge_cells("D3:D5")
        book.save(file)
    assert _read(file) == 4
    with pytest.raises(ContractError) as caught:
        read_mapped(file, HEAD + CENSUS.format("") + 'staffed = "helper"\n')
    assert {fault.code for fault in caught.value.faults} <= {"cell_error", "no_result", "merged_cells"}


@pytest.mark.parametrize("hidden", [[3], [2, 3, 5], [], [9]])
def test_rows_that_a_filter_hides(tmp_path: Path, hidden: list[int]) -> None:
    """They are read, as nobody says that they are not meant, and a finding says how many; blank ones are none."""
    file, book = _write(tmp_path, {"data": [NAMES, *_days(0)]})
    book["data"].auto_filter.ref = "A1:C5"
    for row in hidden:
        book["data"].row_dimensions[row].hidden = True
    book.save(file)
    tables = read_mapped(file, HEAD + CENSUS.format(""))
    assert len(tables.tables["census"]) == 4
    found = [f for f in tables.findings if f.code == "hidden_rows"]
    assert [f.rows for f in found] == [len(hidden)] * bool(set(hidden) - {9})
    assert all("masquée" in f.words("fr") for f in found)


def test_days_as_numbers_on_a_sheet_a_month(tmp_path: Path) -> None:
    """The month is the name of the sheet; days that the month does not have hold nothing."""
    sheets: dict[str, list[list[Any]]] = {
        f"2024-{month:02}": [["Jour", "MED"], *([day, day if day <= 29 else None] for day in range(1, 32))]
        for month in (1, 2)
    }
    file, _ = _write(tmp_path, sheets)
    text = (
        '[tables.census]\nfile = "c.xlsx"\nsheets = "*"\n[tables.census.columns]\n'
        'at = { join = ["@sheet", "Jour"], between = "-", format = "%Y-%m-%d" }\n'
        '[tables.census.units]\n"MED" = { occupied = "MED" }\n'
    )
    census = read_mapped(file, HEAD + text).tables["census"]
    assert census["occupied"].tolist() == [*range(1, 30)] * 2
    with pytest.raises((ContractError, MappingError)) as caught:
        read_mapped(file, HEAD + text.replace('sheets = "*"\n', ""))
    assert [f.code for f in caught.value.faults] == ["several_sheets"]


def test_sheets_of_a_file_whose_name_is_a_column(tmp_path: Path) -> None:
    """What is no column of the sheets does not hide that several of them hold the table."""
    file, _ = _write(tmp_path, {"janv": [NAMES, *_days(0)], "févr": [NAMES, *_days(31)]})
    text = CENSUS.format("").replace('unit = "unit"', 'unit = { join = ["@file", "unit"] }')
    with pytest.raises(ContractError) as caught:
        read_mapped(file, HEAD + text)
    assert [f.code for f in caught.value.faults] == ["several_sheets"]
    assert (
        len(
            read_mapped(
                file, HEAD + text.replace("[tables.census.columns]", 'sheets = "*"\n[tables.census.columns]')
            ).tables["census"]
        )
        == 8
    )


def test_an_hour_in_a_format_of_lengths(tmp_path: Path) -> None:
    """[h]:mm looks as the hour of the day does; 26 hours are none."""
    rows = [["d", "h", "unit", "occ"], *([day, timedelta(hours=8), "MED", n] for day, _, n in _days(0))]
    text = CENSUS.format("").replace('"at"', '{ join = ["d", "h"], format = "%d/%m/%Y %H:%M" }', 1)
    file, _ = _write(tmp_path, {"data": rows})
    census = read_mapped(file, HEAD + text).tables["census"]
    assert set(census["at"].dt.strftime("%H:%M")) == {"07:00"}
    rows[2][1] = timedelta(hours=26)
    file, _ = _write(tmp_path, {"data": rows})
    with pytest.raises((ContractError, MappingError)):
        read_mapped(file, HEAD + text)


@pytest.mark.parametrize("cell", ["#DIV/0!", "=VLOOKUP(1,A:B,2)"])
def test_a_draft_of_a_workbook_with_a_helper_that_is_wrong(tmp_path: Path, cell: str) -> None:
    """It is drafted without the helper's column; a column that would be mapped is refused as ever."""
    rows = [[at, "MED", n, cell if k == 2 else 0.5] for k, (at, _, n) in enumerate(_days(0, 30))]
    file, _ = _write(tmp_path, {"data": [["Jour", "UF", "Présents", "Ratio"], *rows]})
    draft = draft_mapping(file)
    assert 'occupied = "Présents"' in draft
    assert '#   "Ratio"' in draft
    rows[4][2] = cell
    file, _ = _write(tmp_path, {"data": [["Jour", "UF", "Présents", "Ratio"], *rows]})
    with pytest.raises(ContractError) as caught:
        draft_mapping(file)
    assert [f.path for f in caught.value.faults] == ["c.xlsx[4].Présents"]


def test_a_workbook_that_counts_its_days_from_1904(tmp_path: Path) -> None:
    """As some programs wrote them for decades: four years and a day are nowhere lost."""
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    file, book = _write(tmp_path, {"data": [NAMES, *_days(0)]})
    before = read_mapped(file, HEAD + CENSUS.format("")).tables["census"]
    book.epoch = CALENDAR_MAC_1904
    book.save(file)
    assert read_mapped(file, HEAD + CENSUS.format("")).tables["census"].equals(before)


def test_hours_that_a_sheet_adds_up(tmp_path: Path) -> None:
    """Each hour is the one above and a 24th of a day: after two years it lies some milliseconds before its hour."""
    at, rows = 45292.0, list[list[Any]]()  # 1 January 2024
    for n in range(24 * 900):
        if n > 24 * 890:
            rows.append([at, "MED", n % 7])
        at += 1 / 24
    file, book = _write(tmp_path, {"data": [NAMES, *rows]})
    for row in book["data"].iter_rows(min_row=2, max_col=1):
        row[0].number_format = "dd/mm/yyyy hh:mm"
    book.save(file)
    text = HEAD.replace("Europe/Paris", "Etc/GMT-1") + CENSUS.format("")
    times = read_mapped(file, text).tables["census"]["at"]
    assert (times.diff().dropna().dt.total_seconds() == 3600).all()
