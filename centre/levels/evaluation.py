"""Which level of a policy is reached now, and how probably ahead; what is not known is neither true nor false.

Ahead only what has a calibrated distribution counts: demand above staffed beds, of the total or of a unit, at horizons
where the check showed its probability to be better than how often it was before. Another one, and any at another
threshold than the staffed beds, is given, said to be uncalibrated, and reaches nothing. A level that
rests on several conditions would need their joint distribution, which no product of single probabilities gives.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from centre.levels.boarding_threshold import BOARDERS, boarders_alone
from centre.levels.level_policy import Condition, Level, LevelPolicy
from centre.tension.answers import CrowdingIndex, Exceedance
from centre.tension.boarding import NO_BOARDING, BoardingAhead

__all__ = ["DEMAND", "SHARE", "Evidence", "LevelAhead", "LevelNow", "LevelsReading", "evaluate_levels"]

DEMAND = "beds_needed_above_staffed"
SHARE = "beds_needed_share_of_staffed"
State = Literal["reached", "not_reached", "not_computable"]


@dataclass(frozen=True)
class Evidence:
    """A condition that holds.

    Attributes:
        value: of the indicator, in its unit; `threshold` likewise.
    """

    indicator: str
    side: Literal["above", "below"]
    threshold: float
    value: float


@dataclass(frozen=True)
class LevelNow:
    """One level now.

    Attributes:
        missing: what is not known of its conditions, by path, as in ``visits.threshold``; also of a level whose state
            the known conditions decide.
        called_by: those of its conditions that hold.
    """

    level: str
    state: State
    missing: tuple[str, ...]
    called_by: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class LevelAhead:
    """One level at one horizon.

    Attributes:
        horizon_hours: None: at none, since its probability cannot be computed.
        probability: of the level at that horizon; None: not computable.
        state: whether it lies at or above the policy's probability.
        missing: why there is no probability or no state.
        calibrated: whether the probability was held against how often it happened, and is better than how often it was
            before; one that is not reaches no level.
        prediction_id: of the recorded forecast whose probability it is; None: there is none, as of boarding.
        indicator: of the condition whose probability it is.
    """

    level: str
    horizon_hours: float | None
    probability: float | None
    state: State
    missing: tuple[str, ...]
    prediction_id: str | None = None
    calibrated: bool = True
    indicator: str = DEMAND


@dataclass(frozen=True)
class LevelsReading:
    """A policy's levels, evaluated.

    Attributes:
        policy, version: which was evaluated.
        current: the gravest level that is known to be reached; None: none is known to be.
        unknown_above: graver levels that are not computable: the true level may be one of them.
        now: each level, the mildest first.
        ahead: each level at each horizon, the nearest first.
    """

    policy: str
    version: int
    current: str | None
    unknown_above: tuple[str, ...]
    now: tuple[LevelNow, ...]
    ahead: tuple[LevelAhead, ...]

    def first_horizon(self, level: str) -> LevelAhead | None:
        """The nearest horizon at which a level has the policy's probability; None: at none that is known."""
        return next((a for a in self.ahead if a.level == level and a.state == "reached"), None)


def evaluate_levels(
    policy: LevelPolicy,
    indices: Sequence[CrowdingIndex],
    beds_above_staffed: float | None,
    demand: Sequence[Exceedance],
    others: Mapping[str, float | None] = MappingProxyType({}),
    boarding: BoardingAhead = NO_BOARDING,
) -> LevelsReading:
    """The levels of a policy, of the hospital or of a unit.

    Args:
        indices: of now.
        beds_above_staffed: beds needed now less beds with staff; None: not known.
        demand: exceedances of the hospital total, or of the unit.
        others: values of now of the indicators that are neither (`SHARE`, ``boarders``); None: not known.
        boarding: ahead; of a unit there is none.
    """
    values: dict[str, float | None] = {i.name: i.value for i in indices} | dict(others)
    values[DEMAND] = beds_above_staffed
    why = {i.name: (*i.missing, *([i.undefined] if i.undefined else ())) for i in indices}
    now = tuple(_now(level, values, why) for level in policy.levels)
    reached = [n for n, level in enumerate(now) if level.state == "reached"]
    last = reached[-1] if reached else -1
    return LevelsReading(
        policy=policy.name,
        version=policy.version,
        current=now[last].level if reached else None,
        unknown_above=tuple(n.level for n in now[last + 1 :] if n.state == "not_computable"),
        now=now,
        ahead=tuple(a for level in policy.levels for a in _ahead(level, demand, boarding)),
    )


def _now(level: Level, values: Mapping[str, float | None], why: Mapping[str, tuple[str, ...]]) -> LevelNow:
    if not level.conditions:
        return LevelNow(level.name, "not_computable", ("conditions",))
    results = [_holds(c, values.get(c.indicator)) for c in level.conditions]
    missing = [m for c in level.conditions for m in _missing(c, values.get(c.indicator), why)]
    true, unknown = results.count(True), results.count(None)
    state: State = "not_computable"
    if true >= level.at_least:
        state = "reached"
    elif true + unknown < level.at_least:
        state = "not_reached"
    return LevelNow(level.name, state, tuple(missing), tuple(_evidence(level, values)))


