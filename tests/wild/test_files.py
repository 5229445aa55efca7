"""Files that were read wrongly once, in their small form (README.md): read right, or refused with the cause."""

import unicodedata
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hospital.contracts.request_models import validate_rows
from hospital.drafting.mapping_draft import draft_mapping
from hospital.errors import ContractError, MappingError, VigieError
from hospital.ingest.hospital_reader import HospitalTables, read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.times import instant
from serving.messages.body_envelopes import Context
from serving.messages.forecast_questions import bed_question
from tests.support.hospital_files import KEY, read_mapped, write_xlsx

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
CENSUS = '[tables.census]\nfile = "{}"\n[tables.census.columns]\nat = "at"\nunit = "unit"\noccupied = "occ"\n'
START = datetime(2023, 1, 1)


def _mapped(file: Path, text: str) -> HospitalTables:
    return read_mapped(file, HEAD + text)


def _drafted(file: Path) -> HospitalTables:
    return read_mapped(file, draft_mapping(file))


def _faults(caught: pytest.ExceptionInfo[Any]) -> list[tuple[str, str]]:
    error: VigieError = caught.value
    assert isinstance(error, (ContractError, MappingError))
    return [(f.path, f.code) for f in error.faults]


STAYS = (
    '[tables.stays]\n[tables.stays.columns]\nstay_id = "id"\nunit = "unit"\nentered_at = "at"\n'
    'source = { constant = "emergency" }\n'
)


