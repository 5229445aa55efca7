"""Who may decide what: a person by name, with the role that the step asks for, in the unit, while trainings hold.

An application never may, whatever else its token is; nor who came by a link, and has no name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from centre.decisions.decision_policy import EVERY, Decider, DecisionPolicy
from centre.practice.skill_files import read_skills
from centre.practice.skill_register import Held, SkillRegister

__all__ = ["Entitlement", "decider_of", "entitlement", "identities_of", "person_of", "training_register"]

PEOPLES_ROLES = frozenset({"operator", "admin"})
_NOBODY = SkillRegister(())


@dataclass(frozen=True)
class Entitlement:
    """Whether somebody may decide.

    Attributes:
        refusal: code of why not; None: they may.
        lapsed: trainings that the role requires and the person does not hold on the day.
    """

    refusal: str | None
    lapsed: tuple[str, ...] = ()


def decider_of(policy: DecisionPolicy, identity: str) -> Decider | None:
    """The person whom the policy knows under a token's identity."""
    return next((d for d in policy.deciders if identity in (d.identities or (d.person,))), None)


def person_of(policy: DecisionPolicy, identity: str) -> str:
    """The person's name in the policy, else the identity: two tokens of one person are one pair of eyes."""
    decider = decider_of(policy, identity)
    return identity if decider is None else decider.person


def identities_of(policy: DecisionPolicy | None, identity: str) -> tuple[str, ...]:
    """All tokens' identities of the person who carries this one: what is for a person is seen by each of them."""
    decider = None if policy is None else decider_of(policy, identity)
    return (identity,) if decider is None else (decider.identities or (decider.person,))


def entitlement(
    policy: DecisionPolicy,
    identity: str,
    token_roles: Collection[str],
    role: str,
    unit: str,
    day: date,
    register: SkillRegister = _NOBODY,
) -> Entitlement:
    """Whether the bearer of a token may decide on a step.

    Args:
        identity: of the token; "" of nobody.
        token_roles: the token's.
        role: that the step asks for.
        unit: of the recommendation; `EVERY`: the hospital.
        day: the hospital's.
        register: the hospital's, in which a decider with a pseudonym is looked up; of one without, trainings are those
            that the policy lists. By default nobody holds anything by a register.
    """
    if "application" in token_roles or not PEOPLES_ROLES & set(token_roles) or not identity:
        return Entitlement("not_a_person")
    decider = decider_of(policy, identity)
    if decider is None:
        return Entitlement("not_entitled")
    if role not in decider.roles:
        return Entitlement("other_role")
    if EVERY not in decider.units and unit not in decider.units:
        return Entitlement("other_unit")
    held, holder = _listed(policy), decider.person
    if decider.pseudonym is not None:
        held, holder = register, decider.pseudonym
    required = dict.fromkeys(t for r in policy.required_trainings if r.role == role for t in r.trainings)
    lapsed = held.lacking(holder, tuple(required), day)
    return Entitlement("training_lapsed" if lapsed else None, lapsed)


def training_register(policy: DecisionPolicy, skills: Path) -> SkillRegister:
    """The hospital's register of who holds what; not read where no decider is looked up in it.

    A file that is missing or has a fault gives nobody a training: what is not known is not held.

    Args:
        skills: folder of its files.
    """
    if all(d.pseudonym is None for d in policy.deciders):
        return _NOBODY
    return SkillRegister(read_skills(skills).held)


def _listed(policy: DecisionPolicy) -> SkillRegister:
    return SkillRegister(Held(t.person, t.training, t.until, "") for t in policy.trainings_held)
