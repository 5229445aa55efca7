"""Which rows a mapping reads, and values that depend on another column."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hospital.contracts.fault_words import said
from hospital.errors import ContractError, MappingError
from hospital.ingest.hospital_reader import HospitalTables
from hospital.mapping.mapping_file import load_mapping
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
CENSUS = '[tables.census]\nfile = "c*.csv"\n{where}\n'
CENSUS += '[tables.census.columns]\nat = "jour"\nunit = "dep"\noccupied = "n"\n'


def _read(folder: Path, text: str) -> HospitalTables:
    return read_mapped(folder, HEAD + text)


def _table(
    folder: Path, name: str = "c.csv", days: int = 12, sexes: tuple[str, ...] = ("0", "1", "2")
) -> None:
    rows = [
        f"2024-01-{d:02d};{dep};{s};{src};{10 * int(float(s)) + k}"
        for d in range(1, days + 1)
        for k, dep in enumerate(("35", "22", "Total régional"))
        for s in sexes
        for src in ("A", "")
    ]
    (folder / name).write_text("\n".join(["jour;dep;sexe;source;n", *rows]) + "\n", encoding="utf-8")


WHERE = 'where = { sexe = "0", source = "A", dep = { not = ["Total régional"] } }'


def test_one_row_of_several_is_read(tmp_path: Path) -> None:
    """A row for each sex and one for both, a row a source, a total among the places."""
    _table(tmp_path)
    census = _read(tmp_path, CENSUS.format(where=WHERE)).tables["census"]
    assert len(census) == 24
    assert sorted(set(census["unit"])) == ["22", "35"]
    assert set(census["occupied"]) == {0.0, 1.0}
    with pytest.raises(ContractError, match="keep one row for each unit, at"):
        _read(tmp_path, CENSUS.format(where=""))


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("where = { sexe = 0, source = 'A' }", 36),
        ("where = { sexe = ['0'], source = { not = '' } }", 36),
        ("where = { sexe = '0', source = '' }", 36),
        ("where = { sexe = '0.0', source = { not = ['A'] } }", 36),
        ("where = { sexe = { not = [1, 2] }, source = 'A', dep = ['35'] }", 12),
    ],
)
def test_codes_are_compared_as_codes(tmp_path: Path, where: str, rows: int) -> None:
    """Numbers, lists, what is not, and empty cells; 0.0 is 0."""
    for sexes in (("0", "1", "2"), ("0.0", "1.0", "2.0")):
        _table(tmp_path, sexes=sexes)
        assert len(_read(tmp_path, CENSUS.format(where=where)).tables["census"]) == rows


def test_a_code_that_no_row_has_is_refused_with_those_that_are_there(tmp_path: Path) -> None:
    """In English and French; one of few rows is counted and not shown."""
    _table(tmp_path)
    with (tmp_path / "c.csv").open("a") as file:
        file.write("2024-02-01;35;SECRET;A;1\n")
    with pytest.raises(MappingError) as caught:
        _read(tmp_path, CENSUS.format(where='where = { sexe = "T", dep = { not = ["TOTAL"] } }'))
    assert [(f.path, f.code) for f in caught.value.faults] == [
        ("tables.census.where.sexe", "no_such_code"),
        ("tables.census.where.dep", "no_such_code"),
    ]
    text = str(caught.value)
    assert '"0", "1", "2", + 1' in text
    assert '"Total régional"' in text
    assert "SECRET" not in text
    assert 'aucune ligne n\'a "T"' in said(caught.value.faults[0], "fr")


def test_conditions_that_no_row_meets_together_are_refused(tmp_path: Path) -> None:
    """Each code is there; no row has both."""
    (tmp_path / "c.csv").write_text("jour;dep;sexe;n\n2024-01-01;35;0;1\n2024-01-02;22;1;1\n")
    with pytest.raises(MappingError, match="no row meets all conditions at once"):
        _read(tmp_path, CENSUS.format(where='where = { dep = "35", sexe = "1" }'))


def test_a_month_without_a_code_is_no_fault(tmp_path: Path) -> None:
    """Of several files one may lack it, or have nothing that is wanted."""
    _table(tmp_path, "c1.csv")
    (tmp_path / "c2.csv").write_text("jour;dep;sexe;source;n\n2024-02-01;35;1;A;4\n")
    assert len(_read(tmp_path, CENSUS.format(where=WHERE)).tables["census"]) == 24


def test_a_column_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    """As for any column of the mapping."""
    _table(tmp_path)
    with pytest.raises(MappingError) as caught:
        _read(tmp_path, CENSUS.format(where='where = { sex = "0" }'))
    assert [(f.path, f.code) for f in caught.value.faults] == [("census.sex", "column_not_in_file")]


@pytest.mark.parametrize(
    "where", ["{ sexe = [] }", "{ sexe = { is = 1 } }", "{ sexe = { not = [] } }", "[1]"]
)
def test_a_condition_that_is_none_is_refused_with_the_mapping(tmp_path: Path, where: str) -> None:
    """Before any file is read."""
    (tmp_path / "m.toml").write_text(HEAD + CENSUS.format(where=f"where = {where}"))
    with pytest.raises(MappingError) as caught:
        load_mapping(tmp_path / "m.toml")
    assert all(f.path.startswith("tables.census.where") for f in caught.value.faults)


STAYS = '[tables.stays]\nfile = "s.csv"\n[tables.stays.columns]\nstay_id = "id"\nunit = "um"\n'
STAYS += 'entered_at = "e"\nsource = {}\n'
CASES = """{ cases = [
    { constant = "emergency", where = { prov = "5" } },
    { column = "mode", codes = { "6" = "transfer", "7" = "transfer" }, where = { mode = ["6", "7"] } },
    { constant = "elective", where = { mode = "8" } },
] }"""


def _stays(folder: Path, *rows: str) -> None:
    (folder / "s.csv").write_text(
        "id,um,e,mode,prov\n" + "".join(f"{i},A,2024-01-0{i + 1},{r}\n" for i, r in enumerate(rows))
    )


def test_the_first_case_that_holds_gives_the_value(tmp_path: Path) -> None:
    """Mode and origin of a stay; codes of a case are judged in its rows alone."""
    _stays(tmp_path, "8,5", "8,", "6,1", "7,5", "8,1")
    sources = _read(tmp_path, STAYS.format(CASES)).tables["stays"]["source"]
    assert sources.tolist() == ["emergency", "elective", "transfer", "emergency", "elective"]


def test_a_row_of_no_case_is_unknown(tmp_path: Path) -> None:
    """And refused where the contract requires a value, at its row."""
    _stays(tmp_path, "8,5", "9,1")
    with pytest.raises(ContractError) as caught:
        _read(tmp_path, STAYS.format(CASES))
    assert [(f.path, f.code) for f in caught.value.faults] == [("stays[1].source", "missing")]


def test_a_time_may_hold_in_some_rows_only(tmp_path: Path) -> None:
    """A column that means first contact for physicians' rows and something else in others."""
    (tmp_path / "v.csv").write_text(
        "id,a,who,c\n1,2024-01-01T01:00,MED,2024-01-01T02:00\n2,2024-01-01T03:00,IOA,junk\n"
    )
    text = '[tables.visits]\nfile = "v.csv"\n[tables.visits.columns]\nvisit_id = "id"\narrived_at = "a"\n'
    visits: Any = _read(tmp_path, text + 'seen_at = { column = "c", where = { who = "MED" } }\n').tables[
        "visits"
    ]
    last = visits.groupby("visit_id").last().sort_values("arrived_at")
    assert [None if pd.isna(t) else t.hour for t in last["seen_at"]] == [1, None]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ('{ column = "n", where = { kind = "1" } }', 21),
        ('{ sum = ["n", "half"], where = { kind = "1" } }', 31),
        ('{ difference = ["n", "half"], where = { kind = 1 } }', 11),
        ('{ column = "n", scale = 2, where = { kind = "1" } }', 42),
    ],
)
def test_what_chooses_the_rows_of_a_case_is_no_part_of_its_number(
    tmp_path: Path, case: str, expected: float
) -> None:
    """The code 1 of the column that says which of two counts holds was taken away from the count."""
    rows = "".join(f"2024-01-{d:02d};35;{1 + d % 2};21;10;30\n" for d in range(1, 11))
    (tmp_path / "c.csv").write_text("jour;dep;kind;n;half;whole\n" + rows)
    source = f'{{ cases = [{case}, {{ column = "whole" }}] }}'
    text = CENSUS.format(where="").replace('occupied = "n"', f"occupied = {source}")
    counts = _read(tmp_path, text).tables["census"]["occupied"].tolist()
    assert counts == [30 if d % 2 else expected for d in range(1, 11)]


def test_cases_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    """A case that hides those after it, codes beside cases, a meaning that the contract does not have."""
    for source, code in (
        ('{ cases = [{ constant = "elective" }, { constant = "transfer" }] }', "case_without_where"),
        (
            '{ cases = [{ constant = "elective", where = { a = 1 } }, { column = "b" }], codes = {} }',
            "cases_alone",
        ),
        ('{ cases = [{ constant = "nothing", where = { a = 1 } }, { column = "b" }] }', "not_a_meaning"),
        (
            '{ column = "a", cases = [{ constant = "elective", where = { a = 1 } }, { column = "b" }] }',
            "not_one_source",
        ),
    ):
        (tmp_path / "m.toml").write_text(HEAD + STAYS.format(source))
        with pytest.raises(MappingError) as caught:
            load_mapping(tmp_path / "m.toml")
        assert code in [f.code for f in caught.value.faults]
