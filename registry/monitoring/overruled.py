"""What people decided against the recommendations that a release's forecasts called, and how often they were right.

Where that is more often than the policy's share, beyond chance, the release loses the unit group: an alarm stands
against it, and the baseline answers there until a member of the board lifts it, or a new release comes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scipy import stats
from sqlalchemy import Connection, select

from hospital.times import DAY, instant
from registry.monitoring.alarms import OVERRULED, raise_alarm, restarts
from registry.policy.monitor_rules import MonitorRules
from registry.record.recommendation_tables import recommendation_acts, recommendations

__all__ = ["Overruled", "lose_overruled", "overruled_groups"]

_AGAINST = frozenset({"overridden", "rejected"})
_CHUNK = 400


@dataclass(frozen=True)
class Overruled:
    """Decisions in a unit group since the release, or since its alarm was acknowledged.

    Attributes:
        decided: all decisions.
        overruled: of them, those against what was recommended.
        known, right: of those, with a known outcome, and proved right.
        low, high: interval of the share that was right (Wilson); None: no outcome is known.
        first, last: instants of the decisions with a known outcome; 0: none.
        rightly: by the policy, people rightly overrule: the release loses the group.
    """

    group: str
    decided: int
    overruled: int
    known: int
    right: int
    low: float | None
    high: float | None
    first: int
    last: int
    rightly: bool


@dataclass(frozen=True)
class _Decision:
    group: str
    at: int
    against: bool
    right: bool | None


def overruled_groups(
    connection: Connection,
    groups: Mapping[str, str],
    since: int,
    anew: Mapping[str, int],
    rules: MonitorRules,
) -> tuple[Overruled, ...]:
    """By unit group, in their order; what was seeded to measure oversight is never in it.

    Args:
        groups: of the release's units, by their ids.
        since: instant of the release.
        anew: by group, the instant from which it is counted anew.
    """
    counted: dict[str, list[_Decision]] = {}
    for decision in _decisions(connection, groups, since):
        if decision.at >= anew.get(decision.group, since):
            counted.setdefault(decision.group, []).append(decision)
    return tuple(_judged(group, counted[group], rules) for group in sorted(counted))


def lose_overruled(
    connection: Connection,
    *,
    model: str,
    release: int,
    digest: str,
    groups: Mapping[str, str],
    released_at: int,
    rules: MonitorRules,
    now: datetime,
) -> tuple[tuple[Overruled, ...], tuple[str, ...]]:
    """The figures, and the groups that are lost now: each with its alarm and its entry in the journal.

    The connection must be one of `registry.record.database.writing`.
    """
    lifted = {
        name: (day + 1) * DAY
        for (family, name), day in restarts(connection, model, release).items()
        if family == OVERRULED
    }
    found = overruled_groups(connection, groups, released_at, lifted, rules)
    lost = []
    for one in found:
        if one.rightly and raise_alarm(
            connection,
            model=model,
            release=release,
            digest=digest,
            figure=(OVERRULED, one.group),
            evidence=_evidence(one, rules, now),
            stops=False,
            now=now,
        ):
            lost.append(one.group)
    return found, tuple(lost)


def _evidence(one: Overruled, rules: MonitorRules, now: datetime) -> dict[str, Any]:
    return {
        "day": instant(now) // DAY,
        "since": one.first // DAY,
        "decided": one.decided,
        "overruled": one.overruled,
        "known": one.known,
        "right": one.right,
        "interval": [one.low, one.high],
        "policy_share": rules.overruled_share,
        "policy_decisions": rules.overruled_decisions,
        "policy_confidence": rules.overruled_confidence,
    }


def _judged(group: str, decisions: Sequence[_Decision], rules: MonitorRules) -> Overruled:
    against = [d for d in decisions if d.against]
    known = [d for d in against if d.right is not None]
    right, low, high = sum(d.right is True for d in known), None, None
    if known:
        interval = stats.binomtest(right, len(known)).proportion_ci(rules.overruled_confidence, "wilson")
        low, high = float(interval.low), float(interval.high)
    return Overruled(
        group=group,
        decided=len(decisions),
        overruled=len(against),
        known=len(known),
        right=right,
        low=low,
        high=high,
        first=min((d.at for d in known), default=0),
        last=max((d.at for d in known), default=0),
        rightly=len(known) >= rules.overruled_decisions and low is not None and low > rules.overruled_share,
    )


def _decisions(connection: Connection, groups: Mapping[str, str], since: int) -> Iterator[_Decision]:
    """Decisions that stand, on what the model itself forecast for one of these units."""
    c = recommendations.c
    query = select(c.recommendation_id, c.place, c.content).where(
        c.seeded_for.is_(None), c.closed_at.is_not(None), c.proposed_at >= since
    )
    rows = {
        r.recommendation_id: groups[r.place]
        for r in connection.execute(query)
        if r.place in groups and _is_model_s(json.loads(r.content))
    }
    acts = _acts(connection, list(rows))
    for recommendation_id, group in rows.items():
        decision = _decision(group, acts.get(recommendation_id, []))
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


def _decision(group: str, acts: Sequence[tuple[str, int, dict[str, Any]]]) -> _Decision | None:
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
    return _Decision(group, answer[0], answer[1]["verdict"] in _AGAINST, measured if words is None else words)
