"""Levels as GET /v1/tension answers them."""

from pydantic import BaseModel

from centre.levels.evaluation import LevelAhead, LevelNow, LevelsReading
from centre.levels.hospital_levels import HospitalLevels

__all__ = ["LevelsAnswer", "LevelsOf", "PolicyFaultAnswer", "levels_answer"]


class PolicyFaultAnswer(BaseModel):
    """One fault of the policy's file: where, and its code."""

    path: str
    code: str


class LevelsOf(BaseModel):
    """The levels of the hospital or of a unit.

    Attributes:
        unit: its id; null: the hospital.
        current: the gravest level that is known to be reached now; null: none is known to be.
        unknown_above: graver levels that are not computable now: the true level may be one of them.
        now: each level, the mildest first: reached, not reached or not computable, what called it and what is missing.
        ahead: each level at each horizon, the nearest first.
    """

    unit: str | None
    current: str | None
    unknown_above: tuple[str, ...]
    now: tuple[LevelNow, ...]
    ahead: tuple[LevelAhead, ...]


class LevelsAnswer(BaseModel):
    """Levels of tension by the hospital's policy.

    Attributes:
        policy, version: by which they were evaluated; null: its file has faults.
        shipped: whether it is the one that is shipped, since the hospital has no file of its own.
        faults: of the policy's file; no level is known with one.
        hospital: null where the policy has faults.
        units: by their ids.
    """

    policy: str | None
    version: int | None
    shipped: bool
    faults: tuple[PolicyFaultAnswer, ...]
    hospital: LevelsOf | None
    units: tuple[LevelsOf, ...]


def levels_answer(levels: HospitalLevels) -> LevelsAnswer:
    """Levels as they are answered."""
    in_force = levels.policy
    return LevelsAnswer(
        policy=None if in_force.policy is None else in_force.policy.name,
        version=None if in_force.policy is None else in_force.policy.version,
        shipped=in_force.shipped,
        faults=tuple(PolicyFaultAnswer(path=f.path, code=f.code) for f in in_force.faults),
        hospital=None if levels.hospital is None else _of(None, levels.hospital),
        units=tuple(_of(unit, reading) for unit, reading in levels.units.items()),
    )


def _of(unit: str | None, reading: LevelsReading) -> LevelsOf:
    return LevelsOf(
        unit=unit,
        current=reading.current,
        unknown_above=reading.unknown_above,
        now=reading.now,
        ahead=reading.ahead,
    )
