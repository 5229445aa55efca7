"""Spreadsheets as hospitals keep them: a column a ward, sheets, titles, formulas; what is not read is said in words."""

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hospital.errors import ContractError, HistoryError, MappingError
from hospital.ingest.hospital_reader import read_hospital
from hospital.ingest.raw_files import parse
from hospital.mapping.file_layout import FileLayout
from hospital.mapping.mapping_file import load_mapping
from tests.support.hospital_files import (
    HEAD,
    KEY,
    MAPPINGS,
    faults_of,
    read_french,
    read_shipped,
    write_xlsx,
)

NAMES = [
    "Date", "Heure", "Médecine A", "Lits Médecine A", "Médecine B", "Lits Médecine B", "Médecine", "Lits Médecine",
    "Chirurgie", "Lits Chirurgie", "Maternité",
]  # fmt: skip


def _daily(days: int = 10, merged_on: int = 5) -> list[list[Any]]:
    """A line a day from 28 March 2024, over the change of the clock; two wards are merged into one."""
    rows: list[list[Any]] = [NAMES]
    for n in range(days):
        two = [10 + n, 16, 5, 8, None, None] if n < merged_on else [None, None, None, None, 20 + n, 24]
        rows.append([datetime(2024, 3, 28) + timedelta(days=n), time(8), *two, 18, 22, 9])
    return rows


def test_a_spreadsheet_with_a_column_a_ward_becomes_a_daily_census(tmp_path: Path) -> None:
    """At eight on the local clock; the merged ward's history is the sum of the two that it was made of."""
    found = read_shipped(write_xlsx(tmp_path / "lits.xlsx", _daily()), "daily-census")
    census = found.tables["census"].sort_values(["unit", "at"])
    assert found.cadence == "daily"
    assert set(census["at"].dt.tz_convert("Europe/Paris").dt.hour) == {8}
    medicine = census[census["unit"] == "Médecine"]
    assert medicine["occupied"].tolist() == [15, 16, 17, 18, 19, 25, 26, 27, 28, 29]
    assert medicine["staffed"].tolist() == [24] * 10
    assert census[census["unit"] == "Maternité"]["staffed"].tolist() == [12] * 10
    assert found.tables["units"]["unit"].tolist() == ["Médecine", "Chirurgie", "Maternité"]
    assert found.tables["units"]["group"].tolist() == ["medicine", "surgery", "obstetrics"]
    assert ("census", "renamed_units") in [(f.table, f.code) for f in found.findings]


def test_the_same_spreadsheet_as_text_is_the_same_census(tmp_path: Path) -> None:
    """Semicolons, dates and numbers as France writes them."""
    rows = _daily()
    as_typed = read_shipped(write_xlsx(tmp_path / "lits.xlsx", rows), "daily-census").tables["census"]
    lines = [";".join(NAMES)]
    for day, hour, *cells in rows[1:]:
        texts = ["" if c is None else str(c) for c in cells]
        lines.append(";".join([f"{day:%d/%m/%Y}", f"{hour:%H:%M}", *texts]))
    text = tmp_path / "lits.csv"
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    pd.testing.assert_frame_equal(read_shipped(text, "daily-census").tables["census"], as_typed)


def test_what_is_wrong_in_a_wide_file_is_named_by_its_line_and_ward(tmp_path: Path) -> None:
    """Blank lines count; a line that is wrong for all wards is named once; an empty ward is no row."""
    rows = _daily()
    rows[3][8] = -1
    rows[4][8] = None
    rows[4][9] = None
    rows[6][0] = "SECRET"
    rows.insert(2, [None] * len(NAMES))
    rows[9][10] = "SECRET"
    path = write_xlsx(tmp_path / "lits.xlsx", rows)
    with pytest.raises(MappingError) as caught:
        read_shipped(path, "daily-census")
    assert faults_of(caught.value) == {("census[8].Maternité", "not_a_number", 1)}
    rows[9][10] = 9
    with pytest.raises(ContractError) as refused:
        read_shipped(write_xlsx(path, rows), "daily-census")
    assert faults_of(refused.value) == {
        ("census[6].at", "not_a_time", 1),
        ("census[3].Chirurgie.occupied", "out_of_range", 1),
    }
    rows[4][8], rows[7][0] = 18, datetime(2024, 4, 2)
    census = read_shipped(write_xlsx(path, rows), "daily-census").tables["census"]
    assert census["unit"].value_counts().to_dict() == {"Médecine": 10, "Maternité": 10, "Chirurgie": 9}


