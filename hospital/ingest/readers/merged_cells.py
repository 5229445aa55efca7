"""Merged cells of a sheet: a person sees their value in each, and the file holds it in the first alone."""

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from hospital.errors import ContractError, Fault

__all__ = ["Area", "merged_areas", "spread"]

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')


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


def merged_areas(content: bytes, page: Any) -> list[Area]:
    """The merged areas of a sheet (an openpyxl sheet that is read row by row, which leaves them out)."""
    from openpyxl.utils import column_index_from_string

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        written = archive.read(page._worksheet_path.lstrip("/"))
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
            words = (
                "a merged name reaches below the line of names: where names take two lines, give both in the "
                "mapping, as in header_row = [4, 5]"
            )
            raise ContractError((Fault(f"{name}:{get_column_letter(area.left + 1)}", "merged_names", words),))
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
        words = (
            "merged cells below the names hold a number, or lie over several columns: nothing says for which cells it "
            "is meant; unmerge them, and write the value into each cell that it is meant for"
        )
        raise ContractError(
            tuple(
                Fault(
                    f"{name}[{areas[0].top - first}]:{get_column_letter(k + 1)}",
                    "merged_cells",
                    words,
                    len(areas),
                )
                for k, areas in sorted(wrong.items())
            )
        )
    return out
