"""What people decided against the recommendations that a release's forecasts called, and how often they were right.

Where that is more often than the policy's share, beyond chance, the release loses the unit group: an alarm stands
against it, and the baseline answers there until a member of the board lifts it, or another package is released.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hospital.times import DAY, instant
from registry.decisions.overrides import StandingDecision, standing_decisions
from registry.decisions.share_interval import wilson_interval
from registry.monitoring.alarms import OVERRULED, raise_alarm, restarts, standing
from registry.policy.monitor_rules import MonitorRules

__all__ = ["Overruled", "counted_anew", "lose_overruled", "overruled_groups"]


@dataclass(frozen=True)
class Overruled:
    """Decisions in a unit group since the release, or since its alarm was acknowledged.

    Attributes:
        since: instant from which they are counted.
        decided: all decisions.
        overruled: of them, those against what was recommended.
        known, right: of those, with a known outcome, and proved right.
        low, high: interval of the share that was right (Wilson); None: no outcome is known.
        first, last: instants of the decisions with a known outcome; 0: none.
        rightly: by the policy, people rightly overrule: the release loses the group.
    """

    group: str
    since: int
    decided: int
    overruled: int
    known: int
    right: int
    low: float | None
    high: float | None
    first: int
    last: int
    rightly: bool


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
    counted: dict[str, list[StandingDecision]] = {}
    for decision in standing_decisions(connection, groups, since):
        if decision.at >= anew.get(decision.group, since):
            counted.setdefault(decision.group, []).append(decision)
    return tuple(
        _judged(group, max(since, anew.get(group, since)), counted[group], rules) for group in sorted(counted)
    )


def counted_anew(connection: Connection, model: str, release: int, digest: str) -> dict[str, int]:
    """By unit group whose alarm the board acknowledged, the instant from which its decisions are counted anew."""
    return {
        name: (day + 1) * DAY
        for (family, name), day in restarts(connection, model, release, digest).items()
        if family == OVERRULED
    }


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
    anew = counted_anew(connection, model, release, digest)
    found = overruled_groups(connection, groups, released_at, anew, rules)
    held = {a.name for a in standing(connection, model, release, digest) if a.family == OVERRULED}
    lost = []
    for one in found:
        if (
            one.rightly
            and one.group not in held
            and raise_alarm(
                connection,
                model=model,
                release=release,
                digest=digest,
                figure=(OVERRULED, one.group),
                evidence={**_evidence(one, rules, now), "package": digest},
                stops=False,
                now=now,
            )
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


def _judged(group: str, since: int, decisions: Sequence[StandingDecision], rules: MonitorRules) -> Overruled:
    against = [d for d in decisions if d.against]
    known = [d for d in against if d.right is not None]
    right = sum(d.right is True for d in known)
    low, high = wilson_interval(right, len(known), rules.overruled_confidence) if known else (None, None)
    return Overruled(
        group=group,
        since=since,
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
