"""Spreadsheets as LibreOffice saves them: OpenDocument (README.md)."""

import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hospital.drafting.mapping_draft import draft_mapping
from hospital.errors import ContractError, MappingError
from hospital.ingest.raw_files import find_table, parse
from tests.support.hospital_files import read_mapped

HEAD = '[mapping]\nname = "x"\nzone = "Europe/Paris"\n'
CENSUS = (
    '[tables.census]\nfile = "c.ods"\n{}[tables.census.columns]\n'
    'at = {{ join = ["Jour", "Heure"], format = "%d/%m/%Y %H:%M" }}\nunit = "UF"\noccupied = "Présents"\n'
)
NAMES = ("office", "table", "text", "style", "calcext", "dc")
NAMESPACES = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in NAMES)
START = datetime(2024, 1, 1)
HEADER = "".join(f"<table:table-cell office:value-type='string'><text:p>{n}</text:p></table:table-cell>" for n in (
    "Jour", "Heure", "UF", "Pré<text:span>sents</text:span>", "Taux"
))  # fmt: skip


def _cell(kind: str, value: object, text: str = "", more: str = "") -> str:
    attribute = {"float": "value", "percentage": "value"}.get(kind, f"{kind}-value")
    return (
        f'<table:table-cell office:value-type="{kind}" office:{attribute}="{value}" {more}>'
        f"<text:p>{text}</text:p></table:table-cell>"
    )


def _row(n: int, unit: str = "MED", rate: str = "", more: str = "") -> str:
    day = START + timedelta(days=n)
    comment = "<office:annotation><dc:creator>x</dc:creator><text:p>a comment</text:p></office:annotation>"
    name = f"{comment}<text:p>{unit}</text:p>"
    return (
        f"<table:table-row {more}>"
        + _cell("date", f"{day:%Y-%m-%d}", f"{day:%d/%m/%y}")
        + _cell("time", "PT08H00M00S", "08:00")
        + f'<table:table-cell office:value-type="string">{name}</table:table-cell>'
        + _cell("float", 10 + n, f"{10 + n}")
        + (rate or _cell("percentage", 0.5, "50 %"))
        + '<table:table-cell table:number-columns-repeated="16379"/></table:table-row>'
    )


def _sheet(title: str, *rows: str, style: str = "ta1") -> str:
    empty = '<table:table-cell table:number-columns-repeated="16384"/>'
    end = f'<table:table-row table:number-rows-repeated="1048000">{empty}</table:table-row>'
    return f'<table:table table:name="{title}" table:style-name="{style}">{"".join(rows)}{end}</table:table>'


def _write(folder: Path, *sheets: str, before: str = "") -> Path:
    styles = "".join(
        f'<style:style style:name="{name}" style:family="table">'
        f'<style:table-properties table:display="{shown}"/></style:style>'
        for name, shown in (("ta1", "true"), ("ta2", "false"))
    )
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<office:document-content {NAMESPACES}>'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{''.join(sheets)}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(folder / "c.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", text, zipfile.ZIP_DEFLATED)
    return folder / "c.ods"


def _names() -> str:
    return f"<table:table-row>{HEADER}</table:table-row>"


def test_a_sheet_of_open_document(tmp_path: Path) -> None:
    """Dates, hours, texts with comments and spans, numbers and percentages; as .xlsx holds them."""
    file = _write(tmp_path, _sheet("Recensement", _names(), *(_row(n) for n in range(30))))
    frame = parse(file.name, file.read_bytes())
    assert list(frame.columns) == ["Jour", "Heure", "UF", "Présents", "Taux"]
    assert frame["UF"].tolist() == ["MED"] * 30
    assert frame["Taux"].tolist() == [0.5] * 30
    census = read_mapped(file, HEAD + CENSUS.format("")).tables["census"]
    assert census["occupied"].tolist() == [*range(10, 40)]
    assert str(census["at"].iloc[0]) == "2024-01-01 07:00:00+00:00"
    draft = draft_mapping(file)
    assert 'unit = "UF"' in draft
    assert 'occupied = "Présents"' in draft
    # By its content it is one whatever its name says.
    assert len(parse("c.xlsx", file.read_bytes())) == 30


