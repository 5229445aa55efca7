"""Levels of the hospital and of each unit by the policy in force: what pages, `/v1/tension` and recommendations read.

A unit is asked about its own demand alone. Indices are of the hospital: a level that rests on one is called for
the hospital, and is not computable for a unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from centre.flows.answers import FlowsAnswer, UnitBeds
from centre.levels.evaluation import SHARE, LevelsReading, evaluate_levels
from centre.levels.level_policy import LevelPolicy, LevelPolicyError, PolicyFault, read_level_policy_file
from centre.levels.shipped_policies import SHIPPED, shipped_policy
from centre.tension.answers import CrowdingIndex, Exceedance
from centre.tension.boarding import NO_BOARDING, BoardingAhead

__all__ = ["HospitalLevels", "PolicyInForce", "beds_above_staffed", "hospital_levels", "policy_in_force"]


@dataclass(frozen=True)
class PolicyInForce:
    """The hospital's policy of levels.

    Attributes:
        policy: None: its file has faults, and no level is known.
        faults: of its file, by path.
        shipped: whether it is the one that is shipped, since the hospital has no file of its own.
    """

    policy: LevelPolicy | None
    faults: tuple[PolicyFault, ...] = ()
    shipped: bool = False


@dataclass(frozen=True)
class HospitalLevels:
    """Levels now and ahead.

    Attributes:
        policy: by which they were evaluated.
        hospital: of the hospital; None: the policy has faults.
        units: of each unit that is known or forecast, by its id; empty where the policy has faults.
        boarding: ahead, as levels were evaluated by it.
    """

    policy: PolicyInForce
    hospital: LevelsReading | None
    units: Mapping[str, LevelsReading]
    boarding: BoardingAhead = NO_BOARDING


def policy_in_force(file: Path) -> PolicyInForce:
    """The policy in the hospital's file; the first that is shipped where there is no file.

    One that cannot be read stands for no level at all: another one in its place would call what nobody decided.
    """
    try:
        stamp = file.stat()
    except FileNotFoundError:
        if not file.is_symlink():  # a link to what is gone is a file that cannot be read
            return PolicyInForce(shipped_policy(SHIPPED[0]), shipped=True)
        return PolicyInForce(None, (PolicyFault("file", "unreadable"),))
    except OSError:
        return PolicyInForce(None, (PolicyFault("file", "unreadable"),))
    return _read(file, (stamp.st_mtime_ns, stamp.st_size, stamp.st_ino))


@lru_cache(maxsize=4)
def _read(file: Path, _stamp: tuple[int, int, int]) -> PolicyInForce:
    try:
        return PolicyInForce(read_level_policy_file(file))
    except LevelPolicyError as error:
        return PolicyInForce(None, error.faults)


def hospital_levels(
    in_force: PolicyInForce,
    flows: FlowsAnswer,
    indices: Sequence[CrowdingIndex],
    units: Sequence[Exceedance],
    hospital: Sequence[Exceedance],
    boarding: BoardingAhead = NO_BOARDING,
) -> HospitalLevels:
    """The levels of the hospital and of its units.

    Args:
        flows, indices: of now.
        units: exceedances of all units, in any order.
        hospital: exceedances of the hospital total.
        boarding: ahead.
    """
    policy = in_force.policy
    if policy is None:
        return HospitalLevels(in_force, None, {})
    ahead: dict[str, list[Exceedance]] = {}
    for one in units:
        ahead.setdefault(str(one.unit), []).append(one)
    now = {str(u.unit): beds_above_staffed(u, u.waiting) for u in flows.beds.units if not u.closed}
    staffed = {str(u.unit): u.staffed for u in flows.beds.units}
    total = flows.beds.total
    waiting = flows.emergency.total.boarding if total.waiting is None else total.waiting
    above = beds_above_staffed(total, waiting)
    none_of_a_unit = [
        i.model_copy(update={"value": None, "missing": ("unit",), "undefined": None}) for i in indices
    ]
    return HospitalLevels(
        in_force,
        evaluate_levels(
            policy,
            indices,
            above,
            hospital,
            {SHARE: _share(above, total.staffed), "boarders": flows.emergency.total.boarding},
            boarding,
        ),
        {
            unit: evaluate_levels(
                policy,
                none_of_a_unit,
                now.get(unit),
                ahead.get(unit, ()),
                {SHARE: _share(now.get(unit), staffed.get(unit))},
            )
            for unit in sorted({*ahead, *now})
        },
        boarding,
    )


def _share(above: float | None, staffed: float | None) -> float | None:
    """Beds needed as a share of those with staff, in per cent; None: not known, or none has staff."""
    return None if above is None or not staffed else 100 * (above + staffed) / staffed


def beds_above_staffed(beds: UnitBeds, waiting: float | None) -> float | None:
    """Beds needed now (patients in them and those who wait for one) less beds with staff; None: not known."""
    if beds.occupied is None or beds.staffed is None or waiting is None:
        return None
    return beds.occupied + waiting - beds.staffed
