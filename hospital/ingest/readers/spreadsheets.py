"""A sheet of an .xlsx or .ods file to cells: what it shows, not its formulas."""

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Collection
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd

from hospital.contracts.cell_values import as_text
from hospital.contracts.fault_words import fault
from hospital.contracts.text_cleaning import clean_name, clean_text
from hospital.errors import ContractError
from hospital.ingest.readers.cell_cleaning import clean
from hospital.ingest.readers.column_names import NamedColumns, joined_names
from hospital.ingest.readers.merged_cells import Area, hidden_rows, merged_areas, sheet_text, spread
from hospital.ingest.readers.open_document import OdsSheet, is_open_document, open_document
from hospital.mapping.file_layout import PLAIN, FileLayout

__all__ = ["HIDDEN_ROWS", "read_sheet", "refuse_other_sheets", "sheet_names"]

HIDDEN_ROWS = "hidden_rows"
"""Under this name a sheet's frame has, in ``attrs``, how many of its rows are hidden."""
_DRIFT = timedelta(milliseconds=50)
"""By which times drift that a sheet adds up hour by hour: it keeps them as parts of a day. No clock shows it."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How old .xls files begin, and new ones behind a password."""
_ERRORS = frozenset(["#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"])
_WHAT_BREAKS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    AttributeError,
    LookupError,
    ValueError,
    TypeError,
    OSError,
    EOFError,
    RuntimeError,  # an encrypted archive, or one of a later format
    SyntaxError,
)

Grid = list[list[Any]]


def read_sheet(name: str, content: bytes, layout: FileLayout = PLAIN) -> pd.DataFrame:
    """The cells under the names of one sheet, cleaned; index: the row below the names, from 0, blank rows left out.

    Rows that a filter or a hand has hidden are read; ``attrs`` has their number under `HIDDEN_ROWS`. A text or date in
    a cell merged over several rows stands in each of them. Every number is a float64, as in the file.

    Raises:
        ContractError: an old or protected file, no such sheet, columns without a name, numbers in merged cells, cells
            that hold an error or a formula that was never calculated.
    """
    grid, merged, hidden = _grid(name, content, layout.sheet, formulas=False)
    header = _header_rows(name, grid, layout.header_rows)
    names = _names(grid, header, merged)
    columns = NamedColumns(name, names, _letters)
    counts = {k for k, title in enumerate(names) if layout.columns is None or title in layout.columns}
    first, stop = header[-1] + 1, len(grid) - layout.footer_rows
    body = spread(name, grid, merged, first, stop, counts)[first:stop]
    wrong = [(r, k) for r, row in enumerate(body) for k in sorted(counts) if _is_error(row[k])]
    titles = ["" if cell is None else as_text(cell) for cell in grid[header[-1]]]
    _refuse(name, titles, wrong, "cell_error")
    filled = [row for row, cells in enumerate(body) if any(c is not None for c in cells)]
    if any(body[row][k] is None for row in filled for k in counts):
        formulas, _, _ = _grid(name, content, layout.sheet, formulas=True)
        _refuse_uncalculated(name, titles, body, formulas[first:stop], counts)
    cells = {k: _column([body[row][k] for row in filled]) for k in range(len(titles))}
    frame = pd.DataFrame(cells, index=range(len(filled))).set_axis(np.array(filled, np.int64))
    out = columns.of(clean(frame, name))
    unseen = hidden & {row + first for row in filled if any(body[row][k] is not None for k in counts)}
    out.attrs[HIDDEN_ROWS] = len(unseen)
    return out


