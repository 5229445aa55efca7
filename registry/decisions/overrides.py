"""Decisions on what a release's forecasts called: those against it by unit and reason, and how often they were right.

The rule by which a release loses a unit group counts the same decisions (`registry.monitoring.overruled`). Since when
they count goes by the instants of the journal's entries, which are real whatever clock a service runs by (the demo's is
simulated): so a page, the card and `vigie monitor` never count by two clocks.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from registry.decisions.share_interval import wilson_interval
from registry.decisions.state_machine import NotAllowedError, replayed
from registry.errors import JournalError
from registry.record.tables.recommendation_tables import recommendation_acts, recommendations
from registry.record.tables.record_tables import journal

__all__ = ["BOARDING", "Override", "StandingDecision", "called_place", "overrides", "standing_decisions"]

BOARDING = "*boarding"
"""Stands where a unit does: patients who wait in the emergency departments for a bed; no unit is named so."""

_AGAINST = frozenset({"overridden", "rejected"})
_CHUNK = 400


@dataclass(frozen=True)
class StandingDecision:
    """A decision that stands.

    Attributes:
        group, unit: what was forecast: of a unit, of the hospital (``*``) or of boarding (`BOARDING`).
        at: instant at which the answer was entered in the journal.
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
        since: instant of the release; what was recommended after it, by the journal, counts.
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


def standing_decisions(
    connection: Connection, groups: Mapping[str, str], since: int
) -> Iterator[StandingDecision]:
    """Decisions that stand, on what the model itself forecast for one of these units; never on what was seeded.

    Args:
        groups: of units, by their ids; of the hospital total by ``*``, of boarding by `BOARDING`.
        since: instant of the release; what was recommended after it, by the journal, counts.

    Raises:
        JournalError: acts are stored that could not have been done.
    """
    c = recommendations.c
    query = (
        select(c.recommendation_id, c.place, c.decide_by, c.content)
        .join(journal, journal.c.seq == c.journal_seq)
        .where(c.seeded_for.is_(None), c.closed_at.is_not(None), journal.c.at >= since)
    )
    found = ((r, _forecast_of(r.place, json.loads(r.content))) for r in connection.execute(query))
    rows = [(row, what) for row, what in found if what in groups]
    acts = _acts(connection, [row.recommendation_id for row, _ in rows])
    for row, what in rows:
        own = acts.get(row.recommendation_id, [])
        try:
            decision = _decision((groups[what], what), own, row.decide_by)
        except NotAllowedError:
            raise JournalError(
                "registry.decisions.not_possible", recommendation=row.recommendation_id
            ) from None
        if decision is not None:
            yield decision


class _Stored(NamedTuple):
    """An act as it is stored; `at` by the service's clock, `entered` by the journal's, None of what has no entry."""

    kind: str
    at: int
    content: Mapping[str, Any]
    entered: int | None


def called_place(place: str, content: Mapping[str, Any]) -> str:
    """Whose level called a recommendation: a unit's id, or ``*``, the hospital.

    A protocol that names units may be called by a level of the hospital: what was forecast is then the hospital's,
    wherever it is to be applied. Of a recommendation of before that was stored, its `place`.
    """
    return str(content["called_by"] or "*") if "called_by" in content else place


def _forecast_of(place: str, content: Mapping[str, Any]) -> str:
    """What a model forecast; "": nothing, since where the baseline answered, nobody overruled the model."""
    if content.get("boarding") is not None:
        return BOARDING
    forecast = content.get("forecast")
    by_model = forecast is not None and forecast["trust"]["status"] != "baseline"
    return called_place(place, content) if by_model else ""


def _acts(connection: Connection, ids: Sequence[str]) -> dict[str, list[_Stored]]:
    found: dict[str, list[_Stored]] = {}
    c = recommendation_acts.c
    for start in range(0, len(ids), _CHUNK):
        query = (
            select(recommendation_acts, journal.c.at.label("entered"))
            .outerjoin(journal, journal.c.seq == c.journal_seq)
            .where(c.recommendation_id.in_(ids[start : start + _CHUNK]))
        )
        for row in connection.execute(query.order_by(c.seq)):
            stored = _Stored(row.act, row.at, json.loads(row.content), row.entered)
            found.setdefault(row.recommendation_id, []).append(stored)
    return found


def _decision(where: tuple[str, str], acts: Sequence[_Stored], decide_by: int) -> StandingDecision | None:
    """What stands at the end, by the one replay; None: nobody decided.

    Raises:
        NotAllowedError: what is stored could not have been done.
    """
    progress = replayed(acts, decide_by)
    if progress.verdict is None or not progress.is_final:
        return None
    answer = next(a for a in reversed(acts) if a.kind == "answered")
    words, measured = _last(acts, "outcome"), _last(acts, "measured")
    return StandingDecision(
        *where,
        at=answer.at if answer.entered is None else answer.entered,
        against=progress.verdict in _AGAINST,
        right=measured if words is None else words,
        reason_code=str(answer.content["reason_code"]),
        reason_title=answer.content.get("reason_title", {}),
    )


def _last(acts: Sequence[_Stored], kind: str) -> bool | None:
    """Whether people were right by the last act of a kind; None: not known."""
    rights = [a.content["right"] for a in acts if a.kind == kind]
    return rights[-1] if rights else None
