"""What came of a recommendation, measured: whether more beds were needed at the target than had staff, or more patients
waited for one than the threshold of which the probability called it.

It stands beside what a person says, and never in its place. Whether people were right is measured only where they
rejected, and nothing was done: what acting changed nobody can read off the record.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from centre.decisions.decision_log import progress
from centre.decisions.decision_policy import EVERY
from centre.flows.answers import FlowsAnswer
from centre.flows.hospital import flows_of
from centre.levels.boarding_threshold import BOARDERS
from centre.levels.evaluation import DEMAND, SHARE
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
    flows: dict[int, FlowsAnswer] = {}
    found = []
    for one, acts in due:
        at = instant_of(_target(one))
        if at not in flows:
            flows[at] = flows_of(record_at(parts, at, at + _SETTLED))
        found.append((one, measured_outcome(one, acts, flows[at])))
    if not found:
        return
    with writing_of(parts) as store:
        acts_now = store.acts([one for one, _ in found])
        for one, content in found:
            if not _is_measured(acts_now[one.recommendation_id]):  # another worker looks at the same time
                store.act(one, MEASURED, "", now, content)


def measured_outcome(
    recommended: StoredRecommendation, acts: Sequence[StoredAct], flows: FlowsAnswer
) -> Mapping[str, Any]:
    """What was there at the target beside its limit, each null where it is not known; never 0 for what is not.

    Args:
        flows: at the target.
    """
    boarding = recommended.content.get("boarding")
    if boarding is None:
        there, limit = _needed(recommended.called_place, flows)
        names = "needed", "staffed"
    else:  # of the hospital, wherever its protocol is meant to be applied
        there, limit = flows.emergency.total.boarding, boarding["threshold"]
        names = "boarders", "threshold"
    exceeded = None if there is None or limit is None else there > limit
    rejected = progress(recommended, acts).state == "rejected"
    right = None if exceeded is None or not rejected or not _rests_on_it(recommended) else not exceeded
    values = dict(zip(names, (there, limit), strict=True))
    return {"target_at": _target(recommended), **values, "exceeded": exceeded, "right": right}


def _rests_on_it(recommended: StoredRecommendation) -> bool:
    """Whether what is measured is what called the level: an index (NEDOCS, EDWIN) says nothing of beds."""
    indicators = {one["indicator"] for one in recommended.content.get("evidence", ())}
    own = {BOARDERS} if recommended.content.get("boarding") else {DEMAND, SHARE}
    return indicators <= own


def _needed(place: str, flows: FlowsAnswer) -> tuple[float | None, float | None]:
    """(beds needed, beds with staff) of a unit, or of all together; where one is not known, neither is their sum."""
    units = [u for u in flows.beds.units if place in (EVERY, u.unit)]
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
    target = _target(recommended)
    return target is not None and instant_of(target) + _SETTLED <= now


def _target(recommended: StoredRecommendation) -> Any:
    """When what was forecast comes, as it is written; None: nothing was forecast."""
    forecast = recommended.content["forecast"] or recommended.content.get("boarding")
    return None if forecast is None else forecast["target_at"]


def _is_measured(acts: Sequence[StoredAct]) -> bool:
    return any(a.kind == MEASURED for a in acts)
