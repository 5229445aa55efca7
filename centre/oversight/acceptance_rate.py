"""How often a wrong recommendation is accepted, with its interval: of those that were seeded and are over."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

from pydantic import BaseModel

from centre.decisions.decision_log import progress
from serving.interface.recommendations.store import StoredAct, StoredRecommendation

__all__ = ["AcceptanceRate", "acceptance_rates", "wilson_interval"]


class AcceptanceRate(BaseModel):
    """Of a unit.

    Attributes:
        answered: seeded ones that people answered.
        accepted: of them, those that were followed though they were wrong.
        nobody: that nobody answered in time.
        rate, low, high: share accepted of those answered, with its 95 % interval (Wilson); null: none was answered.
    """

    unit: str
    answered: int
    accepted: int
    nobody: int
    rate: float | None
    low: float | None
    high: float | None


def wilson_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of a share (Wilson 1927), which holds where it is near 0 or 1, and where there are few trials.

    Raises:
        ValueError: there is no trial, or more successes than trials.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError("At least one trial, and no more successes than trials.")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, scale = successes / trials, 1 + z * z / trials
    middle = (share + z * z / (2 * trials)) / scale
    half = z / scale * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def acceptance_rates(
    seeded: Sequence[tuple[StoredRecommendation, Sequence[StoredAct]]],
) -> tuple[AcceptanceRate, ...]:
    """By unit; those that wait for an answer are not in it, and would give themselves away."""
    units: dict[str, list[str]] = {}
    for one, acts in seeded:
        if one.closed_at is not None:
            state = progress(one, acts).state
            withdrawn = any(a.kind == "expired" and a.content["cause"] == "withdrawn" for a in acts)
            units.setdefault(one.place, []).extend([] if withdrawn else [state])
    return tuple(_rate(unit, states) for unit, states in sorted(units.items()))


def _rate(unit: str, states: Sequence[str]) -> AcceptanceRate:
    answered = sum(state != "expired" for state in states)
    accepted = states.count("accepted")
    low, high = wilson_interval(accepted, answered) if answered else (None, None)
    return AcceptanceRate(
        unit=unit,
        answered=answered,
        accepted=accepted,
        nobody=len(states) - answered,
        rate=accepted / answered if answered else None,
        low=low,
        high=high,
    )
