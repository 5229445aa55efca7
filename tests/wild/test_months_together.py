"""Exports of several months of which one was changed by a program, and names that a program wrote anew (README.md)."""

import calendar
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hospital.ingest.hospital_reader import HospitalTables
from hospital.profile.build import profile_of
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "Etc/GMT-1"\n'
FORM = "%d/%m/%Y %H:%M"
VISITS = (
    '[tables.visits]\nfile = "v*.csv"\n[tables.visits.columns]\nvisit_id = "id"\n'
    f'arrived_at = {{ column = "at", format = "{FORM}" }}\nleft_at = {{ column = "out", format = "{FORM}" }}\n'
)
CENSUS = '[tables.census]\n[tables.census.columns]\nat = "at"\nunit = "unit"\noccupied = "occ"\n'


def _swapped(at: datetime) -> datetime:
    return at.replace(month=at.day, day=at.month) if at.day <= 12 else at


def _month(month: int, changed: bool) -> list[str]:
    start, rows = datetime(2023, month, 1), []
    for n in range(calendar.monthrange(2023, month)[1] * 12):
        at = start + timedelta(hours=2 * n, minutes=31 + n % 29)
        times = [at, at + timedelta(minutes=90)]
        rows.append(
            ";".join([f"v{month}-{n}", *((_swapped(t) if changed else t).strftime(FORM) for t in times)])
        )
    return rows


def _found(tables: HospitalTables, *codes: str) -> dict[str, tuple[str, ...]]:
    profile = profile_of(tables, source="x", now=int(time.time() * 1e6))
    return {f.unit: f.names for f in profile.findings if f.code in codes}


@pytest.mark.parametrize("changed", [{3}, {5, 9}, {1, 2, 12}, set()])
@pytest.mark.parametrize("ordered", [False, True])
def test_a_month_among_others_that_was_opened_in_a_spreadsheet(
    tmp_path: Path, changed: set[int], ordered: bool
) -> None:
    """The days of that file alone are out of order, or missing; the other eleven months hide neither."""
    for month in range(1, 13):
        rows = _month(month, month in changed)
        rows.sort(key=lambda row: datetime.strptime(row.split(";")[1], FORM)) if ordered else None
        (tmp_path / f"v{month:02}.csv").write_text("id;at;out\n" + "\n".join(rows) + "\n")
    tables = read_mapped(tmp_path, HEAD + VISITS)
    assert [f.code for f in tables.findings if f.code == "swapped_dates"] == ["swapped_dates"] * bool(changed)
    left_out = [f for f in tables.findings if f.code == "row_left_out"]
    assert len(left_out) == bool(changed), "one line a cause, however many files"
    if left_out:
        assert left_out[0].place.startswith(f"visits/v{min(changed):02}.csv[")


def test_months_in_one_file_of_which_the_first_were_changed(tmp_path: Path) -> None:
    """Two months of twelve that were put in front of the others."""
    for changed in ({1, 2}, set[int]()):
        rows = [row for month in range(1, 13) for row in _month(month, month in changed)]
        (tmp_path / "v.csv").write_text("id;at;out\n" + "\n".join(rows) + "\n")
        found = [f for f in read_mapped(tmp_path, HEAD + VISITS).findings if f.code == "swapped_dates"]
        assert len(found) == bool(changed)


def _units(folder: Path, first: str, second: str) -> HospitalTables:
    """A ward under one name for the first half of a census, and another for the second."""
    file = folder / "census.csv"
    days = [datetime(2024, 1, 1) + timedelta(days=n) for n in range(60)]
    rows = [
        f'{at.date()};"{u}";{9 + n % 4}'
        for n, at in enumerate(days)
        for u in (first if n < 30 else second, "CHI")
    ]
    file.write_text("at;unit;occ\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return read_mapped(folder, HEAD + CENSUS)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("0123", "123"),
        ("UF 0123", "UF123"),
        ("Cœur", "Coeur"),
        ("S.S.R.", "SSR"),
        ("Médecine", "MÃ©decine"),
    ],
)
def test_two_writings_of_one_ward(tmp_path: Path, first: str, second: str) -> None:
    """Zeros that a spreadsheet dropped, ligatures, points, and letters that were read in another encoding."""
    assert len(_found(_units(tmp_path, first, second), "names_alike")) == 1


@pytest.mark.parametrize(
    ("first", "second"), [("1 1", "11"), ("A1", "A10"), ("100", "10"), ("MED 2", "MED 3"), ("MED A", "MEDA")]
)
def test_two_wards_are_two(tmp_path: Path, first: str, second: str) -> None:
    """Numbers that differ are other wards, and so are words."""
    assert _found(_units(tmp_path, first, second), "names_alike") == {}


@pytest.mark.parametrize(
    "name",
    [
        "MÃ©decine",
        "M\ufffddecine",
        "M?decine",
        "Maternit?",
        "M&eacute;decine",
        "M\\u00e9decine",
        "M%C3%A9decine",
        "M=E9decine",
    ],
)
def test_a_name_that_lost_letters(tmp_path: Path, name: str) -> None:
    """People would read it on every page."""
    assert _found(_units(tmp_path, name, name), "damaged_name") == {name: ()}


@pytest.mark.parametrize(
    "name", ["Médecine", "Hébergement ?", "Ângela", "1?", "Naïve", "R&D", "A&E;2", "50%", "A=B"]
)
def test_a_name_that_is_whole(tmp_path: Path, name: str) -> None:
    """An accent, or a question mark that stands alone, is none that was lost."""
    assert _found(_units(tmp_path, name, name), "damaged_name") == {}


@pytest.mark.parametrize("name", ["Moyenne", "TOT", "S/T MED", "Cumul"])
def test_a_ward_that_is_none(tmp_path: Path, name: str) -> None:
    """A line of means or of sums."""
    assert _found(_units(tmp_path, name, name), "unit_named_total") == {name: ()}
