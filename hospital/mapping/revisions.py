"""Tables without ``received_at``: the revisions that a live system would have sent."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hospital.contracts.tables import Table
from hospital.times import MISSING_TIME

__all__ = ["BEGINNING", "KEPT_BY_KNOWN_AT", "never_known", "unroll"]

BEGINNING = pd.Timestamp("1970-01-01", tz="UTC")
"""Reception of what is known before everything else."""
KEPT_BY_KNOWN_AT = ("staffing",)
"""Tables that hold their reception themselves: the same key at another one is a revision."""


def unroll(frame: pd.DataFrame, contract: Table) -> pd.DataFrame:
    """One row at each event time of a row (a key once), with the columns that were known by then.

    Args:
        frame: a typed table; its ``received_at`` is replaced.
    """
    if contract.name == "units":
        return frame.assign(received_at=frame["open_from"].fillna(BEGINNING))
    if contract.name in KEPT_BY_KNOWN_AT:
        return frame.assign(received_at=frame["known_at"].fillna(frame["at"]))
    events = [_instants(frame[time]) for time in contract.event_times]
    chunks = [_new_rows(events, number) for number in range(len(events))]
    rows = np.concatenate(chunks)
    now = np.concatenate([at[chunk] for at, chunk in zip(events, chunks, strict=True)])
    received = pd.Series(now.view("datetime64[us]"), copy=False).dt.tz_localize("UTC")
    columns = {}
    for name in frame.columns:
        time = _known_with(str(name), contract)
        if name == "received_at":
            columns[name] = received
            continue
        values = frame[name].take(rows).reset_index(drop=True)
        if time is not None:
            at = events[contract.event_times.index(time)][rows]
            known = (at != MISSING_TIME) & (at <= now)
            # Most columns are known whole: copying those cell by cell would be most of the work.
            values = values if known.all() else values.where(known, None)
        columns[name] = values
    return pd.DataFrame(columns, copy=False)


def _instants(times: pd.Series) -> NDArray[np.int64]:
    return times.dt.tz_convert(None).to_numpy("datetime64[us]").view(np.int64)


def _new_rows(events: list[NDArray[np.int64]], number: int) -> NDArray[np.int64]:
    """Rows that have the event time of this number: two events at one time are one message, the first's."""
    new = events[number] != MISSING_TIME
    for before in events[:number]:
        new &= before != events[number]
    return np.flatnonzero(new)


def _known_with(name: str, contract: Table) -> str | None:
    """The event time at which a column becomes known; None: with the row."""
    if name in contract.event_times:
        return name
    column = contract.by_name.get(name)
    if column is None:  # audit attributes and covariates
        return contract.time if contract.time in contract.event_times else None
    return column.known_with


def never_known(frame: pd.DataFrame, contract: Table) -> dict[str, tuple[str, int]]:
    """Columns filled without the time with which they become known: that time, and in how many rows."""
    out = {}
    for column in contract.columns:
        if column.known_with is not None:
            rows = int((frame[column.name].notna() & frame[column.known_with].isna()).sum())
            if rows:
                out[column.name] = (column.known_with, rows)
    return out
