"""What whoever asks is shown of recommendations, counted as shown and as opened: alarm fatigue is measured by it."""

from collections.abc import Sequence

from centre.decisions.decision_policy import DecisionPolicyError, policy_of_file
from centre.decisions.entitlement import identities_of
from serving.interface.installation import decisions_file
from serving.interface.live_record import DAY
from serving.interface.recommendations.store import StoredAct, StoredRecommendation, reading, writing_of
from serving.interface.requests import Call, Problem

__all__ = ["RECENT", "identities_asking", "opened_by", "seen_by"]

RECENT = 30 * DAY
"""How long what is over is shown and counted."""

Seen = tuple[StoredRecommendation, Sequence[StoredAct]]


def seen_by(call: Call, state: str = "open", unit: str | None = None) -> list[Seen]:
    """Those that whoever asks may see, the newest first; what people see for the first time is counted as shown.

    Args:
        state: ``open``, ``closed`` or ``all``; those that are over for the last 30 days.
        unit: an id; ``*``: the hospital; None: all.
    """
    own, now = identities_asking(call), call.parts.clock.now()
    with reading(call.parts) as store:
        known = {r.recommendation_id: r for r in store.opened(*own)} if state != "closed" else {}
        if state != "open":
            recent = store.since(now - RECENT, *own)
            known |= {r.recommendation_id: r for r in recent if state == "all" or r.closed_at is not None}
        found = [r for r in known.values() if unit is None or r.place == unit]
        acts = store.acts(found)
    _count_shown(call, [r for r in found if r.closed_at is None], acts)
    ordered = sorted(found, key=lambda r: (r.proposed_at, r.recommendation_id), reverse=True)
    return [(r, acts[r.recommendation_id]) for r in ordered]


def opened_by(call: Call, recommendation_id: str) -> Seen:
    """One of them, opened by whoever asks; a person's first time is counted.

    Raises:
        Problem: 404, there is none for whoever asks.
    """
    person, now = call.caller.actor, call.parts.clock.now()
    with reading(call.parts) as store:
        found = store.find(recommendation_id, *identities_asking(call))
        if found is None:
            raise Problem(404, "unknown_recommendation", "problems.unknown_recommendation")
        acts = store.acts([found])[recommendation_id]
    before = any(a.kind == "opened" and a.actor == person for a in acts)
    if found.closed_at is None and not before and _is_person(call):
        with writing_of(call.parts) as store:
            store.act(found, "opened", person, now, {})
    return found, acts


def identities_asking(call: Call) -> tuple[str, ...]:
    """The identities of the person who asks; the token's alone where the policy names no such person, or has faults."""
    try:
        policy = policy_of_file(decisions_file(call.parts))
    except DecisionPolicyError:
        policy = None
    return identities_of(policy, call.caller.actor)


def _count_shown(call: Call, found: Sequence[StoredRecommendation], acts: dict[str, list[StoredAct]]) -> None:
    new = [r for r in found if not any(a.kind == "shown" for a in acts[r.recommendation_id])]
    if not new or not _is_person(call):
        return
    with writing_of(call.parts) as store:
        for one in new:
            store.act(one, "shown", call.caller.actor, call.parts.clock.now(), {})


def _is_person(call: Call) -> bool:
    """Whether people look: an application that reads is nobody's attention."""
    return "application" not in call.caller.roles