def sheet_names(name: str, content: bytes, wanted: tuple[str, ...]) -> list[str]:
    """The sheets that `wanted` names, in the order of the file; ``*`` stands for any signs, ``all`` for all sheets.

    Raises:
        ContractError: there is none for one of the names, or the file is none.
    """
    _refuse_old(name, content)
    try:
        titles = {found.title: found.sheet_state == "visible" for found in _book(content).worksheets}
    except _WHAT_BREAKS:
        raise _not_xlsx(name) from None
    patterns = ["*" if w == "all" and "all" not in titles else w for w in wanted]
    if any(not any(_is_named(*sheet, pattern) for sheet in titles.items()) for pattern in patterns):
        raise _no_sheet(name)
    return [sheet[0] for sheet in titles.items() if any(_is_named(*sheet, pattern) for pattern in patterns)]


def _is_named(title: str, visible: bool, pattern: str) -> bool:
    """Whether a sheet is meant; a hidden one only by its whole name, since who wrote `*` does not see it."""
    return clean_text(title) == pattern or (visible and fnmatchcase(clean_text(title), pattern))


def refuse_other_sheets(
    name: str, content: bytes, layout: FileLayout, elsewhere: Collection[str] = ()
) -> None:
    """Refuses a file of which several sheets hold the table, where none is named: the others would be left out.

    A sheet holds it where its line of names has all columns that count (without these, those of the first sheet),
    and a row stands below. Hidden sheets are left out, as nobody sees them.

    Args:
        elsewhere: sheets that are another table's.

    Raises:
        ContractError: there are several.
    """
    _refuse_old(name, content)
    try:
        shown = [page for page in _book(content).worksheets if page.sheet_state == "visible"]
        shown = [page for page in shown if clean_text(page.title) not in elsewhere]
        heads = {page.title: _head(page, layout.header_rows) for page in shown if len(shown) > 1}
    except _WHAT_BREAKS:
        raise _not_xlsx(name) from None
    wanted = layout.columns or set(next(iter(heads.values()), []))
    several = [title for title, names in heads.items() if wanted and wanted <= set(names)]
    if len(several) > 1:
        raise ContractError((fault(name, "several_sheets", sheets=tuple(several)),))


def _head(page: Any, header_rows: tuple[int, ...]) -> list[str]:
    """The names of a sheet's columns; none where no row stands below them."""
    page.reset_dimensions()
    rows: Grid = []
    for row in page.iter_rows(values_only=True):
        rows.append([_stripped(cell) for cell in row])
        filled = [n for n, cells in enumerate(rows) if any(cell is not None for cell in cells)]
        header = [number - 1 for number in header_rows] or filled[:1]
        if header and filled and filled[-1] > header[-1]:
            grid = _squared(rows)
            return [title for title in _names(grid, header, []) if title]
    return []


def _grid(
    name: str, content: bytes, sheet: str | None, *, formulas: bool
) -> tuple[Grid, list[Area], frozenset[int]]:
    """Every cell of a sheet, each row as wide as the widest, None where nothing stands; what is merged, and hidden."""
    _refuse_old(name, content)
    try:
        book = _book(content, formulas=formulas)
        pages = [
            page for page in book.worksheets if sheet is None or clean_text(page.title) == clean_text(sheet)
        ]
        # A hidden sheet is none that a person means without naming it.
        pages.sort(key=lambda page: sheet is None and page.sheet_state != "visible")
        if pages:
            # What a program wrote of the sheet's size is often wrong.
            pages[0].reset_dimensions()
            rows = [[_stripped(cell) for cell in row] for row in pages[0].iter_rows(values_only=True)]
            if isinstance(pages[0], OdsSheet):
                return _squared(rows), pages[0].merged, frozenset(pages[0].hidden)
            written = b"" if formulas else sheet_text(content, pages[0])
            return _squared(rows), merged_areas(written), hidden_rows(written)
        if not book.worksheets:
            raise _not_xlsx(name)
    except _WHAT_BREAKS:
        raise _not_xlsx(name) from None
    raise _no_sheet(name)


