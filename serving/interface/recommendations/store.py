"""What was recommended and what people did with it, each with its journal entry in one transaction.

What is seeded to measure oversight lies beside what is real, and is handed out to the one person it was made for: every
other question leaves it out by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from hospital.times import instant
from registry.record.database import writing
from registry.record.journal import append
from registry.record.request_keys import RequestKey, claim, earlier
from registry.record.tables.recommendation_tables import recommendation_acts, recommendations, webhook_outbox
from serving.forecasting.prediction_record import new_id
from serving.gateway.service_parts import Parts
from serving.http.clock import system_time
from serving.http.write_outcome import about_to_commit
from serving.interface.recommendations.rows import (
    ACTED,
    RECOMMENDED,
    SEEDED,
    SERVICE,
    UNRECORDED,
    StoredAct,
    StoredRecommendation,
    act_of,
    content_done,
    content_made,
    recommendation_of,
    text_of,
)

__all__ = ["RecommendationStore", "StoredAct", "StoredRecommendation", "reading", "writing_of"]


class RecommendationStore:
    """Recommendations and acts in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, recommendation_id: str, *person: str) -> StoredRecommendation | None:
        """One that is real, or was seeded for the person of these identities; None: there is none, for whoever asks."""
        c = recommendations.c
        found = self._all(select(recommendations).where(c.recommendation_id == recommendation_id), person)
        return found[0] if found else None

    def opened(self, *person: str) -> list[StoredRecommendation]:
        """Those that can still be decided, the oldest first."""
        return self._all(select(recommendations).where(recommendations.c.closed_at.is_(None)), person)

    def since(self, at: int, *person: str) -> list[StoredRecommendation]:
        """Those made at an instant or later, the oldest first."""
        return self._all(select(recommendations).where(recommendations.c.proposed_at >= at), person)

    def seeded(self, since: int = 0) -> list[StoredRecommendation]:
        """Those that were seeded for anybody: what measures oversight reads them, and no page."""
        c = recommendations.c
        query = select(recommendations).where(c.seeded_for.is_not(None), c.proposed_at >= since)
        return [recommendation_of(r) for r in self._connection.execute(query.order_by(c.proposed_at))]

    def opened_seeded(self) -> list[StoredRecommendation]:
        """Those that were seeded for anybody and are not answered yet."""
        return [one for one in self.seeded() if one.closed_at is None]

    def acts(self, recommended: Sequence[StoredRecommendation]) -> dict[str, list[StoredAct]]:
        """Every act on each of them, in their order."""
        found: dict[str, list[StoredAct]] = {r.recommendation_id: [] for r in recommended}
        ids, c = list(found), recommendation_acts.c
        for start in range(0, len(ids), 400):
            chunk = ids[start : start + 400]
            query = select(recommendation_acts).where(c.recommendation_id.in_(chunk)).order_by(c.seq)
            for row in self._connection.execute(query):
                found[row.recommendation_id].append(act_of(row))
        return found

    def propose(
        self,
        place: str,
        level: str,
        content: Mapping[str, Any],
        *,
        now: int,
        decide_by: int,
        seeded_for: str | None = None,
    ) -> StoredRecommendation:
        """Writes a recommendation with its entry, which says for ever whether it was real."""
        made = new_id()
        subjects = {"recommendation": made, "unit": place, "level": level, **_protocol(content)}
        entry = append(
            self._connection,
            actor=SERVICE,
            action=RECOMMENDED if seeded_for is None else SEEDED,
            subjects=subjects,
            payload=content_made(made, place, level, now, decide_by, content, seeded_for),
            now=system_time(),
        )
        row = {
            "recommendation_id": made,
            "place": place,
            "level": level,
            "proposed_at": now,
            "decide_by": decide_by,
            "content": text_of(content),
            "seeded_for": seeded_for,
            "closed_at": None,
            "journal_seq": entry.seq,
        }
        self._connection.execute(insert(recommendations).values(**row))
        return StoredRecommendation(made, place, level, now, decide_by, content, seeded_for, None, entry.seq)

    def act(
        self,
        on: StoredRecommendation,
        kind: str,
        actor: str,
        now: int,
        content: Mapping[str, Any],
        *,
        closes: bool = False,
    ) -> StoredAct:
        """Writes an act with its entry; words of people stand in its payload, which can be erased.

        Args:
            actor: "" of what nobody does.
        """
        number, actor = 0, actor or SERVICE
        if kind not in UNRECORDED:
            subjects = {"recommendation": on.recommendation_id, "unit": on.place, "level": on.level}
            subjects |= {"seeded": "yes"} if on.seeded_for is not None else {}
            entry = append(
                self._connection,
                actor=actor,
                action=f"{ACTED} {kind}",
                subjects=subjects,
                payload=content_done(on.recommendation_id, kind, actor, now, content),
                now=system_time(),
            )
            number = entry.seq
        made = StoredAct(on.recommendation_id, kind, actor, now, content, number)
        row = {
            "recommendation_id": made.recommendation_id,
            "act": kind,
            "actor": actor,
            "at": now,
            "content": text_of(content),
            "journal_seq": number,
        }
        self._connection.execute(insert(recommendation_acts).values(**row))
        if closes:
            mine = recommendations.c.recommendation_id == on.recommendation_id
            self._connection.execute(update(recommendations).where(mine).values(closed_at=now))
        return made

    def post(self, target: str, body: Mapping[str, Any]) -> None:
        """Puts in the outbox what an application is sent, to be sent once this transaction stands."""
        row = {
            "delivery_id": new_id(),
            "target": target,
            "body": text_of(body),
            "attempts": 0,
            "next_at": instant(system_time()),
            "delivered_at": None,
            "given_up_at": None,
        }
        self._connection.execute(insert(webhook_outbox).values(**row))

    def earlier(self, key: RequestKey | None) -> Mapping[str, Any] | None:
        """What was answered to the same request; None: it was not sent before.

        Raises:
            OtherBodyError: its key was used for another one.
        """
        return None if key is None else earlier(self._connection, key)

    def claim(self, key: RequestKey | None, answer: Mapping[str, Any]) -> None:
        """Writes that a request was written, by what finds its answer again."""
        claim(self._connection, key, answer, system_time())

    def _all(self, query: Select[Any], person: Sequence[str]) -> list[StoredRecommendation]:
        c = recommendations.c
        real = c.seeded_for.is_(None)
        query = query.where(real | c.seeded_for.in_(person) if person else real)
        rows = self._connection.execute(query.order_by(c.proposed_at, c.recommendation_id))
        return [recommendation_of(r) for r in rows]


@contextmanager
def reading(parts: Parts) -> Iterator[RecommendationStore]:
    """The store, to read from."""
    with parts.engine.connect() as connection:
        yield RecommendationStore(connection)


@contextmanager
def writing_of(parts: Parts) -> Iterator[RecommendationStore]:
    """The store in a transaction: one writer at a time, all or nothing."""
    with writing(parts.engine) as connection:
        yield RecommendationStore(connection)
        about_to_commit()


def _protocol(content: Mapping[str, Any]) -> dict[str, str]:
    names = ("protocol", "protocol_version", "protocol_digest", "step_number")
    return {name: str(content[name]) for name in names if name in content}
