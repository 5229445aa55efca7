"""Erases a person from the record: observations, predictions, decisions and payloads; tombstones keep the chain whole.

A tombstone is the salted hash of a line whose salt is gone: it names nobody, and the digest of the batch still holds.
The entry that says of the erasure has the digest of its tombstones, and is signed for by the next checkpoint.
"""

import hashlib
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, insert, or_, select
from sqlalchemy.sql.elements import ColumnElement

from registry.record.journal import append, erase, head
from registry.record.observation_batches import line_hash
from registry.record.tables.record_tables import decisions, observations, payloads, predictions
from registry.record.tombstones import ERASE_SUBJECT, erased_observations

__all__ = ["Erased", "bury", "erase_from_files", "erase_subject", "tombstones_digest"]

_CHUNK = 400
_FEW, _PAGE = 20, 2_000
_NAMED = re.compile(r'"([0-9a-f]{32})"')
"""A pseudonym as a value of a JSON text."""


@dataclass(frozen=True)
class Erased:
    """How much was erased."""

    observations: int
    predictions: int
    decisions: int
    payloads: int

    @property
    def anything(self) -> bool:
        """Whether the record held anything of the person."""
        return self != Erased(0, 0, 0, 0)


def erase_subject(
    connection: Connection, pseudonyms: Collection[str], *, actor: str, reason: str, now: datetime
) -> Erased:
    """Erases all that names one of these pseudonyms; the connection is one of `registry.record.database.writing`.

    A payload of several people's question goes whole, since its digest is over all of it; the others' predictions stay.

    Args:
        pseudonyms: of the person's visits, stays and operations, as they are stored.
        actor: who erases.
        reason: for the journal, from which it cannot be erased: it names nobody.
    """
    hashes = _erase_observations(connection, pseudonyms, head(connection).seq + 1)
    given = select(predictions.c.prediction_id, predictions.c.journal_seq)
    made = _naming(connection, given, predictions.c.response, pseudonyms)
    ids = [i for i, _ in made]
    decided = [
        seq
        for chunk in _chunks(ids)
        for seq in connection.scalars(
            select(decisions.c.journal_seq).where(decisions.c.prediction_id.in_(chunk))
        )
    ]
    asked = {seq for (seq,) in _naming(connection, select(payloads.c.seq), payloads.c.payload, pseudonyms)}
    kept = set(connection.scalars(select(payloads.c.seq)))
    gone = sorted(({seq for _, seq in made} | asked | set(decided)) & kept)
    erased = Erased(len(hashes), len(ids), len(decided), len(gone))
    if not erased.anything:
        return erased
    for chunk in _chunks(ids):
        connection.execute(delete(decisions).where(decisions.c.prediction_id.in_(chunk)))
        connection.execute(delete(predictions).where(predictions.c.prediction_id.in_(chunk)))
    subjects = {name: str(count) for name, count in erased.__dict__.items()}
    subjects["tombstones"] = tombstones_digest(hashes)
    append(connection, actor=actor, action=ERASE_SUBJECT, subjects=subjects, reason=reason, now=now)
    for seq in gone:
        erase(connection, seq, actor=actor, reason=reason, now=now)
    return erased


def erase_from_files(engine: Engine) -> bool:
    """Takes what was erased out of the database's files; False: somebody was reading, or the disk was full.

    What a transaction erased stands in SQLite's file until the write-ahead log is brought into it, which a service that
    runs may put off for days, and in that log until it is cut. PostgreSQL's files are its own (``VACUUM``).
    """
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        return connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    except sqlite3.OperationalError:  # no room, or a disk that fails: what is in the log stays there
        return False
    finally:
        connection.close()


def _erase_observations(connection: Connection, pseudonyms: Collection[str], entry: int) -> list[str]:
    """Takes away every version of each row that names the person; returns the hashes that are left, in order."""
    o = observations.c
    named = _naming(connection, select(o.kind, o.row_id).distinct(), o.row, pseudonyms)
    rows = [
        row
        for kind, row_id in named
        for row in connection.execute(
            select(observations).where(o.kind == kind, o.row_id == row_id)
        ).mappings()
    ]
    return bury(connection, rows, entry)


def tombstones_digest(hashes: Iterable[str]) -> str:
    """What the entry of an erasure has of its tombstones, in their order."""
    return "sha256:" + hashlib.sha256("".join(hashes).encode()).hexdigest()


def bury(connection: Connection, rows: Sequence[Mapping[Any, Any]], entry: int) -> list[str]:
    """Puts tombstones in the place of stored observations; returns the hashes that are left, in order.

    Args:
        connection: one of `registry.record.database.writing`.
        rows: every version of each row, whole.
        entry: number of the entry that will say of it.
    """
    rows = sorted(rows, key=lambda row: int(row["seq"]))
    left = [
        {
            "seq": row["seq"],
            "journal_seq": row["journal_seq"],
            "line_hash": line_hash(row),
            "erased_by": entry,
        }
        for row in rows
    ]
    for chunk in _chunks([row["seq"] for row in rows]):
        connection.execute(delete(observations).where(observations.c.seq.in_(chunk)))
    if left:
        connection.execute(insert(erased_observations), left)
    return [str(row["line_hash"]) for row in left]


def _naming(
    connection: Connection, query: Select[Any], column: ColumnElement[str], pseudonyms: Collection[str]
) -> list[tuple[Any, ...]]:
    """Rows of a query whose column names one of the pseudonyms, each once.

    Few are looked for by the database. Of many, each row is read once and looked through here: a database takes a
    thousand conditions at most, and holds up every writer while it tries them all on each row.
    """
    if len(pseudonyms) <= _FEW:
        return list(dict.fromkeys(map(tuple, connection.execute(query.where(_names(column, pseudonyms))))))
    wanted = frozenset(pseudonyms)
    rows = connection.execute(query.add_columns(column)).yield_per(_PAGE)
    return list(dict.fromkeys(row[:-1] for row in rows if not wanted.isdisjoint(_NAMED.findall(row[-1]))))


def _names(column: ColumnElement[str], pseudonyms: Iterable[str]) -> ColumnElement[bool]:
    """Whether a JSON text has one of the pseudonyms as a value: hex digits, which LIKE takes for nothing else."""
    return or_(*(column.like(f'%"{p}"%') for p in pseudonyms))


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
