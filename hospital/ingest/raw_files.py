"""One file to raw cells: CSV, CSV.gz, Parquet, .xlsx, .ods, RPU XML; each by its reader, all cleaned alike."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pandas as pd
import pyarrow

from hospital.contracts.fault_words import fault
from hospital.errors import ContractError
from hospital.ingest.readers.cell_cleaning import clean
from hospital.ingest.readers.csv_cells import csv_chunks
from hospital.ingest.readers.rpu_export import read_rpu
from hospital.ingest.readers.spreadsheets import read_sheet
from hospital.mapping.file_layout import PLAIN, FileLayout
from hospital.words.messages import Foreign

__all__ = [
    "OF_TABLES",
    "SUFFIXES",
    "find_table",
    "is_sheets",
    "is_text",
    "no_rows",
    "parse",
    "read_content",
    "stem",
]

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".xlsx", ".ods")
"""Endings of a file with a table of the contract; one of `_NAMED` needs a mapping that names it."""
_NAMED = (".txt", ".txt.gz", ".xlsm", ".xml")
_TEXTS = (".csv", ".tsv", ".txt")
_OTHER_FORMS = (
    ".xls",
    ".xlsb",
    ".numbers",
    ".json",
    ".jsonl",
    ".feather",
    ".orc",
    ".sas7bdat",
    ".sav",
    ".dta",
    ".zip",
)
"""Of tables that other programs write, which Vigie does not read: such a table is named, not taken as absent."""
_ARCHIVES = (".zip", ".7z")
OF_TABLES = (*SUFFIXES, *_NAMED, *_OTHER_FORMS, ".gz", ".bz2", ".xz", ".zst", ".7z")
"""Endings of files that hold a table, read or not."""


def find_table(directory: Path, table: str) -> Path | None:
    """The file of a table in a directory; capitals do not matter, as on the systems where tables are exported.

    Raises:
        ContractError: there are two, or one in a form that is not read.
    """
    names = {p: p.name.casefold() for p in sorted(directory.iterdir()) if p.is_file()}
    found = [p for p, name in names.items() if name in {f"{table}{suffix}" for suffix in SUFFIXES}]
    if len(found) > 1:
        raise _fault(table, "two_files", names=tuple(p.name for p in found))
    folders = [
        p for p in sorted(directory.iterdir()) if p.is_dir() and p.name.casefold() == f"{table}.parquet"
    ]
    if folders and not found:
        raise _fault(table, "folder_of_parts", name=folders[0].name)
    other = [p for p, name in names.items() if name in {f"{table}{suffix}" for suffix in _OTHER_FORMS}]
    if other and not found:
        raise _unknown_kind(other[0].name)
    return found[0] if found else None


def read_content(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        ContractError: the file cannot be read, or is empty.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _fault(path.name, "unreadable/file", why=Foreign.of(error)) from None
    if not content:
        raise _fault(path.name, "empty_file")
    return content


def is_text(name: str) -> bool:
    """Whether a file's name says that it holds cells separated by a sign, compressed or not."""
    return name.lower().removesuffix(".gz").endswith(_TEXTS)


def is_sheets(name: str) -> bool:
    """Whether a file's name says that it is a spreadsheet."""
    return name.lower().endswith((".xlsx", ".xlsm", ".ods"))


def stem(name: str) -> str:
    """A file's name without its ending."""
    ending = next((s for s in (*_NAMED, *SUFFIXES) if name.lower().endswith(s)), "")
    return name[: len(name) - len(ending)]


def parse(name: str, content: bytes, layout: FileLayout = PLAIN) -> pd.DataFrame:
    """The cells of a file, cleaned as `readers.cell_cleaning` does: of CSV and XML texts, else as typed there.

    Returns:
        The index is the row, from 0; blank rows are left out.

    Raises:
        ContractError: it is not whole, of another kind or encoding than is said, or has no rows.
    """
    kind = name.lower()
    if kind.endswith(".parquet"):
        frame = clean(_parquet(name, content), name)
    elif is_text(kind) and kind.endswith(".gz"):
        frame = _csv(name, lambda: cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(content))), layout)
    elif is_text(kind):
        frame = _csv(name, lambda: io.BytesIO(content), layout)
    elif is_sheets(kind):
        frame = read_sheet(name, content, layout)
    elif kind.endswith(".xml"):
        frame = clean(read_rpu(name, content), name)
    else:
        raise _unknown_kind(name)
    if frame.empty:
        raise no_rows(name)
    return frame


def _unknown_kind(name: str) -> ContractError:
    if name.lower().endswith(_ARCHIVES):
        return _fault(name, "unknown_kind/archive")
    return _fault(name, "unknown_kind", kinds=(*SUFFIXES, ".txt", ".xlsm"))


def _parquet(name: str, content: bytes) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except (pyarrow.ArrowException, ValueError, OSError):
        raise _fault(name, "not_parquet") from None
    # What pandas wrote as a named index is a column like the others.
    return frame.reset_index(drop=all(n is None for n in frame.index.names))


def _csv(name: str, opened: Callable[[], BinaryIO], layout: FileLayout) -> pd.DataFrame:
    chunks = list(csv_chunks(name, opened, 64 << 20, layout))
    return pd.concat(chunks).astype(object) if chunks else pd.DataFrame()


def no_rows(name: str) -> ContractError:
    """The error of a file without rows."""
    return _fault(name, "no_rows")


def _fault(path: str, case: str, **places: object) -> ContractError:
    return ContractError((fault(path, case, **places),))
