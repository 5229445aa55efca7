"""What was received, read back as arrays: the one reader of stored observations, for service and monitor."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic_core import from_json
from sqlalchemy import ColumnElement, Connection, func, select

from hospital.arrays import Array
from hospital.record.events import FOREVER, columns_from_rows
from registry.record.tables.record_tables import observations

__all__ = [
    "before_present",
    "columns_in_force",
    "first_reception",
    "in_force_since",
    "rows_in_force",
    "rows_known_at",
]

_ROWS_AT_ONCE = 1_000  # rows as texts take ten times the room of their columns

Columns = Mapping[str, Array]


def rows_in_force(
    connection: Connection, table: str, since: int, *, after: int = 0, until: int = FOREVER
) -> Iterator[list[dict[str, Any]]]:
    """Every version of a table's rows that may matter to a forecast made at `since` or later, some thousand at a time.

    Those of something not over by then (a visit's or stay's end, a census row's time) or were received later,
    and were not superseded before. A row without an end is never over.

    Args:
        since: instant.
        after, until: numbers (`seq`), only what was stored after the one and up to the other, in the order stored.
    """
    o = observations.c
    query = select(o.received_at, o.row).where(
        o.kind == table, o.seq > after, o.seq <= until, in_force_since(since)
    )
    query = query.order_by(o.seq).execution_options(yield_per=_ROWS_AT_ONCE)
    for part in connection.execute(query).partitions():
        yield [_read(row, received_at) for received_at, row in part]


def columns_in_force(
    connection: Connection,
    table: str,
    since: int,
    *,
    after: int = 0,
    until: int = FOREVER,
    known: Columns | None = None,
    more: Callable[[Sequence[Mapping[str, Any]]], Columns] | None = None,
) -> Columns:
    """The columns of `rows_in_force`: times int64 instants, numbers float64 (NaN unknown), texts object (None unknown).

    Args:
        known: columns read before, which come first.
        more: further columns of rows, as audit attributes are.
    """
    parts: list[Columns] = [] if known is None else [known]
    for rows in rows_in_force(connection, table, since, after=after, until=until):
        parts.append({**columns_from_rows(table, rows), **(more(rows) if more else {})})
    return _joined(parts)


def before_present(columns: Columns, present: int) -> Columns:
    """The columns with receptions that lie ahead of the clock brought before it, each before the next.

    What was received at a later time than the present was received by a clock that was wrong, and so was what came
    after it, since no reception is before the last one: it counts as received now, in the order in which it came.

    Args:
        present: instant of the clock.
    """
    received = columns["received_at"]
    if not received.size or received.max() <= present:
        return columns
    ahead = received > present
    distinct, place = np.unique(received[ahead], return_inverse=True)
    seen = received.copy()
    seen[ahead] = present - distinct.size + 1 + place
    return {**columns, "received_at": seen}


def _joined(parts: Sequence[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    sizes = [part["received_at"].size for part in parts]
    names: Iterable[str] = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.concatenate([p.get(name, np.full(n, np.nan)) for p, n in zip(parts, sizes, strict=True)])
        for name in names
    }


def rows_known_at(connection: Connection, table: str, at: int, *, since: int) -> list[dict[str, Any]]:
    """Of each row of a table the version that was in force at an instant, with its `received_at`, in the order stored.

    Args:
        at: instant; what was received later is left out, and what it superseded is in force.
        since: instant; what was over before is left out.
    """
    o = observations.c
    query = select(o.received_at, o.row).where(
        o.kind == table,
        o.active_until >= since,
        o.received_at <= at,
        o.superseded_at.is_(None) | (o.superseded_at > at),
    )
    found = connection.execute(query.order_by(o.seq))
    return [_read(row, received_at) for received_at, row in found]


def _read(row: str, received_at: int) -> dict[str, Any]:
    """A stored row; pages read some 17,000 of a hundred units, which take `json` four times as long."""
    return {**from_json(row), "received_at": received_at}


def first_reception(connection: Connection) -> int:
    """Instant of the first reception of a visit, stay or census row, where the record begins; 0 without one."""
    o = observations.c
    first = select(func.min(o.received_at)).where(o.kind.in_(("visits", "stays", "census")))
    return int(connection.scalar(first) or 0)


def in_force_since(since: int) -> ColumnElement[bool]:
    """Versions of `observations` that may matter at `since` (an instant) or later.

    `active_until` is when what they describe was over, or their reception where that was later; and they were not
    superseded before. Else a stay that was received as open, and as closed since, would seem open for ever.
    """
    o = observations.c
    return (o.active_until >= since) & (o.superseded_at.is_(None) | (o.superseded_at >= since))
