"""What the rows of a table say of a program that changed their file before Vigie read it."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_day
from hospital.contracts.tables import Kind, Table
from hospital.ingest.reading_findings import Finding, FindingText
from hospital.ingest.rounded_ids import RoundedIds
from hospital.ingest.swapped_dates import swapped_beside, swapped_rows

__all__ = ["changed_findings", "hidden_findings"]

_LIMITS = frozenset(
    {65_535, 65_536, 1_048_575, 1_048_576, 10_000, 30_000, 100_000, 150_000, 500_000, 1_000_000}
)
"""Rows of an old and of a new sheet, with and without the line of names, and at which exports of reporting and
database programs stop."""
_UNKNOWN = np.iinfo(np.int64).min


def changed_findings(
    contract: Table,
    frame: pd.DataFrame,
    zone: ZoneInfo,
    ids: Mapping[tuple[str, str], RoundedIds],
    files: Array | None = None,
    lengths: Mapping[str, int] | None = None,
) -> list[Finding]:
    """Ids that were rounded, dates with day and month exchanged, and files that end where a program's limit is.

    Args:
        frame: the typed rows, in the order of their file.
        ids: the long ids by column and file.
        files: int64 [n], which file each row is of; None: of one.
        lengths: rows of each file, by what faults call it.
    """
    found = [*_rounded(contract.name, ids), *_swapped(contract, frame, zone, files)]
    return [*found, *_at_limit(contract.name, lengths or {})]


def hidden_findings(table: str, rows: int) -> list[Finding]:
    """Rows of a spreadsheet that nobody sees who opens it, and that are read."""
    return [Finding(table, "hidden_rows", FindingText("hidden_rows", {"n": rows}), rows=rows)] if rows else []


def _at_limit(table: str, lengths: Mapping[str, int]) -> list[Finding]:
    return [
        Finding(
            table,
            "rows_at_limit",
            FindingText("rows_at_limit", {"label": label, "n": n}),
            rows=n,
            place=label,
        )
        for label, n in lengths.items()
        if n in _LIMITS
    ]


def _rounded(table: str, ids: Mapping[tuple[str, str], RoundedIds]) -> list[Finding]:
    rows: dict[str, int] = {}
    for (column, _), found in ids.items():
        if found.rows:
            rows[column] = rows.get(column, 0) + found.rows
    return [
        Finding(table, "rounded_ids", FindingText("rounded_ids", {"column": column, "n": n}), column, n)
        for column, n in rows.items()
    ]


def _swapped(contract: Table, frame: pd.DataFrame, zone: ZoneInfo, files: Array | None) -> list[Finding]:
    if contract.time is None or not len(frame):
        return []
    own = _days(frame[contract.time], zone)
    rows = {contract.time: _swapped_by_order(frame, own, files)}
    if not rows[contract.time]:
        others = [c.name for c in contract.columns if c.kind is Kind.TIME and c.name != contract.time]
        rows |= {name: _swapped_beside(own, _days(frame[name], zone)) for name in others}
    return [
        Finding(
            contract.name,
            "swapped_dates",
            FindingText("swapped_dates", {"n": n, "column": column}),
            column,
            n,
        )
        for column, n in rows.items()
        if n
    ]


def _days(times: pd.Series, zone: ZoneInfo) -> Array:
    """Local days (int64 [n], since 1970-01-01), `_UNKNOWN` where there is no time."""
    known = times.notna().to_numpy(bool)
    out = np.full(len(times), _UNKNOWN, np.int64)
    if known.any():
        instants = (
            times[known].dt.tz_convert(None).dt.as_unit("us").to_numpy("datetime64[us]").astype(np.int64)
        )
        out[known] = local_day(instants, zone)
    return out


def _swapped_by_order(frame: pd.DataFrame, every: Array, files: Array | None) -> int:
    """The rows of a table's own time that are exchanged, by the rows' order, the days without one, or the counts."""
    known = every != _UNKNOWN
    day = every[known]
    counts = None
    if {"unit", "occupied"} <= set(frame.columns):
        counted = pd.DataFrame({"day": day, "unit": frame["unit"][known], "n": frame["occupied"][known]})
        counts = counted.pivot_table(index="day", columns="unit", values="n", aggfunc="mean")
    rows = swapped_rows(day, counts)
    if not rows and "unit" in frame.columns:
        # A file of one unit among others, or a unit's own export, may alone have been changed.
        units = frame["unit"][known].to_numpy(object)
        rows = sum(swapped_rows(day[units == unit], None) for unit in pd.unique(units))
    if not rows and files is not None and files.min() < files.max():
        # One month's file that was opened among those that were not.
        rows = sum(swapped_rows(day[files[known] == file], None) for file in np.unique(files))
    return rows


def _swapped_beside(own: Array, day: Array) -> int:
    """The rows of another time that are exchanged: they lie far from the table's own, and near it exchanged back."""
    both = (day != _UNKNOWN) & (own != _UNKNOWN)
    return swapped_beside(day[both], own[both]) if both.any() else 0
