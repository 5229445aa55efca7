"""Reads the whole journal and says what is wrong with it: edited, missing, unreadable, payloads without an entry."""

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from registry.record.journal import GENESIS, Entry, Head, rows, salted, subjects_text
from registry.record.tables.record_tables import journal, payloads
from registry.record.tombstones import RETAIN, numbers_of

__all__ = ["Audit", "JournalFault", "audit", "verify"]

_LOST_PAYLOADS = select(payloads.c.seq).where(payloads.c.seq.not_in(select(journal.c.seq)))


@dataclass(frozen=True)
class JournalFault:
    """One thing wrong with the journal: at which entry, and what."""

    seq: int
    message: str


@dataclass(frozen=True)
class Audit:
    """What reading the whole journal found.

    Attributes:
        entries: how many there are.
        head: of the last one; number 0 where there is none.
        erased: entries whose payload was erased; that is no fault.
        digests: of the entries that were asked for by number.
        times: instants of these; what is no instant is not among them.
    """

    entries: int
    head: Head
    faults: tuple[JournalFault, ...]
    erased: tuple[int, ...]
    digests: Mapping[int, str] = field(default_factory=dict)
    times: Mapping[int, int] = field(default_factory=dict)


def verify(connection: Connection, *, kept: Head | None = None) -> list[JournalFault]:
    """Everything that shows the journal was edited; empty if it is whole. An erased payload is no fault."""
    return list(audit(connection, kept=kept).faults)


def audit(connection: Connection, *, kept: Head | None = None, noted: Container[int] = ()) -> Audit:
    """Reads the whole journal; `kept`, a head noted earlier, shows whether later entries were cut off.

    Args:
        noted: numbers of entries whose digests and instants the caller will compare.
    """
    faults: list[JournalFault] = []
    erased: list[int] = []
    explained: set[str] = set()  # subjects of the entries that say of an erasure
    over: set[int] = set()  # entries whose payload was older than its term
    digests: dict[int, str] = {}
    times: dict[int, int] = {}
    last, count, found_kept = Head(0, GENESIS), 0, kept is None or kept.seq == 0
    try:
        for row in rows(connection):
            faults += [JournalFault(_number(row, last), message) for message in _faults(row, last)]
            if row["action"] == "erase":
                explained.add(row["subjects"])
            if row["action"] == RETAIN:
                over |= _payloads_over(row, last.seq)
            if row["payload_digest"] and row["payload"] is None:
                erased.append(row["seq"])
            seq = _number(row, last)
            last, count = Head(seq, row["digest"]), count + 1
            if seq in noted:
                digests[seq] = row["digest"]
                times |= {seq: row["at"]} if isinstance(row["at"], int) else {}
            found_kept = found_kept or last == kept
        lost = list(connection.scalars(_LOST_PAYLOADS))
    except DBAPIError as error:
        faults.append(JournalFault(last.seq + 1, _unreadable(error)))
        return Audit(count, last, tuple(faults), tuple(erased), digests, times)
    if not found_kept and kept is not None:
        faults.append(
            JournalFault(kept.seq, "the entry noted earlier is gone or another: entries were cut off")
        )
    unexplained = [
        seq for seq in erased if seq not in over and subjects_text({"entry": str(seq)}) not in explained
    ]
    faults += [
        JournalFault(seq, "its payload is gone, and no entry says that it was erased") for seq in unexplained
    ]
    faults += [JournalFault(int(seq), "a payload without its entry") for seq in lost]
    return Audit(count, last, tuple(faults), tuple(erased), digests, times)


def _payloads_over(row: Mapping[str, Any], most: int) -> set[int]:
    """Numbers of entries that an entry says were older than their term; what was edited says nothing."""
    try:
        return numbers_of(str(json.loads(row["subjects"]).get("payloads", "")), most)
    except (ValueError, TypeError, AttributeError):
        return set()


def _unreadable(error: DBAPIError) -> str:
    """A page of the database's file that cannot be read; its text holds values, the error's name none."""
    return f"cannot be read ({type(error.orig).__name__}): the database's file is damaged from here on"


def _faults(row: Mapping[str, Any], last: Head) -> Iterator[str]:
    """What is wrong with an entry after `last`. SQLite keeps any type in any column: nothing is assumed."""
    if not isinstance(row["seq"], int) or row["seq"] <= last.seq:
        yield "its number was edited"
    elif row["seq"] != last.seq + 1:
        yield f"entries {last.seq + 1} to {row['seq'] - 1} are missing"
    elif row["previous"] != last.digest:
        yield "does not follow the entry before it"
    try:
        values = {k: v for k, v in row.items() if k not in ("salt", "payload")}
        entry = Entry(**{**values, "subjects": json.loads(row["subjects"])})
        # The digest is over what the text says: written otherwise, or with a name twice, nothing would find it again.
        written = subjects_text(entry.subjects) == row["subjects"]
        same = written and entry.digest == entry.computed_digest()
    except (ValueError, TypeError):
        same = False
    if not same:
        yield "was edited: its digest is another"
    if row["payload"] is not None and not _is_payload(row):
        yield "its payload was edited"


def _is_payload(row: Mapping[Any, Any]) -> bool:
    """Whether it is what was digested, parted where it was: at the first line end, which no salt has."""
    salt, payload = row["salt"], row["payload"]
    return "\n" not in str(salt) and salted(salt, payload) == row["payload_digest"]


def _number(row: Mapping[Any, Any], last: Head) -> int:
    """An entry's number; what is none is that of the place where it stands."""
    return row["seq"] if isinstance(row["seq"], int) else last.seq + 1
