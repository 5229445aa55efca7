"""The forms of files that hospitals have, through the shipped mappings to the tables of the contract."""

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hospital.errors import ContractError, HistoryError, MappingError, VigieError
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.ingest.pseudonyms import pseudonym
from hospital.ingest.raw_files import parse
from hospital.mapping.file_layout import FileLayout
from hospital.mapping.mapping_file import load_mapping
from tests.support.hospital_files import KEY, passage, read_mapped, write_rpu, write_xlsx
from tests.support.repository import ROOT

MAPPINGS = ROOT / "docs" / "mappings"
HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\nrepeated_hour = "first"\n'


def _read(path: Path, shipped: str) -> HospitalTables:
    return read_hospital(path, load_mapping(MAPPINGS / f"{shipped}.toml"), KEY)


def _mapped(folder: Path, text: str) -> HospitalTables:
    return read_mapped(folder, HEAD + text)


def _faults(error: VigieError) -> set[tuple[str, str, int]]:
    assert isinstance(error, (ContractError, MappingError))
    assert "SECRET" not in str(error)
    return {(f.path, f.code, f.rows) for f in error.faults}


# --- RPU -------------------------------------------------------------------------------------------------


def test_rpu_exports_are_read_with_the_hospitals_own_time_of_first_contact(tmp_path: Path) -> None:
    """Two months of two sites: one visit a passage, its wait in minutes, its pseudonym joined from its parts."""
    write_rpu(tmp_path / "RPU_2024-03.xml", [passage(), passage(NAISSANCE="05/03/1984", PREMIER_CONTACT="")])
    unknown = passage(
        ENTREE="04/04/2024 09:00", PREMIER_CONTACT="", SORTIE="", SEXE="I", NAISSANCE="04/04/1954"
    )
    write_rpu(tmp_path / "RPU_2024-04.xml", [unknown], finess="350000002")
    found = _read(tmp_path, "rpu")
    last = found.tables["visits"].sort_values("received_at").groupby("visit_id", as_index=False).last()
    by_id = last.set_index("visit_id")
    first = by_id.loc[pseudonym(KEY, "350000001|04/03/2024 08:10|15/03/1984|F|35000")]
    assert (first["seen_at"] - first["arrived_at"]).total_seconds() == 40 * 60
    assert str(first["arrived_at"]) == "2024-03-04 07:10:00+00:00"
    assert (first["age_years"], first["sex"], first["disposition"]) == (39, "F", "home")
    assert sorted(last["age_years"]) == [39, 39, 70]
    assert sorted(set(last["department"])) == ["350000001", "350000002"]
    other = by_id.loc[pseudonym(KEY, "350000002|04/04/2024 09:00|04/04/1954|I|35000")]
    assert other[["seen_at", "left_at", "sex"]].isna().all()
    assert found.audit_attributes == ("sex",)


def test_nothing_of_an_rpu_that_is_set_after_the_examination_becomes_a_feature(tmp_path: Path) -> None:
    """Neither the birth date nor the CCMU, the diagnosis, the transport or the orientation is in any table."""
    write_rpu(tmp_path / "a.xml", [passage(GRAVITE="SECRET", DP="SECRET", ORIENT="SECRET", MOTIF="SECRET")])
    visits = _read(tmp_path, "rpu").tables["visits"]
    for column in ("triage", "arrival_mode", "reason", "destination_unit"):
        assert visits[column].isna().all(), column
    text = visits.to_csv()
    assert "SECRET" not in text
    assert "1984" not in text
    assert "35000" not in text.replace("350000001", "")


@pytest.mark.parametrize("column", ["GRAVITE", "ccmu", "TRI_CCMU", "ORIENT", "DP", "MODE_SORTIE"])
def test_a_mapping_that_would_forecast_from_hindsight_is_refused(tmp_path: Path, column: str) -> None:
    """The CCMU looks like a triage level and is known only after the wait."""
    text = '[tables.visits.columns]\nvisit_id = "ID"\narrived_at = "ENTREE"\nleft_at = "SORTIE"\n'
    path = tmp_path / "mapping.toml"
    path.write_text(HEAD + text)
    assert load_mapping(path).tables
    path.write_text(HEAD + text + f'triage = "{column}"\nreason = {{ join = ["X", "{column}"] }}\n')
    with pytest.raises(MappingError, match="after the examination") as caught:
        load_mapping(path)
    assert {f.path.rpartition(".")[2] for f in caught.value.faults} == {"triage", "reason"}


