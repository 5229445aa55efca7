"""Visits of an emergency department, made fast: nothing but plausible columns of any number of rows."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

__all__ = ["write_visits"]

_CHUNK_ROWS = 250_000
_A_DAY = 2_740
_START = np.datetime64("2015-01-01T00:00", "us").astype(np.int64)
_SECOND, _MINUTE = 1_000_000, 60_000_000
_REASONS = tuple(f"R{number:03d}" for number in range(140))
_UNITS = tuple(f"U{number:03d}" for number in range(100))
_SIGNS = {
    "heart_rate": (85, 18, 30, 220),
    "systolic_mmhg": (130, 20, 60, 240),
    "diastolic_mmhg": (78, 12, 30, 140),
    "respiratory_rate": (18, 4, 6, 60),
    "temperature_celsius": (37, 0.7, 33, 42),
    "spo2_percent": (97, 2, 60, 100),
    "pain_0_10": (3, 3, 0, 10),
}


def write_visits(path: Path, rows: int, *, seed: int, received: bool) -> None:
    """Writes visits with every column of the contract and three audit attributes, in the order of arrival.

    Args:
        path: ``.parquet`` (times as such) or ``.csv`` (times written in UTC).
        rows: a hospital group of 2,740 visits a day makes ten million in ten years.
        received: whether there is a ``received_at``; else each visit is unrolled to its revisions.
    """
    rng, schema = np.random.default_rng(seed), None
    writer: pyarrow.parquet.ParquetWriter | pyarrow.csv.CSVWriter | None = None
    for first in range(0, rows, _CHUNK_ROWS):
        table = _chunk(rng, first, min(_CHUNK_ROWS, rows - first), received)
        if path.suffix == ".csv":
            table = _written(table)
        if writer is None:
            schema = table.schema
            kind = pyarrow.csv.CSVWriter if path.suffix == ".csv" else pyarrow.parquet.ParquetWriter
            writer = kind(path, schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _written(table: pa.Table) -> pa.Table:
    columns = [
        pa.compute.strftime(column, "%Y-%m-%dT%H:%M:%SZ") if pa.types.is_timestamp(column.type) else column
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names)


def _chunk(rng: np.random.Generator, first: int, rows: int, received: bool) -> pa.Table:
    number = np.arange(first, first + rows)
    arrived = _START + number * (86_400 * _SECOND // _A_DAY) // _SECOND * _SECOND
    triaged = arrived + _after(rng, rows, 8)
    seen = triaged + _after(rng, rows, 50)
    requested = seen + _after(rng, rows, 90)
    left = requested + _after(rng, rows, 80)
    admitted = rng.random(rows) < 0.22
    columns = {
        "visit_id": pa.array(np.char.add("V", number.astype(str))),
        "department": _texts(rng, rows, ("ED", "ED-CHILD")),
        "arrived_at": _times(arrived),
        "triaged_at": _times(triaged, rng.random(rows) < 0.02),
        "seen_at": _times(seen, rng.random(rows) < 0.05),
        "bed_requested_at": _times(requested, ~admitted),
        "left_at": _times(left),
        "triage": _texts(rng, rows, ("1", "2", "3A", "3B", "4", "5")),
        "arrival_mode": _texts(rng, rows, ("walk_in", "ambulance", "smur", "transfer", "other")),
        "reason": _texts(rng, rows, _REASONS),
        "age_years": pa.array(rng.integers(0, 100, rows).astype(np.float64)),
        "disposition": pa.array(np.where(admitted, "admitted", "home")),
        "destination_unit": _texts(rng, rows, _UNITS, ~admitted),
        "sex": _texts(rng, rows, ("F", "M")),
        "language": _texts(rng, rows, ("fr", "ar", "en", "pt")),
        "insurance": _texts(rng, rows, ("general", "css", "ame")),
    }
    for name, (mean, spread, low, high) in _SIGNS.items():
        values = np.round(np.clip(rng.normal(mean, spread, rows), low, high), 1 if spread < 1 else 0)
        columns[name] = pa.array(values, mask=rng.random(rows) < 0.1)
    if received:
        columns["received_at"] = _times(left + 2 * _MINUTE)
    return pa.table(columns)


def _after(rng: np.random.Generator, rows: int, minutes: float) -> NDArray[np.int64]:
    """Delays of whole seconds, at least one: int64 [n] microseconds."""
    return (1 + rng.exponential(minutes * 60, rows).astype(np.int64)) * _SECOND


def _times(instants: NDArray[np.int64], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(instants, pa.timestamp("us", "UTC"), mask=missing)


def _texts(
    rng: np.random.Generator, rows: int, values: tuple[str, ...], missing: NDArray[np.bool_] | None = None
) -> pa.Array:
    codes = pa.array(rng.integers(0, len(values), rows).astype(np.int32), mask=missing)
    return pa.DictionaryArray.from_arrays(codes, pa.array(values)).cast(pa.string())
