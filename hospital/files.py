"""One file to raw cells: CSV (comma or semicolon, UTF-8), CSV.gz, Parquet."""

import gzip
import io
import zlib
from pathlib import Path

import pandas as pd
import pyarrow

from hospital.errors import ContractError, Fault

__all__ = ["SUFFIXES", "find_table", "read_raw"]

SUFFIXES = (".parquet", ".csv", ".csv.gz")


def find_table(directory: Path, table: str) -> Path | None:
    """The file of a table in a directory.

    Raises:
        ContractError: there are two.
    """
    found = [directory / f"{table}{suffix}" for suffix in SUFFIXES if (directory / f"{table}{suffix}").is_file()]
    if len(found) > 1:
        raise _fault(table, "two_files", f"the table is there twice ({', '.join(p.name for p in found)}); keep one")
    return found[0] if found else None


def read_raw(path: Path) -> pd.DataFrame:
    """A file's cells: of CSV all texts (empty cells missing), of Parquet as typed there.

    Raises:
        ContractError: the file is missing, empty, truncated, of another kind or not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _fault(path.name, "unreadable", f"the file cannot be read ({error.strerror}); check path and rights") from None
    if not content:
        raise _fault(path.name, "empty_file", "the file is empty; export it again")
    if path.name.endswith(".parquet"):
        try:
            return pd.read_parquet(io.BytesIO(content))
        except (pyarrow.ArrowException, ValueError, OSError):
            raise _fault(path.name, "not_parquet", "this is no whole Parquet file; export or copy it again") from None
    if path.name.endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            raise _fault(path.name, "not_gzip", "this is no whole gzip file; export or copy it again") from None
    return _csv(path.name, content)


def _csv(name: str, content: bytes) -> pd.DataFrame:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _fault(name, "not_utf8", "the file is not UTF-8 (latin-1?); save it as UTF-8") from None
    if "\0" in text:
        raise _fault(name, "not_csv", "this is no CSV file")
    header = text.split("\n", 1)[0]
    separator = ";" if header.count(";") > header.count(",") else ","
    try:
        return pd.read_csv(
            io.StringIO(text), sep=separator, dtype=str, keep_default_na=False, na_values=[""], skipinitialspace=True
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        raise _fault(name, "not_csv", "the rows do not fit the header; check the separator and quotes") from None


def _fault(path: str, code: str, message: str) -> ContractError:
    return ContractError((Fault(path, code, message),))
