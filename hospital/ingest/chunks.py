"""A table's file read chunk after chunk, so that memory holds the typed table and never the file."""

import gzip
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import pandas as pd
import pyarrow
import pyarrow.parquet

from hospital.contracts.fault_words import fault
from hospital.errors import ContractError
from hospital.ingest.raw_files import is_text, no_rows, parse, read_content
from hospital.ingest.readers.cell_cleaning import clean
from hospital.ingest.readers.csv_cells import csv_chunks
from hospital.ingest.readers.spreadsheets import HIDDEN_ROWS
from hospital.mapping.file_layout import PLAIN, FileLayout

__all__ = ["CHUNK_SIZE", "ChunkSize", "FileChunks"]

_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class ChunkSize:
    """How much of a file is read at once: of Parquet by rows, of CSV by bytes."""

    rows: int = 32_768
    csv_bytes: int = 4 << 20


CHUNK_SIZE = ChunkSize()


class FileChunks:
    """A file whose cells come in chunks, read as `hospital.ingest.raw_files.parse` reads them whole.

    Spreadsheets are read whole.

    Raises:
        ContractError: as `read_content` and `parse`; of what the whole file must meet (every row as wide as the
            names, some rows) once the last chunk has been read.
    """

    def __init__(self, path: Path, layout: FileLayout = PLAIN, size: ChunkSize = CHUNK_SIZE) -> None:
        self._path, self._layout, self._size = path, layout, size
        self._whole: pd.DataFrame | None = None
        try:
            self._state = _state(path)
            with open(path, "rb") as file:
                self.digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            read_content(path)  # says why
            raise
        if not self._state[1]:
            read_content(path)

    def rows_about(self) -> int:
        """How many rows there will be, as far as that is known beforehand; 0 where it is not."""
        name = self._path.name.lower()
        try:
            if name.endswith(".parquet"):
                return int(pyarrow.parquet.read_metadata(self._path).num_rows)
            if is_text(name) and not name.endswith(".gz"):
                with self._path.open("rb") as file:
                    start = file.read(self._size.csv_bytes)
                return 1 + self._state[1] * start.count(b"\n") // len(start)
        except (pyarrow.ArrowException, OSError):
            return 0  # reading it says why
        return 0

    @property
    def hidden_rows(self) -> int:
        """How many rows of a spreadsheet are hidden, once it has been read; 0 of other files."""
        return 0 if self._whole is None else int(self._whole.attrs.get(HIDDEN_ROWS, 0))

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Chunks of cells; the index is the row of the file."""
        rows = 0
        for chunk in self._chunks():
            rows += len(chunk)
            yield chunk
        if _state(self._path) != self._state:
            raise ContractError((fault(self._path.name, "changed"),))
        if not rows:
            raise no_rows(self._path.name)

    def _chunks(self) -> Iterator[pd.DataFrame]:
        name = self._path.name.lower()
        if name.endswith(".parquet"):
            return (clean(chunk, self._path.name) for chunk in _parquet_chunks(self._path, self._size.rows))
        if is_text(name):
            return csv_chunks(self._path.name, self._open, self._size.csv_bytes, self._layout)
        if self._whole is None:
            self._whole = parse(self._path.name, read_content(self._path), self._layout)
        return iter((self._whole,))

    def _open(self) -> BinaryIO:
        if self._path.name.lower().endswith(".gz"):
            return cast(BinaryIO, gzip.GzipFile(self._path))
        return self._path.open("rb")


def _state(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size


def _parquet_chunks(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    try:
        with pyarrow.parquet.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file:
            if len(set(file.schema_arrow.names)) < len(file.schema_arrow.names):
                raise ContractError((fault(path.name, "two_columns"),))
            if _named_rows(file.schema_arrow):
                whole = parse(path.name, read_content(path))
                yield from (whole[i : i + rows] for i in range(0, len(whole), rows))
                return
            gaps, first = _with_gaps(file.metadata), 0
            for batch in file.iter_batches(rows, use_threads=False):
                table = pyarrow.Table.from_batches([batch]).replace_schema_metadata(None)
                chunk = _frame(table, gaps)
                chunk.index = pd.RangeIndex(first, first + len(chunk))
                first += len(chunk)
                yield chunk
    except (pyarrow.ArrowException, OSError):
        raise ContractError((fault(path.name, "not_parquet"),)) from None


def _named_rows(schema: pyarrow.Schema) -> bool:
    """Whether pandas wrote the file with an index, which it alone puts together again."""
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return any(not isinstance(column, dict) or column.get("name") is not None for column in index)


_NULLABLE: dict[str, Any] = {
    f"{sign}int{bits}": getattr(pd, f"{'U' if sign else ''}Int{bits}Dtype")()
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
}


def _with_gaps(metadata: pyarrow.parquet.FileMetaData) -> set[str]:
    """Columns with a missing cell anywhere: they are of one kind in every chunk."""
    out = set()
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for i in range(group.num_columns):
            column = group.column(i)
            known = column.statistics is not None and column.statistics.has_null_count
            if not known or column.statistics.null_count:
                out.add(column.path_in_schema)
    return out


def _frame(table: pyarrow.Table, gaps: set[str]) -> pd.DataFrame:
    columns, types = {}, pyarrow.types
    for name, column in zip(table.column_names, table.columns, strict=True):
        if types.is_integer(column.type) and name in gaps:
            # As whole numbers: an id above 2^53 is another one as a float.
            columns[name] = column.to_pandas(types_mapper={column.type: _NULLABLE[str(column.type)]}.get)
        elif types.is_boolean(column.type) and name in gaps:
            columns[name] = column.to_pandas().astype(object)
        else:
            columns[name] = column.to_pandas()
    return pd.DataFrame(columns)