@pytest.mark.parametrize(
    ("notes", "code", "line"),
    [
        ({3: '"urgent', 7: '"revu'}, "text_after_quote", 5),
        ({3: '"urgent', 7: '"'}, "rows_in_quotes", 5),
        ({3: '"urgent', 4: '"'}, "rows_in_quotes", 5),
        ({3: '"urgent'}, "open_quote", 5),
        ({3: '"urgent" ce soir'}, "text_after_quote", 5),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_stray_quotes(tmp_path: Path, notes: dict[int, str], code: str, line: int, end: str) -> None:
    """Whatever stands where the second mark is: never one row less without a word, and never "truncated"."""
    rows = [f"S{n};MED;2024-03-0{1 + n % 9}T10:00;{notes.get(n, 'rien')}" for n in range(12)]
    file = tmp_path / "stays.csv"
    file.write_text(end.join(["id;unit;at;note", *rows, ""]), newline="")
    with pytest.raises(ContractError, match=f"line {line}") as caught:
        _mapped(file, STAYS)
    assert _faults(caught) == [(f"stays.csv:{line}", code)]
    assert "truncated" not in str(caught.value)


def test_a_name_with_a_line_break(tmp_path: Path) -> None:
    """Nobody maps it; or somebody does, in one line or in two."""
    file = tmp_path / "c.csv"
    file.write_text('at;unit;"occ";"re\nmarque"\n2024-03-01;MED;11;4\n2024-03-02;MED;12;5\n')
    assert _mapped(file, CENSUS.format("c.csv")).tables["census"]["occupied"].tolist() == [11, 12]
    for name in ("re marque", "re\\nmarque"):
        more = CENSUS.format("c.csv") + f'waiting = "{name}"\n'
        assert _mapped(file, more).tables["census"]["waiting"].tolist() == [4, 5]


@pytest.mark.parametrize("sign", [";", ",", "\t"])
def test_a_line_that_names_the_separator(tmp_path: Path, sign: str) -> None:
    """As spreadsheet programs write and expect it; and without it the separator is found, or named."""
    file = tmp_path / "c.csv"
    table = "at;unit;occ\n2024-03-01;MED;11\n2024-03-02;MED;12\n".replace(";", sign)
    for text in (f"sep={sign}\n{table}", f'"sep={sign}"\r\n{table}', table):
        file.write_text(text, newline="")
        assert _mapped(file, CENSUS.format("c.csv")).tables["census"]["occupied"].tolist() == [11, 12]
    name = {"\t": "tab"}.get(sign, sign)
    named = CENSUS.format("c.csv").replace('"c.csv"\n', f'"c.csv"\nseparator = "{name}"\n')
    assert len(_mapped(file, named).tables["census"]) == 2


def test_rounded_ids(tmp_path: Path) -> None:
    """Sixty visits are not one: as the spreadsheet's number, and as the text that it saves."""
    columns = STAYS + 'visit_id = "visit"\n'
    rows: list[list[Any]] = [["id", "visit", "unit", "at"]]
    rows += [[f"s{n}", 2.02403010000123e16, "MED", START + timedelta(days=n)] for n in range(5)]
    with pytest.raises(MappingError, match="export the column as text") as caught:
        _mapped(write_xlsx(tmp_path / "s.xlsx", rows), columns)
    assert _faults(caught) == [("stays[0].visit", "rounded_id")]
    for written in ("2,02403E+16", "2.02403010000123e+16", "2E+16"):
        file = tmp_path / "s.csv"
        file.write_text("id;visit;unit;at\n" + "".join(f"s{n};{written};MED;2024-03-01\n" for n in range(5)))
        with pytest.raises(MappingError, match="export the column as text"):
            _mapped(file, columns)
        joined = columns.replace('"visit"', '{ join = ["visit", "id"] }')
        with pytest.raises(MappingError, match="export the column as text"):
            _mapped(file, joined)
    frame = pd.DataFrame({"id": ["a", "b"], "visit": [2.02403e16, None], "unit": "MED", "at": "2024-03-01"})
    frame.to_parquet(tmp_path / "s.parquet")
    with pytest.raises(MappingError, match="export the column as text"):
        _mapped(tmp_path / "s.parquet", columns)
    frame.assign(visit=pd.array([20240301000012345, None], dtype="Int64")).to_parquet(tmp_path / "s.parquet")
    assert _mapped(tmp_path / "s.parquet", columns).tables["stays"]["visit_id"].notna().sum() == 1
    file.write_text("id;visit;unit;at\ns1;20240301000012345;MED-1E3;2024-03-01\n")
    assert _mapped(file, columns).tables["stays"]["unit"].tolist() == ["MED-1E3"]


@pytest.mark.parametrize("written", ["2.02403E+16", "2,0E+16", "########"])
def test_ids_of_a_request_that_are_none(tmp_path: Path, written: str) -> None:
    """What a spreadsheet shows of a number is no id: in a request as in a file."""
    row = {"visit_id": written, "arrived_at": "2024-03-01T10:00Z"}
    with pytest.raises(ContractError) as caught:
        validate_rows("visits", [row], instant(datetime.fromisoformat("2024-03-02T10:00+00:00")))
    assert _faults(caught) == [("visits[0].visit_id", "rounded_id")]
    file = tmp_path / "s.csv"
    file.write_text(f"id;unit;at\n{written};MED;2024-03-01\nb;MED;2024-03-01\n")
    with pytest.raises(MappingError) as caught_too:
        _mapped(file, STAYS)
    assert _faults(caught_too) == [("stays[0].id", "rounded_id")]


@pytest.mark.parametrize("joined", [False, True])
def test_swapped_dates(tmp_path: Path, joined: bool) -> None:
    """Days 1 to 12 are dates with day and month exchanged, the others text."""
    rows: list[list[Any]] = [["Jour", "Heure", "MED", "CHI"]]
    for n in range(59):
        day = START + timedelta(days=n)
        swapped: Any = day.replace(month=day.day, day=day.month) if day.day <= 12 else f"{day:%d/%m/%Y}"
        rows.append([swapped, "08:00", 10, 12])
    file = write_xlsx(tmp_path / "c.xlsx", rows)
    at = (
        '{ join = ["Jour", "Heure"], format = "%d/%m/%Y %H:%M" }'
        if joined
        else '{ column = "Jour", format = "%d/%m/%Y" }'
    )
    text = f"[tables.census]\n[tables.census.columns]\nat = {at}\n"
    text += '[tables.census.units]\n"MED" = { occupied = "MED" }\n'
    with pytest.raises(MappingError, match="day and month exchanged") as caught:
        _mapped(file, text)
    assert _faults(caught) == [("census[12].Jour", "mixed_dates")]
    with pytest.raises(ContractError, match="day and month exchanged"):
        draft_mapping(file)
    if not joined:  # without a format the texts are no times, and the cause is the same
        with pytest.raises(MappingError, match="day and month exchanged") as without:
            _mapped(file, text.replace(at, '"Jour"'))
        assert _faults(without) == [("census[12].Jour", "mixed_dates")]
    rows[5][0], rows[6][0] = "inconnu", "inconnu"
    dates = [rows[0], *[[START + timedelta(days=n), *row[1:]] for n, row in enumerate(rows[1:])]]
    dates[5][0] = "inconnu"
    with pytest.raises((ContractError, MappingError)) as other:
        _mapped(write_xlsx(file, dates), text)
    assert "mixed_dates" not in [code for _, code in _faults(other)]


def _merged(file: Path, rows: list[list[Any]], *areas: str) -> Path:
    from openpyxl import load_workbook

    book = load_workbook(write_xlsx(file, rows))
    for area in areas:
        book.active.merge_cells(area)
    book.save(file)
    return file


def test_merged_numbers_in_the_body(tmp_path: Path) -> None:
    """A merged number is refused, a ward's or day's merged name stands in each of its rows."""
    text = CENSUS.format("c.xlsx") + 'staffed = "lits"\n'
    rows: list[list[Any]] = [["at", "unit", "occ", "lits"]]
    rows += [[START + timedelta(days=n // 2), "MED" if n % 2 else "CHI", 10 + n, 20] for n in range(8)]
    whole = _mapped(write_xlsx(tmp_path / "c.xlsx", rows), text).tables["census"]
    days = _merged(tmp_path / "c.xlsx", rows, "A2:A3", "A4:A5", "A6:A7", "A8:A9")
    pd.testing.assert_frame_equal(_mapped(days, text).tables["census"], whole)
    for area, path in (("D2:D9", "c.xlsx[0]:D"), ("C4:D4", "c.xlsx[2]:C")):
        with pytest.raises(ContractError, match="unmerge") as caught:
            _mapped(_merged(tmp_path / "c.xlsx", rows, area), text)
        assert _faults(caught) == [(path, "merged_cells")]


def test_true_is_no_count(tmp_path: Path) -> None:
    """One patient would be invented; the same in a Parquet file whose column is of truth values alone."""
    rows = [["at", "unit", "occ"], [START, "MED", 4], [START + timedelta(days=1), "MED", True]]
    with pytest.raises(MappingError) as caught:
        _mapped(write_xlsx(tmp_path / "c.xlsx", rows), CENSUS.format("c.xlsx"))
    assert _faults(caught) == [("census[1].occ", "not_a_number")]
    frame = pd.DataFrame({"at": ["2024-01-01", "2024-01-02"], "unit": "MED", "occ": [True, False]})
    frame.to_parquet(tmp_path / "c.parquet")
    with pytest.raises(MappingError) as caught:
        _mapped(tmp_path / "c.parquet", CENSUS.format("c.parquet"))
    assert _faults(caught) == [("census[0].occ", "not_a_number")]


@pytest.mark.parametrize("merged", [False, True])
def test_a_dashboard(tmp_path: Path, merged: bool) -> None:
    """Title lines, two lines of names (repeated or merged), a total, a sheet a month and one for next month."""
    from openpyxl import Workbook

    book, upper = Workbook(), ["Jour", "Médecine", "Médecine", "Chirurgie", "Chirurgie"]
    for month in (1, 2, 3):
        page = book.create_sheet(f"2023-{month:02}")
        page.append(["CH de Vauclair"])
        page.append([None])
        page.append([*upper[:2], None, upper[3], None] if merged else upper)
        page.append([None, "occupés", "ouverts", "occupés", "ouverts"])
        if merged:
            for area in ("A3:A4", "B3:C3", "D3:E3", "A1:E1"):
                page.merge_cells(area)
        if month < 3:
            for day in range(1, 29):
                page.append([f"{day:02}/{month:02}/2023", day, 45, 30, 33])
            page.append(["Total", 406, None, 840, None])
    del book["Sheet"]
    file = tmp_path / "dashboard.xlsx"
    book.save(file)
    draft = draft_mapping(file).splitlines()
    assert {'sheets = "*"', "header_row = [3, 4]", "footer_rows = 1"} <= set(draft)
    census = _drafted(file).tables["census"]
    medicine = census[census["unit"].str.startswith("Médecine")]
    assert medicine["occupied"].tolist() == [*range(1, 29)] * 2
    assert set(medicine["staffed"]) == {45}
    one = '[tables.census]\nsheet = "2023-01"\nheader_row = 3\n[tables.census.columns]\nat = "Jour"\n'
    with pytest.raises(ContractError, match="header_row = "):
        _mapped(file, one + '[tables.census.units]\n"Médecine" = { occupied = "Médecine" }\n')


ACCENTS = "at;unit;occ\n" + "".join(
    f"2024-03-{n:02};{u};{n}\n" for n in range(1, 6) for u in ("Médecine", "Œuvre")
)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-16-be", "cp850", "mac-roman", "latin-1"])
def test_a_table_of_one_letter_encodings(tmp_path: Path, encoding: str) -> None:
    """Never read as something else: refused, with what to do, which a draft does."""
    text = ACCENTS.replace("Œuvre", "Gériatrie") if encoding in ("cp850", "latin-1") else ACCENTS
    file = tmp_path / "census.csv"
    file.write_bytes(text.encode(encoding))
    with pytest.raises(ContractError, match="encoding = ") as caught:
        _mapped(file, CENSUS.format("census.csv"))
    assert _faults(caught) == [("census.csv", "not_utf8")]
    units = {"Médecine", "Gériatrie"} if "Œ" not in text else {"Médecine", "Œuvre"}
    draft = draft_mapping(file).replace('# occupied = "COLUMN"', 'occupied = "occ"')
    file.with_suffix(".toml").write_text(draft, encoding="utf-8")
    found = read_hospital(file, load_mapping(file.with_suffix(".toml")), KEY)
    assert set(found.tables["census"]["unit"]) == units
    whole = HEAD + f'encoding = "{encoding}"\n' + CENSUS.format("census.csv")
    file.with_suffix(".toml").write_text(whole, encoding="utf-8")
    assert (
        set(read_hospital(file, load_mapping(file.with_suffix(".toml")), KEY).tables["census"]["unit"])
        == units
    )


@pytest.mark.parametrize(
    ("encoding", "named", "code"),
    [
        ("utf-8", "cp1252", "wrong_encoding"),
        ("cp1252", "latin-1", "wrong_encoding"),
        ("cp1252", "utf-8", "not_utf8"),
    ],
)
def test_a_wrong_encoding_in_the_mapping_is_refused(
    tmp_path: Path, encoding: str, named: str, code: str
) -> None:
    """The letters would be others, and the ward a second one."""
    file = tmp_path / "census.csv"
    file.write_bytes(ACCENTS.encode(encoding))
    with pytest.raises(ContractError, match="encoding") as caught:
        _mapped(
            file,
            CENSUS.format("census.csv").replace("[tables.census]", f'[tables.census]\nencoding = "{named}"'),
        )
    assert _faults(caught) == [("census.csv", code)]


def test_names_that_look_the_same(tmp_path: Path) -> None:
    """In two Unicode forms, padded, with a no-break space: one ward in every kind of file and in requests."""
    names = [
        "Médecine A",
        " Médecine A ",
        unicodedata.normalize("NFD", "Médecine A"),
        "Médecine\u00a0A",
        "\ufeffMédecine A",
    ]
    rows: list[list[Any]] = [
        ["at", "unit", "occ"],
        *([f"2024-03-0{n + 1}", u, n] for n, u in enumerate(names)),
    ]
    rows += [[" ", "\u00a0", ""]]
    frame = pd.DataFrame(rows[1:-1], columns=rows[0])
    frame.to_parquet(tmp_path / "c.parquet")
    (tmp_path / "c.csv").write_text("\n".join(";".join(map(str, row)) for row in rows), encoding="utf-8")
    write_xlsx(tmp_path / "c.xlsx", rows)
    for kind in ("csv", "parquet", "xlsx"):
        census = _mapped(tmp_path / f"c.{kind}", CENSUS.format(f"c.{kind}")).tables["census"]
        assert census["unit"].tolist() == ["Médecine A"] * len(names), kind
    sent = [{"unit": u, "at": f"2024-03-0{n + 1}T00:00Z", "occupied": 1} for n, u in enumerate(names)]
    found = validate_rows("census", sent, datetime.fromisoformat("2024-04-01T00:00Z"))
    assert {row["unit"] for row in found} == {"Médecine A"}
    context = Context(now=instant(datetime.fromisoformat("2024-04-01T00:00Z")), language="fr", key=KEY)
    for name in names:
        body = {"units": [name], "horizons_hours": [24]}
        assert bed_question(body, context).units == ("Médecine A",)
