"""What people do with a recommendation, held against their rights and its state, and written once with its entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from centre.decisions.decision_policy import DecisionPolicy
from centre.decisions.entitlement import entitlement, identities_of, person_of, training_register
from centre.practice.protocol_file import Protocol
from serving.interface.recommendations.progress import (
    Act,
    ActKind,
    NotAllowedError,
    Progress,
    after,
    replayed,
)
from serving.interface.recommendations.store import (
    RecommendationStore,
    StoredAct,
    StoredRecommendation,
    writing_of,
)
from serving.interface.requests import Call, Problem, RequestFault

__all__ = ["Choice", "Decided", "add_outcome", "decide", "progress"]

Kind = Literal["accept", "override", "reject", "sign", "decline"]
_VERDICTS = {"accept": "accepted", "override": "overridden", "reject": "rejected"}
_ACTS: dict[str, ActKind] = {"sign": "signed", "decline": "declined"}


@dataclass(frozen=True)
class Choice:
    """What a person chose.

    Attributes:
        reason_code: of the hospital's list.
        reason: in the person's own words.
        instead: what was done in place of the step; "" but for an override.
    """

    kind: Kind
    reason_code: str
    reason: str
    instead: str = ""


@dataclass(frozen=True)
class Decided:
    """What came of it.

    Attributes:
        repeated: it was sent before, and is answered again.
    """

    recommendation: StoredRecommendation
    acts: Sequence[StoredAct]
    progress: Progress
    repeated: bool = False


def progress(recommended: StoredRecommendation, acts: Sequence[StoredAct]) -> Progress:
    """Where a recommendation stands after its acts."""
    return replayed(acts, recommended.decide_by)


def decide(
    call: Call,
    policy: DecisionPolicy,
    recommendation_id: str,
    choice: Choice,
    day: date,
    protocols: Sequence[Protocol],
) -> Decided:
    """Writes what a person chose, with what other applications are sent of it, in one transaction.

    Args:
        day: the hospital's, on which trainings must hold.
        protocols: in use now: a step of one that was replaced or withdrawn meanwhile is not accepted any more.

    Raises:
        Problem: 404, there is none for whoever asks; 403, they may not; 409, its state does not allow it; 422, the
            reason is none of the hospital's.
    """
    now, identity = call.parts.clock.now(), call.caller.actor
    with writing_of(call.parts) as store:
        found = store.find(recommendation_id, *identities_of(policy, identity))
        if found is None:
            raise Problem(404, "unknown_recommendation", "problems.unknown_recommendation")
        acts = store.acts([found])[recommendation_id]
        if store.earlier(call.key) is not None:
            return Decided(found, acts, progress(found, acts), repeated=True)
        _require_right(call, policy, found, day)
        if policy.reason(choice.reason_code) is None:
            codes = ", ".join(r.code for r in policy.reasons)
            fault = RequestFault(
                "reason_code", "unknown_reason", "problems.faults.unknown_reason", {"codes": codes}
            )
            raise Problem(422, "invalid_request", "problems.one_fault", faults=[fault])
        made = _made(found, policy, identity, choice)
        kind = _ACTS.get(choice.kind, "answered")
        before = progress(found, acts)
        stands = _after(before, kind, made, now, found.decide_by)
        if choice.kind == "sign" and not _other_eyes(policy, identity, acts):
            raise Problem(409, "same_person", "problems.decisions.same_person")
        if "accepted" in (made.get("verdict"), choice.kind == "sign" and before.verdict):
            _require_protocol(found, protocols)
        done = store.act(found, kind, identity, now, made, closes=stands.is_final)
        if stands.is_final and found.seeded_for is None:
            _tell(store, policy, found, stands, [*acts, done])
        store.claim(call.key, {"recommendation": recommendation_id})
    return Decided(found, [*acts, done], stands)


def add_outcome(
    call: Call, recommendation_id: str, identities: Sequence[str], *, right: bool, reason: str
) -> Decided:
    """Writes whether a decision proved right, as a person judges it; the latest word counts.

    Args:
        identities: of whoever judges. A seeded one that is open is answered as a real one is: nothing gives it away.

    Raises:
        Problem: 404, there is no such recommendation, or a seeded one; 409, nobody decided on it.
    """
    with writing_of(call.parts) as store:
        found = store.find(recommendation_id, *identities)
        if found is None or (found.seeded_for is not None and found.closed_at is not None):
            raise Problem(404, "unknown_recommendation", "problems.unknown_recommendation")
        acts = store.acts([found])[recommendation_id]
        stands = progress(found, acts)
        if store.earlier(call.key) is not None:
            return Decided(found, acts, stands, repeated=True)
        if stands.verdict is None or not stands.is_final:
            raise Problem(409, "not_decided", "problems.not_decided")
        content = {"right": right, "reason": reason.strip()}
        done = store.act(found, "outcome", call.caller.actor, call.parts.clock.now(), content)
        store.claim(call.key, {"recommendation": recommendation_id})
    return Decided(found, [*acts, done], stands)


def _require_right(call: Call, policy: DecisionPolicy, found: StoredRecommendation, day: date) -> None:
    caller, identity = call.caller, call.caller.actor
    named = "" if caller.identity == "" else identity  # who came without a token of their own has no name
    register = training_register(policy, call.parts.settings.skills)
    right = entitlement(policy, named, caller.roles, found.content["role"], found.place, day, register)
    if right.refusal is not None:
        raise Problem(403, right.refusal, f"problems.decisions.{right.refusal}")


def _made(
    found: StoredRecommendation, policy: DecisionPolicy, identity: str, choice: Choice
) -> dict[str, Any]:
    """An act's content: who, as what, why, by which policy."""
    reason = policy.reason(choice.reason_code)
    made: dict[str, Any] = {
        "person": person_of(policy, identity),
        "role": found.content["role"],
        "reason_code": choice.reason_code,
        "reason_title": {} if reason is None else reason.title.model_dump(),
        "reason": choice.reason,
        "policy_version": policy.version,
    }
    if choice.kind in _VERDICTS:
        seeded = found.seeded_for is not None
        rejected = choice.kind == "reject"  # nothing is done: no second pair of eyes is asked for
        made |= {
            "verdict": _VERDICTS[choice.kind],
            "instead": choice.instead,
            "two_people": bool(found.content["two_people"]) and not rejected and not seeded,
        }
    return made


