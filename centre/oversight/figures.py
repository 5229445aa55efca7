"""How well oversight works: alarm fatigue by level and unit, what was wrong and accepted, the board's own overrides."""

from collections.abc import Sequence

from pydantic import BaseModel

from centre.decisions.decision_log import progress
from centre.oversight.acceptance_rate import AcceptanceRate, acceptance_rates
from serving.interface.installation import Parts
from serving.interface.live_record import DAY
from serving.interface.recommendations.store import StoredAct, StoredRecommendation, reading
from serving.interface.release_overrides import ReleaseOverrides, overrides_in_use

__all__ = ["FIGURE_DAYS", "Fatigue", "OversightFigures", "fatigue", "figures"]

FIGURE_DAYS = 90
Acted = tuple[StoredRecommendation, Sequence[StoredAct]]


class Fatigue(BaseModel):
    """What became of the recommendations that a unit's level called.

    Attributes:
        unit: ``*``: the hospital, whichever units the protocol names.
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


class OversightFigures(BaseModel):
    """GET /v1/recommendations/figures: what is real beside what was seeded, never mixed.

    Attributes:
        days: of which fatigue and what was wrong and accepted are.
        overruled: since the release, by the board's rule, as it stands beside the card and as `vigie monitor` counts
            (`GET /v1/models/bed-demand/overrides`); null: no release is in use.
    """

    days: int
    fatigue: tuple[Fatigue, ...]
    overruled: ReleaseOverrides | None
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
        overruled=overrides_in_use(parts),
        wrong_accepted=acceptance_rates([(r, seeded_acts[r.recommendation_id]) for r in seeded]),
    )


def fatigue(acted: Sequence[Acted]) -> tuple[Fatigue, ...]:
    """By the unit whose level called them, or the hospital, and level."""
    cells: dict[tuple[str, str], list[Acted]] = {}
    for one in acted:
        cells.setdefault((one[0].called_place, one[0].level), []).append(one)
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
