"""A table for a terminal of any width: side by side where it fits, else one row below the other; no word is cut."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hospital.words.formats import label
from hospital.words.language import Language
from hospital.words.plain_text import plain_text

__all__ = ["print_table"]

_READABLE = 16
"""Columns of a terminal below which a text is a ladder of words: a table that leaves it less is not one to read."""

Cell = str | Text


@dataclass(frozen=True)
class _Room:
    """What a column needs, in columns of the terminal: to be read at all, and to stand on one line."""

    least: int
    whole: int


def print_table(
    console: Console,
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    language: Language,
    *,
    texts: Collection[int] = (),
) -> None:
    """Prints a table within the console's width.

    Args:
        console: where; its width decides the form.
        heads: a name for each column.
        rows: cells as texts, of which none is markup; one that is shorter than `heads` ends with empty cells.
        language: of the names.
        texts: numbers of the columns whose cells may take several lines, broken between words. All others (figures,
            days, names) stay on one.
    """
    whole = [[_plain(cell) for cell in [*row, *[""] * (len(heads) - len(row))]] for row in rows]
    rooms = [_room([Text(head), *(row[n] for row in whole)], n in texts) for n, head in enumerate(heads)]
    between = 3 * len(heads) - 1  # Rich's, for the box and padding below
    if sum(room.least for room in rooms) + between > console.width:
        for line in _below_each_other(heads, whole, language):
            console.print(line, overflow="fold")
        console.print()
        return
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for head, width in zip(heads, _widths(rooms, console.width - between), strict=True):
        table.add_column(Text(head), width=width, overflow="fold")
    for row in whole:
        table.add_row(*row)
    console.print(table)


def _plain(cell: Cell) -> Text:
    """What is shown: its width is measured, so what a terminal would obey is written as its code before."""
    return Text(plain_text(cell)) if isinstance(cell, str) else Text(plain_text(cell.plain), cell.style)


def _room(cells: Sequence[Text], is_text: bool) -> _Room:
    whole = max(cell_len(line) for cell in cells for line in cell.plain.split("\n"))
    if not is_text:
        return _Room(whole, whole)
    word = max((cell_len(word) for cell in cells for word in cell.plain.split()), default=0)
    return _Room(max(word, min(whole, _READABLE)), whole)


def _widths(rooms: Sequence[_Room], room: int) -> list[int]:
    """The columns' widths: what each needs, and of what is left as much as each could use, in proportion."""
    left = room - sum(r.least for r in rooms)
    wanted = sum(r.whole - r.least for r in rooms)
    share = min(1.0, left / wanted) if wanted else 0.0
    return [r.least + int((r.whole - r.least) * share) for r in rooms]


def _below_each_other(
    heads: Sequence[str], rows: Sequence[Sequence[Text]], language: Language
) -> Iterator[Text]:
    """Each row as lines of a name and a value, below what its first cell says; what is empty is left out."""
    for row in rows:
        first, *others = row
        if first.plain:
            yield Text("")
            yield Text(first.plain, "bold")
        mark = "  – "
        for head, cell in zip(heads[1:], others, strict=True):
            if cell.plain:
                yield Text(f"{mark}{label(head, language)}" if head else mark).append_text(cell)
                mark = "    "
