"""How often a wrong recommendation is accepted, with its interval: of those that were seeded and are over."""

from collections.abc import Sequence

from pydantic import BaseModel

from centre.decisions.decision_log import progress
from serving.interface.recommendations.share_interval import wilson_interval
from serving.interface.recommendations.store import StoredAct, StoredRecommendation

__all__ = ["AcceptanceRate", "acceptance_rates"]


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
