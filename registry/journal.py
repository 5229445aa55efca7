"""The journal: append-only, each entry chained to the one before by its digest.

Entries hold salted digests of payloads; payloads and salts stand in a table of their own, from which a person's
data can be erased without breaking the chain.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from hospital.times import instant
from registry.database import journal, payloads
from registry.digests import canonical_json, sha256_bytes

__all__ = ["Entry", "JournalFault", "append", "entries", "verify"]

GENESIS = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes:
        at: instant. actor: a person's or application's name. subjects: what it is about, by name (digests, ids).
        payload_digest: salted digest of the payload, "" without one. previous: digest of the entry before.
    """

    seq: int
    at: int
    actor: str
    action: str
    subjects: Mapping[str, str]
    reason: str
    payload_digest: str
    previous: str
    digest: str

    def computed_digest(self) -> str:
        """What the digest must be."""
        return sha256_bytes(
            canonical_json(
                {
                    "seq": self.seq,
                    "at": self.at,
                    "actor": self.actor,
                    "action": self.action,
                    "subjects": dict(self.subjects),
                    "reason": self.reason,
                    "payload_digest": self.payload_digest,
                    "previous": self.previous,
                }
            )
        )


@dataclass(frozen=True)
class JournalFault:
    """One thing wrong with the journal: at which entry, and what."""

    seq: int
    message: str


def append(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subjects: Mapping[str, str],
    now: datetime,
    reason: str = "",
    payload: Any = None,
) -> Entry:
    """Appends an entry; the connection must be one of `registry.database.writing`, so that there is one writer."""
    last = connection.execute(
        select(journal.c.seq, journal.c.digest).order_by(journal.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (1, GENESIS) if last is None else (int(last.seq) + 1, str(last.digest))
    salt, content = secrets.token_hex(16), "" if payload is None else canonical_json(payload).decode()
    payload_digest = "" if payload is None else _salted(salt, content)
    unsigned = Entry(seq, instant(now), actor, action, dict(subjects), reason, payload_digest, previous, "")
    entry = Entry(**{**unsigned.__dict__, "digest": unsigned.computed_digest()})
    subjects_text = canonical_json(dict(subjects)).decode()
    connection.execute(insert(journal).values({**entry.__dict__, "subjects": subjects_text}))
    if payload is not None:
        connection.execute(insert(payloads).values(seq=seq, salt=salt, payload=content))
    return entry


def entries(connection: Connection, *, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
    """Entries in order, those after a sequence number."""
    query = select(journal).where(journal.c.seq > after).order_by(journal.c.seq)
    for row in connection.execute(query if limit is None else query.limit(limit)).mappings():
        yield Entry(**{**row, "subjects": json.loads(row["subjects"])})


def verify(connection: Connection) -> list[JournalFault]:
    """Everything that shows the journal was edited; empty if it is whole. An erased payload is no fault."""
    faults, previous, expected = [], GENESIS, 1
    kept = {row.seq: row for row in connection.execute(select(payloads))}
    for entry in entries(connection):
        if entry.seq != expected:
            faults.append(JournalFault(entry.seq, f"entries {expected} to {entry.seq - 1} are missing"))
        if entry.previous != previous:
            faults.append(JournalFault(entry.seq, "does not follow the entry before it"))
        if entry.digest != entry.computed_digest():
            faults.append(JournalFault(entry.seq, "was edited: its digest is another"))
        payload = kept.pop(entry.seq, None)
        if payload is not None and _salted(payload.salt, payload.payload) != entry.payload_digest:
            faults.append(JournalFault(entry.seq, "its payload was edited"))
        previous, expected = entry.digest, entry.seq + 1
    faults += [JournalFault(int(seq), "a payload without its entry") for seq in kept]
    return faults


def _salted(salt: str, content: str) -> str:
    return sha256_bytes(f"{salt}\n{content}".encode())
