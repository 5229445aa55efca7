"""What people decided on predictions, each with a journal entry in the same transaction."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from hospital.times import moment
from registry.digests import canonical_json, sha256_bytes
from registry.erasure import remainders
from registry.record.journal import append
from registry.record.journal_audit import JournalFault
from registry.record.request_keys import RequestKey, claim, earlier
from registry.record.tables.record_tables import decisions, journal, payloads, predictions
from registry.record.tokens import Caller
from registry.record.tombstones import RETAIN, numbers_of
from serving.errors import Problem
from serving.forecasting.prediction_record import find, new_id
from serving.http.clock import system_time
from serving.messages.record_bodies import Decision, DecisionPage
from serving.messages.request_bodies import DecisionRequest

__all__ = ["decide", "decide_once", "edited", "page"]


def decide(connection: Connection, request: DecisionRequest, caller: Caller, decided_at: int) -> Decision:
    """Writes a decision; the caller's transaction makes it and its journal entry one.

    The reason is a person's own words, which may name a patient: it stands in the payload, which can be
    erased, and not in the entry, which cannot.

    Raises:
        Problem: 404, there is no such prediction for whoever asks; 403, an application's token, which never decides,
            whatever it is besides.
    """
    stored = find(connection, request.prediction_id, caller)
    if "application" in caller.roles:
        raise Problem(403, "not_a_person", "problems.decisions.not_a_person")
    decision_id = new_id()
    content = _content(
        decision_id,
        request.prediction_id,
        request.decision,
        request.reason,
        request.value,
        caller.actor,
        decided_at,
    )
    entry = append(
        connection,
        actor=caller.actor,
        action="decide",
        subjects={
            "decision": decision_id,
            "prediction": request.prediction_id,
            "model": stored.model.name,
            "version": stored.model.version,
            "digest": stored.model.digest,
        },
        payload=content,
        now=system_time(),
    )
    connection.execute(
        insert(decisions).values(
            decision_id=decision_id,
            prediction_id=request.prediction_id,
            decision=request.decision,
            reason=request.reason,
            value=None if request.value is None else json.dumps(request.value),
            actor=caller.actor,
            decided_at=decided_at,
            journal_seq=entry.seq,
        )
    )
    return Decision(
        decision_id=decision_id,
        prediction_id=request.prediction_id,
        decision=request.decision,
        reason=request.reason,
        value=request.value,
        decided_by=caller.actor,
        decided_at=moment(decided_at),
        journal_entry=entry.seq,
    )


def decide_once(
    connection: Connection, request: DecisionRequest, caller: Caller, decided_at: int, key: RequestKey | None
) -> tuple[Decision, bool]:
    """`decide`, once for each key; and whether it was decided before.

    Raises:
        Problem: 404, there is no such prediction. OtherBodyError: the key is another request's.
    """
    before = None if key is None else earlier(connection, key)
    if before is not None:
        row = connection.execute(
            select(decisions).where(decisions.c.decision_id == before["decision"])
        ).first()
        if row is None:
            raise Problem(404, "unknown_decision", "problems.erased_decision")
        return _decision(row), True
    made = decide(connection, request, caller, decided_at)
    claim(connection, key, {"decision": made.decision_id}, system_time())
    return made, False


def page(
    connection: Connection, caller: Caller, *, prediction_id: str | None, after: int, limit: int
) -> DecisionPage:
    """Decisions in the order of their journal entries, those after one; an application's on its own predictions."""
    query = select(decisions).where(decisions.c.journal_seq > after)
    if caller.sees_own_only:
        own = select(predictions.c.prediction_id).where(predictions.c.actor == caller.actor)
        query = query.where(decisions.c.prediction_id.in_(own))
    if prediction_id is not None:
        query = query.where(decisions.c.prediction_id == prediction_id)
    rows = connection.execute(query.order_by(decisions.c.journal_seq).limit(limit)).all()
    found = tuple(_decision(r) for r in rows)
    return DecisionPage(decisions=found, next=found[-1].journal_entry if len(found) == limit else None)


def _decision(row: Row[Any]) -> Decision:
    return Decision(
        decision_id=row.decision_id,
        prediction_id=row.prediction_id,
        decision=row.decision,
        reason=row.reason,
        value=None if row.value is None else json.loads(row.value),
        decided_by=row.actor,
        decided_at=moment(row.decided_at),
        journal_entry=row.journal_seq,
    )


def edited(connection: Connection) -> list[JournalFault]:
    """Decision rows that are not what the journal says was decided; for `vigie journal verify`."""
    entries = select(journal.c.seq).where(journal.c.action == "decide")
    query = select(payloads.c.seq, payloads.c.payload).where(payloads.c.seq.in_(entries))
    digests = {seq: sha256_bytes(payload.encode()) for seq, payload in connection.execute(query)}
    acts = select(journal.c.seq, journal.c.subjects).where(journal.c.action == RETAIN)
    over = {
        number
        for seq, subjects in connection.execute(acts)
        for number in numbers_of(json.loads(subjects).get("payloads", ""), seq)
    }
    said = select(journal.c.seq, journal.c.actor, journal.c.subjects).where(journal.c.action == "decide")
    made = {seq: (actor, json.loads(subjects)) for seq, actor, subjects in connection.execute(said)}
    faults = []
    for r in connection.execute(select(decisions)):
        actor, subjects = made.get(r.journal_seq, ("", {}))
        stands = (actor, subjects.get("decision"), subjects.get("prediction"))
        if stands != (r.actor, r.decision_id, r.prediction_id):
            faults.append(JournalFault(r.journal_seq, f"decision {r.decision_id} has no entry"))
            continue
        value = None if r.value is None else json.loads(r.value)
        content = canonical_json(
            _content(r.decision_id, r.prediction_id, r.decision, r.reason, value, r.actor, r.decided_at)
        )
        expected = digests.pop(r.journal_seq, None)
        if expected is None and r.reason and r.journal_seq in over:
            faults.append(
                JournalFault(r.journal_seq, f"decision {r.decision_id} has a reason after its term")
            )
        if expected is not None and sha256_bytes(content) != expected:
            faults.append(JournalFault(r.journal_seq, f"decision {r.decision_id} was edited"))
    gone = [JournalFault(seq, "its decision is gone") for seq in digests]
    return [*faults, *gone, *remainders.edited(connection)]


def _content(
    decision_id: str,
    prediction_id: str,
    decision: str,
    reason: str,
    value: float | None,
    actor: str,
    decided_at: int,
) -> Mapping[str, Any]:
    return {
        "decision_id": decision_id,
        "prediction_id": prediction_id,
        "decision": decision,
        "reason": reason,
        "value": value,
        "decided_by": actor,
        "decided_at": decided_at,
    }