def test_a_unit_half_described_is_a_fault(tmp_path: Path) -> None:
    """Beds without patients: an empty cell is unknown, never 0."""
    rows = _daily()
    rows[4][8] = None
    with pytest.raises(ContractError) as caught:
        read_shipped(write_xlsx(tmp_path / "lits.xlsx", rows), "daily-census")
    assert faults_of(caught.value) == {("census[3].Chirurgie.occupied", "missing", 1)}


def test_staffing_may_have_a_column_a_unit_too(tmp_path: Path) -> None:
    """Nurses of each ward, a line a day."""
    (tmp_path / "census.csv").write_text("unit,at,occupied\nA,2024-01-01,1\nA,2024-01-02,2\n")
    (tmp_path / "staffing.csv").write_text("jour,A,B\n2024-01-01,3,4\n2024-01-02,,5\n")
    text = '[tables.staffing.columns]\nat = "jour"\nrole = { constant = "nurse" }\n'
    text += '[tables.staffing.units]\nA = { count = "A" }\nB = { count = "B" }\n'
    staffing = read_french(tmp_path, text).tables["staffing"]
    rows = zip(staffing["unit"], staffing["role"], staffing["count"], strict=True)
    assert list(rows) == [("A", "nurse", 3), ("B", "nurse", 4), ("B", "nurse", 5)]


def test_two_tables_may_come_from_two_sheets_of_one_file(tmp_path: Path) -> None:
    """Patients on one, nurses on the other."""
    from openpyxl import load_workbook

    path = write_xlsx(tmp_path / "lits.xlsx", [["jour", "A"], *([date(2024, 1, n), n] for n in (1, 2))])
    book = load_workbook(path)
    nurses = book.create_sheet("Effectif")
    nurses.append(["jour", "A"])
    nurses.append([date(2024, 1, 1), 3])
    book.save(path)
    (tmp_path / "mapping.toml").write_text(
        HEAD + '[tables.census.columns]\nat = "jour"\n[tables.census.units]\nA = { occupied = "A" }\n'
        '[tables.staffing]\nsheet = "Effectif"\n[tables.staffing.columns]\nat = "jour"\n'
        'role = { constant = "nurse" }\n[tables.staffing.units]\nA = { count = "A" }\n'
    )
    tables = read_hospital(path, load_mapping(tmp_path / "mapping.toml"), KEY).tables
    assert tables["census"]["occupied"].tolist() == [1, 2]
    assert tables["staffing"]["count"].tolist() == [3]


def test_a_wide_file_that_tells_of_no_ward_is_refused(tmp_path: Path) -> None:
    """Every cell empty, as in next year's sheet."""
    rows = [NAMES, *([row[0], row[1], *[None] * 9] for row in _daily()[1:])]
    with pytest.raises(ContractError) as caught:
        read_shipped(write_xlsx(tmp_path / "lits.xlsx", rows), "daily-census")
    assert faults_of(caught.value) == {("census", "no_rows", 10)}


def _sheet(path: Path, rows: list[list[Any]], **given: Any) -> pd.DataFrame:
    return parse(path.name, write_xlsx(path, rows).read_bytes(), FileLayout(**given))


def test_cells_keep_their_kind_and_blank_lines_their_number(tmp_path: Path) -> None:
    """Numbers, dates, texts; a column that mixes them stays as it is."""
    rows = [[], ["a", "b", "c"], [1, date(2024, 1, 2), "x "], [], [2.5, datetime(2024, 1, 2, 8), 7]]
    frame = _sheet(tmp_path / "a.xlsx", rows)
    assert frame.index.tolist() == [0, 2]
    assert frame["a"].tolist() == [1, 2.5]
    assert frame["b"].tolist() == [datetime(2024, 1, 2), datetime(2024, 1, 2, 8)]
    assert frame["c"].tolist() == ["x", 7]


def _code(path: Path, content: bytes, **given: Any) -> set[tuple[str, str, int]]:
    with pytest.raises(ContractError) as caught:
        parse(path.name, content, FileLayout(**given))
    return faults_of(caught.value)


