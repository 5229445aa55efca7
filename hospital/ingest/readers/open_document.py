"""An OpenDocument spreadsheet (.ods) as its sheets and their cells, in the form in which openpyxl gives an .xlsx."""

import io
import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from hospital.ingest.readers.merged_cells import Area

__all__ = ["OdsBook", "OdsSheet", "is_open_document", "open_document"]

_MIMETYPE = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_MOST_CELLS = 20_000_000
"""Of a sheet whose repeated cells are written out; a few bytes of a file could stand for thousands of millions."""
_ERROR = "#VALUE!"


@dataclass
class OdsSheet:
    """One sheet.

    Attributes:
        title: its name.
        sheet_state: "visible" or "hidden".
        rows: values of the cells, None where nothing stands; of formulas without a result their text, where asked for.
        merged: cells that are one.
        hidden: rows, from 0, that a filter or a hand has hidden.
    """

    title: str
    sheet_state: str
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    merged: list[Area] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)

    def iter_rows(self, *, values_only: bool = True) -> Iterator[tuple[Any, ...]]:
        """The rows, from the first on."""
        del values_only  # cells have nothing else here
        return iter(self.rows)

    def reset_dimensions(self) -> None:
        """Nothing is said of the sheet's size that could be wrong."""


@dataclass(frozen=True)
class OdsBook:
    """A file's sheets, in its order."""

    worksheets: Sequence[OdsSheet]


def is_open_document(content: bytes) -> bool:
    """Whether a file is an OpenDocument spreadsheet, whatever its name says."""
    return content.startswith(b"PK\x03\x04") and content[30 : 30 + len(_MIMETYPE)] == _MIMETYPE


def open_document(content: bytes, *, formulas: bool = False) -> OdsBook:
    """Reads a file.

    Args:
        formulas: whether a cell with a formula and without its result has the formula as its value.

    Raises:
        ValueError: it is not whole, is protected, declares entities of its own, or would take too much memory.
    """
    # Loaded by who reads such a file alone: the service never does.
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            written = archive.read("content.xml")
        return OdsBook(
            _sheets(iterparse(io.BytesIO(written), events=("start", "end"), forbid_dtd=True), formulas)
        )
    except (DefusedXmlException, ParseError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError("no whole OpenDocument spreadsheet") from error


def _sheets(events: Iterator[tuple[str, Element]], formulas: bool) -> list[OdsSheet]:
    out, hidden, open_tables, changes = list[OdsSheet](), set[str](), 0, False
    for event, element in events:
        tag = _name(element.tag)
        if tag == "tracked-changes":
            changes = event == "start"
        elif tag == "table" and event == "start":
            if not open_tables:
                state = "hidden" if _get(element, "style-name") in hidden else "visible"
                out.append(OdsSheet(_get(element, "name"), state))
            open_tables += 1
        elif tag == "table":
            open_tables -= 1
            element.clear()
        elif event == "end" and tag == "style" and _is_hidden(element):
            hidden.add(_get(element, "name"))
        elif event == "end" and tag == "table-row" and open_tables == 1 and not changes:
            _add_row(out[-1], element, formulas)
            element.clear()
    return out


def _is_hidden(style: Element) -> bool:
    return any(_name(part.tag) == "table-properties" and _get(part, "display") == "false" for part in style)


def _add_row(sheet: OdsSheet, row: Element, formulas: bool) -> None:
    cells: list[Any] = []
    for cell in row:
        kind = _name(cell.tag)
        if kind not in ("table-cell", "covered-table-cell"):
            continue
        value = None if kind == "covered-table-cell" else _value(cell, formulas)
        columns, rows = (int(_get(cell, f"number-{side}-spanned", "1")) for side in ("columns", "rows"))
        if columns > 1 or rows > 1:
            top, left = len(sheet.rows), len(cells)
            sheet.merged.append(Area(top, left, top + rows - 1, left + columns - 1))
        times = int(_get(cell, "number-columns-repeated", "1"))
        if (
            value is not None or len(cells) + times < 16_384
        ):  # the rest of a row, up to the sheet's edge, is empty
            cells += [value] * times
    while cells and cells[-1] is None:
        cells.pop()
    times = int(_get(row, "number-rows-repeated", "1"))
    if not cells and times > 1_000:  # the rest of the sheet
        return
    if (len(sheet.rows) + times) * max(len(cells), 1) > _MOST_CELLS:
        raise ValueError("too many cells")
    if _get(row, "visibility") in ("collapse", "filter"):
        sheet.hidden.update(range(len(sheet.rows), len(sheet.rows) + times))
    sheet.rows += [tuple(cells)] * times


def _value(cell: Element, formulas: bool) -> Any:
    """What a cell holds: text, float, datetime, time, length or truth value; None for nothing."""
    kind = _get(cell, "value-type")
    if any(_name(key) == "value-type" and value == "error" for key, value in cell.attrib.items()):
        return _ERROR
    if kind in ("float", "percentage", "currency"):
        number = float(_get(cell, "value"))
        return number if math.isfinite(number) else _ERROR
    if kind == "date":
        return datetime.fromisoformat(_get(cell, "date-value"))
    if kind == "time":
        return _length(_get(cell, "time-value"))
    if kind == "boolean":
        return _get(cell, "boolean-value") == "true"
    if kind == "string":
        return _get(cell, "string-value") or "\n".join(_text(part) for part in cell if _name(part.tag) == "p")
    return (_get(cell, "formula") or None) if formulas else None


def _length(written: str) -> time | timedelta:
    """PT08H10M00S: an hour of the day, or a length of a day and more."""
    hours, _, rest = written.removeprefix("PT").partition("H")
    minutes, _, seconds = rest.partition("M")
    length = timedelta(
        hours=int(hours), minutes=int(minutes or 0), seconds=round(float(seconds.rstrip("S") or 0), 3)
    )
    return (datetime.min + length).time() if timedelta(0) <= length < timedelta(days=1) else length


def _text(part: Element) -> str:
    """A paragraph without its comments; several blanks, tabs and line ends are elements of their own."""
    out = part.text or ""
    for child in part:
        name = _name(child.tag)
        if name == "s":
            out += " " * int(_get(child, "c", "1"))
        elif name in ("tab", "line-break"):
            out += " "
        elif name != "annotation":
            out += _text(child)
        out += child.tail or ""
    return out


def _get(element: Element, name: str, otherwise: str = "") -> str:
    """An attribute, whatever its namespace; of two the one that comes first."""
    return next((value for key, value in element.attrib.items() if _name(key) == name), otherwise)


def _name(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]
