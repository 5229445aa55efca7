"""What is left of a decision once its reason is erased, and its digest: whoever edits the rest later still shows.

The digests stand in the payload of the act's entry, so in the journal's chain; of the erased words there is none.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table, select

from registry.digests import canonical_json, sha256_bytes
from registry.record.journal_audit import JournalFault
from registry.record.tables.recommendation_tables import recommendation_acts
from registry.record.tables.record_tables import decisions, journal, payloads
from registry.record.tombstones import RETAIN

__all__ = ["GONE", "REMAINDERS", "edited", "remainders"]

REMAINDERS, GONE = "remainders", "gone"
"""Keys of the payload: digests by the entry of each decision, and entries of those whose rows were erased whole."""
_COLUMNS: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (
        decisions,
        (
            "decision_id",
            "prediction_id",
            "decision",
            "reason",
            "value",
            "actor",
            "decided_at",
            "journal_seq",
        ),
    ),
    (recommendation_acts, ("recommendation_id", "act", "actor", "at", "content", "journal_seq")),
)


def remainders(connection: Connection, entries: set[int]) -> dict[str, str]:
    """Digest of each row of these entries as it is now, by the entry's number."""
    return {str(seq): digest for seq, digest in _rows(connection) if seq in entries}


def edited(connection: Connection) -> list[JournalFault]:
    """Decisions whose reason is gone by its term, and whose rest is not what it was then, or is gone; for verify."""
    expected: dict[int, str] = {}
    for payload in _acts(connection):
        for seq in payload.get(GONE, ()):
            expected.pop(int(seq), None)
        expected |= {int(seq): digest for seq, digest in payload.get(REMAINDERS, {}).items()}
    found = dict(_rows(connection)) if expected else {}
    faults = []
    for seq, digest in expected.items():
        if seq not in found:
            faults.append(JournalFault(seq, "its decision is gone, and no entry says that it was erased"))
        elif found[seq] != digest:
            faults.append(JournalFault(seq, "its decision was edited after its reason was erased"))
    return faults


def _acts(connection: Connection) -> Iterator[Mapping[str, Any]]:
    query = (
        select(payloads.c.payload)
        .join(journal, journal.c.seq == payloads.c.seq)
        .where(journal.c.action == RETAIN)
        .order_by(journal.c.seq)
    )
    for text in connection.scalars(query):
        yield json.loads(text)


def _rows(connection: Connection) -> Iterator[tuple[int, str]]:
    for table, names in _COLUMNS:
        for row in connection.execute(
            select(*(table.c[name] for name in names)).where(table.c.journal_seq > 0)
        ):
            yield row.journal_seq, sha256_bytes(canonical_json(dict(row._mapping)))
