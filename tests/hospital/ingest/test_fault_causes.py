"""One line a cause with its count, however many files, sheets or units have it."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from hospital.errors import ContractError, MappingError
from hospital.words.language import Language
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
STAYS = (
    '[tables.stays]\nfile = "*.csv"\n[tables.stays.columns]\nstay_id = "id"\nunit = "uf"\nentered_at = "in"\n'
    'source = { constant = "emergency" }\n'
)
CENSUS = HEAD + '[tables.census]\nfile = "c.csv"\n[tables.census.columns]\nat = "at"\n'


def _months(folder: Path, number: int, head: str = "id;uf;in") -> None:
    for n in range(number):
        rows = [f"{n}-1;;2024-01-0{n % 9 + 1}T08:00", f"{n}-2;;2024-01-02T08:00", f"{n}-3;A;yesterday"]
        (folder / f"{n:02}.csv").write_text("\n".join([head, *rows]) + "\n")


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "en",
            [
                "stays/00.csv[0].unit: a value is required (80 cells, 40 places; also stays/01.csv[0].unit,"
                " stays/02.csv[0].unit, stays/03.csv[0].unit, …)",
            ],
        ),
        (
            "fr",
            [
                "stays/00.csv[0].unit\u00a0: une valeur est requise (80 cellules, 40 endroits\u00a0; aussi"
                " stays/01.csv[0].unit, stays/02.csv[0].unit, stays/03.csv[0].unit, …)",
            ],
        ),
    ],
)
def test_a_cause_in_forty_monthly_files_is_one_line(
    tmp_path: Path, language: Language, lines: list[str]
) -> None:
    """With the rows of all, how many places, and the first of them."""
    _months(tmp_path, 40)
    with pytest.raises(ContractError) as caught:
        read_mapped(tmp_path, HEAD + STAYS)
    found = {f.code: f for f in caught.value.faults}
    assert len(caught.value.faults) == len(found) == 2, "units that are missing, times that are none"
    assert caught.value.words(language).splitlines()[-1:] == lines
    assert (found["not_a_time"].rows, len(found["not_a_time"].others)) == (40, 39)
    assert str(caught.value) == caught.value.words("en")


def test_in_three_files_each_is_named(tmp_path: Path) -> None:
    """Whoever mends a few files reads all their rows."""
    _months(tmp_path, 3)
    with pytest.raises(ContractError) as caught:
        read_mapped(tmp_path, HEAD + STAYS)
    assert [f.path for f in caught.value.faults if f.code == "missing"] == [
        f"stays/0{n}.csv[0].unit" for n in range(3)
    ]


def test_columns_that_no_file_has_are_one_line(tmp_path: Path) -> None:
    """Rows are counted once for each file, whichever columns it lacks."""
    _months(tmp_path, 5, head="a;b;c")
    with pytest.raises(MappingError) as caught:
        read_mapped(tmp_path, HEAD + STAYS)
    (one,) = caught.value.faults
    assert (one.code, one.rows, len(one.others)) == ("column_not_in_file", 15, 14)


def test_columns_a_unit_with_the_same_fault_are_one_line(tmp_path: Path) -> None:
    """Of 57 wards whose counts are no numbers."""
    wards = [f"W{n}" for n in range(57)]
    text = "at," + ",".join(wards) + "\n" + "".join(f"2024-01-{d:02}," + "?," * 56 + "?\n" for d in (1, 2))
    (tmp_path / "c.csv").write_text(text)
    units = "".join(f'[tables.census.units.{w}]\noccupied = "{w}"\n' for w in wards)
    with pytest.raises((ContractError, MappingError)) as caught:
        read_mapped(tmp_path, CENSUS + units)
    assert len(caught.value.faults) == 1, str(caught.value)
    assert (caught.value.faults[0].rows, len(caught.value.faults[0].others)) == (114, 56)


def test_a_cause_in_a_sheet_a_month_is_one_line(tmp_path: Path) -> None:
    """Twelve sheets of one workbook."""
    book = Workbook()
    names = [f"M{n:02}" for n in range(12)]
    for name in names:
        sheet = book.create_sheet(name)
        sheet.append(["id", "uf", "in"])
        sheet.append([f"{name}-1", None, "2024-01-02T08:00"])
        sheet.append([f"{name}-2", "A", "2024-01-02T08:00"])
    del book["Sheet"]
    book.save(tmp_path / "s.xlsx")
    text = STAYS.replace('"*.csv"', f'"s.xlsx"\nsheets = {names}'.replace("'", '"'))
    with pytest.raises(ContractError) as caught:
        read_mapped(tmp_path, HEAD + text)
    (one,) = caught.value.faults
    assert (one.code, one.rows, len(one.others)) == ("missing", 12, 11)


def test_two_causes_in_the_same_files_stay_two(tmp_path: Path) -> None:
    """A field of its own, a code of its own."""
    for n in range(5):
        (tmp_path / f"{n}.csv").write_text("id;uf;in\n;A;2024-01-02T08:00\n1;;2024-01-02T08:00\n")
    with pytest.raises(ContractError) as caught:
        read_mapped(tmp_path, HEAD + STAYS)
    assert [(f.path, f.code, f.rows) for f in caught.value.faults] == [
        ("stays/0.csv[0].stay_id", "missing", 5),
        ("stays/0.csv[1].unit", "missing", 5),
    ]
