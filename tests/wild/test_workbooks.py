"""Workbooks with more in them than the table that is meant (README.md)."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

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