def test_a_table_of_open_document_in_a_folder(tmp_path: Path) -> None:
    """It is found by the table's name, in capitals too."""
    _write(tmp_path, _sheet("a", _names(), _row(0))).rename(tmp_path / "Census.ODS")
    assert find_table(tmp_path, "census") == tmp_path / "Census.ODS"


def test_rows_that_are_hidden_in_open_document(tmp_path: Path) -> None:
    """By a filter or a hand: read, and counted."""
    rows = [_row(0), _row(1, more='table:visibility="filter"'), _row(2, more='table:visibility="collapse"')]
    tables = read_mapped(_write(tmp_path, _sheet("a", _names(), *rows)), HEAD + CENSUS.format(""))
    assert len(tables.tables["census"]) == 3
    assert [f.rows for f in tables.findings if f.code == "hidden_rows"] == [2]


def test_sheets_of_open_document(tmp_path: Path) -> None:
    """Several of one form are refused until they are named; a hidden one is read by its name alone."""
    sheets = [_sheet("janv", _names(), _row(0), _row(1)), _sheet("févr", _names(), _row(2))]
    file = _write(tmp_path, _sheet("old", _names(), _row(50), style="ta2"), *sheets)
    with pytest.raises(ContractError) as caught:
        read_mapped(file, HEAD + CENSUS.format(""))
    assert [f.code for f in caught.value.faults] == ["several_sheets"]
    for wanted, rows in (('sheets = "*"\n', 3), ('sheet = "janv"\n', 2)):
        assert len(read_mapped(file, HEAD + CENSUS.format(wanted)).tables["census"]) == rows


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ('<table:table-cell table:formula="of:=1/0" office:value-type="string" calcext:value-type="error">'
         "<text:p>#DIV/0 !</text:p></table:table-cell>", "cell_error"),
        ('<table:table-cell table:formula="of:=[.A1]"/>', "no_result"),
        (_cell("float", "NaN"), "cell_error"),
        (_cell("float", 7, "7", 'table:number-rows-spanned="2" table:number-columns-spanned="1"'), "merged_cells"),
    ],
)  # fmt: skip
def test_what_a_cell_of_open_document_may_not_hold(tmp_path: Path, cell: str, code: str) -> None:
    """An error, a formula without its result, a number for several rows: in a column that is mapped."""
    covered = "<table:covered-table-cell/>"
    rows = [_row(0, rate=cell), _row(1, rate=covered), _row(2)]
    file = _write(tmp_path, _sheet("a", _names(), *rows))
    assert len(read_mapped(file, HEAD + CENSUS.format("")).tables["census"]) == 3
    with pytest.raises((ContractError, MappingError)) as caught:
        read_mapped(file, HEAD + CENSUS.format("") + 'staffed = "Taux"\n')
    assert [f.code for f in caught.value.faults] == [code]


def test_an_open_document_that_is_none(tmp_path: Path) -> None:
    """Cut off, with entities of its own, or with more cells than any memory holds."""
    whole = _write(tmp_path, _sheet("a", _names(), _row(0))).read_bytes()
    entity = _write(
        tmp_path, _sheet("a", _names(), _row(0)), before='<!DOCTYPE x [<!ENTITY y "z">]>'
    ).read_bytes()
    ones = _cell("float", 1, "1", 'table:number-columns-repeated="40"')
    empty = '<table:table-cell table:number-columns-repeated="16379"/>'
    filled = _row(0, more='table:number-rows-repeated="900000"').replace(empty, ones)
    huge = _write(tmp_path, _sheet("a", _names(), filled)).read_bytes()
    for content in (whole[: len(whole) // 2], entity, huge, b"PK\x03\x04 nothing"):
        with pytest.raises(ContractError) as caught:
            parse("c.ods", content)
        (fault,) = caught.value.faults
        assert (fault.path, fault.code) == ("c.ods", "not_ods")
        assert ".ods" in fault.words("fr")
