"""A CSV file to cells: checked as a whole first, then read by Arrow in chunks."""

import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.csv

from hospital.contracts.fault_words import fault
from hospital.errors import ContractError
from hospital.ingest.readers.cell_cleaning import clean
from hospital.ingest.readers.column_names import NamedColumns, joined_names
from hospital.ingest.readers.csv_head import Head
from hospital.ingest.readers.csv_text import CHUNK_BYTES, CsvText, Opener, open_text
from hospital.mapping.file_layout import PLAIN, FileLayout

__all__ = ["csv_chunks"]

_READ_BYTES = 256 << 10
"""What Arrow reads at once of a CSV file; a row may not be longer. It reads 32 such blocks ahead."""


def csv_chunks(
    name: str,
    opened: Opener,
    block_bytes: int,
    layout: FileLayout = PLAIN,
    read_bytes: int = _READ_BYTES,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[pd.DataFrame]:
    """The cells of a CSV file, cleaned, in chunks of about `block_bytes`; the index is the row, from 0.

    Args:
        opened: opens the bytes of the file anew; they are read twice, and their beginning once more.
        read_bytes: how much of it is parsed at once; Arrow reads up to 32 times that ahead.
        chunk_bytes: how much of its text is decoded and checked at once.

    Raises:
        ContractError: of the text and its names at once; of ragged rows once all have been read.
    """
    text = open_text(name, opened, layout, chunk_bytes)
    written = _names(name, text.head)
    columns = NamedColumns(name, written, lambda k: str(k + 1))
    ragged: list[int] = []

    def note(row: Any) -> str:
        ragged.append(row.number)
        return "skip"

    rows, held = 0, pd.DataFrame()
    with text.rows() as stream:
        for cells in _frames(name, stream, len(written), text, note, (block_bytes, read_bytes)):
            rows += len(cells)
            cells = pd.concat([held, cells]) if len(held) else cells
            whole = max(len(cells) - layout.footer_rows, 0)
            held = cells[whole:]
            chunk = columns.of(clean(cells[:whole], name))
            if len(chunk):
                yield chunk
    # What is not read may have another width.
    wrong = [number for number in ragged if number <= rows + len(ragged) - layout.footer_rows]
    late = len(ragged) - len(wrong)
    if late and len(held):
        yield columns.of(clean(held[:late], name))
    if wrong and rows and min(wrong) > rows + late:
        raise ContractError((fault(f"{name}[{min(wrong) - 1}]", "ragged_row/end", len(wrong)),))
    if wrong:
        case = "ragged_row" if rows else "ragged_row/title"
        raise ContractError((fault(f"{name}[{min(wrong) - 1}]", case, len(wrong)),))


def _names(name: str, head: Head) -> list[str]:
    """The name of each column, "" where it has none, as many as the first rows have cells."""
    names = joined_names(head.names)
    widths = [len(row) for row in head.rows]
    if not widths:
        return names
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    # Signs at the end of the names alone, or of the rows alone, make columns of nothing.
    while len(names) > usual and not names[-1]:
        names.pop()
    if all(not any(cell.strip() for cell in row[len(names) :]) for row in head.rows):
        names += [""] * (usual - len(names))
    elif len([n for n in names if n]) < 2 <= usual:
        raise ContractError((fault(name, "no_name/one_cell", len(head.rows)),))
    return names


def _frames(
    name: str, stream: io.RawIOBase, width: int, text: CsvText, note: Any, sizes: tuple[int, int]
) -> Iterator[pd.DataFrame]:
    if not text.head.rows:
        return
    first = 0
    for batch in _batches(name, stream, width, text.head.separator, note, sizes):
        columns = {k: column.to_pandas() for k, column in enumerate(batch.columns)}
        yield pd.DataFrame(columns).set_axis(pd.RangeIndex(first, first + batch.num_rows))
        first += batch.num_rows


def _batches(
    name: str, stream: io.RawIOBase, width: int, separator: str, note: Any, sizes: tuple[int, int]
) -> Iterator[Any]:
    block_bytes, read_bytes, names = sizes[0], min(sizes), [str(k) for k in range(width)]
    options = {
        "read_options": pyarrow.csv.ReadOptions(use_threads=False, block_size=read_bytes, column_names=names),
        "parse_options": pyarrow.csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, invalid_row_handler=note
        ),
        "convert_options": pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=True, null_values=[""]
        ),
    }
    try:
        batches = iter(pyarrow.csv.open_csv(stream, **options))
        while some := list(islice(batches, block_bytes // read_bytes)):
            yield pyarrow.Table.from_batches(some).combine_chunks()
    except (pyarrow.ArrowException, ValueError):
        raise ContractError((fault(name, "not_csv/rows"),)) from None
