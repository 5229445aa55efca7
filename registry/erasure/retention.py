"""Carries out how long the record keeps what: the policy's terms, as an act of its own, entered in the journal.

What is erased leaves what an erased person leaves (`registry.record.erasure`): entries whose payload is gone, said
by the entry of the act, and tombstones of observations. So the chain holds, and whoever deletes by hand still shows.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from hospital.times import DAY, instant
from registry.digests import canonical_json
from registry.erasure.remainders import GONE, REMAINDERS, remainders
from registry.policy.retention_rules import RetentionRules
from registry.record.erasure import bury, tombstones_digest
from registry.record.journal import Draft, append_all, head
from registry.record.tables.recommendation_tables import recommendation_acts, recommendations
from registry.record.tables.record_tables import decisions, journal, observations, payloads, predictions
from registry.record.tombstones import RETAIN, ranges_of

__all__ = ["Due", "due", "retain"]

_CHUNK = 400
_OWN_WORDS = ("reason", "instead")
"""What of an act stands in a person's own words, which may name a patient."""


@dataclass(frozen=True)
class Due:
    """How much of each kind is older than its term."""

    decision_reasons: int
    predictions: int
    observations: int
    recommendations: int = 0

    @property
    def anything(self) -> bool:
        """Whether there is something to erase."""
        return self != Due(0, 0, 0)

    @classmethod
    def of(cls, found: "_Found") -> "Due":
        """How much was found; reasons of decisions on predictions and on recommendations count together."""
        reasons = len(found.reasons) + len(found.acts)
        return cls(reasons, len(found.predictions), len(found.observations), len(found.recommendations))


def due(connection: Connection, rules: RetentionRules, now: datetime) -> Due:
    """What `retain` would erase; nothing is changed."""
    return Due.of(_Found.of(connection, rules, now))


def retain(connection: Connection, rules: RetentionRules, *, actor: str, now: datetime) -> Due:
    """Erases all that is older than its term, with an entry that says what and by which terms; or nothing of it.

    Args:
        connection: one of `registry.record.database.writing`.
        rules: the terms.
        actor: who carries it out.
        now: when.
    """
    found = _Found.of(connection, rules, now)
    done = Due.of(found)
    if not done.anything:
        return done
    entry = head(connection).seq + 1
    hashes = bury(connection, found.observations, entry)
    gone = {int(row.journal_seq) for row in (*found.predictions, *found.decisions, *found.recommendations)}
    gone |= {int(row.journal_seq) for row in found.acts_on_them if row.journal_seq}
    reasons = {int(row.journal_seq) for row in (*found.reasons, *found.acts)}
    seqs = gone | reasons
    kept = sorted(seqs & set(_scalars(connection, payloads.c.seq, payloads.c.seq, sorted(seqs))))
    for chunk in _chunks(kept):
        connection.execute(delete(payloads).where(payloads.c.seq.in_(chunk)))
    for chunk in _chunks([row.decision_id for row in found.reasons]):
        connection.execute(update(decisions).where(decisions.c.decision_id.in_(chunk)).values(reason=""))
    ids = [row.prediction_id for row in found.predictions]
    for chunk in _chunks(ids):
        connection.execute(delete(decisions).where(decisions.c.prediction_id.in_(chunk)))
        connection.execute(delete(predictions).where(predictions.c.prediction_id.in_(chunk)))
    _erase_acts(connection, found)
    subjects = {name: str(count) for name, count in done.__dict__.items()}
    subjects |= {name: str(days) for name, days in rules.model_dump().items()}
    subjects |= {"payloads": ranges_of(kept), "tombstones": tombstones_digest(hashes)}
    payload = {REMAINDERS: remainders(connection, reasons - gone), GONE: sorted(gone)}
    append_all(connection, [Draft(actor, RETAIN, subjects, "terms of the policy", payload)], now=now)
    return done


def _erase_acts(connection: Connection, found: "_Found") -> None:
    """Takes the words out of acts, and recommendations that are over out with all of their acts."""
    a, r = recommendation_acts.c, recommendations.c
    for row in found.acts:
        content = _without_words(row.content)
        connection.execute(update(recommendation_acts).where(a.seq == row.seq).values(content=content))
    for chunk in _chunks([row.recommendation_id for row in found.recommendations]):
        connection.execute(delete(recommendation_acts).where(a.recommendation_id.in_(chunk)))
        connection.execute(delete(recommendations).where(r.recommendation_id.in_(chunk)))


def _without_words(content: str) -> str:
    """An act's content with nothing in its words; what it never had is not put in."""
    held: dict[str, Any] = json.loads(content)
    return canonical_json(held | {name: "" for name in _OWN_WORDS if name in held}).decode()