def _evidence(level: Level, values: Mapping[str, float | None]) -> Iterator[Evidence]:
    for one in level.conditions:
        value = values.get(one.indicator)
        if value is not None and one.threshold is not None and _holds(one, value):
            yield Evidence(one.indicator, one.side, one.threshold, value)


def _holds(condition: Condition, value: float | None) -> bool | None:
    if value is None or condition.threshold is None:
        return None
    return value > condition.threshold if condition.side == "above" else value < condition.threshold


def _missing(
    condition: Condition, value: float | None, why: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    name = condition.indicator
    threshold = () if condition.threshold is not None else (f"{name}.threshold",)
    if value is not None:
        return threshold
    return (*threshold, *(f"{name}.{m}" for m in why.get(name, ()) or ("value",)))


def _ahead(level: Level, demand: Sequence[Exceedance], boarding: BoardingAhead) -> tuple[LevelAhead, ...]:
    if boarders_alone(level) is not None:
        return tuple(_boarding(level, level.conditions[0], boarding))
    lacks = _no_distribution(level, demand)
    if lacks:
        return (LevelAhead(level.name, None, None, "not_computable", (lacks,)),)
    made = sorted(demand, key=lambda e: e.horizon_hours)
    (condition,) = level.conditions
    if _is_staffed(condition):
        return tuple(_at_horizon(level, e) for e in made)
    return tuple(_uncalibrated(level, condition, e) for e in made)


def _boarding(level: Level, condition: Condition, boarding: BoardingAhead) -> Iterator[LevelAhead]:
    """At the one threshold that was learned; at another one nothing is known, and nothing is made up."""
    lacks = [f"{BOARDERS}.distribution"]
    if boarding.threshold is not None:
        same = boarding.threshold == condition.threshold
        lacks = [f"{BOARDERS}.{m}" for m in boarding.missing] if same else [f"{BOARDERS}.other_threshold"]
    if lacks:
        yield LevelAhead(level.name, None, None, "not_computable", tuple(lacks), indicator=BOARDERS)
        return
    for one in boarding.horizons:
        state: State = "reached" if one.probability >= (level.probability or 1.0) else "not_reached"
        missing: tuple[str, ...] = ()
        if not one.counts:
            state, missing = "not_computable", (f"{BOARDERS}.skill",)
        elif level.probability is None:
            state, missing = "not_computable", ("probability",)
        yield LevelAhead(
            level.name,
            one.horizon_hours,
            one.probability,
            state,
            missing,
            calibrated=one.counts,
            indicator=BOARDERS,
        )


def _is_staffed(condition: Condition) -> bool:
    """Whether the condition is that the staffed beds are exceeded, of which how often it happened was learned."""
    return (condition.indicator, condition.threshold) in ((DEMAND, 0), (SHARE, 100))


def _uncalibrated(level: Level, condition: Condition, exceedance: Exceedance) -> LevelAhead:
    """The probability as the quantiles have it: shown for what it is, and never enough to reach a level."""
    name, horizon, staffed = condition.indicator, exceedance.horizon_hours, exceedance.staffed
    if staffed is None or condition.threshold is None:
        return LevelAhead(level.name, horizon, None, "not_computable", (f"{name}.staffed",))
    limit = condition.threshold
    beds = staffed + limit if name == DEMAND else staffed * limit / 100
    probability = exceedance.uncalibrated_above(beds)
    if probability is None:
        return LevelAhead(level.name, horizon, None, "not_computable", (f"{name}.distribution",))
    found = exceedance.prediction_id
    return LevelAhead(
        level.name, horizon, probability, "not_computable", (f"{name}.calibration",), found, calibrated=False
    )


def _at_horizon(level: Level, exceedance: Exceedance) -> LevelAhead:
    horizon, probability = exceedance.horizon_hours, exceedance.probability
    made = exceedance.prediction_id
    if probability is None:
        return LevelAhead(level.name, horizon, None, "not_computable", (f"{DEMAND}.staffed",))
    if not exceedance.calibrated:
        lacks = (f"{level.conditions[0].indicator}.skill",)
        return LevelAhead(level.name, horizon, probability, "not_computable", lacks, made, calibrated=False)
    if level.probability is None:
        return LevelAhead(level.name, horizon, probability, "not_computable", ("probability",), made)
    state: State = "reached" if probability >= level.probability else "not_reached"
    return LevelAhead(level.name, horizon, probability, state, (), made)


def _no_distribution(level: Level, demand: Sequence[Exceedance]) -> str | None:
    """What a level's probability ahead lacks, or None."""
    if not level.conditions:
        return "conditions"
    if len(level.conditions) > 1:
        return "joint_distribution"
    (condition,) = level.conditions
    if condition.threshold is None:
        return f"{condition.indicator}.threshold"
    if condition.indicator not in (DEMAND, SHARE) or condition.side != "above":
        return f"{condition.indicator}.distribution"
    return None if demand else f"{condition.indicator}.forecast"
