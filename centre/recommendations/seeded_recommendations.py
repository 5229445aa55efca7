"""Oversight that measures itself: now and then, where the hospital announced it, a recommendation that is wrong.

It calls a step for a unit of which the forecasts say that the level is neither there nor expected, beside the real
forecast that says so: who reads it can tell. It is made for one person, never at the gravest level, and a real alarm in
its unit withdraws it at once. No figure of it is invented.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from centre.decisions.decision_policy import EVERY, Decider, DecisionPolicy
from centre.decisions.entitlement import entitlement
from centre.levels.evaluation import LevelAhead, LevelsReading
from centre.levels.hospital_levels import HospitalLevels
from centre.levels.level_policy import Level
from centre.practice.protocol_file import Protocol
from centre.practice.skill_register import SkillRegister
from centre.recommendations.calls import CalledLevel, CalledStep, called_level
from centre.recommendations.content import MINUTE, content_of
from serving.interface.bed_forecasts import BedForecasts
from serving.interface.live_record import DAY
from serving.interface.recommendations.store import RecommendationStore

__all__ = ["Seen", "is_wrong", "seed"]

_WEEK_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class Seen:
    """What one look saw.

    Attributes:
        protocols: in use.
        day: the hospital's.
        now: instant.
        register: of trainings, for deciders who are looked up in one.
        chance: numbers drawn by a seed, or by none.
    """

    policy: DecisionPolicy
    levels: HospitalLevels
    forecasts: BedForecasts
    protocols: Sequence[Protocol]
    day: date
    now: int
    register: SkillRegister
    chance: Callable[[str | None], Random]

    @property
    def may_seed(self) -> bool:
        """Whether the hospital wants it, and informed those concerned on a day before this one."""
        rules = self.policy.oversight
        return rules.enabled and rules.announced_on is not None and self.day > rules.announced_on


def seed(store: RecommendationStore, seen: Seen, room: int) -> None:
    """Withdraws what a real alarm overtook, and seeds what chance picks.

    Args:
        room: how many recommendations the policy still allows in this shift.
    """
    alarmed = {one.place for one in store.opened()}
    standing = store.opened_seeded()
    for one in standing:
        if (
            not seen.may_seed
            or one.place in alarmed
            or EVERY in alarmed
            or not _is_calm(seen.levels, one.place)
        ):
            store.act(one, "expired", "", seen.now, {"cause": "withdrawn"}, closes=True)
        elif seen.now <= one.decide_by:
            # what is real is counted again at each look: one that never were would give itself away
            again = {"reached_now": False, "probability": None, "horizon_hours": None}
            store.act(one, "repeated", "", seen.now, again)
    if not seen.may_seed or room <= 0 or alarmed & {EVERY}:
        return
    lately = store.seeded(seen.now - 7 * DAY)
    for decider in seen.policy.deciders:
        identity = (decider.identities or (decider.person,))[0]
        own = [one for one in lately if one.seeded_for == identity]
        waits = any(one.closed_at is None for one in own)
        chance = _chance(seen, decider)
        if waits or len(own) >= seen.policy.oversight.most_a_week or chance.random() >= _share(seen.policy):
            continue
        wrong = [s for s in _wrong_steps(seen, decider, identity) if s.place not in alarmed]
        if wrong:
            step = chance.choice(wrong)
            content = content_of(step, seen.levels, seen.forecasts, seen.policy)
            until = seen.now + seen.policy.decide_within_minutes * MINUTE
            store.propose(
                step.place, step.called.level, content, now=seen.now, decide_by=until, seeded_for=identity
            )
            return  # one at a time, and no more than there is room for


def is_wrong(reading: LevelsReading, level: Level) -> bool:
    """Whether a level is known to be neither there nor expected: what is not known may be right.

    At a horizon where a probability was not shown to be better than how often it was before, it says nothing for the
    level as long as it lies below the policy's; at one horizon at least one that was shown must.
    """
    now = next((n.state for n in reading.now if n.level == level.name), None)
    ahead = [a for a in reading.ahead if a.level == level.name]
    known = [a for a in ahead if a.state == "not_reached"]
    return now == "not_reached" and bool(known) and all(a in known or _is_low(a, level) for a in ahead)


def _is_low(ahead: LevelAhead, level: Level) -> bool:
    unproven = ahead.probability is not None and ahead.missing == (f"{ahead.indicator}.skill",)
    return unproven and (ahead.probability or 0.0) < (level.probability or 1.0)


def _is_calm(levels: HospitalLevels, unit: str) -> bool:
    """Whether no level calls anything in a unit, nor in the hospital."""
    reading = levels.units.get(unit)
    hospital = None if levels.hospital is None else called_level(levels.hospital)
    return reading is not None and called_level(reading) is None and hospital is None


def _wrong_steps(seen: Seen, decider: Decider, identity: str) -> list[CalledStep]:
    """First steps of protocols that a person could decide, for units where nothing calls them."""
    policy = seen.levels.policy.policy
    if policy is None:
        return []
    allowed = [
        (rank, level)
        for rank, level in enumerate(policy.levels[:-1])  # never at the gravest
        if level.name not in seen.policy.oversight.never_at_levels
    ]
    found = []
    for unit, reading in sorted(seen.levels.units.items()):
        if not _is_calm(seen.levels, unit):
            continue
        for rank, level in allowed:
            for protocol in seen.protocols:
                fits = level.name in protocol.levels and protocol.is_for(unit) and protocol.is_valid(seen.day)
                role = protocol.steps[0].role
                right = entitlement(seen.policy, identity, {"operator"}, role, unit, seen.day, seen.register)
                if fits and is_wrong(reading, level) and right.refusal is None:
                    called = CalledLevel(level.name, rank, (), None, False)
                    found.append(CalledStep(unit, unit, called, protocol, 1))
    return found


def _share(policy: DecisionPolicy) -> float:
    """The chance of one look, by which a week has about as many as it may."""
    return policy.oversight.most_a_week * policy.refresh_minutes / _WEEK_MINUTES


def _chance(seen: Seen, decider: Decider) -> Random:
    own = seen.policy.oversight.seed
    return seen.chance(None if own is None else f"{own}|{decider.person}|{seen.now}")
