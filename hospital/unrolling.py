"""Tables without ``received_at``: the revisions that a live system would have sent."""

import pandas as pd

from hospital.tables import Table

__all__ = ["BEGINNING", "KEPT_BY_KNOWN_AT", "never_known", "unroll"]

BEGINNING = pd.Timestamp("1970-01-01", tz="UTC")
"""Reception of what is known before everything else."""
KEPT_BY_KNOWN_AT = ("staffing",)
"""Tables that tell of their reception themselves: the same key at another one is a revision."""


def unroll(frame: pd.DataFrame, contract: Table) -> pd.DataFrame:
    """One row at each event time of a row (a key once), with the columns that were known by then.

    Args:
        frame: a typed table; its ``received_at`` is replaced.
    """
    if contract.name == "units":
        return frame.assign(received_at=frame["open_from"].fillna(BEGINNING))
    if contract.name in KEPT_BY_KNOWN_AT:
        return frame.assign(received_at=frame["known_at"].fillna(frame["at"]))
    parts = [_revision(frame, contract, time) for time in contract.event_times]
    parts = [part for part in parts if len(part)]
    rows = pd.concat(parts, ignore_index=True)
    # Two events at one time are one message; the key is there once, so that nothing else is dropped.
    return rows.drop_duplicates([*contract.key, "received_at"], ignore_index=True)


def never_known(frame: pd.DataFrame, contract: Table) -> dict[str, tuple[str, int]]:
    """Columns told without the time with which they become known: that time, and in how many rows."""
    out = {}
    for column in contract.columns:
        if column.known_with is not None:
            rows = int((frame[column.name].notna() & frame[column.known_with].isna()).sum())
            if rows:
                out[column.name] = (column.known_with, rows)
    return out


def _revision(frame: pd.DataFrame, contract: Table, time: str) -> pd.DataFrame:
    """What was known at `time` of the rows that have it."""
    there = frame.loc[frame[time].notna()]
    now = there[time]
    known = {name: there[name].notna() & (there[name] <= now) for name in contract.event_times}
    columns = {}
    for name in there.columns:
        told = known.get(str(name))
        column = contract.by_name.get(str(name))
        if told is None and column is None and contract.time in known:
            told = known[contract.time]  # audit attributes and covariates
        if told is None and column is not None and column.known_with is not None:
            told = known[column.known_with]
        # Most columns are known whole: copying those cell by cell would be most of the work.
        if told is None or told.all():
            columns[name] = there[name]
        else:
            columns[name] = there[name].where(told, None)
    return pd.DataFrame(columns).assign(received_at=now)
