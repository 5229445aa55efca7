"""The history of decisions, on predictions and on recommendations, in the order of the journal, and as a table."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import BaseModel

from centre.recommendations.answers import DecisionAnswer, decision_answer
from serving.interface.bed_forecasts import Language
from serving.interface.live_record import hospital_zone
from serving.interface.prediction_decisions import Decision, prediction_decisions
from serving.interface.recommendations.store import reading
from serving.interface.requests import Call

__all__ = ["DecisionsAnswer", "Filter", "decisions_csv", "decisions_of"]

_ON_PREDICTIONS = {"accept": "accepted", "override": "overridden", "reject": "rejected"}
_MOST = 100_000
_FORMULA = re.compile("(^|[;\t\r\n])([ \u00a0\0\"']*[=+\\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a cell may begin, in whatever way a spreadsheet parts them, and what begins a formula there."""
COLUMNS = (
    "decided_at",
    "on",
    "id",
    "unit",
    "unit_name",
    "level",
    "level_title",
    "decision",
    "reason_code",
    "reason_title",
    "reason",
    "instead",
    "value",
    "decided_by",
    "role",
    "signed_by",
    "right",
    "journal_entry",
    "language",
)
"""``language``: of `unit_name`, `level_title` and `reason_title`; a person's words are in the person's."""


class DecisionsAnswer(BaseModel):
    """GET /v1/decisions: both kinds in the order of their journal entries.

    Attributes:
        decisions: on predictions.
        on_recommendations: on recommendations; never on seeded ones.
        next: the `after` of the following page; null: there is none yet.
    """

    decisions: tuple[Decision, ...]
    on_recommendations: tuple[DecisionAnswer, ...]
    next: int | None


@dataclass(frozen=True)
class Filter:
    """Which decisions are asked for; None: whichever.

    Attributes:
        on: ``predictions`` or ``recommendations``.
        unit: of a recommendation; ``*``: the hospital.
        decision: ``accepted``, ``overridden`` or ``rejected``.
        person: who decided or signed.
        since, until: the hospital's days, both included.
    """

    prediction_id: str | None = None
    on: str | None = None
    unit: str | None = None
    decision: str | None = None
    person: str | None = None
    since: date | None = None
    until: date | None = None


def decisions_of(call: Call, wanted: Filter, after: int = 0, limit: int = 1000) -> DecisionsAnswer:
    """The decisions that a filter lets through, after a journal entry."""
    predictions = _on_predictions(call, wanted, after)
    recommended = _on_recommendations(call, wanted, after)
    ordered = sorted(
        [*((d.journal_entry, d) for d in predictions), *((d.journal_entry, d) for d in recommended)],
        key=lambda one: one[0],
    )[:limit]
    return DecisionsAnswer(
        decisions=tuple(d for _, d in ordered if isinstance(d, Decision)),
        on_recommendations=tuple(d for _, d in ordered if isinstance(d, DecisionAnswer)),
        next=ordered[-1][0] if len(ordered) == limit else None,
    )


def _on_predictions(call: Call, wanted: Filter, after: int) -> list[Decision]:
    if wanted.on == "recommendations" or wanted.unit is not None:
        return []
    return [
        d
        for d in prediction_decisions(call, wanted.prediction_id, after, _MOST)
        if wanted.decision in (None, _ON_PREDICTIONS[d.decision])
        and wanted.person in (None, d.decided_by)
        and _is_within(call, wanted, d.decided_at)
    ]


def _on_recommendations(call: Call, wanted: Filter, after: int) -> list[DecisionAnswer]:
    own_only = "application" in call.caller.roles  # it sees what it asked itself, whatever it is besides
    if wanted.on == "predictions" or wanted.prediction_id is not None or own_only:
        return []
    with reading(call.parts) as store:
        found = store.since(0)
        acts = store.acts(found)
    made = [d for r in found if (d := decision_answer(r, acts[r.recommendation_id])) is not None]
    return [
        d
        for d in made
        if d.journal_entry > after
        and wanted.unit in (None, d.unit or "*")
        and wanted.decision in (None, d.decision)
        and (wanted.person is None or wanted.person in (d.decided_by, d.signed_by))
        and _is_within(call, wanted, d.decided_at)
    ]


def _is_within(call: Call, wanted: Filter, at: datetime) -> bool:
    day = at.astimezone(hospital_zone(call.parts)).date()
    until = wanted.until or date.max - timedelta(days=1)
    return (wanted.since or date.min) <= day <= until


def decisions_csv(answer: DecisionsAnswer, language: Language) -> str:
    """The decisions as a table, with titles of a language; what a spreadsheet would take for a formula is text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    rows = [(d.journal_entry, _of_prediction(d)) for d in answer.decisions]
    rows += [(d.journal_entry, _of_recommendation(d, language)) for d in answer.on_recommendations]
    for _, row in sorted(rows, key=lambda one: one[0]):
        writer.writerow([_cell(value) for value in (*row, language)])
    return out.getvalue()


def _of_prediction(d: Decision) -> Sequence[object]:
    decision = _ON_PREDICTIONS[d.decision]
    at, by = d.decided_at.isoformat(), d.decided_by
    first = (at, "prediction", d.prediction_id, None, None, None, None, decision, None, None)
    return (*first, d.reason, None, d.value, by, None, None, None, d.journal_entry)


def _of_recommendation(d: DecisionAnswer, language: Language) -> Sequence[object]:
    unit_name = None if d.unit_name is None else d.unit_name.get(language)
    first = (d.decided_at.isoformat(), "recommendation", d.recommendation_id, d.unit or "*", unit_name)
    level = (d.level, d.level_title.get(language))
    words = (d.decision, d.reason_code, d.reason_title.get(language), d.reason, d.instead, None)
    return (*first, *level, *words, d.decided_by, d.role, d.signed_by, d.right, d.journal_entry)


def _cell(value: object) -> str:
    """A value without a formula, also for a spreadsheet that parts cells at semicolons, as a French one does."""
    return _FORMULA.sub(r"\g<1>'\g<2>", "" if value is None else str(value))
