"""Rows of recommendations held against the journal: for `vigie journal verify`."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from registry.digests import canonical_json, sha256_bytes
from registry.record.journal_audit import JournalFault
from registry.record.tables.recommendation_tables import recommendation_acts, recommendations
from registry.record.tables.record_tables import journal, payloads
from serving.interface.recommendations.rows import (
    ACTED,
    RECOMMENDED,
    SEEDED,
    UNRECORDED,
    StoredAct,
    StoredRecommendation,
    act_of,
    content_done,
    content_made,
    recommendation_of,
)

__all__ = ["edited"]

_CLOSING = frozenset({"expired"})
"""Acts after which nothing can become of a recommendation, whatever the policy on decisions."""


def edited(connection: Connection) -> list[JournalFault]:
    """Rows that are not what the journal says was recommended and done, or that it says nothing of."""
    ours = journal.c.action.in_((RECOMMENDED, SEEDED)) | journal.c.action.like(f"{ACTED} %")
    entries = set(connection.scalars(select(journal.c.seq).where(ours)))
    query = select(payloads.c.seq, payloads.c.payload).where(
        payloads.c.seq.in_(select(journal.c.seq).where(ours))
    )
    digests = {seq: sha256_bytes(payload.encode()) for seq, payload in connection.execute(query)}
    made = [recommendation_of(r) for r in connection.execute(select(recommendations))]
    acts = [act_of(r) for r in connection.execute(select(recommendation_acts))]
    contents = [
        (
            r.journal_entry,
            content_made(
                r.recommendation_id, r.place, r.level, r.proposed_at, r.decide_by, r.content, r.seeded_for
            ),
        )
        for r in made
    ] + [
        (a.journal_entry, content_done(a.recommendation_id, a.kind, a.actor, a.at, a.content))
        for a in acts
        if a.kind not in UNRECORDED
    ]
    faults = [
        JournalFault(
            r.journal_entry,
            f"recommendation {r.recommendation_id} is closed, or open, otherwise than its acts say",
        )
        for r in made
        if not _is_closed_by_an_act(r, acts)
    ]
    for seq, content in contents:
        expected = digests.pop(seq, None)
        if seq not in entries:
            faults.append(JournalFault(seq, "a recommendation or an act on one has no entry"))
        elif expected is not None and sha256_bytes(canonical_json(content)) != expected:
            faults.append(JournalFault(seq, "what was recommended or decided was edited"))
    return faults + [JournalFault(seq, "its recommendation or act is gone") for seq in digests]


def _is_closed_by_an_act(one: StoredRecommendation, acts: Sequence[StoredAct]) -> bool:
    """Whether it was closed at the instant of an act on it; one that expired or was signed is not open."""
    mine = [a for a in acts if a.recommendation_id == one.recommendation_id and a.kind not in UNRECORDED]
    if one.closed_at is None:
        return not any(a.kind in _CLOSING for a in mine)
    return any(a.at == one.closed_at for a in mine)