def test_ages_are_whole_years_at_the_arrival_and_an_impossible_birth_is_a_fault(tmp_path: Path) -> None:
    """The day before a birthday, on it, on 29 February, and born after the arrival."""
    born = ["04/03/1984", "05/03/1984", "29/02/2004", "31/12/1899", "SECRET", "05/03/2024"]
    entries = [passage(NAISSANCE=b, CP=str(n)) for n, b in enumerate(born)]
    write_rpu(tmp_path / "good.xml", entries[:3])
    ages = _read(tmp_path, "rpu").tables["visits"].groupby("visit_id")["age_years"].first()
    assert sorted(ages) == [20, 39, 40]
    write_rpu(tmp_path / "wrong.xml", entries[3:5])
    with pytest.raises(MappingError) as caught:
        _read(tmp_path, "rpu")
    assert _faults(caught.value) == {("visits/wrong.xml[0].NAISSANCE", "not_a_time", 2)}
    write_rpu(tmp_path / "wrong.xml", entries[5:])
    with pytest.raises(ContractError) as refused:
        _read(tmp_path, "rpu")
    assert _faults(refused.value) == {("visits/wrong.xml[0].age_years", "out_of_range", 1)}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<OSCOUR><PASSAGES><PATIENT><CP>1</CP></PATIENT>", "not_xml"),
        (b"no xml", "not_xml"),
        (b"<OSCOUR><PASSAGES/></OSCOUR>", "no_rows"),
        (b'<?xml version="1.0" encoding="latin-99"?><OSCOUR/>', "not_xml"),
        (
            b'<!DOCTYPE a [<!ENTITY b "SECRET">]><OSCOUR><PATIENT><CP>&b;</CP></PATIENT></OSCOUR>',
            "unsafe_xml",
        ),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><OSCOUR/>', "unsafe_xml"),
    ],
)
def test_wrong_or_unsafe_xml_is_refused(content: bytes, code: str) -> None:
    """Truncated, another document, entities that expand or read other files."""
    with pytest.raises(ContractError) as caught:
        parse("export.xml", content)
    assert _faults(caught.value) == {("export.xml", code, 1)}


# --- a spreadsheet with a column a ward ------------------------------------------------------------------

NAMES = ["Date", "Heure"]
NAMES += ["Médecine A", "Lits Médecine A", "Médecine B", "Lits Médecine B", "Médecine", "Lits Médecine"]
NAMES += ["Chirurgie", "Lits Chirurgie", "Maternité"]


def _daily(days: int = 10, merged_on: int = 5) -> list[list[Any]]:
    """A line a day from 28 March 2024, over the change of the clock; two wards are merged into one."""
    rows: list[list[Any]] = [NAMES]
    for n in range(days):
        two = [10 + n, 16, 5, 8, None, None] if n < merged_on else [None, None, None, None, 20 + n, 24]
        rows.append([datetime(2024, 3, 28) + timedelta(days=n), time(8), *two, 18, 22, 9])
    return rows


def test_a_spreadsheet_with_a_column_a_ward_becomes_a_daily_census(tmp_path: Path) -> None:
    """At eight on the local clock; the merged ward's history is the sum of the two that it was made of."""
    found = _read(write_xlsx(tmp_path / "lits.xlsx", _daily()), "daily-census")
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
    as_typed = _read(write_xlsx(tmp_path / "lits.xlsx", rows), "daily-census").tables["census"]
    lines = [";".join(NAMES)]
    for day, hour, *cells in rows[1:]:
        texts = ["" if c is None else str(c) for c in cells]
        lines.append(";".join([f"{day:%d/%m/%Y}", f"{hour:%H:%M}", *texts]))
    text = tmp_path / "lits.csv"
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    pd.testing.assert_frame_equal(_read(text, "daily-census").tables["census"], as_typed)


def test_what_is_wrong_in_a_wide_file_is_named_by_its_line_and_ward(tmp_path: Path) -> None:
    """Blank lines count; a line that is wrong for all wards is told once; an empty ward is no row."""
    rows = _daily()
    rows[3][8] = -1
    rows[4][8] = None
    rows[4][9] = None
    rows[6][0] = "SECRET"
    rows.insert(2, [None] * len(NAMES))
    rows[9][10] = "SECRET"
    path = write_xlsx(tmp_path / "lits.xlsx", rows)
    with pytest.raises(MappingError) as caught:
        _read(path, "daily-census")
    assert _faults(caught.value) == {("census[8].Maternité", "not_a_number", 1)}
    rows[9][10] = 9
    with pytest.raises(ContractError) as refused:
        _read(write_xlsx(path, rows), "daily-census")
    assert _faults(refused.value) == {
        ("census[6].at", "not_a_time", 1),
        ("census[3].Chirurgie.occupied", "out_of_range", 1),
    }
    rows[4][8], rows[7][0] = 18, datetime(2024, 4, 2)
    census = _read(write_xlsx(path, rows), "daily-census").tables["census"]
    assert census["unit"].value_counts().to_dict() == {"Médecine": 10, "Maternité": 10, "Chirurgie": 9}


