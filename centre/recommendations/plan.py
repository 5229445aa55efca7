"""What is new, what is a repeat, what is over: at most so many recommendations a shift, the gravest first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from centre.recommendations.calls import CalledStep, CallKey

__all__ = ["Cause", "Plan", "Standing", "plan", "shift_start"]

Cause = Literal["time_passed", "cleared", "graver_level", "withdrawn"]


@dataclass(frozen=True)
class Standing:
    """A recommendation that can still be decided.

    Attributes:
        key: what makes another one the same.
        decide_by: instant.
    """

    recommendation_id: str
    key: CallKey
    decide_by: int


@dataclass(frozen=True)
class Plan:
    """What one look at the levels comes to.

    Attributes:
        new: to be proposed, the gravest first.
        repeated: of those that stand, with what calls them again.
        expired: of those that stand, with why nobody needs to decide them any more.
        held_back: called, and beyond what the policy allows in a shift.
    """

    new: Sequence[CalledStep]
    repeated: Mapping[str, CalledStep]
    expired: Mapping[str, Cause]
    held_back: int


def plan(
    called: Sequence[CalledStep],
    standing: Sequence[Standing],
    settled: Collection[CallKey],
    room: int,
    now: int,
    *,
    is_known: bool = True,
) -> Plan:
    """What is new, repeated and over.

    Args:
        called: now.
        standing: those that can still be decided.
        settled: keys of those that people decided in this shift: they are not asked again in it.
        room: how many may still be proposed in this shift.
        now: instant.
        is_known: False: levels cannot be read at the moment; what stands does not clear itself by that.
    """
    by_key = {one.key: one for one in called}
    gravest = {one.place: max(c.called.rank for c in called if c.place == one.place) for one in called}
    repeated: dict[str, CalledStep] = {}
    expired: dict[str, Cause] = {}
    for one in standing:
        again = by_key.get(one.key)
        if now > one.decide_by:
            expired[one.recommendation_id] = "time_passed"
        elif again is not None:
            repeated[one.recommendation_id] = again
        elif is_known:
            expired[one.recommendation_id] = "graver_level" if one.key[0] in gravest else "cleared"
    known = {one.key for one in standing if one.recommendation_id not in expired} | set(settled)
    fresh = sorted((c for c in called if c.key not in known), key=_urgency)
    shown = fresh[: max(room, 0)]
    return Plan(shown, repeated, expired, len(fresh) - len(shown))


def _urgency(one: CalledStep) -> tuple[int, bool, float, float, CallKey]:
    """The gravest first, then what is there already, then the likeliest and nearest."""
    ahead = one.called.ahead
    probability = (ahead.probability or 0.0) if ahead else 0.0
    horizon = (ahead.horizon_hours or 0.0) if ahead else 0.0
    return -one.called.rank, not one.called.reached_now, -probability, horizon, one.key


def shift_start(now: datetime, starts: Sequence[time], zone: ZoneInfo) -> datetime:
    """When the shift began in which an instant lies (aware), by the hospital's clock, in summer and winter."""
    local = now.astimezone(zone)
    days = (local.date() - timedelta(days=back) for back in (0, 1))
    begun = (datetime.combine(day, start, zone) for day in days for start in reversed(starts))
    return next(b for b in begun if b.timestamp() <= now.timestamp())
