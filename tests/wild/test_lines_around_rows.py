"""Lines of a file that are no rows, and times that are written as something else (README.md)."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hospital.contracts.request_models import validate_rows
from hospital.drafting.mapping_draft import draft_mapping
from hospital.errors import ContractError, MappingError
from hospital.ingest.hospital_reader import HospitalTables
from hospital.mapping.mapping_file import load_mapping
from hospital.times import TimeError, parse_time
from tests.support.hospital_files import read_mapped, write_xlsx

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
CENSUS = (
    '[tables.census]\nfile = "{}"\n{}[tables.census.columns]\nat = "at"\nunit = "unit"\noccupied = "occ"\n'
)
NAMES = "at;unit;occ"
ROWS = [f"{date(2024, 1, 1) + timedelta(days=n)};{u};{10 + n % 5}" for n in range(60) for u in ("MED", "CHI")]


def _read(folder: Path, *lines: str, more: str = "") -> HospitalTables:
    (folder / "c.csv").write_text("\n".join((NAMES, *lines)) + "\n", encoding="utf-8")
    return read_mapped(folder / "c.csv", HEAD + CENSUS.format("c.csv", more))


def _faults(folder: Path, *lines: str) -> list[tuple[str, str, int]]:
    with pytest.raises((ContractError, MappingError)) as caught:
        _read(folder, *lines)
    return [(fault.path, fault.code, fault.rows) for fault in caught.value.faults]


def test_exports_put_one_after_the_other(tmp_path: Path) -> None:
    """The names come again, with a byte-order mark or without: no rows are lost, and none is left out."""
    lines = [*ROWS[:40], NAMES, *ROWS[40:80], "\ufeff" + NAMES, *ROWS[80:]]
    found = _read(tmp_path, *lines)
    assert len(found.tables["census"]) == 120
    assert not [f for f in found.findings if f.code == "row_left_out"]
    rows = [line.split(";") for line in (NAMES, *lines)]
    book = write_xlsx(tmp_path / "c.xlsx", rows)
    assert len(read_mapped(book, HEAD + CENSUS.format("c.xlsx", "")).tables["census"]) == 120


def test_exports_with_their_columns_in_another_order(tmp_path: Path) -> None:
    """Below the second line of names each cell would be another column's."""
    later = [";".join((row.split(";")[1], row.split(";")[0], row.split(";")[2])) for row in ROWS[60:]]
    assert _faults(tmp_path, *ROWS[:60], "unit;at;occ", *later) == [("c.csv[60]", "other_names", 1)]


@pytest.mark.parametrize(
    "line", ["TOTAL GENERAL;;1440", "Moyenne;;12", "S/Total;;7", "Ensemble des services;;3"]
)
def test_a_line_of_totals_at_the_end(tmp_path: Path, line: str) -> None:
    """It is left out, and named for what it is, in one line."""
    found = _read(tmp_path, *ROWS, line)
    assert len(found.tables["census"]) == 120
    (left_out,) = [f for f in found.findings if f.code == "row_left_out"]
    assert "total" in left_out.words("fr")
    assert "footer_rows" in left_out.words("fr")
    assert len(_read(tmp_path, *ROWS, line, more="footer_rows = 1\n").findings) == len(found.findings) - 1
    few = ROWS[:20]
    assert _faults(tmp_path, *few, line) == [("census[20].at", "total_line", 1)]


