"""Decisions on what a release's forecasts called: those against it by unit and reason, and how often they were right.

The rule by which a release loses a unit group counts the same decisions (`registry.monitoring.overruled`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Any

from sqlalchemy import Connection, select

from registry.record.tables.recommendation_tables import recommendation_acts, recommendations

__all__ = ["Override", "StandingDecision", "overrides", "standing_decisions", "wilson_interval"]

_AGAINST = frozenset({"overridden", "rejected"})
_CHUNK = 400


@dataclass(frozen=True)
class StandingDecision:
    """A decision that stands.

    Attributes:
        group, unit: what was forecast.
        at: instant of the answer.
        against: whether it is against what was recommended.
        right: whether it proved right: as a person says, else as measured; None: not known.
        reason_code, reason_title: why; the title by language, as it was then.
    """

    group: str
    unit: str
    at: int
    against: bool
    right: bool | None
    reason_code: str
    reason_title: Mapping[str, str]


@dataclass(frozen=True)
class Override:
    """Decisions against what was recommended, of one unit for one reason.

    Attributes:
        reason_title: by language, as the last of them had it; empty: not known.
        overruled: how many.
        decided: all decisions of the unit, whatever they were.
        known, right: of those overruled, with a known outcome, and proved right.
        low, high: interval of the share that was right (Wilson); None: no outcome is known.
    """

    group: str
    unit: str
    reason_code: str
    reason_title: Mapping[str, str]
    overruled: int
    decided: int
    known: int
    right: int
    low: float | None
    high: float | None


def overrides(
    connection: Connection, groups: Mapping[str, str], since: int, confidence: float
) -> tuple[Override, ...]:
    """By unit group, unit and reason, in their order; what nobody overruled has no row.

    Args:
        groups: of the release's units, by their ids.
        since: instant of the release.
        confidence: of the intervals.
    """
    decided: dict[str, int] = {}
    cells: dict[tuple[str, str, str], list[StandingDecision]] = {}
    for one in standing_decisions(connection, groups, since):
        decided[one.unit] = decided.get(one.unit, 0) + 1
        if one.against:
            cells.setdefault((one.group, one.unit, one.reason_code), []).append(one)
    return tuple(_override(key, own, decided[key[1]], confidence) for key, own in sorted(cells.items()))


def _override(
    key: tuple[str, str, str], own: Sequence[StandingDecision], decided: int, confidence: float
) -> Override:
    known = [d.right for d in own if d.right is not None]
    low, high = wilson_interval(sum(known), len(known), confidence) if known else (None, None)
    title = next((d.reason_title for d in sorted(own, key=lambda d: -d.at) if d.reason_title), {})
    return Override(*key, title, len(own), decided, len(known), sum(known), low, high)


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


def standing_decisions(
    connection: Connection, groups: Mapping[str, str], since: int
) -> Iterator[StandingDecision]:
    """Decisions that stand, on what the model itself forecast for one of these units; never on what was seeded.

    Args:
        groups: of units, by their ids.
        since: instant of the release.
    """
    c = recommendations.c
    query = select(c.recommendation_id, c.place, c.content).where(
        c.seeded_for.is_(None), c.closed_at.is_not(None), c.proposed_at >= since
    )
    rows = {
        r.recommendation_id: r.place
        for r in connection.execute(query)
        if r.place in groups and _is_model_s(json.loads(r.content))
    }
    acts = _acts(connection, list(rows))
    for recommendation_id, unit in rows.items():
        decision = _decision((groups[unit], unit), acts.get(recommendation_id, []))
        if decision is not None:
            yield decision


def _is_model_s(content: Mapping[str, Any]) -> bool:
    """Whether the model forecast it: where the baseline answered, nobody overruled the model."""
    forecast = content.get("forecast")
    return forecast is not None and forecast["trust"]["status"] != "baseline"


def _acts(connection: Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, int, dict[str, Any]]]]:
    found: dict[str, list[tuple[str, int, dict[str, Any]]]] = {}
    c = recommendation_acts.c
    for start in range(0, len(ids), _CHUNK):
        query = select(recommendation_acts).where(c.recommendation_id.in_(ids[start : start + _CHUNK]))
        for row in connection.execute(query.order_by(c.seq)):
            found.setdefault(row.recommendation_id, []).append((row.act, row.at, json.loads(row.content)))
    return found


def _decision(
    where: tuple[str, str], acts: Sequence[tuple[str, int, dict[str, Any]]]
) -> StandingDecision | None:
    """What stands at the end: the last answer, signed where two people were asked for; None: nobody decided."""
    answer: tuple[int, dict[str, Any]] | None = None
    signed, words, measured = False, None, None
    for kind, at, content in acts:
        if kind == "answered":
            answer, signed = (at, content), False
        elif kind == "declined":
            answer = None
        elif kind == "signed":
            signed = True
        elif kind == "outcome":
            words = content["right"]
        elif kind == "measured":
            measured = content["right"]
    if answer is None or (answer[1].get("two_people") and not signed):
        return None
    at, said = answer
    return StandingDecision(
        *where,
        at=at,
        against=said["verdict"] in _AGAINST,
        right=measured if words is None else words,
        reason_code=str(said["reason_code"]),
        reason_title=said.get("reason_title", {}),
    )