@dataclass(frozen=True)
class _Found:
    """Rows that are older than their terms.

    Attributes:
        reasons: decisions with a reason.
        predictions: those on which nothing was decided since.
        decisions: on these.
        observations: every version of rows that are over.
        acts: on recommendations, with a reason or what was done instead in a person's own words.
        recommendations: those that are closed, and on which nobody acted since.
        acts_on_them: on these.
    """

    reasons: Sequence[Any]
    predictions: Sequence[Any]
    decisions: Sequence[Any]
    observations: Sequence[Any]
    acts: Sequence[Any]
    recommendations: Sequence[Any]
    acts_on_them: Sequence[Any]

    @classmethod
    def of(cls, connection: Connection, rules: RetentionRules, now: datetime) -> "_Found":
        """Looks; when something was entered counts, since a demo's own clock may say any time."""
        d, p = decisions.c, predictions.c
        reasons = connection.execute(
            select(d.decision_id, d.journal_seq).where(
                d.reason != "", _entered(d.journal_seq, _before(now, rules.decision_reasons_days))
            )
        ).all()
        end = _before(now, rules.predictions_days)
        since = select(d.prediction_id).where(~_entered(d.journal_seq, end))
        old = connection.execute(
            select(p.prediction_id, p.journal_seq).where(
                _entered(p.journal_seq, end), p.prediction_id.not_in(since)
            )
        ).all()
        whole = _whole_entries(connection, old)
        on_them = [
            row
            for chunk in _chunks([row.prediction_id for row in whole])
            for row in connection.execute(
                select(d.decision_id, d.journal_seq).where(d.prediction_id.in_(chunk))
            )
        ]
        over = _over(connection, _before(now, rules.observations_days))
        acts = _worded_acts(connection, _before(now, rules.decision_reasons_days))
        return cls(reasons, whole, on_them, over, acts, *_closed(connection, end))


def _whole_entries(connection: Connection, old: Sequence[Any]) -> list[Any]:
    """Predictions whose entry has no other that stays: an entry's payload is over all of its predictions."""
    wanted: dict[int, int] = {}
    for row in old:
        wanted[row.journal_seq] = wanted.get(row.journal_seq, 0) + 1
    p = predictions.c
    there = {
        seq: count
        for chunk in _chunks(sorted(wanted))
        for seq, count in connection.execute(
            select(p.journal_seq, func.count()).where(p.journal_seq.in_(chunk)).group_by(p.journal_seq)
        )
    }
    return [row for row in old if wanted[row.journal_seq] == there[row.journal_seq]]


def _over(connection: Connection, before: int) -> list[Any]:
    """All versions of rows of which none was received since an instant, or tells of later times.

    A visit or an operation whose end nobody sent is over by then; a stay may last for years.
    """
    o = observations.c
    over = (
        select(o.kind, o.row_id)
        .group_by(o.kind, o.row_id)
        .having(
            func.max(o.received_at) < before,
            (func.max(o.active_until) < before) | (o.kind != "stays"),
        )
        .subquery()
    )
    query = (
        select(observations).join(over, (over.c.kind == o.kind) & (over.c.row_id == o.row_id)).order_by(o.seq)
    )
    return list(connection.execute(query).mappings())


def _worded_acts(connection: Connection, before: int) -> list[Any]:
    """Acts on recommendations that were entered before an instant and still have somebody's own words."""
    a = recommendation_acts.c
    worded = or_(*(a.content.like(f'%"{name}":%') for name in _OWN_WORDS))
    query = select(recommendation_acts).where(worded, _entered(a.journal_seq, before))
    return [row for row in connection.execute(query) if any(map(json.loads(row.content).get, _OWN_WORDS))]


def _closed(connection: Connection, before: int) -> tuple[list[Any], list[Any]]:
    """Recommendations that were closed and acted on before an instant alone, and all acts on them."""
    r, a = recommendations.c, recommendation_acts.c
    since = select(a.recommendation_id).where((a.journal_seq > 0) & ~_entered(a.journal_seq, before))
    query = select(r.recommendation_id, r.journal_seq).where(
        r.closed_at.is_not(None), _entered(r.journal_seq, before), r.recommendation_id.not_in(since)
    )
    over = list(connection.execute(query))
    acts = [
        row
        for chunk in _chunks([row.recommendation_id for row in over])
        for row in connection.execute(select(a.seq, a.journal_seq).where(a.recommendation_id.in_(chunk)))
    ]
    return over, acts


def _before(now: datetime, days: int) -> int:
    return instant(now) - days * DAY


def _entered(seq: ColumnElement[int], before: int) -> ColumnElement[bool]:
    return seq.in_(select(journal.c.seq).where(journal.c.at < before))


def _scalars(
    connection: Connection, column: ColumnElement[int], of: ColumnElement[int], values: Sequence[int]
) -> Iterator[int]:
    for chunk in _chunks(values):
        yield from connection.scalars(select(column).where(of.in_(chunk)))


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
