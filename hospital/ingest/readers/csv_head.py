"""The beginning of a CSV text: what separates its cells, where the names end and the rows begin."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hospital.contracts.fault_words import fault
from hospital.errors import ContractError
from hospital.mapping.file_layout import FileLayout

__all__ = ["Head", "csv_fault", "head_of", "records", "separator_of"]

_SAMPLE_ROWS = 500
_SAYS_SEPARATOR = re.compile(r'"?sep=(.)"?[;,\t ]*(?:\r\n|\r|\n)', re.IGNORECASE)


@dataclass(frozen=True)
class Head:
    """The beginning of a CSV text.

    Attributes:
        separator: between cells.
        names: each line of names, upper first.
        start: where the rows begin, in bytes of UTF-8.
        line: the line of the file that the names begin in, from 1.
        first: where they begin, in bytes.
        rows: the first rows, for what they look like.
    """

    separator: str
    names: tuple[tuple[str, ...], ...]
    start: int
    first: int
    line: int
    rows: tuple[tuple[str, ...], ...]


def head_of(name: str, text: str, layout: FileLayout) -> Head:
    """The head of a text by its layout, from its first bytes.

    Raises:
        ContractError: it has no such line of names as the layout says.
    """
    says = _SAYS_SEPARATOR.match(text)
    separator = layout.separator or (says.group(1) if says is not None else None)
    lines = [match.end() for match in re.finditer(r"\r\n|\r|\n", text)]
    starts = [0, *lines]
    if layout.header_rows:
        if layout.header_rows[-1] > len(starts):
            raise csv_fault(name, "no_header")
        first = starts[layout.header_rows[0] - 1]
    else:
        first = says.end() if says is not None else 0
    separator = separator or separator_of(text[first:])
    if not layout.header_rows:
        blank = re.compile(rf"(?:[\s{re.escape(separator)}]*(?:\r\n|\r|\n))*")
        match = blank.match(text, first)
        first = match.end() if match is not None else first
    names, start = [], first
    for row in layout.header_rows or (0,):
        start = starts[row - 1] if row else first
        cells, start = next(records(text, separator, start), ((), len(text)))
        if row and not any(cell.strip() for cell in cells):
            raise csv_fault(name, "no_header/empty")
        names.append(cells)
    rows = [
        cells for (cells, _), _ in zip(records(text, separator, start), range(_SAMPLE_ROWS), strict=False)
    ]
    line = starts.index(first) + 1 if first in starts else 1
    return Head(
        separator, tuple(names), len(text[:start].encode()), len(text[:first].encode()), line, tuple(rows)
    )


def records(text: str, separator: str, start: int = 0) -> Iterator[tuple[tuple[str, ...], int]]:
    """The cells of each row that is not blank, and where the next row begins; for the beginning of a text."""
    sign = re.escape(separator)
    cell = re.compile(rf'"((?:[^"]|"")*)" *(?=[\r\n{sign}]|\Z)|([^\r\n{sign}]*)')
    end = re.compile(r"\r\n|\r|\n|\Z")
    at, cells = start, list[str]()
    while at < len(text):
        match = cell.match(text, at)
        if match is None:
            raise RuntimeError("the second form takes any text")
        quoted, plain = match.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if text.startswith(separator, at):
            at += len(separator)
            if at < len(text):
                continue
            cells.append("")
        stop = end.match(text, at)
        at = len(text) if stop is None else stop.end()
        if len(cells) > 1 or cells[0].strip():
            yield tuple(cells), at
        cells = []


def separator_of(text: str) -> str:
    """The separator by which most of the first rows of a text are of one width; of several the widest."""
    scores: dict[str, tuple[float, int]] = {}
    names: dict[str, int] = {}
    for separator in (",", ";", "\t", "|"):
        widths = [len(cells) for (cells, _), _ in zip(records(text, separator), range(30), strict=False)]
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        scores[separator] = (widths.count(usual) / len(widths), usual) if usual > 1 else (0.0, 0)
        names[separator] = widths[0] if widths else 1
    # Where rows are of no width, the line of names says most.
    return max(scores, key=lambda sign: (scores[sign], names[sign]))


def csv_fault(path: str, case: str, **places: object) -> ContractError:
    """The one fault of a file that cannot be read."""
    return ContractError((fault(path, case, **places),))