def test_spreadsheets_that_cannot_be_read_are_refused_in_words(tmp_path: Path) -> None:
    """Old, protected, cut off, another file, another sheet, an empty one."""
    path = tmp_path / "a.xlsx"
    whole = write_xlsx(path, [["a"], [1]]).read_bytes()
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert _code(path, ole) == {("a.xlsx", "protected_or_old", 1)}
    assert _code(path, whole[: len(whole) // 2]) == {("a.xlsx", "not_xlsx", 1)}
    assert _code(path, b"a;b\n1;2\n") == {("a.xlsx", "not_xlsx", 1)}
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("a.txt", "text")
    assert _code(path, path.read_bytes()) == {("a.xlsx", "not_xlsx", 1)}
    assert _code(path, whole, sheet="Lits") == {("a.xlsx", "no_sheet", 1)}
    assert _code(path, whole, header_rows=(7,)) == {("a.xlsx", "no_header", 1)}
    assert _code(path, write_xlsx(path, [["a"]]).read_bytes()) == {("a.xlsx", "no_rows", 1)}
    assert _code(path, write_xlsx(path, []).read_bytes()) == {("a.xlsx", "no_rows", 1)}
    assert _code(path, write_xlsx(path, [["a", "a"], [1, 2]]).read_bytes()) == {("a.xlsx", "two_columns", 1)}


def test_merged_names_and_titles_above_them_are_refused_until_a_line_is_named(tmp_path: Path) -> None:
    """What a person sees over two columns stands in one cell of the file alone."""
    from openpyxl import load_workbook

    path = write_xlsx(
        tmp_path / "a.xlsx", [["Lits de l'hôpital", None], ["Date", "Présents"], ["2024-01-02", 3]]
    )
    book = load_workbook(path)
    page = book.active
    assert page is not None
    page.merge_cells("A1:B1")
    book.save(path)
    assert _code(path, path.read_bytes()) == {("a.xlsx:B", "no_name", 2)}
    frame = parse(path.name, path.read_bytes(), FileLayout(header_rows=(2,)))
    assert frame["Présents"].tolist() == [3]


def test_a_formula_without_a_result_and_an_error_are_no_empty_cells(tmp_path: Path) -> None:
    """Unknown is missing; what nobody calculated is not known to be missing."""
    path = tmp_path / "a.xlsx"
    rows: list[list[Any]] = [["a", "b"], [1, "=A2+1"], [2, "#REF!"], [3, None]]
    assert _code(path, write_xlsx(path, rows).read_bytes()) == {("a.xlsx[1].b", "cell_error", 1)}
    rows[2][1] = 5
    assert _code(path, write_xlsx(path, rows).read_bytes()) == {("a.xlsx[0].b", "no_result", 1)}


def test_monthly_totals_are_refused_because_no_day_can_be_recovered(tmp_path: Path) -> None:
    """Through the shipped mapping, and already where a time format has no day."""
    lines = [f"{ward};01/{month:02}/2024;{300 + month}" for month in range(1, 13) for ward in ("A", "B")]
    path = tmp_path / "totaux.csv"
    path.write_text("Service;Premier jour du mois;Journées\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(HistoryError, match="no day can be recovered"):
        read_shipped(path, "monthly-totals")
    mapping = (MAPPINGS / "monthly-totals.toml").read_text(encoding="utf-8").replace("%d/%m", "%m")
    (tmp_path / "month.toml").write_text(mapping, encoding="utf-8")
    with pytest.raises(MappingError, match="no day can be recovered") as caught:
        load_mapping(tmp_path / "month.toml")
    assert [f.code for f in caught.value.faults] == ["no_day"]


def test_a_wide_census_may_have_a_file_a_year(tmp_path: Path) -> None:
    """Each line is named by its file, each ward by its name."""
    (tmp_path / "2023.csv").write_text("jour,A,B\n2023-12-30,1,2\n2023-12-31,1,2\n")
    (tmp_path / "2024.csv").write_text("jour,A,B\n2024-01-01,3,4\n2024-01-02,-3,4\n")
    text = '[tables.census]\nfile = "202*.csv"\n[tables.census.columns]\nat = "jour"\n'
    text += '[tables.census.units]\nA = { occupied = "A" }\nB = { occupied = "B" }\n'
    with pytest.raises(ContractError) as caught:
        read_french(tmp_path, text)
    assert faults_of(caught.value) == {("census/2024.csv[1].A.occupied", "out_of_range", 1)}
    (tmp_path / "2024.csv").write_text("jour,A,B\n2024-01-01,3,4\n2024-01-02,3,4\n")
    census = read_french(tmp_path, text).tables["census"]
    assert census.groupby("unit")["occupied"].sum().to_dict() == {"A": 8, "B": 12}
