"""Files whose ending, kind or names are not what a reader of them expects: read right, or refused with the cause."""

import gzip
import unicodedata
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hospital.contracts.text_cleaning import clean_text
from hospital.errors import ContractError, MappingError
from hospital.ingest.hospital_reader import HospitalTables
from tests.support.hospital_files import read_mapped, write_xlsx

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
CENSUS = '[tables.census]\nfile = "{}"\n[tables.census.columns]\nat = "at"\nunit = "unit"\noccupied = "occ"\n'
TABLE = "at;unit;occ\n2024-03-01;MED;11\n2024-03-02;MED;12\n"


def _read(path: Path, name: str, more: str = "") -> HospitalTables:
    return read_mapped(path, HEAD + more + CENSUS.format(name))


def _fault(path: Path, name: str) -> tuple[str, str]:
    with pytest.raises((ContractError, MappingError)) as caught:
        _read(path, name)
    (fault,) = caught.value.faults
    return fault.path, fault.code


@pytest.mark.parametrize("ending", ["tsv", "txt", "csv", "TSV"])
@pytest.mark.parametrize("zipped", [False, True])
def test_endings_of_texts(tmp_path: Path, ending: str, zipped: bool) -> None:
    """Tab-separated files have endings of their own."""
    content = TABLE.replace(";", "\t").encode()
    file = tmp_path / (f"c.{ending}.gz" if zipped else f"c.{ending}")
    file.write_bytes(gzip.compress(content) if zipped else content)
    assert _read(file, file.name).tables["census"]["occupied"].tolist() == [11, 12]


def test_a_spreadsheet_with_macros(tmp_path: Path) -> None:
    """Its cells are those of any other."""
    made = write_xlsx(tmp_path / "c.xlsx", [row.split(";") for row in TABLE.splitlines()])
    file = made.rename(tmp_path / "c.xlsm")
    assert _read(file, "c.xlsm").tables["census"]["occupied"].tolist() == [11, 12]


def test_an_ending_of_another_kind(tmp_path: Path) -> None:
    """What only the name calls a CSV is called what it is."""
    write_xlsx(tmp_path / "c.xlsx", [["at"], ["x"]]).rename(tmp_path / "c.csv")
    assert _fault(tmp_path / "c.csv", "c.csv") == ("c.csv", "other_kind")
    (tmp_path / "c.csv").write_bytes(gzip.compress(TABLE.encode()))
    assert _fault(tmp_path / "c.csv", "c.csv") == ("c.csv", "other_kind")


def test_an_archive(tmp_path: Path) -> None:
    """A table in a .zip is not looked for: the words say to take it out."""
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("c.csv", TABLE)
    with pytest.raises(ContractError) as caught:
        _read(tmp_path / "c.zip", "c.zip")
    (fault,) = caught.value.faults
    assert fault.code == "unknown_kind"
    assert "sortez-en la table" in fault.words("fr")


def test_a_separator_that_is_not_among_the_usual(tmp_path: Path) -> None:
    """The message names the separator, and not every column."""
    file = tmp_path / "c.csv"
    file.write_text(TABLE.replace(";", "^"))
    assert _fault(file, "c.csv") == ("census", "one_column")
    assert len(_read(file, "c.csv", 'separator = "^"\n').tables["census"]) == 2


def test_columns_of_parquet_with_one_name(tmp_path: Path) -> None:
    """Neither of them is taken."""
    table = pa.table({"at": ["2024-03-01", "2024-03-02"], "unit": ["A", "A"], "occ": [1, 2], "other": [7, 8]})
    pq.write_table(table.rename_columns(["at", "unit", "occ", "occ"]), tmp_path / "c.parquet")
    assert _fault(tmp_path / "c.parquet", "c.parquet") == ("c.parquet", "two_columns")


def test_texts_of_parquet_as_bytes(tmp_path: Path) -> None:
    """Some programs write texts without saying that they are; bytes that are none stay what they are."""
    frame = pd.DataFrame(
        {"at": ["2024-03-01", "2024-03-02"], "unit": ["Médecine".encode()] * 2, "occ": [1, 2]}
    )
    frame.to_parquet(tmp_path / "c.parquet")
    assert set(_read(tmp_path / "c.parquet", "c.parquet").tables["census"]["unit"]) == {"Médecine"}
    frame.assign(unit=b"\xff\xfe\xfd").to_parquet(tmp_path / "c.parquet")
    assert _fault(tmp_path / "c.parquet", "c.parquet") == ("census[0].unit", "not_text")


@pytest.mark.parametrize("sign", [" ", "\u00a0", "\u202f", "\u2009", "'", "’"])
def test_groups_of_three_digits(tmp_path: Path, sign: str) -> None:
    """As French and Swiss programs write a thousand; other groups are no number."""
    file = tmp_path / "c.csv"
    file.write_text(f"at;unit;occ\n2024-03-01;MED;1{sign}211,5\n2024-03-02;MED;12{sign}000\n")
    assert _read(file, "c.csv", 'decimal = ","\n').tables["census"]["occupied"].tolist() == [1211.5, 12e3]
    for written in (f"12{sign}34", f"1234{sign}567", f"1{sign}2"):
        file.write_text(f"at;unit;occ\n2024-03-01;MED;{written}\n2024-03-02;MED;1\n")
        assert _fault(file, "c.csv") == ("census[0].occ", "not_a_number")


def test_merged_numbers_as_texts(tmp_path: Path) -> None:
    """A number typed as text is a number, also in a merged cell."""
    from openpyxl import load_workbook

    rows = [["at", "unit", "occ"], ["2024-03-01", "A", "28"], ["2024-03-02", "A", None]]
    file = write_xlsx(tmp_path / "c.xlsx", rows)
    book = load_workbook(file)
    book.worksheets[0].merge_cells("C2:C3")
    book.save(file)
    assert _fault(file, "c.xlsx") == ("c.xlsx[0]:C", "merged_cells")


@pytest.mark.parametrize("named", ["récap.csv", "réc*.csv"])
def test_file_names_in_another_form_of_unicode(tmp_path: Path, named: str) -> None:
    """Some systems write an accent apart from its letter."""
    folder = tmp_path / "tables"
    folder.mkdir()
    file = folder / unicodedata.normalize("NFD", "récap.csv")
    file.write_text(TABLE)
    assert len(_read(folder, named).tables["census"]) == 2
    assert len(_read(file, named).tables["census"]) == 2


@pytest.mark.parametrize("sign", ["\u00ad", "\u200e", "\u202a", "\u2066", "\u200d"])
def test_signs_that_nobody_sees(sign: str) -> None:
    """Marks of direction and breaks of words come along when a name is copied."""
    assert clean_text(f"Méde{sign}cine") == "Médecine"
    assert clean_text("Soins\u2009intensifs") == "Soins intensifs"
