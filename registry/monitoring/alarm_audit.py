"""Alarms beside the entries of the journal that raised and acknowledged them: one that was cleared by hand shows.

A model that an alarm stopped speaks again once a member of the board has acknowledged it: that signature is verified.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select

from registry.errors import SignatureError
from registry.monitoring.acknowledgement import ACKNOWLEDGEMENT
from registry.record.journal import Entry, entries_of
from registry.record.journal_audit import JournalFault
from registry.record.tables.record_tables import alarms, payloads
from registry.trust.keys import Signed
from registry.trust.trusted_people import Trust

__all__ = ["edited"]

_RAISED, _ACKNOWLEDGED = "alarm", "acknowledge alarm"


def edited(connection: Connection, trust: Trust | None) -> list[JournalFault]:
    """Alarm rows that are not what their entries say; for `vigie journal verify`.

    Args:
        connection: to the database.
        trust: by which a signature of the board is verified; None: the trust file cannot be read, which is a fault of
            its own.
    """
    raised = {e.seq: e for e in entries_of(connection, (_RAISED,))}
    cleared = {e.subjects.get("alarm", ""): e for e in entries_of(connection, (_ACKNOWLEDGED,))}
    numbers = [*raised, *(e.seq for e in cleared.values())]
    query = select(payloads.c.seq, payloads.c.payload).where(payloads.c.seq.in_(numbers))
    contents = {int(seq): json.loads(text) for seq, text in connection.execute(query)}
    faults = []
    for row in connection.execute(select(alarms)).mappings():
        entry, ended = raised.pop(row["journal_seq"], None), cleared.get(row["alarm_id"])
        wrong = entry is None or any(_raised_otherwise(row, entry, contents.get(entry.seq)))
        if wrong:
            faults.append(JournalFault(int(row["journal_seq"]), f"alarm {row['alarm_id']} was edited"))
        if any(_ended_otherwise(row, ended)) or (
            ended is not None and trust is not None and not _is_signed(ended, contents.get(ended.seq), trust)
        ):
            words = f"that alarm {row['alarm_id']} is acknowledged, or is not, no member of the board signed"
            faults.append(JournalFault(0 if ended is None else ended.seq, words))
    return faults + [JournalFault(seq, "its alarm is gone") for seq in raised]


def _raised_otherwise(row: Mapping[Any, Any], entry: Entry, evidence: Any) -> Iterator[bool]:
    """What a row has otherwise than the entry that raised it; entries of before do not say whether it stops."""
    said = entry.subjects
    yield (said.get("alarm"), said.get("model")) != (row["alarm_id"], row["model"])
    yield said.get("release") != str(row["release"])
    yield entry.reason != f"{row['family']}: {row['name']}"
    yield entry.at != row["raised_at"]
    yield said.get("stops", str(row["stops"])) != str(row["stops"])
    if evidence is not None:
        yield json.loads(row["evidence"]) != evidence or evidence.get("day") != row["day"]


def _ended_otherwise(row: Mapping[Any, Any], entry: Entry | None) -> Iterator[bool]:
    """What a row has otherwise than the entry that acknowledged it, or no entry did."""
    names = ("acknowledged_at", "acknowledged_day", "acknowledged_by", "acknowledged_reason")
    if entry is None:
        yield any(row[name] is not None for name in names)
        return
    yield (row["acknowledged_at"], row["acknowledged_by"]) != (entry.at, entry.actor)
    yield row["acknowledged_reason"] != entry.reason
    yield entry.subjects.get("until_day", str(row["acknowledged_day"])) != str(row["acknowledged_day"])


def _is_signed(entry: Entry, content: Any, trust: Trust) -> bool:
    """Whether a member of the board signed just this; of an erased payload nothing can be said."""
    if content is None:
        return True
    try:
        signed = Signed.from_json(content)
        name = trust.require(signed, "board", ACKNOWLEDGEMENT)
    except SignatureError:
        return False
    body = signed.body
    said = (name, body.get("alarm"), body.get("reason"), body.get("at"))
    return said == (entry.actor, entry.subjects.get("alarm"), entry.reason, entry.at)
