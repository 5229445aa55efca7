"""One look at the levels: what is called is proposed, repeats are counted, what is over expires as nobody decided."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import WeakKeyDictionary, WeakSet

from centre.decisions.decision_log import progress
from centre.decisions.decision_policy import DecisionPolicy, DecisionPolicyError, policy_of_file
from centre.decisions.entitlement import training_register
from centre.levels.hospital_levels import HospitalLevels
from centre.levels.level_policy import PolicyFault
from centre.levels.levels_now import levels_now
from centre.practice.protocol_file import Protocol
from centre.practice.protocols_in_use import protocols_in_use
from centre.recommendations.calls import CalledStep, CallKey, called_steps
from centre.recommendations.content import MINUTE, content_of, decide_by
from centre.recommendations.measured_outcomes import measure
from centre.recommendations.plan import Plan, Standing, plan, shift_start
from centre.recommendations.seeded_recommendations import Seen, seed
from serving.interface.bed_forecasts import CENTRE, LANGUAGES, BedForecasts, bed_forecasts
from serving.interface.installation import Parts, decisions_file
from serving.interface.live_record import DAY, hospital_zone, local_day
from serving.interface.recommendations.store import (
    RecommendationStore,
    StoredRecommendation,
    reading,
    writing_of,
)
from serving.interface.requests import instant, moment

__all__ = ["Look", "look", "look_if_due", "protocols_now"]

_REMEMBERED = DAY


@dataclass(frozen=True)
class Look:
    """What a look found.

    Attributes:
        at: instant.
        policy: None: the hospital has none, or it has faults.
        faults: of the policy of decisions.
        held_back: called steps beyond what the policy allows in a shift.
    """

    at: int
    policy: DecisionPolicy | None
    faults: Sequence[PolicyFault] = ()
    held_back: int = 0


class _Latest:
    """The latest look of each service in this process, and who looks now; no lock is held while forecasts are made."""

    lock = threading.Lock()
    looks: ClassVar[WeakKeyDictionary[Any, Look]] = WeakKeyDictionary()
    looking: ClassVar[WeakSet[Any]] = WeakSet()


def look_if_due(parts: Parts, now: int) -> Look:
    """The latest look, or a new one where the policy's minutes have passed or the policy is another.

    While somebody looks, the others get the look before. Two that look at once, in two processes or where there is no
    look before, propose nothing twice: what stands is read in the transaction that writes.
    """
    policy, faults = _policy(parts)
    minutes = 1 if policy is None else policy.refresh_minutes
    with _Latest.lock:
        latest = _Latest.looks.get(parts.engine)
        if latest is not None and (latest.policy is not policy or tuple(latest.faults) != tuple(faults)):
            latest = None
        fresh = latest is not None and 0 <= now - latest.at < minutes * MINUTE
        due = latest is None or not (fresh or parts.engine in _Latest.looking)
        if due:
            _Latest.looking.add(parts.engine)
    if latest is not None and not due:
        _expire_late(parts, now)
        return latest
    try:
        seen = look(parts, now)
    finally:
        with _Latest.lock:
            _Latest.looking.discard(parts.engine)
    with _Latest.lock:
        _Latest.looks[parts.engine] = seen
    return seen


def look(parts: Parts, now: int) -> Look:
    """Looks at the levels of now; proposes, counts and expires in one transaction."""
    policy, faults = _policy(parts)
    if policy is None:
        _expire_late(parts, now)
        return Look(now, None, faults)
    forecasts = bed_forecasts(parts, CENTRE, now, LANGUAGES)
    levels = levels_now(parts, forecasts, now).levels
    protocols = protocols_in_use(parts.settings, local_day(parts, now))
    begun = instant(shift_start(moment(now), policy.starts, hospital_zone(parts)))
    with writing_of(parts) as store:
        past = store.since(min(begun, now - _REMEMBERED))
        called = called_steps(levels, protocols, _taken(store, past), local_day(parts, now))
        room = policy.most_a_shift - sum(r.proposed_at >= begun for r in past)
        planned = plan(
            called,
            [Standing(r.recommendation_id, key_of(r), r.decide_by) for r in store.opened()],
            _settled(store, [r for r in past if r.proposed_at >= begun]),
            room,
            now,
            is_known=levels.hospital is not None and forecasts.unavailable is None,
        )
        _write(store, planned, levels, forecasts, policy, now)
        register = training_register(policy, parts.settings.skills)
        day = local_day(parts, now)
        seen = Seen(policy, levels, forecasts, protocols, day, now, register, parts.chance)
        seed(store, seen, room - len(planned.new) if planned.held_back == 0 else 0)
    _expire_late(parts, now)
    measure(parts, now)
    return Look(now, policy, (), planned.held_back)


def key_of(recommended: StoredRecommendation) -> CallKey:
    """What makes it the same as another."""
    c = recommended.content
    return recommended.place, recommended.level, c["protocol"], c["protocol_version"], c["step_number"]


def protocols_now(parts: Parts, now: int) -> Sequence[Protocol]:
    """The protocols in use now, for who decides: they may have been replaced since the latest look."""
    return protocols_in_use(parts.settings, local_day(parts, now))


def _policy(parts: Parts) -> tuple[DecisionPolicy | None, Sequence[PolicyFault]]:
    try:
        return policy_of_file(decisions_file(parts)), ()
    except DecisionPolicyError as error:
        return None, error.faults


def _taken(
    store: RecommendationStore, past: Sequence[StoredRecommendation]
) -> dict[tuple[str, str, str, int], set[int]]:
    """Numbers of the steps that people accepted, or did otherwise, of late."""
    acts = store.acts(past)
    found: dict[tuple[str, str, str, int], set[int]] = {}
    for one in past:
        if progress(one, acts[one.recommendation_id]).state in ("accepted", "overridden"):
            place, level, protocol, version, number = key_of(one)
            found.setdefault((place, level, protocol, version), set()).add(number)
    return found


def _settled(store: RecommendationStore, past: Sequence[StoredRecommendation]) -> set[CallKey]:
    acts = store.acts(past)
    states = {r.recommendation_id: progress(r, acts[r.recommendation_id]).state for r in past}
    decided = ("accepted", "overridden", "rejected")
    return {key_of(r) for r in past if states[r.recommendation_id] in decided}


def _write(
    store: RecommendationStore,
    planned: Plan,
    levels: HospitalLevels,
    forecasts: BedForecasts,
    policy: DecisionPolicy,
    now: int,
) -> None:
    standing = {r.recommendation_id: r for r in store.opened()}
    for recommendation_id, cause in planned.expired.items():
        store.act(standing[recommendation_id], "expired", "", now, {"cause": cause}, closes=True)
    for recommendation_id, again in planned.repeated.items():
        store.act(standing[recommendation_id], "repeated", "", now, _again(again))
    for step in planned.new:
        content = content_of(step, levels, forecasts, policy)
        until = decide_by(step, content, policy, now)
        store.propose(step.place, step.called.level, content, now=now, decide_by=until)


def _again(step: CalledStep) -> dict[str, Any]:
    ahead = step.called.ahead
    return {
        "reached_now": step.called.reached_now,
        "probability": None if ahead is None else ahead.probability,
        "horizon_hours": None if ahead is None else ahead.horizon_hours,
    }


def _expire_late(parts: Parts, now: int) -> None:
    """Closes what nobody decided in time; where nothing is late, nothing is written."""
    with reading(parts) as store:
        late = [one for one in (*store.opened(), *store.opened_seeded()) if now > one.decide_by]
    if not late:
        return
    with writing_of(parts) as store:
        for one in (*store.opened(), *store.opened_seeded()):
            if now > one.decide_by:
                store.act(one, "expired", "", now, {"cause": "time_passed"}, closes=True)