def _book(content: bytes, *, formulas: bool = False) -> Any:
    """An openpyxl workbook, or an `OdsBook`, which has what is asked of one."""
    if is_open_document(content):
        return open_document(content, formulas=formulas)
    # Loaded by who reads a spreadsheet alone: the service never does.
    from openpyxl import load_workbook

    with warnings.catch_warnings():  # openpyxl's, of what it leaves out: charts, validation, styles
        warnings.simplefilter("ignore", UserWarning)
        return load_workbook(io.BytesIO(content), read_only=True, data_only=not formulas, keep_links=False)


def _refuse_old(name: str, content: bytes) -> None:
    if content.startswith(_OLE):
        raise _fault(name, "protected_or_old")


def _stripped(cell: object) -> object:
    if isinstance(cell, str):
        return clean_text(cell) or None
    if isinstance(cell, datetime):
        second = cell.replace(microsecond=0) + timedelta(seconds=round(cell.microsecond / 1e6))
        return second if abs(cell - second) <= _DRIFT else cell
    # All numbers of a spreadsheet are of one kind, of which 15 digits are sure.
    return float(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell


def _squared(rows: Grid) -> Grid:
    width = max((k + 1 for row in rows for k, cell in enumerate(row) if cell is not None), default=0)
    return [[*row[:width], *[None] * (width - len(row))] for row in rows]


def _header_rows(name: str, grid: Grid, named: tuple[int, ...]) -> list[int]:
    """The numbers of the lines of names, from 0."""
    filled = [n for n, row in enumerate(grid) if any(cell is not None for cell in row)]
    if not filled:
        raise _fault(name, "no_rows/sheet")
    if any(row - 1 not in filled for row in named):
        raise _fault(name, "no_header/empty")
    return [row - 1 for row in named] or filled[:1]


def _letters(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column + 1))


def _names(grid: Grid, header: list[int], merged: list[Area]) -> list[str]:
    """The name of each column, "" where it has none."""
    lines = [[None if cell is None else clean_name(as_text(cell)) for cell in grid[row]] for row in header]
    if len(lines) > 1:
        for area in merged:
            if area.top in header:
                line = lines[header.index(area.top)]
                line[area.left : area.right + 1] = [line[area.left]] * (area.right + 1 - area.left)
    names = joined_names(lines)
    return [*names, *[""] * (len(grid[header[-1]]) - len(names))]


def _refuse_uncalculated(name: str, titles: list[str], body: Grid, formulas: Grid, counts: set[int]) -> None:
    """A formula whose result was never stored would read as an empty cell: unknown where something is."""
    wrong = [
        (r, k)
        for r, (row, formula) in enumerate(zip(body, formulas, strict=False))
        for k in sorted(counts)
        if row[k] is None and k < len(formula) and formula[k] is not None
    ]
    _refuse(name, titles, wrong, "no_result")


def _refuse(name: str, titles: list[str], cells: list[tuple[int, int]], case: str) -> None:
    """Refuses cells (row, column), by their columns."""
    rows: dict[int, list[int]] = {}
    for row, k in cells:
        rows.setdefault(k, []).append(row)
    if rows:
        raise ContractError(
            tuple(fault(f"{name}[{r[0]}].{titles[k]}", case, len(r)) for k, r in sorted(rows.items()))
        )


def _is_error(cell: object) -> bool:
    return isinstance(cell, str) and cell in _ERRORS


def _column(cells: list[Any]) -> pd.Series:
    """Cells of one kind as that kind; mixed ones as they are, each of its own."""
    given = [cell for cell in cells if cell is not None]
    if given and all(isinstance(cell, float) for cell in given):
        return pd.Series([np.nan if c is None else c for c in cells])
    return pd.Series(cells, dtype=object)


def _not_xlsx(name: str) -> ContractError:
    if name.lower().endswith(".ods"):
        return _fault(name, "not_ods")
    return _fault(name, "not_xlsx")


def _no_sheet(name: str) -> ContractError:
    return _fault(name, "no_sheet")


def _fault(path: str, case: str) -> ContractError:
    return ContractError((fault(path, case),))
