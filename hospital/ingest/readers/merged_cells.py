"""What a person sees of a sheet and its cells alone do not say: a merged cell's value in each, rows that are hidden."""

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from hospital.contracts.fault_words import fault
from hospital.errors import ContractError

__all__ = ["Area", "hidden_rows", "merged_areas", "sheet_text", "spread"]

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])[^>]*>")
_NUMBER_OF_ROW = re.compile(rb'\sr="(\d+)"')
_HIDDEN = re.compile(rb'\shidden="(?:1|true)"')

_NUMERAL = re.compile(r"[+-]?\d[\d ]*(?:[.,]\d+)?", re.ASCII)
"""A number that was typed as text."""


@dataclass(frozen=True)
class Area:
    """Cells merged into one.

    Attributes:
        top, left, bottom, right: its first and last row and column, from 0, included.
    """

    top: int
    left: int
    bottom: int
    right: int


def sheet_text(content: bytes, page: Any) -> bytes:
    """A sheet as its file writes it (an openpyxl sheet that is read row by row leaves out what is more than cells)."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(page._worksheet_path.lstrip("/"))


def hidden_rows(written: bytes) -> frozenset[int]:
    """The rows of a sheet, from 0, that a filter or a hand has hidden from who opens the file."""
    out, number = set(), 0
    for row in _ROW.findall(written):
        said = _NUMBER_OF_ROW.search(row)
        number = int(said[1]) if said is not None else number + 1
        if _HIDDEN.search(row):
            out.add(number - 1)
    return frozenset(out)


def merged_areas(written: bytes) -> list[Area]:
    """The merged areas of a sheet."""
    from openpyxl.utils import column_index_from_string

    areas = []
    for left, top, right, bottom in _MERGED.findall(written):
        columns = (column_index_from_string(letters.decode()) - 1 for letters in (left, right))
        areas.append(Area(int(top) - 1, next(columns), int(bottom) - 1, next(columns)))
    return sorted(areas, key=lambda area: (area.left, area.top))


def spread(
    name: str, grid: list[list[Any]], merged: list[Area], first: int, stop: int, counts: set[int]
) -> list[list[Any]]:
    """The grid with each merged text or date in every row that it stands for, in rows `first` to `stop`.

    A number over several rows is one for all of them or one for each, which the file does not say; and nobody
    knows to which of several columns a value belongs.

    Args:
        counts: the columns that count, from 0; merged cells of others are left as they are.

    Raises:
        ContractError: a name merged with cells below the names; merged cells with a number, or over several
            columns.
    """
    from openpyxl.utils import get_column_letter

    out, wrong = list(grid), dict[int, list[Area]]()
    for area in merged:
        rows = range(max(area.top, first), min(area.bottom + 1, stop))
        value = (
            grid[area.top][area.left] if area.top < len(grid) and area.left < len(grid[area.top]) else None
        )
        if not rows or value is None or counts.isdisjoint(range(area.left, area.right + 1)):
            continue
        if area.top < first:
            raise ContractError((fault(f"{name}:{get_column_letter(area.left + 1)}", "merged_names"),))
        if (
            area.left != area.right
            or not isinstance(value, (str, date, time))
            or _NUMERAL.fullmatch(str(value))
        ):
            wrong.setdefault(area.left, []).append(area)
            continue
        for row in (r for r in rows if any(cell is not None for cell in grid[r])):
            out[row] = [*out[row][: area.left], value, *out[row][area.left + 1 :]]
    if wrong:
        raise ContractError(
            tuple(
                fault(
                    f"{name}[{areas[0].top - first}]:{get_column_letter(k + 1)}", "merged_cells", len(areas)
                )
                for k, areas in sorted(wrong.items())
            )
        )
    return out
