"""One file to raw cells: CSV (comma or semicolon, UTF-8), CSV.gz, Parquet, .xlsx, RPU XML."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import pandas as pd
import pyarrow
import pyarrow.compute
import pyarrow.csv

from hospital.errors import ContractError, Fault
from hospital.ingest.rpu_export import read_rpu
from hospital.ingest.spreadsheets import read_sheet

__all__ = ["SUFFIXES", "csv_chunks", "find_table", "no_rows", "parse", "read_content", "stem"]

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".xlsx")
"""Endings of a file with a table of the contract; an RPU export (.xml) needs a mapping."""
_CHUNK_BYTES = 8 << 20
_READ_BYTES = 256 << 10
"""What Arrow reads at once of a CSV file; a row may not be longer. It reads 32 such blocks ahead."""


def find_table(directory: Path, table: str) -> Path | None:
    """The file of a table in a directory.

    Raises:
        ContractError: there are two.
    """
    found = [
        directory / f"{table}{suffix}" for suffix in SUFFIXES if (directory / f"{table}{suffix}").is_file()
    ]
    if len(found) > 1:
        names = ", ".join(p.name for p in found)
        raise _fault(table, "two_files", f"the table is there twice ({names}); keep one")
    return found[0] if found else None


def read_content(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        ContractError: the file cannot be read, or is empty.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        why = f"the file cannot be read ({error.strerror}); check its path and rights"
        raise _fault(path.name, "unreadable", why) from None
    if not content:
        raise _fault(path.name, "empty_file", "the file is empty; export it again")
    return content


def stem(name: str) -> str:
    """A file's name without its ending."""
    ending = next((s for s in (".xml", *SUFFIXES) if name.lower().endswith(s)), "")
    return name[: len(name) - len(ending)]


def parse(name: str, content: bytes, sheet: str | None = None, header_row: int | None = None) -> pd.DataFrame:
    """The cells of a file: of CSV and XML all texts, trimmed (empty ones missing), else as typed there.

    Args:
        sheet, header_row: of spreadsheets, as in `read_sheet`.

    Returns:
        The index is the row, from 0; of a spreadsheet blank rows are left out.

    Raises:
        ContractError: it is truncated, of another kind than its name says, not UTF-8, or has no rows.
    """
    kind = name.lower()
    if kind.endswith(".parquet"):
        frame = _parquet(name, content)
    elif kind.endswith(".csv.gz"):
        frame = _csv(name, lambda: cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(content))))
    elif kind.endswith(".csv"):
        frame = _csv(name, lambda: io.BytesIO(content))
    elif kind.endswith(".xlsx"):
        frame = read_sheet(name, content, sheet, header_row)
    elif kind.endswith(".xml"):
        frame = read_rpu(name, content)
    else:
        words = f"a file is one of {', '.join(SUFFIXES)} or an RPU export (.xml); save it as one of them"
        raise _fault(name, "unknown_kind", words)
    if frame.empty:
        raise no_rows(name)
    return frame


def _parquet(name: str, content: bytes) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except (pyarrow.ArrowException, ValueError, OSError):
        raise _fault(name, "not_parquet", "this is no whole Parquet file; export or copy it again") from None
    # What pandas wrote as a named index is a column like the others.
    return frame.reset_index(drop=all(n is None for n in frame.index.names))


def _csv(name: str, opened: Callable[[], BinaryIO]) -> pd.DataFrame:
    chunks = list(csv_chunks(name, opened, 64 << 20))
    return pd.concat(chunks).astype(object) if chunks else pd.DataFrame()


def csv_chunks(name: str, opened: Callable[[], BinaryIO], block_bytes: int) -> Iterator[pd.DataFrame]:
    """The cells of a CSV file in chunks of about `block_bytes`; the index is the row, from 0.

    Args:
        opened: opens the bytes of the text anew; they are read twice.

    Raises:
        ContractError: of the text at once; of ragged rows once all have been read.
    """
    with _plain(name), opened() as stream:
        line = _checked(name, stream)
    header = re.sub(r'"[^"]*"', "", line)
    separator = ";" if header.count(";") > header.count(",") else ","
    written = _header(name, line.encode(), separator)
    names = [n.strip() for n in written]
    ragged, first = [], 0

    def note(row: Any) -> str:
        ragged.append(row.number)
        return "skip"

    with opened() as stream:
        for batch in _batches(name, stream, written, separator, note, block_bytes):
            if len(set(names)) < len(names):
                continue
            chunk = pd.DataFrame({n: _cells(c) for n, c in zip(names, batch.columns, strict=True)})
            yield chunk.set_axis(pd.RangeIndex(first, first + len(chunk)))
            first += batch.num_rows
    if ragged:
        # Row numbers count from 1, which is the header's; a fault's position counts rows from 0.
        message = "a row has fewer or more cells than there are names; export it again, or quote its texts"
        raise ContractError((Fault(f"{name}[{min(ragged) - 2}]", "ragged_row", message, len(ragged)),))
    if len(set(names)) < len(names):
        raise _fault(name, "two_columns", "two columns have the same name; keep one")


@contextmanager
def _plain(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error):
        raise _fault(name, "not_gzip", "this is no whole gzip file; export or copy it again") from None


def _checked(name: str, stream: BinaryIO) -> str:
    """The line of names of a text that is whole; the text is read to its end."""
    decoder, head, blank, zero, quotes = codecs.getincrementaldecoder("utf-8-sig")(), "", True, False, 0
    while True:
        content = stream.read(_CHUNK_BYTES)
        try:
            text = decoder.decode(content, final=not content)
        except UnicodeDecodeError:
            raise _fault(name, "not_utf8", "the file is not UTF-8 (latin-1?); save it as UTF-8") from None
        blank = blank and not text.strip()
        zero = zero or "\0" in text
        quotes += text.count('"')
        if "\n" not in head:
            head = (head + text).lstrip("\r\n")
        if not content:
            break
    if zero or blank:
        raise _fault(name, "not_csv", "this is no CSV file; export it again")
    if quotes % 2:
        raise _fault(name, "open_quote", "a quoted text has no end: the file is truncated; export it again")
    return head.split("\n", 1)[0]


def _batches(
    name: str, stream: BinaryIO, names: list[str], separator: str, note: Any, block_bytes: int
) -> Iterator[Any]:
    read_bytes = min(block_bytes, _READ_BYTES)
    options = {
        "read_options": pyarrow.csv.ReadOptions(use_threads=False, block_size=read_bytes),
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
        raise _fault(
            name, "not_csv", "the rows do not fit the names; check the separator and quotes"
        ) from None


def _header(name: str, line: bytes, separator: str) -> list[str]:
    parse_options = pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    parse_options.invalid_row_handler = lambda row: "skip"
    try:
        names = pyarrow.csv.read_csv(io.BytesIO(line + b"\n"), parse_options=parse_options).column_names
        return list(names)
    except (pyarrow.ArrowException, ValueError):
        raise _fault(name, "not_csv", "the first line holds no names; export it again") from None


def _cells(column: Any) -> pd.Series:
    trimmed = pyarrow.compute.utf8_trim_whitespace(column)
    empty = pyarrow.compute.equal(trimmed, "")
    texts: pd.Series = pyarrow.compute.if_else(empty, None, trimmed).to_pandas()
    return texts


def no_rows(name: str) -> ContractError:
    """The error of a file without rows."""
    return _fault(name, "no_rows", "the file has no rows; export it again, or remove it if there is nothing")


def _fault(path: str, code: str, message: str) -> ContractError:
    return ContractError((Fault(path, code, message),))
