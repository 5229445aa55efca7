"""Values that mean one thing in two writings, or something that Vigie does not read under that name (README.md)."""

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hospital.errors import ContractError, MappingError
from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.build import profile_of
from hospital.profile.facts import Weight
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "Etc/GMT-1"\n'
CENSUS = (
    '[tables.census]\nfile = "c.csv"\n[tables.census.columns]\nat = "at"\nunit = "unit"\noccupied = "occ"\n'
)
STAFFING = (
    '[tables.staffing]\n[tables.staffing.columns]\nat = "at"\nunit = "unit"\nrole = "role"\ncount = "n"\n'
)
VISITS = '[tables.visits]\n[tables.visits.columns]\nvisit_id = "id"\narrived_at = "at"\n'
STAYS = (
    '[tables.stays]\n[tables.stays.columns]\nstay_id = "id"\nunit = "unit"\nentered_at = "at"\nleft_at = "left"\n'
    'source = { constant = "elective" }\n'
)
START = datetime(2024, 1, 1)
DAYS = [START + timedelta(days=n) for n in range(60)]


def _census(folder: Path) -> None:
    rows = [f"{day.date()};{unit};{20 + n % 7}" for n, day in enumerate(DAYS) for unit in ("MED", "CHIR")]
    (folder / "c.csv").write_text("at;unit;occ\n" + "\n".join(rows) + "\n")


def _found(tables: HospitalTables, *codes: str) -> list[tuple[str, str, str, int, bool]]:
    profile = profile_of(tables, source="x", now=int(time.time() * 1e6))
    return [
        (f.code, f.column, f.unit, f.rows, f.weight is Weight.LOOK)
        for f in profile.findings
        if f.code in codes
    ]


def _faults(folder: Path, mapping: str) -> list[tuple[str, str, int]]:
    with pytest.raises((ContractError, MappingError)) as caught:
        read_mapped(folder, HEAD + mapping)
    return [(f.path, f.code, f.rows) for f in caught.value.faults]


@pytest.mark.parametrize(
    ("roles", "found"),
    [
        (("bed", "nurse"), []),
        (("bed", "porter"), [("porter", 60, False)]),
        (("bed", "Infirmières"), [("Infirmières", 60, True)]),
        (("lits", "IDE"), [("IDE", 60, True), ("lits", 60, True)]),
        (("AS", "ASH"), [("AS", 60, True), ("ASH", 60, True)]),
        (("bed", "Bed"), [("Bed", 60, True)]),
    ],
)
def test_roles_that_nothing_reads(
    tmp_path: Path, roles: tuple[str, str], found: list[tuple[str, int, bool]]
) -> None:
    """Beds that are called lits were read, and counted for nothing."""
    _census(tmp_path)
    rows = [f"{day.date()};MED;{role};{28 + n % 3}" for n, day in enumerate(DAYS) for role in roles]
    (tmp_path / "staffing.csv").write_text("at;unit;role;n\n" + "\n".join(rows) + "\n", encoding="utf-8")
    tables = read_mapped(tmp_path, HEAD + CENSUS + STAFFING)
    assert _found(tables, "unknown_role") == [("unknown_role", "role", *one) for one in found]


def test_beds_of_a_unit_that_nothing_counts(tmp_path: Path) -> None:
    """Beds under the unit's long name, and patients who wait for one: for no unit. Doctors are a department's."""
    _census(tmp_path)
    rows = [
        f"{day.date()};{unit};{role};9"
        for day in DAYS
        for unit, role in (("Médecine", "bed"), ("MED", "bed"), ("Urgences", "doctor"))
    ]
    (tmp_path / "staffing.csv").write_text("at;unit;role;n\n" + "\n".join(rows) + "\n", encoding="utf-8")
    visits = [
        f"v{n};{day};{day + timedelta(hours=2)};{('Médecine', 'MED', '')[n % 3]}"
        for n, day in enumerate(DAYS)
    ]
    (tmp_path / "visits.csv").write_text("id;at;asked;to\n" + "\n".join(visits) + "\n", encoding="utf-8")
    to = 'bed_requested_at = "asked"\ndestination_unit = "to"\n'
    tables = read_mapped(tmp_path, HEAD + CENSUS + STAFFING + VISITS + to)
    assert sorted(_found(tables, "unknown_unit")) == [
        ("unknown_unit", "destination_unit", "", 20, True),
        ("unknown_unit", "unit", "", 60, True),
    ]


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        (("M", "F"), 0),
        (("1", "2"), 0),
        (("M", "F", "1", "2"), 100),
        (("M", "F", "m", "f"), 100),
        (("Masculin", "Féminin", "Feminin"), 66),
        (("M", "F", "I"), 0),
    ],
)
def test_groups_of_people_in_two_writings(tmp_path: Path, values: tuple[str, ...], rows: int) -> None:
    """Fairness would be judged for men, and for men of the other program."""
    lines = [f"v{n};{START + timedelta(hours=n)};{values[n % len(values)]}" for n in range(200)]
    (tmp_path / "visits.csv").write_text("id;at;sex\n" + "\n".join(lines) + "\n", encoding="utf-8")
    tables = read_mapped(tmp_path, HEAD + VISITS + '[tables.visits.audit]\nsex = "sex"\n')
    assert _found(tables, "values_alike") == ([("values_alike", "sex", "", rows, True)] if rows else [])