def test_a_unit_half_described_is_a_fault(tmp_path: Path) -> None:
    """Beds without patients: an empty cell is unknown, never 0."""
    rows = _daily()
    rows[4][8] = None
    with pytest.raises(ContractError) as caught:
        _read(write_xlsx(tmp_path / "lits.xlsx", rows), "daily-census")
    assert _faults(caught.value) == {("census[3].Chirurgie.occupied", "missing", 1)}


def test_staffing_may_have_a_column_a_unit_too(tmp_path: Path) -> None:
    """Nurses of each ward, a line a day."""
    (tmp_path / "census.csv").write_text("unit,at,occupied\nA,2024-01-01,1\nA,2024-01-02,2\n")
    (tmp_path / "staffing.csv").write_text("jour,A,B\n2024-01-01,3,4\n2024-01-02,,5\n")
    text = '[tables.staffing.columns]\nat = "jour"\nrole = { constant = "nurse" }\n'
    text += '[tables.staffing.units]\nA = { count = "A" }\nB = { count = "B" }\n'
    staffing = _mapped(tmp_path, text).tables["staffing"]
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
        _read(write_xlsx(tmp_path / "lits.xlsx", rows), "daily-census")
    assert _faults(caught.value) == {("census", "no_rows", 10)}


# --- spreadsheets as such --------------------------------------------------------------------------------


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
    return _faults(caught.value)


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


# --- monthly totals --------------------------------------------------------------------------------------


