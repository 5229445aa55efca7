"""What came of a recommendation, measured: whether the beds that were needed at the target exceeded those with staff.

It stands beside what a person says, and never in its place. Whether people were right is measured only where they
rejected, and nothing was done: what acting changed nobody can read off the census.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from centre.decisions.decision_log import progress
from centre.decisions.decision_policy import EVERY
from centre.flows.answers import BedsFlow
from centre.flows.beds import beds_flow
from serving.interface.installation import Parts
from serving.interface.live_record import DAY, record_at
from serving.interface.recommendations.store import (
    RecommendationStore,
    StoredAct,
    StoredRecommendation,
    reading,
    writing_of,
)
from serving.interface.requests import instant_of

__all__ = ["MEASURED", "measure", "measured_outcome"]

MEASURED = "measured"
_SETTLED = DAY
"""How long after the target what was received of it counts."""
_LOOKED_BACK = 30 * DAY
_MOST = 20
"""Recommendations that one look measures: the next takes the others."""


def measure(parts: Parts, now: int) -> None:
    """Writes, once, what came of each decided recommendation whose target is over, with its entry in the journal."""
    with reading(parts) as store:
        due = _due(store, now)
    records: dict[int, BedsFlow] = {}
    found = []
    for one, acts in due:
        at = instant_of(one.content["forecast"]["target_at"])
        if at not in records:
            records[at] = beds_flow(record_at(parts, at, at + _SETTLED))
        found.append((one, measured_outcome(one, acts, records[at])))
    if not found:
        return
    with writing_of(parts) as store:
        acts_now = store.acts([one for one, _ in found])
        for one, content in found:
            if not _is_measured(acts_now[one.recommendation_id]):  # another worker looks at the same time
                store.act(one, MEASURED, "", now, content)


def measured_outcome(
    recommended: StoredRecommendation, acts: Sequence[StoredAct], beds: BedsFlow
) -> Mapping[str, Any]:
    """What was needed and staffed at the target, each null where it is not known; never 0 for what is not.

    Args:
        beds: at the target.
    """
    needed, staffed = _needed(recommended.place, beds)
    exceeded = None if needed is None or staffed is None else needed > staffed
    rejected = progress(recommended, acts).state == "rejected"
    right = None if exceeded is None or not rejected else not exceeded
    target = recommended.content["forecast"]["target_at"]
    return {"target_at": target, "needed": needed, "staffed": staffed, "exceeded": exceeded, "right": right}


def _needed(place: str, beds: BedsFlow) -> tuple[float | None, float | None]:
    """(beds needed, beds with staff) of a unit, or of all together; where one is not known, neither is their sum."""
    units = [u for u in beds.units if place in (EVERY, u.unit)]
    needs = [None if u.occupied is None or u.waiting is None else u.occupied + u.waiting for u in units]
    return _sum(needs), _sum([u.staffed for u in units])


def _sum(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) if known and len(known) == len(values) else None


def _due(store: RecommendationStore, now: int) -> list[tuple[StoredRecommendation, list[StoredAct]]]:
    closed = [r for r in store.since(now - _LOOKED_BACK) if r.closed_at is not None and _is_over(r, now)]
    acts = store.acts(closed)
    due = [(r, acts[r.recommendation_id]) for r in closed]
    return [(r, own) for r, own in due if progress(r, own).verdict is not None and not _is_measured(own)][
        :_MOST
    ]


def _is_over(recommended: StoredRecommendation, now: int) -> bool:
    forecast = recommended.content["forecast"]
    return forecast is not None and instant_of(forecast["target_at"]) + _SETTLED <= now


def _is_measured(acts: Sequence[StoredAct]) -> bool:
    return any(a.kind == MEASURED for a in acts)