def test_reasons_in_two_writings(tmp_path: Path) -> None:
    """One finding of the column, which shows none of them; a typing error now and then is none."""
    for often, rows in ((4, 50), (40, 0)):
        texts = ["douleur thoracique" if n % often == 0 else "Douleur Thoracique" for n in range(200)]
        lines = [f"v{n};{START + timedelta(hours=n)};{text}" for n, text in enumerate(texts)]
        (tmp_path / "visits.csv").write_text("id;at;why\n" + "\n".join(lines) + "\n")
        tables = read_mapped(tmp_path, HEAD + VISITS + 'reason = "why"\n')
        assert _found(tables, "values_alike") == (
            [("values_alike", "reason", "", rows, True)] if rows else []
        )


def test_a_way_out_that_is_a_unit(tmp_path: Path) -> None:
    """The last movement of each patient is to SORTIE, which nobody leaves: a ward that grows for ever."""
    lines = []
    for n in range(200):
        entered = START + timedelta(hours=7 * n)
        left = entered + timedelta(hours=50)
        lines += [f"a{n};MED;{entered};{left}", f"b{n};SORTIE;{left};"]
    (tmp_path / "stays.csv").write_text("id;unit;at;left\n" + "\n".join(lines) + "\n")
    (found,) = _found(read_mapped(tmp_path, HEAD + STAYS), "unit_never_left")
    assert found[:3] == ("unit_never_left", "left_at", "SORTIE")
    assert found[3] > 150


@pytest.mark.parametrize(
    "never", ["31/12/9999 00:00", "01/01/0001 00:00", "00/00/0000 00:00", "9999-12-31", "01/01/1753"]
)
def test_a_year_of_never(tmp_path: Path, never: str) -> None:
    """Who is still there has left in the year 9999: the message says what it is, and where to list it."""
    lines = [
        f"{n};MED;{START + timedelta(hours=n):%d/%m/%Y %H:%M};"
        + (never if n >= 40 else f"{START + timedelta(hours=n + 30):%d/%m/%Y %H:%M}")
        for n in range(60)
    ]
    (tmp_path / "stays.csv").write_text("id;unit;at;left\n" + "\n".join(lines) + "\n")
    form = '{{ column = "{}", format = "%d/%m/%Y %H:%M"{} }}'
    stays = STAYS.replace('"at"', form.format("at", ""))
    wrong = stays.replace('"left"', form.format("left", ""))
    assert _faults(tmp_path, wrong) == [("stays[40].left_at", "year_of_never", 20)]
    right = stays.replace('"left"', form.format("left", f', missing = ["{never}"]'))
    assert read_mapped(tmp_path, HEAD + right).tables["stays"]["left_at"].isna().sum() >= 20


@pytest.mark.parametrize(
    "cell", ["85 %", "12 lits", "(3)", "3-", "<5", "~12", "6 mois", "6M", "120/70", "12*", "'12", "12h"]
)
def test_a_number_with_something_around_it(tmp_path: Path, cell: str) -> None:
    """Called what it is; a typing error is a number that is none."""
    for text, code in ((cell, "number_and_more"), ("1.2.3", "not_a_number"), ("douze", "not_a_number")):
        rows = [f"{day.date()};MED;{text if n % 9 == 5 else 12}" for n, day in enumerate(DAYS)]
        (tmp_path / "c.csv").write_text("at;unit;occ\n" + "\n".join(rows) + "\n")
        assert _faults(tmp_path, CENSUS) == [("census[5].occ", code, 7)]


def test_two_counts_a_day_without_their_hour(tmp_path: Path) -> None:
    """Morning and evening, or two sites with one code: the message asks which."""
    rows = [f"{day.date()};MED;{20 + n % 7 + half}" for n, day in enumerate(DAYS) for half in (0, 1)]
    (tmp_path / "c.csv").write_text("at;unit;occ\n" + "\n".join(rows) + "\n")
    with pytest.raises(ContractError) as caught:
        read_mapped(tmp_path, HEAD + CENSUS)
    (fault,) = caught.value.faults
    assert (fault.code, fault.rows) == ("conflicting_revision", 60)
    assert "plusieurs comptes par jour" in fault.words("fr")
    assert "@file" in fault.words("en")


@pytest.mark.parametrize("name", ["Jour", "JOUR", "jour.", "joûr"])
def test_names_of_columns_from_some_month_on(tmp_path: Path, name: str) -> None:
    """The next export has another program's capitals: the message says what the column is called now."""
    for month, head in (("01", "jour"), ("02", name)):
        rows = [f"2024-{month}-{n + 1:02};MED;{20 + n % 7}" for n in range(28)]
        (tmp_path / f"m{month}.csv").write_text(
            f"{head};unit;occ\n" + "\n".join(rows) + "\n", encoding="utf-8"
        )
    mapping = CENSUS.replace('"c.csv"', '"m*.csv"').replace('"at"', '"jour"')
    with pytest.raises(MappingError) as caught:
        read_mapped(tmp_path, HEAD + mapping)
    (fault,) = caught.value.faults
    assert (fault.path, fault.code) == ("census/m02.csv.jour", "column_not_in_file")
    assert f'"{name}"' in fault.words("fr")
