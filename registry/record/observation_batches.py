"""Observations under the journal: each stored row names the entry that covers it, whose digest is over all its rows.

A row's line is hashed with a salt of its own, and the batch's digest is over these hashes in the order stored, so that
a row can be taken away, its hash left behind, without breaking the digest of the others.
"""

import hashlib
import heapq
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.exc import DBAPIError

from registry.digests import canonical_json, sha256_bytes
from registry.errors import JournalError
from registry.record.journal import Entry, append, entries_of, head
from registry.record.journal_audit import JournalFault
from registry.record.tables.record_tables import observations
from registry.record.tombstones import ERASE_SUBJECT, RETAIN, erased_observations

__all__ = ["Batch", "edited", "forget_all", "line_hash"]

_COVERING = ("observe", "import", "cover observations")
_FORGET = "forget observations"
_BATCH = 1000


class Batch:
    """Rows that are about to be stored under one entry; one for each transaction of `registry.record.database.writing`.

    Attributes:
        entry: the number that the entry will have, since nobody else writes meanwhile.
        rows: how many there are so far.
    """

    def __init__(self, connection: Connection) -> None:
        self.entry, self.rows = head(connection).seq + 1, 0
        self._total = hashlib.sha256()

    def cover(self, values: Sequence[dict[str, Any]]) -> None:
        """Gives rows their entry and salts, in the order in which they are stored right after."""
        for row in values:
            row["journal_seq"], row["salt"] = self.entry, secrets.token_hex(8)
            self._total.update(line_hash(row).encode())
        self.rows += len(values)

    def enter(
        self, connection: Connection, *, actor: str, action: str, subjects: Mapping[str, str], now: datetime
    ) -> Entry | None:
        """Writes the entry; None, and nothing, where no row was stored.

        Raises:
            JournalError: something else was entered between the rows and this.
        """
        if not self.rows:
            return None
        covered = {"rows": str(self.rows), "rows_digest": "sha256:" + self._total.hexdigest()}
        entry = append(connection, actor=actor, action=action, subjects={**subjects, **covered}, now=now)
        if entry.seq != self.entry:
            raise JournalError("registry.record.other_entry")
        return entry


def line_hash(row: Mapping[Any, Any]) -> str:
    """The hash of a stored row: of what it is, when it came, until when it matters, and the digest of its content."""
    names = ("kind", "row_id", "received_at", "active_until", "digest", "salt")
    return hashlib.sha256(canonical_json([row[name] for name in names])).hexdigest()


def forget_all(connection: Connection, *, actor: str, reason: str, now: datetime) -> None:
    """Takes every observation away, with an entry that says so: another hospital's take their place (the demo)."""
    count = connection.scalar(select(func.count()).select_from(observations))
    connection.execute(delete(observations))
    append(connection, actor=actor, action=_FORGET, subjects={"rows": str(count)}, reason=reason, now=now)


@dataclass
class _Found:
    rows: int
    total: Any


def edited(connection: Connection) -> list[JournalFault]:
    """Stored observations that are not what the journal says was received; for `vigie journal verify`."""
    faults: list[JournalFault] = []
    found: dict[int, _Found] = {}
    try:
        for row in _stored(connection):
            seq = int(row["journal_seq"])
            batch = found.setdefault(seq, _Found(0, hashlib.sha256()))
            if "line_hash" in row:  # what an erased one left
                batch.rows += 1
                batch.total.update(str(row["line_hash"]).encode())
                continue
            if sha256_bytes(str(row["row"]).encode()) != row["digest"]:
                faults.append(JournalFault(seq, f"observation {row['seq']} was edited"))
            batch.rows += 1
            batch.total.update(line_hash(row).encode())
        faults += _unexplained(connection)
        faults += _out_of_order(connection)
    except (DBAPIError, ValueError, TypeError) as error:
        return [*faults, JournalFault(0, f"observations cannot be read ({type(error).__name__})")]
    return [*faults, *_compared(connection, found)]


def _stored(connection: Connection) -> Iterator[Mapping[Any, Any]]:
    """Rows, and what erased ones left, in the order in which they were stored under each entry."""
    o, e = observations.c, erased_observations.c
    rows = connection.execute(select(observations).order_by(o.journal_seq, o.seq)).yield_per(_BATCH)
    left = connection.execute(select(erased_observations).order_by(e.journal_seq, e.seq)).all()

    def place(row: Mapping[Any, Any]) -> tuple[int, int]:
        return int(row["journal_seq"]), int(row["seq"])

    yield from heapq.merge(rows.mappings(), (row._mapping for row in left), key=place)


def _unexplained(connection: Connection) -> Iterator[JournalFault]:
    """Tombstones beside the entries of their erasures: else whoever deletes a row would leave one."""
    e = erased_observations.c
    query = select(e.erased_by, e.line_hash).order_by(e.erased_by, e.seq)
    found: dict[int, Any] = {}
    for by, value in connection.execute(query):
        found.setdefault(int(by), hashlib.sha256()).update(str(value).encode())
    empty = hashlib.sha256()
    for entry in entries_of(connection, (ERASE_SUBJECT, RETAIN)):
        if "sha256:" + found.pop(entry.seq, empty).hexdigest() != entry.subjects.get("tombstones"):
            yield JournalFault(entry.seq, "what its erasure left was edited")
    for by in found:
        yield JournalFault(by, "observations were taken away, and no entry says that a person was erased")


def _compared(connection: Connection, found: dict[int, _Found]) -> Iterator[JournalFault]:
    """Batches beside the entries that cover them; those that were forgotten are no fault."""
    forgotten = max((entry.seq for entry in entries_of(connection, (_FORGET,))), default=0)
    for entry in entries_of(connection, _COVERING):
        batch = found.pop(entry.seq, None)
        wanted = entry.subjects.get("rows_digest")
        if wanted is None or (batch is None and entry.seq < forgotten):
            continue
        if batch is None:
            yield JournalFault(entry.seq, "its observations are gone")
        elif "sha256:" + batch.total.hexdigest() != wanted:
            rows = entry.subjects.get("rows")
            yield JournalFault(
                entry.seq, f"its observations were edited: {rows} were received, {batch.rows} are there"
            )
    for seq, batch in found.items():
        yield JournalFault(seq, f"{batch.rows} observations stand under an entry that received none")


def _out_of_order(connection: Connection) -> list[JournalFault]:
    """Versions whose end is not the reception of the next: an edited end hides a row, or calls one back."""
    o = observations.c
    following = func.lead(o.received_at).over(partition_by=(o.kind, o.row_id), order_by=o.received_at)
    versions = select(o.seq, o.journal_seq, o.superseded_at, following.label("following")).subquery()
    v = versions.c
    wrong = select(v.seq, v.journal_seq).where(v.superseded_at.is_distinct_from(v.following)).order_by(v.seq)
    return [
        JournalFault(int(row.journal_seq), f"observation {row.seq} ends where no later version begins")
        for row in connection.execute(wrong)
    ]
