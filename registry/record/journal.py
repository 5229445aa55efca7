"""The journal: append-only, each entry chained to the one before by its digest.

Entries hold salted digests of payloads; payloads and salts stand in a table of their own, from which a
person's data can be erased without breaking the chain. The chain shows what was changed or taken from the
middle; that the last entries were cut off shows only against a head that somebody kept elsewhere (`Head`).
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
from registry.record.database import journal, payloads

__all__ = [
    "Audit",
    "Draft",
    "Entry",
    "Head",
    "JournalFault",
    "about",
    "append",
    "append_all",
    "audit",
    "entries",
    "erase",
    "export",
    "head",
    "verify",
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
class JournalFault:
    """One thing wrong with the journal: at which entry, and what."""

    seq: int
    message: str


@dataclass(frozen=True)
class Head:
    """Last number and digest: kept elsewhere, it shows later that nothing up to it was cut off."""

    seq: int
    digest: str


@dataclass(frozen=True)
class Audit:
    """What reading the whole journal found.

    Attributes:
        entries: how many there are.
        head: of the last one; number 0 where there is none.
        erased: entries whose payload was erased; that is no fault.
    """

    entries: int
    head: Head
    faults: tuple[JournalFault, ...]
    erased: tuple[int, ...]


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
            payload_digest = _salted(salt, content)
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
    rows = [{**e.signed_part(), "digest": e.digest, "subjects": _text(e.subjects)} for e in made]
    _ENTRIES.run(connection, rows)
    if kept:
        _PAYLOADS.run(connection, kept)
    return made


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


def about(connection: Connection, subjects: Mapping[str, str]) -> list[Entry]:
    """Entries about exactly these subjects, in order."""
    query = select(journal).where(journal.c.subjects == _text(subjects)).order_by(journal.c.seq)
    rows = connection.execute(query).mappings()
    return [Entry(**{**row, "subjects": json.loads(row["subjects"])}) for row in rows]


def erase(connection: Connection, seq: int, *, actor: str, reason: str, now: datetime) -> Entry:
    """Erases the payload of an entry, with an entry that says who did and why; the chain holds.

    Raises:
        JournalError: the entry has no payload, or has it no more.
    """
    if connection.execute(delete(payloads).where(payloads.c.seq == seq)).rowcount == 0:
        raise JournalError(f"Entry {seq} of the journal has no payload: there is nothing to erase.")
    return append(
        connection, actor=actor, action="erase", subjects={"entry": str(seq)}, reason=reason, now=now
    )


def verify(connection: Connection, *, kept: Head | None = None) -> list[JournalFault]:
    """Everything that shows the journal was edited; empty if it is whole. An erased payload is no fault."""
    return list(audit(connection, kept=kept).faults)


def audit(connection: Connection, *, kept: Head | None = None) -> Audit:
    """Reads the whole journal; `kept`, a head noted earlier, shows whether later entries were cut off."""
    faults: list[JournalFault] = []
    erased: list[int] = []
    explained: set[str] = set()  # subjects of the entries that say of an erasure
    last, count, found_kept = Head(0, GENESIS), 0, kept is None or kept.seq == 0
    joined = journal.outerjoin(payloads, journal.c.seq == payloads.c.seq)
    query = select(journal, payloads.c.salt, payloads.c.payload).select_from(joined).order_by(journal.c.seq)
    for found in connection.execute(query).yield_per(_BATCH).mappings():
        row = dict(found)
        faults += [JournalFault(row["seq"], message) for message in _faults(row, last)]
        if row["action"] == "erase":
            explained.add(row["subjects"])
        if row["payload_digest"] and row["payload"] is None:
            erased.append(row["seq"])
        last, count = Head(row["seq"], row["digest"]), count + 1
        found_kept = found_kept or last == kept
    if not found_kept and kept is not None:
        faults.append(
            JournalFault(kept.seq, "the entry noted earlier is gone or another: entries were cut off")
        )
    unexplained = [seq for seq in erased if _text({"entry": str(seq)}) not in explained]
    faults += [
        JournalFault(seq, "its payload is gone, and no entry says that it was erased") for seq in unexplained
    ]
    lost = select(payloads.c.seq).where(payloads.c.seq.not_in(select(journal.c.seq)))
    faults += [JournalFault(int(seq), "a payload without its entry") for seq in connection.scalars(lost)]
    return Audit(count, last, tuple(faults), tuple(erased))


def export(connection: Connection, *, with_payloads: bool = False) -> Iterator[bytes]:
    """The journal as JSON lines, one entry a line; payloads may hold what must not leave the hospital."""
    joined = journal.outerjoin(payloads, journal.c.seq == payloads.c.seq)
    query = select(journal, payloads.c.salt, payloads.c.payload).select_from(joined).order_by(journal.c.seq)
    for row in connection.execute(query).yield_per(_BATCH).mappings():
        line = {k: v for k, v in row.items() if k not in ("salt", "payload")}
        line["subjects"] = json.loads(row["subjects"])
        if with_payloads and row["payload"] is not None:
            line |= {"salt": row["salt"], "payload": json.loads(row["payload"])}
        yield canonical_json(line)


def _faults(row: Mapping[str, Any], last: Head) -> Iterator[str]:
    """What is wrong with an entry after `last`. SQLite keeps any type in any column: nothing is assumed."""
    if row["seq"] != last.seq + 1:
        yield f"entries {last.seq + 1} to {row['seq'] - 1} are missing"
    elif row["previous"] != last.digest:
        yield "does not follow the entry before it"
    try:
        values = {k: v for k, v in row.items() if k not in ("salt", "payload")}
        entry = Entry(**{**values, "subjects": json.loads(row["subjects"])})
        same = entry.digest == entry.computed_digest()
    except (ValueError, TypeError):
        same = False
    if not same:
        yield "was edited: its digest is another"
    if row["payload"] is not None and _salted(row["salt"], row["payload"]) != row["payload_digest"]:
        yield "its payload was edited"


def _text(subjects: Mapping[str, str]) -> str:
    return canonical_json(dict(subjects)).decode()


def _salted(salt: str, content: str) -> str:
    return sha256_bytes(f"{salt}\n{content}".encode())
