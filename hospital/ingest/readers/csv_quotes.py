"""Whether the quote marks of a CSV text are whole (RFC 4180), before any of its cells is believed.

Readers of CSV guess at text after a closing quote mark, and a mark without its partner swallows rows up to the next
one. Here every mark is looked at: blocks whose marks all stand at the edges of cells are checked at once by NumPy,
others mark by mark.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from hospital.contracts.fault_words import fault
from hospital.errors import ContractError

__all__ = ["QuoteCheck", "RowShapes"]

_MOST_BYTES = 4 << 20
"""No row is longer: one that seems so begins with a mark that nothing closes."""
_QUOTE, _LINE_FEED, _RETURN = 34, 10, 13

Cells = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Where the quoted cells of a block begin and end."""


def shape_of(cell: str) -> str:
    """What a cell looks like: runs of digits as 9, of letters as a."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", cell.strip(' "')))


@dataclass(frozen=True)
class RowShapes:
    """What the rows of a file look like.

    Attributes:
        columns: for each column the shapes (`shape_of`) of its cells in the first rows.
    """

    columns: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]], width: int) -> "RowShapes":
        """Of the rows that are as wide as the names."""
        whole = [row for row in rows if len(row) == width]
        return cls(tuple(frozenset(shape_of(row[k]) for row in whole) for k in range(width)))

    def fits(self, line: str, separator: str, quoted: int) -> bool:
        """Whether a line looks like a whole row: as wide, and most cells but the `quoted` one like their columns."""
        cells = line.split(separator)
        if len(cells) != len(self.columns):
            return False
        alike = [shape_of(cell) in known for cell, known in zip(cells, self.columns, strict=True)]
        del alike[min(quoted, len(alike) - 1)]
        return 2 * sum(alike) >= max(len(alike), 1)


class QuoteCheck:
    """Checks a text block after block.

    Args:
        name: of the file.
        separator: of its cells.
        line: the line of the file that the text begins with, from 1.

    Raises:
        ContractError: at the first mark that is none of a whole cell, with its line.
    """

    def __init__(self, name: str, separator: str, line: int, shapes: RowShapes) -> None:
        self._name, self._line, self._shapes = name, line, shapes
        self._separator, self._text_separator = separator.encode(), separator
        sign = re.escape(self._separator)
        self._opening = re.compile(rb"(?:\A|(?<=[\r\n" + sign + rb'])) *"')
        self._closed = re.compile(rb" *(?:[\r\n" + sign + rb"]|\Z)")
        self._edges = np.array([self._separator[0], _LINE_FEED, _RETURN], np.uint8)
        self._rest, self._returned = b"", False

    def add(self, content: bytes) -> None:
        """The next bytes (UTF-8) of the text."""
        block = self._rest + content
        if self._returned and block:
            # A line end of two signs was cut in two, and is counted.
            block, self._returned = block.removeprefix(b"\n"), False
        used = self._check(block, final=False)
        self._line += _lines(block[:used])
        self._returned = block[used - 1 : used] == b"\r" if used else self._returned
        self._rest = block[used:]
        if len(self._rest) > _MOST_BYTES:
            self._check(self._rest, final=True)
            self._refuse("not_csv/endless", self._line)

    def end(self) -> None:
        """The text ends here."""
        self._check(self._rest, final=True)

    def _check(self, block: bytes, *, final: bool) -> int:
        """Checks all whole rows; how many bytes they are."""
        values = np.frombuffer(block, np.uint8)
        marks = np.flatnonzero(values == _QUOTE)
        if not marks.size:
            return _last_line_end(block, len(block))
        cells, stop = self._at_edges(values, marks, final=final) or self._one_by_one(block, final=final)
        self._refuse_swallowed(block, values, cells)
        return _last_line_end(block, len(block) if stop is None else stop, *cells)

    def _at_edges(
        self, values: NDArray[np.uint8], marks: NDArray[np.int64], *, final: bool
    ) -> tuple[Cells, int | None] | None:
        """The quoted cells, if each mark stands at the edge of one, and where what is not whole begins; else None."""
        stop = None
        if not final and (marks.size % 2 or marks[-1] == len(values) - 1):
            # The last cell is not there yet as a whole.
            stop = int(marks[-1 - (1 - marks.size % 2)])
            marks = marks[: marks.size - 2 + marks.size % 2]
        if marks.size % 2:
            return None
        opens, closes = marks[0::2], marks[1::2]
        doubled = opens[1:] == closes[:-1] + 1
        begins = opens[np.append(True, ~doubled)] if opens.size else opens
        ends = closes[np.append(~doubled, True)] if opens.size else closes
        around = np.append(values, np.uint8(_LINE_FEED))
        if (
            not np.isin(around[begins - 1], self._edges).all()
            or not np.isin(around[ends + 1], self._edges).all()
        ):
            return None
        return (begins, ends), stop

    def _one_by_one(self, block: bytes, *, final: bool) -> tuple[Cells, int | None]:
        """As `_at_edges`, mark by mark."""
        begins: list[int] = []
        ends: list[int] = []
        at = 0
        while (opening := self._opening.search(block, at)) is not None:
            begin = opening.end() - 1
            end = self._closing(block, begin, final=final)
            if end is None:
                return (np.array(begins, np.int64), np.array(ends, np.int64)), begin
            if begin > opening.start():
                line = self._line + _lines(block[:begin])
                self._refuse("blank_before_quote", line)
            begins.append(begin)
            ends.append(end)
            at = end + 1
        return (np.array(begins, np.int64), np.array(ends, np.int64)), None

    def _closing(self, block: bytes, begin: int, *, final: bool) -> int | None:
        """Where a quoted cell ends; None where the block ends before it is known."""
        at = begin + 1
        while (end := block.find(b'"', at)) >= 0:
            if block[end + 1 : end + 2] == b'"':
                at = end + 2
                continue
            closed = self._closed.match(block, end + 1)
            if closed is None:
                first = self._line + _lines(block[:begin])
                last = self._line + _lines(block[:end])
                if last == first:
                    self._refuse("text_after_quote", first)
                self._refuse("text_after_quote/below", first, last=str(last))
            if closed.end() < len(block) or final or closed.group().strip(b" "):
                return end
            return None
        if final:
            line = self._line + _lines(block[:begin])
            self._refuse("open_quote", line)
        return None

    def _refuse_swallowed(self, block: bytes, values: NDArray[np.uint8], cells: Cells) -> None:
        """Two marks that each lack a partner make one cell of the rows between them: whole rows stand in it."""
        width = len(self._shapes.columns)
        breaks = np.flatnonzero((values == _LINE_FEED) | (values == _RETURN))
        begins, ends = cells
        several = np.searchsorted(breaks, begins) < np.searchsorted(breaks, ends)
        for begin, end in zip(begins[several].tolist(), ends[several].tolist(), strict=True):
            text = block[begin + 1 : end]
            if width < 2 or text.count(self._separator) != _lines(text) * (width - 1):
                continue
            row = max(block.rfind(b"\n", 0, begin), block.rfind(b"\r", 0, begin)) + 1
            after = breaks[np.searchsorted(breaks, end) :]
            rows = block[begin : int(after[0]) if after.size else len(block)].decode().splitlines()[1:]
            quoted = block[row:begin].count(self._separator)
            if any(self._shapes.fits(one, self._text_separator, quoted) for one in rows):
                first = self._line + _lines(block[:begin])
                self._refuse("rows_in_quotes", first, last=str(first + _lines(text)))

    def _refuse(self, case: str, line: int, **places: object) -> NoReturn:
        raise ContractError((fault(f"{self._name}:{line}", case, line=str(line), **places),))


def _lines(text: bytes) -> int:
    """Line ends in a text, whatever kind they are of."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def _last_line_end(
    block: bytes, stop: int, begins: NDArray[np.int64] | None = None, ends: NDArray[np.int64] | None = None
) -> int:
    """How many bytes of a block, up to `stop`, are whole rows: to the last line end that is in no quoted cell."""
    count = 0 if begins is None else int(np.searchsorted(begins, stop))
    for k in range(count - 1, -2, -1):
        end = -1 if k < 0 or ends is None else int(ends[k])
        last = max(block.rfind(b"\n", end + 1, stop), block.rfind(b"\r", end + 1, stop))
        if last >= 0:
            return last + 1
        stop = 0 if k < 0 or begins is None else int(begins[k])
    return 0