def test_monthly_totals_are_refused_because_no_day_can_be_recovered(tmp_path: Path) -> None:
    """Through the shipped mapping, and already where a time format has no day."""
    lines = [f"{ward};01/{month:02}/2024;{300 + month}" for month in range(1, 13) for ward in ("A", "B")]
    path = tmp_path / "totaux.csv"
    path.write_text("Service;Premier jour du mois;Journées\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(HistoryError, match="no day can be recovered"):
        _read(path, "monthly-totals")
    mapping = (MAPPINGS / "monthly-totals.toml").read_text(encoding="utf-8").replace("%d/%m", "%m")
    (tmp_path / "month.toml").write_text(mapping, encoding="utf-8")
    with pytest.raises(MappingError, match="no day can be recovered") as caught:
        load_mapping(tmp_path / "month.toml")
    assert [f.code for f in caught.value.faults] == ["no_day"]


def test_a_file_with_its_ending_in_capitals_is_what_it_says(tmp_path: Path) -> None:
    """As programs for Windows write them; `@file` leaves it out too."""
    (tmp_path / "NORD.CSV").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;04/03/2024;08:00\n")
    assert _mapped(tmp_path, STAYS.format('"*.CSV"')).tables["stays"]["unit"].tolist() == ["NORD-A"]
    assert len(parse("RPU.XML", write_rpu(tmp_path / "RPU.XML", [passage()]).read_bytes())) == 1
    with pytest.raises(ContractError, match=r"\.xlsx"):
        parse("lits.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def test_a_wide_census_may_have_a_file_a_year(tmp_path: Path) -> None:
    """Each line is told of by its file, each ward by its name."""
    (tmp_path / "2023.csv").write_text("jour,A,B\n2023-12-30,1,2\n2023-12-31,1,2\n")
    (tmp_path / "2024.csv").write_text("jour,A,B\n2024-01-01,3,4\n2024-01-02,-3,4\n")
    text = '[tables.census]\nfile = "202*.csv"\n[tables.census.columns]\nat = "jour"\n'
    text += '[tables.census.units]\nA = { occupied = "A" }\nB = { occupied = "B" }\n'
    with pytest.raises(ContractError) as caught:
        _mapped(tmp_path, text)
    assert _faults(caught.value) == {("census/2024.csv[1].A.occupied", "out_of_range", 1)}
    (tmp_path / "2024.csv").write_text("jour,A,B\n2024-01-01,3,4\n2024-01-02,3,4\n")
    census = _mapped(tmp_path, text).tables["census"]
    assert census.groupby("unit")["occupied"].sum().to_dict() == {"A": 8, "B": 12}


# --- several files and sites -----------------------------------------------------------------------------

STAYS = """
[tables.stays]
file = {}
[tables.stays.columns]
stay_id = {{ join = ["@file", "SEJOUR"] }}
unit = {{ join = ["@file", "UF"], between = "-" }}
entered_at = {{ join = ["JOUR", "HEURE"], format = "%d/%m/%Y %H:%M" }}
source = {{ constant = "emergency" }}
"""
SITES = '[units."nord-A"]\nsite = "350000001"\n[units."sud-A"]\nsite = "350000002"\nlabel = "Sud A"\n'


def test_several_sites_with_a_file_each_are_one_hospital(tmp_path: Path) -> None:
    """The same ward code and stay number at two sites are two wards and two stays."""
    (tmp_path / "nord.csv").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;04/03/2024;08:00\n2;B;04/03/2024;9:30\n")
    (tmp_path / "sud.csv").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;04/03/2024;10:00\n")
    for files in ('["nord.csv", "sud.csv"]', '"*.csv"'):
        found = _mapped(tmp_path, SITES + STAYS.format(files))
        stays = found.tables["stays"]
        assert stays["unit"].tolist() == ["nord-A", "nord-B", "sud-A"]
        assert stays["stay_id"].tolist() == [pseudonym(KEY, t) for t in ("nord 1", "nord 2", "sud 1")]
        assert [t.hour for t in stays["entered_at"]] == [7, 8, 9]
        units = found.tables["units"].set_index("unit")
        assert units.loc["sud-A", ["label", "site"]].tolist() == ["Sud A", "350000002"]
        assert units["site"].notna().tolist() == [True, True, False]


def test_each_of_several_files_has_its_own_faults(tmp_path: Path) -> None:
    """All at once, by the file's name."""
    (tmp_path / "nord.csv").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;04/03/2024;08:00\n2;;SECRET;08:00\n")
    (tmp_path / "sud.csv").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;SECRET;10:00\n")
    text = STAYS.format('["nord.csv", "sud.csv"]')
    with pytest.raises(ContractError) as caught:
        _mapped(tmp_path, text)
    assert _faults(caught.value) == {
        ("stays/nord.csv[1].entered_at", "not_a_time", 1),
        ("stays/nord.csv[1].unit", "missing", 1),
        ("stays/sud.csv[0].entered_at", "not_a_time", 1),
    }
    (tmp_path / "sud.csv").write_text("SEJOUR;UF\n1;A\n")
    (tmp_path / "est.csv").write_bytes(b"")
    with pytest.raises(MappingError) as refused:
        _mapped(
            tmp_path,
            text.replace('["nord.csv",', '["est.csv", "west_*.csv", "nord.csv",').replace("west_*", "e*t"),
        )
    assert _faults(refused.value) == {
        ("est.csv", "empty_file", 1),
        ("stays/sud.csv.HEURE", "column_not_in_file", 1),
        ("stays/sud.csv.JOUR", "column_not_in_file", 1),
    }
    with pytest.raises(ContractError, match=r"no file of the folder has a name like west_\*\.csv"):
        _mapped(tmp_path, text.replace('"sud.csv"', '"west_*.csv"'))


def test_rows_that_two_exports_share_count_once_and_may_not_differ(tmp_path: Path) -> None:
    """Exports of two months overlap at their border."""
    head, row = "stay_id,unit,entered_at,left_at,source\n", "S1,A,2024-01-31T08:00Z,{},emergency\n"
    columns = "".join(f'{n} = "{n}"\n' for n in head.strip().split(","))
    text = f'[tables.stays]\nfile = "2024-*.csv"\n[tables.stays.columns]\n{columns}'
    (tmp_path / "2024-01.csv").write_text(head + row.format(""))
    (tmp_path / "2024-02.csv").write_text(head + row.replace("S1", "S2").format("") + row.format(""))
    assert _mapped(tmp_path, text).tables["stays"]["stay_id"].nunique() == 2
    (tmp_path / "2024-02.csv").write_text(head + row.format("2024-02-01T08:00Z"))
    with pytest.raises(ContractError) as caught:
        _mapped(tmp_path, text)
    assert _faults(caught.value) == {("stays/2024-02.csv[0].stay_id", "conflicting_revision", 1)}


def test_the_zone_and_repeated_hour_hold_for_joined_times(tmp_path: Path) -> None:
    """02:30 on 27 October 2024 came twice in Paris."""
    (tmp_path / "a.csv").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;27/10/2024;02:30\n")
    at = _mapped(tmp_path, STAYS.format('"a.csv"')).tables["stays"]["entered_at"][0]
    assert str(at) == "2024-10-27 00:30:00+00:00"
    text = (HEAD + STAYS.format('"a.csv"')).replace('"first"', '"refuse"')
    (tmp_path / "mapping.toml").write_text(text)
    with pytest.raises(ContractError, match="Europe/Paris showed this time twice on 2024-10-27"):
        read_hospital(tmp_path, load_mapping(tmp_path / "mapping.toml"), KEY)
