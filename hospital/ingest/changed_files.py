"""What the rows of a table say of a program that changed their file before Vigie read it."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.calendar import local_day
from hospital.contracts.tables import Table
from hospital.ingest.reading_findings import Finding
from hospital.ingest.rounded_ids import RoundedIds
from hospital.ingest.swapped_dates import swapped_rows

__all__ = ["changed_findings"]


def changed_findings(
    contract: Table,
    frame: pd.DataFrame,
    zone: ZoneInfo,
    ids: Mapping[tuple[str, str], RoundedIds],
    files: Array | None = None,
) -> list[Finding]:
    """Ids that were rounded, and dates with day and month exchanged.

    Args:
        frame: the typed rows, in the order of their file.
        ids: the long ids by column and file.
        files: int64 [n], which file each row is of; None: of one.
    """
    return [*_rounded(contract.name, ids), *_swapped(contract, frame, zone, files)]


def _rounded(table: str, ids: Mapping[tuple[str, str], RoundedIds]) -> list[Finding]:
    rows: dict[str, int] = {}
    for (column, _), found in ids.items():
        if found.rows:
            rows[column] = rows.get(column, 0) + found.rows
    return [
        Finding(
            table,
            "rounded_ids",
            f"the long ids in {column} all end as rounded numbers do ({n} rows): a program held them as numbers, and "
            "different ids may have become one; export the column as text",
            column,
            n,
        )
        for column, n in rows.items()
    ]


def _swapped(contract: Table, frame: pd.DataFrame, zone: ZoneInfo, files: Array | None) -> list[Finding]:
    if contract.time is None or not len(frame):
        return []
    times = frame[contract.time]
    known = times.notna().to_numpy(bool)
    instants = times[known].dt.tz_convert(None).dt.as_unit("us").to_numpy("datetime64[us]").astype(np.int64)
    day = local_day(instants, zone)
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
    if not rows:
        return []
    words = (
        f"day and month are exchanged in {rows} rows of {contract.time}, by the order of the rows, the days without "
        "one, or the counts: a spreadsheet program of the other date order changed the file; export it again from "
        "its source, without opening it"
    )
    return [Finding(contract.name, "swapped_dates", words, contract.time, rows)]
