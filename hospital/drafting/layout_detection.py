"""How an unknown file is laid out: its encoding, the lines of its names, its sheets; a person confirms it."""

import gzip
import re
import zlib
from dataclasses import replace
from pathlib import Path

import pandas as pd

from hospital.contracts.codes import TOTAL, is_null
from hospital.contracts.text_cleaning import clean_name
from hospital.drafting.toml_lines import quoted, todo
from hospital.errors import ContractError, Fault
from hospital.ingest.raw_files import is_sheets, is_text, parse, read_content
from hospital.ingest.readers.csv_text import utf16_of
from hospital.ingest.readers.spreadsheets import sheet_names
from hospital.mapping.file_layout import PLAIN, FileLayout
from hospital.words.fault_texts import FaultText

__all__ = ["layout_lines", "read_with_layout"]

_MOST_HEADER_ROWS = 12
_SEVERAL_LINES = ("no_name", "two_columns", "ragged_row", "merged_names", "merged_cells", "no_header")
"""Faults that go away where the names stand in another line, or in two."""
_OF_CELLS = ("cell_error", "no_result")
_ENCODINGS = ("cp1252", "cp850", "mac-roman")
"""Of one byte a letter, the most usual first; what Latin-1 writes is the same in the first."""
_LETTERS = re.compile("[éèêëàâäçùûüôöîïœæÉÈÊÀÂÇŒ°’–€]")
_MOST_FOOTERS = 5


def read_with_layout(path: Path) -> tuple[pd.DataFrame, FileLayout, dict[str, Fault]]:
    """The cells of a file, how it is laid out where that must be said, and what is wrong with columns of a spreadsheet.

    Raises:
        ContractError: it cannot be read in any of the ways that are tried; what is wrong with it as it is.
    """
    content = read_content(path)
    layout = PLAIN if not is_text(path.name) else _encoded(_text(content))
    wrong = _faulty_columns(path.name, content, layout)
    if wrong:
        layout = replace(layout, columns=_columns(path.name, content, layout) - wrong.keys())
    frame, layout = _with_names(path.name, content, layout)
    for name in wrong.keys() & set(frame.columns):  # by its other cells it is known what the column is
        frame[name] = [None if isinstance(cell, str) and is_null(cell) else cell for cell in frame[name]]
    if is_sheets(path.name):
        layout = _with_sheets(path.name, content, frame, layout)
    footers = _footers(frame)
    if not footers:
        return frame, layout, wrong
    return frame[: len(frame) - footers], replace(layout, footer_rows=layout.footer_rows + footers), wrong


def _faulty_columns(name: str, content: bytes, layout: FileLayout) -> dict[str, Fault]:
    """Columns of a spreadsheet with errors or formulas without result, by name: a mapping need not read them."""
    wrong: dict[str, Fault] = {}
    while is_sheets(name):
        try:
            columns = _columns(name, content, layout) - wrong.keys() if wrong else None
            parse(name, content, replace(layout, columns=columns))
        except ContractError as error:
            found = {clean_name(fault.path.partition("].")[2]): fault for fault in error.faults}
            if any(f.code not in _OF_CELLS for f in error.faults) or not found.keys() - wrong.keys():
                break
            wrong |= found
        else:
            break
    return wrong


def _columns(name: str, content: bytes, layout: FileLayout) -> frozenset[str]:
    """The names of a file's columns, whatever is wrong with their cells."""
    return frozenset(map(str, parse(name, content, replace(layout, columns=frozenset())).columns))


def layout_lines(layout: FileLayout, path: Path) -> list[str]:
    """The lines of a mapping that say so."""
    lines = []
    if layout.encoding is not None:
        words = "the letters with accents are read so; see whether they are right"
        lines.append(f"encoding = {quoted(layout.encoding)} # TODO {words}")
    if layout.sheets:
        lines += [
            *todo("every sheet has the same names, as it seems, and they are read as one table"),
            f"sheets = {quoted(layout.sheets[0])}",
        ]
    elif is_sheets(path.name):
        lines.append('# The first sheet was read; name another one with sheet = "NAME".')
    if layout.header_rows:
        rows = ", ".join(map(str, layout.header_rows))
        lines += todo("the names of the columns stand here, as it seems, counted from 1")
        lines.append(f"header_row = {rows if len(layout.header_rows) == 1 else f'[{rows}]'}")
    if layout.footer_rows:
        lines += [
            *todo("the lines at the end are totals, as it seems, and are not read"),
            f"footer_rows = {layout.footer_rows}",
        ]
    return lines


def _text(content: bytes) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return b""  # reading it says so


def _encoded(text: bytes) -> FileLayout:
    """The encoding, where it must be said: UTF-16 without a mark, or letters of one byte each."""
    wide = utf16_of(text[: 1 << 20])
    if wide is not None:
        return FileLayout(encoding=wide)
    try:
        text.decode("utf-8-sig")
    except UnicodeDecodeError:
        if text.startswith((b"\xff\xfe", b"\xfe\xff")):
            return PLAIN
        return FileLayout(encoding=max(_ENCODINGS, key=lambda name: _likeness(text, name)))
    return PLAIN


def _likeness(text: bytes, encoding: str) -> float:
    """The share of the signs beyond ASCII that French writes, if the text is read so; -1 where it cannot be."""
    try:
        signs = "".join(c for c in text.decode(encoding) if not c.isascii())
    except UnicodeDecodeError:
        return -1.0
    return len(_LETTERS.findall(signs)) / max(len(signs), 1)


def _with_names(name: str, content: bytes, layout: FileLayout) -> tuple[pd.DataFrame, FileLayout]:
    try:
        return parse(name, content, layout), layout
    except ContractError as error:
        if error.faults[0].code not in _SEVERAL_LINES or name.lower().endswith((".parquet", ".xml")):
            raise
        if error.faults[0].says == FaultText("ragged_row/end"):
            ended = replace(layout, footer_rows=error.faults[0].rows)
            return parse(name, content, ended), ended
        for row in range(1, _MOST_HEADER_ROWS + 1):
            # Two lines only where neither is enough: a title stands above names that are.
            for rows in ((row,), (row + 1,), (row, row + 1)):
                with_header = replace(layout, header_rows=rows)
                try:
                    return parse(name, content, with_header), with_header
                except ContractError:
                    continue
        raise


def _with_sheets(name: str, content: bytes, frame: pd.DataFrame, layout: FileLayout) -> FileLayout:
    """The layout of all sheets, where each has the names of the first."""
    titles = sheet_names(name, content, ("*",))
    if len(titles) < 2:
        return layout
    for title in titles[1:]:
        try:
            other = parse(name, content, layout.of_sheet(title))
        except ContractError as error:
            if error.faults[0].code == "no_rows":
                continue
            return layout
        if list(other.columns) != list(frame.columns):
            return layout
    return replace(layout, sheets=("*",))


def _footers(frame: pd.DataFrame) -> int:
    """How many lines at the end begin with a word for a total."""
    count = 0
    for cell in frame.iloc[:, 0].iloc[::-1][:_MOST_FOOTERS]:
        if not isinstance(cell, str) or TOTAL.fullmatch(cell) is None:
            break
        count += 1
    return count
