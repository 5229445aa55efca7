"""Where reinforcement will be short: the skills that a unit's demand asks for beside those on shift.

A hospital states how many patients one holder of a skill can look after; demand is the distribution that was forecast,
so that what comes out is a probability and no bare number: the one that tension is computed by.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from centre.practice.skill_register import Opening, SkillRegister
from serving.interface.bed_forecasts import share_above
from serving.interface.files import LEVELS, Array

__all__ = ["Coverage", "SkillNeed", "coverage"]

_MEDIAN = LEVELS.index(0.5)


@dataclass(frozen=True)
class SkillNeed:
    """What a unit asks for.

    Attributes:
        patients_each: how many patients one holder can look after.
        at_least: holders that it takes whatever the demand.
    """

    unit: str
    skill: str
    patients_each: float
    at_least: int = 0


@dataclass(frozen=True)
class Coverage:
    """A unit's skill on a day.

    Attributes:
        needed: holders for the median demand; None where demand is not known.
        on_shift: holders among those who are on shift; None where the shift is not known.
        p_short: probability that demand asks for more holders than are on shift, read off the forecast's quantiles and
            held against nothing that happened; None where either is not known.
        openings: what would fill the gap, where there is one.
    """

    unit: str
    skill: str
    needed: int | None
    on_shift: int | None
    p_short: float | None
    openings: tuple[Opening, ...]


def coverage(
    needs: Sequence[SkillNeed],
    register: SkillRegister,
    demand: Mapping[str, Array],
    shifts: Mapping[str, Collection[str]],
    day: date,
) -> tuple[Coverage, ...]:
    """Each need on a day, the likeliest to be short first, what is not known last.

    Args:
        demand: by unit, its quantiles at `LEVELS` (float64 [levels], patients).
        shifts: by unit, pseudonyms of those on shift.
    """
    found = [_of(need, register, demand.get(need.unit), shifts.get(need.unit), day) for need in needs]
    return tuple(sorted(found, key=lambda c: (c.p_short is None, -(c.p_short or 0.0), c.unit, c.skill)))


def _of(
    need: SkillNeed,
    register: SkillRegister,
    demand: Array | None,
    shift: Collection[str] | None,
    day: date,
) -> Coverage:
    on_shift = None if shift is None else len(set(register.holders(need.skill, day)) & set(shift))
    needed = None if demand is None else max(_holders(need, float(demand[_MEDIAN])), need.at_least)
    p_short = None
    if demand is not None and on_shift is not None:
        p_short = 1.0 if on_shift < need.at_least else share_above(demand, _patients(need, on_shift))
    gap = on_shift is not None and needed is not None and on_shift < needed
    return Coverage(
        need.unit, need.skill, needed, on_shift, p_short, register.openings(need.skill, day) if gap else ()
    )


def _patients(need: SkillNeed, holders: int) -> int:
    """How many so many holders can look after."""
    return math.floor(holders * need.patients_each + 1e-9)


def _holders(need: SkillNeed, patients: float) -> int:
    return math.ceil(max(patients, 0.0) / need.patients_each - 1e-9)
