"""The journal: append-only, each entry chained to the one before by its digest.

Entries hold salted digests of payloads; payloads and salts stand in a table of their own, from which a
person's data can be erased without breaking the chain. The chain shows what was changed or taken from the
middle; that the last entries were cut off, or all of them written anew, shows against heads that were noted
elsewhere (`Head`): the signed checkpoints of `registry.checkpoints`.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from hospital.times import instant
from registry.digests import canonical_json, sha256_bytes
from registry.errors import JournalError
from registry.record.compiled_sql import Insertion, Question
from registry.record.tables.record_tables import journal, payloads

__all__ = [
    "GENESIS",
    "Draft",
    "Entry",
    "Head",
    "about",
    "append",
    "append_all",
    "appended_here",
    "entries",
    "entries_of",
    "erase",
    "export",
    "head",
    "rows",
    "salted",
    "subjects_text",
]

GENESIS = "sha256:" + "0" * 64
_BATCH = 1000
_LAST = Question(select(journal.c.seq, journal.c.digest).order_by(journal.c.seq.desc()).limit(1))
_ENTRIES, _PAYLOADS = Insertion(journal), Insertion(payloads)


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes:
        at: instant.
        actor: the name of a person or application.
        subjects: digests and ids it is about.
        payload_digest: salted digest of the payload, "" without one.
        previous: digest of the entry before.
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

    def signed_part(self) -> dict[str, Any]:
        """Everything that the digest is over."""
        return {
            "seq": self.seq,
            "at": self.at,
            "actor": self.actor,
            "action": self.action,
            "subjects": dict(self.subjects),
            "reason": self.reason,
            "payload_digest": self.payload_digest,
            "previous": self.previous,
        }

    def computed_digest(self) -> str:
        """What the digest must be."""
        return sha256_bytes(canonical_json(self.signed_part()))


@dataclass(frozen=True)
class Head:
    """Last number and digest: kept elsewhere, it shows later that nothing up to it was cut off."""

    seq: int
    digest: str


@dataclass(frozen=True)
class Draft:
    """What an entry is to say; the journal adds its number, time and place in the chain."""

    actor: str
    action: str
    subjects: Mapping[str, str]
    reason: str = ""
    payload: Any = None


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
    """Appends an entry.

    The connection must be one of `registry.record.database.writing`, so that there is one writer; otherwise two
    entries of one number meet the table's key, and one of them fails.
    """
    draft = Draft(actor, action, subjects, reason, payload)
    return append_all(connection, [draft], now=now)[0]


def append_all(connection: Connection, drafts: Sequence[Draft], *, now: datetime) -> list[Entry]:
    """`append` of several entries, in their order, for the price of little more than one."""
    if not drafts:
        return []
    last, at = head(connection), instant(now)
    made: list[Entry] = []
    kept = []
    for draft in drafts:
        salt, content, payload_digest = secrets.token_hex(16), "", ""
        if draft.payload is not None:
            content = canonical_json(draft.payload).decode()
            payload_digest = salted(salt, content)
        signed: dict[str, Any] = {
            "seq": last.seq + 1,
            "at": at,
            "actor": draft.actor,
            "action": draft.action,
            "subjects": dict(draft.subjects),
            "reason": draft.reason,
            "payload_digest": payload_digest,
            "previous": last.digest,
        }
        entry = Entry(**signed, digest=sha256_bytes(canonical_json(signed)))
        made.append(entry)
        last = Head(entry.seq, entry.digest)
        if draft.payload is not None:
            kept.append({"seq": entry.seq, "salt": salt, "payload": content})
    rows = [{**e.signed_part(), "digest": e.digest, "subjects": subjects_text(e.subjects)} for e in made]
    _ENTRIES.run(connection, rows)
    _Appended.count += len(rows)
    if kept:
        _PAYLOADS.run(connection, kept)
    return made


class _Appended:
    """How many entries this process has made."""

    count = 0


def appended_here() -> int:
    """How many entries this process has made, whether they were committed or not."""
    return _Appended.count


def head(connection: Connection) -> Head:
    """The last entry's number and digest; number 0 where there is none."""
    last = _LAST.first(connection)
    return Head(0, GENESIS) if last is None else Head(int(last[0]), str(last[1]))


def entries(connection: Connection, *, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
    """Entries in order, those after a sequence number."""
    query = select(journal).where(journal.c.seq > after).order_by(journal.c.seq)
    found = connection.execute(query if limit is None else query.limit(limit))
    for row in found.yield_per(_BATCH).mappings():
        yield Entry(**{**row, "subjects": json.loads(row["subjects"])})


def entries_of(connection: Connection, actions: Sequence[str]) -> Iterator[Entry]:
    """Entries of these actions, in order."""
    query = select(journal).where(journal.c.action.in_(actions)).order_by(journal.c.seq)
    for row in connection.execute(query).yield_per(_BATCH).mappings():
        yield Entry(**{**row, "subjects": json.loads(row["subjects"])})


def about(connection: Connection, subjects: Mapping[str, str]) -> list[Entry]:
    """Entries about exactly these subjects, in order."""
    query = select(journal).where(journal.c.subjects == subjects_text(subjects)).order_by(journal.c.seq)
    rows = connection.execute(query).mappings()
    return [Entry(**{**row, "subjects": json.loads(row["subjects"])}) for row in rows]


def erase(connection: Connection, seq: int, *, actor: str, reason: str, now: datetime) -> Entry:
    """Erases the payload of an entry, with an entry that says who did and why; the chain holds.

    Raises:
        JournalError: the entry has no payload, or has it no more.
    """
    if connection.execute(delete(payloads).where(payloads.c.seq == seq)).rowcount == 0:
        raise JournalError("registry.record.no_payload", seq=str(seq))
    return append(
        connection, actor=actor, action="erase", subjects={"entry": str(seq)}, reason=reason, now=now
    )


def rows(connection: Connection) -> Iterator[Mapping[Any, Any]]:
    """Every entry with its payload (None: there is none, or none any more), in order."""
    joined = journal.outerjoin(payloads, journal.c.seq == payloads.c.seq)
    query = select(journal, payloads.c.salt, payloads.c.payload).select_from(joined).order_by(journal.c.seq)
    yield from connection.execute(query).yield_per(_BATCH).mappings()


def export(connection: Connection, *, with_payloads: bool = False) -> Iterator[bytes]:
    """The journal as JSON lines, one entry a line; payloads may hold what must not leave the hospital."""
    for row in rows(connection):
        line = {k: v for k, v in row.items() if k not in ("salt", "payload")}
        line["subjects"] = json.loads(row["subjects"])
        if with_payloads and row["payload"] is not None:
            line |= {"salt": row["salt"], "payload": json.loads(row["payload"])}
        yield canonical_json(line)


def subjects_text(subjects: Mapping[str, str]) -> str:
    """Subjects as they are stored."""
    return canonical_json(dict(subjects)).decode()


def salted(salt: str, content: str) -> str:
    """The digest of a payload with its salt."""
    return sha256_bytes(f"{salt}\n{content}".encode())