def _other_eyes(policy: DecisionPolicy, identity: str, acts: Sequence[StoredAct]) -> bool:
    """Whether who signs is not who answered, by their tokens: a person who was renamed meanwhile is the same."""
    answer = next((a for a in reversed(acts) if a.kind == "answered"), None)
    return answer is None or answer.actor not in identities_of(policy, identity)


def _require_protocol(found: StoredRecommendation, protocols: Sequence[Protocol]) -> None:
    content = found.content
    if not any(
        p.protocol_id == content["protocol"] and p.digest == content["protocol_digest"] for p in protocols
    ):
        raise Problem(409, "protocol_replaced", "problems.decisions.protocol_replaced")


def _after(stands: Progress, kind: ActKind, made: dict[str, Any], now: int, decide_by: int) -> Progress:
    act = Act(kind, made["person"], now, made.get("verdict"), made.get("two_people", False))
    try:
        return after(stands, act, decide_by)
    except NotAllowedError as refused:
        raise Problem(409, refused.code, f"problems.decisions.{refused.code}") from None


def _tell(
    store: RecommendationStore,
    policy: DecisionPolicy,
    found: StoredRecommendation,
    stands: Progress,
    acts: Sequence[StoredAct],
) -> None:
    """What applications are sent: ids, codes and the titles of the hospital's policy; no person's words or name.

    Titles stand in each language of the policy; the protocol's in the one that it is written in, which is stated.
    """
    content, done = found.content, acts[-1]
    answer = next(a for a in reversed(acts) if a.kind == "answered")
    body = {
        "event": "decision",
        "recommendation_id": found.recommendation_id,
        "decision": stands.verdict,
        "reason_code": answer.content["reason_code"],
        "reason_title": answer.content.get("reason_title", {}),
        "decided_at": done.at,
        "role": content["role"],
        "two_people": stands.signed_by is not None,
        "unit": content["unit"],
        "level": found.level,
        "level_title": content["level_title"],
        "protocol": content["protocol"],
        "protocol_title": content["protocol_title"],
        "protocol_language": content["protocol_language"],
        "protocol_version": content["protocol_version"],
        "step_number": content["step_number"],
        "journal_entry": done.journal_entry,
    }
    for hook in policy.webhooks:
        store.post(hook.name, body)
