"""Values that programs write where nothing is known, and names that a program made (README.md)."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hospital.errors import ContractError, MappingError
from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.build import profile_of
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "Etc/GMT-1"\n'
VISITS = (
    '[tables.visits]\n[tables.visits.columns]\nvisit_id = "id"\narrived_at = "at"\ntriaged_at = "at"\n{}\n'
    '[tables.visits.audit]\nsex = "sex"\n'
)
CENSUS = (
    '[tables.census]\n[tables.census.columns]\nat = "at"\nunit = "unit"\noccupied = "occ"\nstaffed = "beds"\n'
)
START = datetime(2024, 1, 1)


def _visits(folder: Path, column: str, value: Callable[[int], object], sex: str = "F") -> HospitalTables:
    rows = [f"v{n};{START + timedelta(hours=n)};{value(n)};{sex}" for n in range(600)]
    (folder / "visits.csv").write_text("id;at;value;sex\n" + "\n".join(rows) + "\n")
    return read_mapped(folder, HEAD + VISITS.format(column))


def _found(tables: HospitalTables, code: str) -> dict[tuple[str, str], int]:
    profile = profile_of(tables, source="x", now=int(time.time() * 1e6))
    return {(f.column, f.unit): f.rows for f in profile.findings if f.code == code}


@pytest.mark.parametrize(
    ("column", "usual", "nothing"),
    [
        ('heart_rate = "value"', 80, 0),
        ('systolic_mmhg = "value"', 120, 0),
        ('spo2_percent = "value"', 97, 0),
        ('age_years = "value"', 45, 120),
        ('age_years = { years_since = "value" }', "1979-03-02", "1900-01-01"),
    ],
)
def test_a_number_that_stands_for_unknown(
    tmp_path: Path, column: str, usual: object, nothing: object
) -> None:
    """A pulse of 0 or an age of 124 is one of a patient now and then, and of every fifth row a program's."""
    name = column.split(" ")[0]
    often = _visits(tmp_path, column, lambda n: nothing if n % 5 == 0 else usual)
    assert _found(often, "placeholder") == {(name, ""): 120}
    seldom = _visits(tmp_path, column, lambda n: nothing if n % 200 == 0 else usual)
    assert _found(seldom, "placeholder") == {}


@pytest.mark.parametrize(("beds", "rows"), [(9999, 30), (999, 30), (25, 0), (99, 0)])
def test_beds_without_a_limit(tmp_path: Path, beds: int, rows: int) -> None:
    """999 beds where 20 patients lie: a program's word for "as many as you like"."""
    lines = [
        f"{(START + timedelta(days=n)).date()};MED;{20 + n % 7};{beds if n % 2 else 28}" for n in range(60)
    ]
    (tmp_path / "census.csv").write_text("at;unit;occ;beds\n" + "\n".join(lines) + "\n")
    found = _found(read_mapped(tmp_path, HEAD + CENSUS), "placeholder")
    assert found == ({("staffed", "MED"): rows} if rows else {})


@pytest.mark.parametrize("word", ["NULL", "nan", "#N/A", "\\N"])
def test_a_program_s_word_as_a_reason_or_an_attribute(tmp_path: Path, word: str) -> None:
    """NULL would be a reason for the visit that forecasts go by, and a group that fairness is judged for."""
    for reason, sex, place in ((word, "F", "reason"), ("pain", word, "sex")):
        with pytest.raises((ContractError, MappingError)) as caught:
            _visits(tmp_path, 'reason = "value"', lambda _, r=reason: r, sex)  # type: ignore[misc]
        assert [(f.path, f.code) for f in caught.value.faults] == [(f"visits[0].{place}", "null_word")]
    assert len(_visits(tmp_path, 'reason = "value"', lambda _: "-").tables["visits"])


def test_a_word_for_nothing_in_another_case(tmp_path: Path) -> None:
    """NR is missing, and nr would be a reason for the visit."""
    head = HEAD + 'missing = ["NR"]\n'
    for word, code in (("nr", "missing_alike"), ("Nr", "missing_alike"), ("NR", ""), ("nrs", "")):
        rows = [f"v{n};{START + timedelta(hours=n)};{word if n % 2 else 'pain'};F" for n in range(20)]
        (tmp_path / "visits.csv").write_text("id;at;value;sex\n" + "\n".join(rows) + "\n")
        if not code:
            assert len(read_mapped(tmp_path, head + VISITS.format('reason = "value"')).tables["visits"])
            continue
        with pytest.raises(MappingError) as caught:
            read_mapped(tmp_path, head + VISITS.format('reason = "value"'))
        assert [(f.path, f.code, f.rows) for f in caught.value.faults] == [("visits[1].value", code, 10)]


@pytest.mark.parametrize(
    "name", ["01-févr", "févr-24", "1-mars", "2024-02-01", "01/02/2024", "Mar-01", "1-Feb"]
)
def test_a_ward_that_a_spreadsheet_made_a_date(tmp_path: Path, name: str) -> None:
    """The codes 1-2 and MAR1, opened once and saved."""
    assert set(_found(_wards(tmp_path, name), "name_of_date")) == {("unit", name)}


@pytest.mark.parametrize(
    "name", ["1-2", "MAR1", "Mars", "MED-24", "3 Mai", "Mars 12", "2024", "12/24", "UF 01-02"]
)
def test_a_ward_that_is_no_date(tmp_path: Path, name: str) -> None:
    """Codes with numbers, and wards that bear the name of a month."""
    expected = {("unit", name)} if name == "3 Mai" else set()
    assert set(_found(_wards(tmp_path, name), "name_of_date")) == expected


def _wards(folder: Path, name: str) -> HospitalTables:
    days = [(START + timedelta(days=n)).date() for n in range(30)]
    rows = [f"{day};{unit};{9 + n % 4};20" for n, day in enumerate(days) for unit in ("MED", name)]
    (folder / "census.csv").write_text("at;unit;occ;beds\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return read_mapped(folder, HEAD + CENSUS)


@pytest.mark.parametrize(("since", "found"), [("%Y-%m", True), ("%Y", True), ("%Y-%m-%d", False)])
def test_running_totals_in_place_of_counts(tmp_path: Path, since: str, found: bool) -> None:
    """Admissions since the first of the month, or of the year, as dashboards have them."""
    lines, total, before = [], 0, ""
    for n in range(120):
        at = START + timedelta(days=n)
        total = (total if at.strftime(since) == before else 0) + 3 + n * 7 % 5
        before = at.strftime(since)
        lines.append(f"{at.date()};MED;{20 + n % 7};28;{total}")
    (tmp_path / "census.csv").write_text("at;unit;occ;beds;adm\n" + "\n".join(lines) + "\n")
    tables = read_mapped(tmp_path, HEAD + CENSUS + 'admissions = "adm"\n')
    assert _found(tables, "cumulative") == ({("admissions", "MED"): 120} if found else {})
