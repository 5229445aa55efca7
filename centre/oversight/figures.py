"""Alarm fatigue by level and unit, and what people overruled: by reason and unit, and how often they were right."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from centre.decisions.decision_log import progress
from centre.oversight.acceptance_rate import AcceptanceRate, acceptance_rates
from serving.interface.bed_forecasts import unit_groups
from serving.interface.installation import Parts
from serving.interface.live_record import DAY
from serving.interface.recommendations.share_interval import wilson_interval
from serving.interface.recommendations.store import StoredAct, StoredRecommendation, reading

__all__ = ["FIGURE_DAYS", "Fatigue", "Overruled", "OversightFigures", "fatigue", "figures", "overruled"]

FIGURE_DAYS = 90
_LEAST_JUDGED, _MOST_RIGHT = 10, 0.5
"""From so many decisions with a known outcome on, people who are right more often than that overrule rightly."""
Acted = tuple[StoredRecommendation, Sequence[StoredAct]]


class Fatigue(BaseModel):
    """What became of the recommendations of a level in a unit.

    Attributes:
        unit: ``*``: the hospital.
        made, shown, opened, acted_on: counts; acted on are those accepted or overridden.
        rejected: set aside by people.
        ignored: over without a decision, though people were shown them.
    """

    unit: str
    level: str
    made: int
    shown: int
    opened: int
    acted_on: int
    rejected: int
    ignored: int


class Overruled(BaseModel):
    """Decisions against what was recommended.

    Attributes:
        group: of the unit; ``*``: the hospital; null: not known.
        reason_title: of the reason by language, as the last of these decisions had it; empty: of before it was stored.
        overruled: overridden or rejected.
        decided: all decisions of the unit, whatever they were.
        known, right: of those overruled, with a known outcome, and proved right: as a person says, else as measured.
        measured, measured_right: of those overruled, with an outcome read off the census, and right by it.
        low, high: 95 % interval of the share that was right (Wilson); null: no outcome is known.
        rightly: whether people are right more often than not, beyond chance; by the board's policy `vigie monitor`
            takes the unit group out of the version's scope.
    """

    unit: str
    group: str | None
    reason_code: str
    reason_title: Mapping[str, str]
    overruled: int
    decided: int
    known: int
    right: int
    measured: int
    measured_right: int
    low: float | None
    high: float | None
    rightly: bool


class OversightFigures(BaseModel):
    """GET /v1/recommendations/figures: of the last 90 days, what is real beside what was seeded, never mixed."""

    days: int
    fatigue: tuple[Fatigue, ...]
    overruled: tuple[Overruled, ...]
    wrong_accepted: tuple[AcceptanceRate, ...]


def figures(parts: Parts, now: int) -> OversightFigures:
    """All figures at an instant."""
    since = now - FIGURE_DAYS * DAY
    with reading(parts) as store:
        real, seeded = store.since(since), store.seeded(since)
        acts, seeded_acts = store.acts(real), store.acts(seeded)
    acted = [(r, acts[r.recommendation_id]) for r in real]
    return OversightFigures(
        days=FIGURE_DAYS,
        fatigue=fatigue(acted),
        overruled=overruled(acted, {**unit_groups(parts), "*": "*"}),
        wrong_accepted=acceptance_rates([(r, seeded_acts[r.recommendation_id]) for r in seeded]),
    )


def fatigue(acted: Sequence[Acted]) -> tuple[Fatigue, ...]:
    """By unit and level."""
    cells: dict[tuple[str, str], list[Acted]] = {}
    for one in acted:
        cells.setdefault((one[0].place, one[0].level), []).append(one)
    return tuple(_fatigue(unit, level, own) for (unit, level), own in sorted(cells.items()))


def _fatigue(unit: str, level: str, own: Sequence[Acted]) -> Fatigue:
    kinds = [{a.kind for a in acts} for _, acts in own]
    states = [progress(one, acts).state for one, acts in own]
    return Fatigue(
        unit=unit,
        level=level,
        made=len(own),
        shown=sum("shown" in k for k in kinds),
        opened=sum("opened" in k for k in kinds),
        acted_on=sum(s in ("accepted", "overridden") for s in states),
        rejected=states.count("rejected"),
        ignored=sum(s == "expired" and "shown" in k for s, k in zip(states, kinds, strict=True)),
    )


def overruled(acted: Sequence[Acted], groups: dict[str, str]) -> tuple[Overruled, ...]:
    """By unit and reason; what was seeded is never in it.

    Args:
        groups: of units, by their ids.
    """
    decided: dict[str, int] = {}
    cells: dict[tuple[str, str], list[tuple[bool | None, bool | None]]] = {}
    titles: dict[tuple[str, str], Mapping[str, str]] = {}
    for one, acts in acted:
        state = progress(one, acts).state
        if one.seeded_for is not None or state not in ("accepted", "overridden", "rejected"):
            continue
        decided[one.place] = decided.get(one.place, 0) + 1
        if state == "accepted":
            continue
        answer = next(a for a in reversed(acts) if a.kind == "answered")
        key = one.place, str(answer.content["reason_code"])
        cells.setdefault(key, []).append((_last(acts, "outcome"), _last(acts, "measured")))
        titles[key] = answer.content.get("reason_title") or titles.get(key, {})
    return tuple(
        _overruled(unit, groups.get(unit), (reason, titles[unit, reason]), own, decided[unit])
        for (unit, reason), own in sorted(cells.items())
    )


def _last(acts: Sequence[StoredAct], kind: str) -> bool | None:
    """Whether people were right by the last act of a kind; None: not known."""
    rights = [a.content["right"] for a in acts if a.kind == kind]
    return rights[-1] if rights else None


def _overruled(
    unit: str,
    group: str | None,
    reason: tuple[str, Mapping[str, str]],
    own: Sequence[tuple[bool | None, bool | None]],
    decided: int,
) -> Overruled:
    either = [by_words if by_words is not None else by_census for by_words, by_census in own]
    known = [right for right in either if right is not None]
    measured = [by_census for _, by_census in own if by_census is not None]
    low, high = wilson_interval(sum(known), len(known)) if known else (None, None)
    return Overruled(
        unit=unit,
        group=group,
        reason_code=reason[0],
        reason_title=reason[1],
        overruled=len(own),
        decided=decided,
        known=len(known),
        right=sum(known),
        measured=len(measured),
        measured_right=sum(measured),
        low=low,
        high=high,
        rightly=low is not None and len(known) >= _LEAST_JUDGED and low > _MOST_RIGHT,
    )
