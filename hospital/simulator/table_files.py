"""Tables to files: one Parquet a table, whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["write"]


def write(tables: Mapping[str, pd.DataFrame], directory: Path | str) -> None:
    """Write each table as ``NAME.parquet`` into `directory`, which is created if need be.

    A file appears under its name only once it is complete on disk. The same tables give the same bytes: the
    schema carries no pandas metadata, and no time or machine is written.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        target = folder / f"{name}.parquet"
        temporary = folder / f".{name}.parquet.{os.getpid()}"
        try:
            with temporary.open("wb") as file:
                pq.write_table(_arrow(table), file, compression="zstd")
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _arrow(table: pd.DataFrame) -> pa.Table:
    """The table with plain strings and no metadata; a column without a value is of strings."""
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    text = {pa.large_string(), pa.null()}
    fields = [pa.field(f.name, pa.string() if f.type in text else f.type) for f in arrow.schema]
    return arrow.cast(pa.schema(fields))
