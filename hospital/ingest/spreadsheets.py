"""A sheet of an .xlsx file to raw cells: what it shows, not its formulas."""

import io
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from hospital.contracts.cell_values import as_text
from hospital.errors import ContractError, Fault

__all__ = ["read_sheet"]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How old .xls files begin, and new ones behind a password."""
_ERRORS = frozenset(["#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"])
_WHAT_BREAKS = (BadZipFile, KeyError, ValueError, TypeError, OSError, EOFError, SyntaxError)

Grid = list[list[Any]]


def read_sheet(
    name: str, content: bytes, sheet: str | None = None, header_row: int | None = None
) -> pd.DataFrame:
    """The cells under a line of names; index: the row below it, from 0, blank rows left out.

    Args:
        sheet: its name; None: the first. header_row: the line of names, from 1; None: the first not empty.

    Raises:
        ContractError: an old or protected file, no such sheet, columns without a name (as merged cells leave
            them), cells that hold an error or a formula that was never calculated.
    """
    grid = _grid(name, content, sheet, formulas=False)
    first = _first(name, grid, header_row)
    names, body = grid[first], grid[first + 1 :]
    _refuse_unnamed(name, names, body)
    titles = [as_text(title) for title in names]
    if len(set(titles)) < len(titles):
        raise _fault(name, "two_columns", "two columns have the same name; keep one")
    words = "a cell holds an error of the spreadsheet; correct its formula"
    wrong = [(r, k) for r, row in enumerate(body) for k, cell in enumerate(row) if _is_error(cell)]
    _refuse(name, titles, wrong, "cell_error", words)
    filled = [row for row, cells in enumerate(body) if any(c is not None for c in cells)]
    if any(cell is None for row in filled for cell in body[row]):
        _refuse_uncalculated(name, titles, body, _grid(name, content, sheet, formulas=True)[first + 1 :])
    columns = {title: _column([body[row][k] for row in filled]) for k, title in enumerate(titles)}
    return pd.DataFrame(columns, index=range(len(filled))).set_axis(np.array(filled, np.int64))


def _grid(name: str, content: bytes, sheet: str | None, *, formulas: bool) -> Grid:
    """Every cell of a sheet, each row as wide as the widest; None where nothing stands."""
    if content.startswith(_OLE):
        words = "the spreadsheet is protected by a password, or an old .xls; save it as .xlsx without one"
        raise _fault(name, "protected_or_old", words)
    # Loaded by who reads a spreadsheet alone: the service never does.
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=not formulas, keep_links=False)
        titles = [found.title for found in book.worksheets]
        if titles and sheet in (None, *titles):
            found = book[titles[0] if sheet is None else sheet]
            # What a program wrote of the sheet's size is often wrong.
            found.reset_dimensions()
            rows = [[_stripped(cell) for cell in row] for row in found.iter_rows(values_only=True)]
            return _squared(rows)
    except _WHAT_BREAKS:
        raise _fault(name, "not_xlsx", "this is no whole .xlsx file; save or copy it again") from None
    words = "the spreadsheet has no sheet of the name that the mapping gives; correct the one or the other"
    raise _fault(name, "no_sheet", words)


def _stripped(cell: object) -> object:
    return (cell.strip() or None) if isinstance(cell, str) else cell


def _squared(rows: Grid) -> Grid:
    width = max((k + 1 for row in rows for k, cell in enumerate(row) if cell is not None), default=0)
    return [[*row[:width], *[None] * (width - len(row))] for row in rows]


def _first(name: str, grid: Grid, header_row: int | None) -> int:
    """The number of the line of names, from 0."""
    filled = [n for n, row in enumerate(grid) if any(cell is not None for cell in row)]
    if not filled:
        raise _fault(name, "no_rows", "the sheet is empty; name another in the mapping, or export it again")
    if header_row is None:
        return filled[0]
    if header_row - 1 not in filled:
        raise _fault(name, "no_header", "the line that the mapping names with header_row is empty")
    return header_row - 1


def _refuse_unnamed(name: str, names: list[Any], body: Grid) -> None:
    unnamed = [k for k, title in enumerate(names) if title is None]
    if unnamed:
        from openpyxl.utils import get_column_letter

        words = (
            "columns have no name (merged cells, or a title above the names?): write one name above each "
            "column, all in one line, and give that line in the mapping as header_row"
        )
        at = f"{name}:{get_column_letter(unnamed[0] + 1)}"
        raise ContractError((Fault(at, "no_name", words, len(body)),))


def _refuse_uncalculated(name: str, titles: list[str], body: Grid, formulas: Grid) -> None:
    """A formula whose result was never stored would read as an empty cell: unknown where something is."""
    wrong = [
        (r, k)
        for r, (row, formula) in enumerate(zip(body, formulas, strict=True))
        for k, cell in enumerate(row)
        if cell is None and k < len(formula) and formula[k] is not None
    ]
    words = "a formula has no stored result; open the file in a spreadsheet program and save it"
    _refuse(name, titles, wrong, "no_result", words)


def _refuse(name: str, titles: list[str], cells: list[tuple[int, int]], code: str, words: str) -> None:
    """Refuses cells (row, column), by their columns."""
    rows: dict[int, list[int]] = {}
    for row, k in cells:
        rows.setdefault(k, []).append(row)
    if rows:
        raise ContractError(
            tuple(Fault(f"{name}[{r[0]}].{titles[k]}", code, words, len(r)) for k, r in sorted(rows.items()))
        )


def _is_error(cell: object) -> bool:
    return isinstance(cell, str) and cell in _ERRORS


def _column(cells: list[Any]) -> pd.Series:
    """Cells of one kind as that kind; mixed ones as they are, each of its own."""
    given = [cell for cell in cells if cell is not None]
    if given and all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in given):
        return pd.Series([np.nan if c is None else c for c in cells])
    return pd.Series(cells, dtype=object)


def _fault(path: str, code: str, message: str) -> ContractError:
    return ContractError((Fault(path, code, message),))