@pytest.mark.parametrize("lines", [("(120 rows affected)",), ("", "Fin du rapport", "Page 1")])
def test_words_of_a_program_below_the_table(tmp_path: Path, lines: tuple[str, ...]) -> None:
    """Refused, since a file that was cut off looks the same; a draft finds how many lines there are."""
    path, code, rows = _faults(tmp_path, *ROWS, *lines)[0]
    assert (path, code) == ("c.csv[120]", "ragged_row")
    assert f"footer_rows = {rows}" in draft_mapping(tmp_path / "c.csv").splitlines()
    assert len(_read(tmp_path, *ROWS, *lines, more=f"footer_rows = {rows}\n").tables["census"]) == 120


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (lambda day: str(45292 + day), "day_number"),
        (lambda day: f"{45292 + day}.35416667", "day_number"),
        (lambda day: str(1704067200 + 86400 * day), "epoch_number"),
        (lambda day: str(1704067200000 + 86400000 * day), "epoch_number"),
    ],
)
def test_times_that_are_numbers(tmp_path: Path, written: object, code: str) -> None:
    """A spreadsheet's day, or seconds since 1970: the message says which."""
    rows = [f"{written(n)};MED;{n}" for n in range(20)]  # type: ignore[operator]
    assert _faults(tmp_path, *rows) == [("census[0].at", code, 20)]
    cells = [["at", "unit", "occ"], *([45292.0 + n, "MED", n] for n in range(4))]
    with pytest.raises(ContractError) as caught:
        read_mapped(write_xlsx(tmp_path / "c.xlsx", cells), HEAD + CENSUS.format("c.xlsx", ""))
    assert [fault.code for fault in caught.value.faults] == ["day_number"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (45292, "day_number"),
        (1704067200, "epoch_number"),
        ("1704067200000", "epoch_number"),
        (1.5, "not_a_time"),
    ],
)
def test_times_of_a_request_that_are_numbers(sent: object, code: str) -> None:
    """In the words of a file's."""
    with pytest.raises(ContractError) as caught:
        validate_rows("visits", [{"visit_id": "v", "arrived_at": sent}], datetime(2024, 3, 2, tzinfo=UTC))
    assert [(fault.path, fault.code) for fault in caught.value.faults] == [("visits[0].arrived_at", code)]


@pytest.mark.parametrize(
    ("form", "text", "at"),
    [
        (None, "2024-02-29T24:00", "2024-03-01T00:00"),
        (None, "2024-02-29 24:00:00", "2024-03-01T00:00"),
        ("%d/%m/%Y %H:%M", "31/12/2023 24:00", "2024-01-01T00:00"),
        ("%d/%m/%Y %Hh%M", "24/12/2024 24h00", "2024-12-25T00:00"),
        ("%d%m%Y%H%M", "241220242400", "2024-12-25T00:00"),
    ],
)
def test_the_midnight_that_ends_a_day(form: str | None, text: str, at: str) -> None:
    """24:00 is the next day's midnight (ISO 8601), in summer as in winter."""
    zone = ZoneInfo("Europe/Paris")
    assert parse_time(text, zone, form=form) == datetime.fromisoformat(at).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (None, "2024-02-29T24:01"),
        ("%d/%m/%Y %H:%M", "01/01/2024 24:30"),
        ("%H:%M %d/%m/%Y", "25:00 01/01/2024"),
    ],
)
def test_hours_that_no_day_has(form: str | None, text: str) -> None:
    """Nothing after 24:00."""
    with pytest.raises(TimeError, match="not_a_time"):
        parse_time(text, ZoneInfo("Europe/Paris"), form=form)


def test_a_census_that_counts_its_hours_from_one_to_twenty_four(tmp_path: Path) -> None:
    """Each of its days has all of its hours."""
    start = datetime(2024, 1, 1)
    hours = [start + timedelta(hours=n) for n in range(1, 24 * 20 + 1)]
    ends = [
        f"{h - timedelta(hours=1):%Y-%m-%d}T24:00" if h.hour == 0 else f"{h:%Y-%m-%dT%H:00}" for h in hours
    ]
    census = _read(tmp_path, *(f"{at};MED;{n % 9}" for n, at in enumerate(ends))).tables["census"]
    assert (census["at"].diff().dropna() == timedelta(hours=1)).all()
    assert len(census) == len(hours)


def test_a_year_of_birth_of_two_digits(tmp_path: Path) -> None:
    """A person of a hundred and four would be four."""
    file = tmp_path / "m.toml"
    visits = '[tables.visits]\n[tables.visits.columns]\nvisit_id = "id"\narrived_at = "at"\n'
    for form, codes in (("%d/%m/%y", ["two_digit_birth"]), ("%d/%m/%Y", [])):
        file.write_text(HEAD + visits + f'age_years = {{ years_since = "born", format = "{form}" }}\n')
        if not codes:
            assert load_mapping(file).tables
            continue
        with pytest.raises(MappingError) as caught:
            load_mapping(file)
        assert [fault.code for fault in caught.value.faults] == codes
