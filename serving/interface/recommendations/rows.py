"""Rows of recommendations and of acts on them, and what the journal has digests of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from registry.decisions.overrides import called_place
from registry.digests import canonical_json

__all__ = [
    "ACTED",
    "RECOMMENDED",
    "SEEDED",
    "SERVICE",
    "UNRECORDED",
    "StoredAct",
    "StoredRecommendation",
    "act_of",
    "content_done",
    "content_made",
    "recommendation_of",
    "text_of",
]

RECOMMENDED, SEEDED, ACTED = "recommend", "seed recommendation", "recommendation"
SERVICE = "vigie"
"""The actor of what nobody does: a recommendation made, a time that passed."""
UNRECORDED = frozenset({"shown", "opened", "repeated"})
"""Acts that decide nothing: counted, and no entries of the journal."""


@dataclass(frozen=True)
class StoredRecommendation:
    """A recommendation as it was made.

    Attributes:
        place: a unit's id; ``*``: the hospital.
        proposed_at, decide_by: instants.
        content: all that it says.
        seeded_for: whose attention it tests; None: it is real.
        closed_at: instant at which nothing could become of it any more; None: it is open.
    """

    recommendation_id: str
    place: str
    level: str
    proposed_at: int
    decide_by: int
    content: Mapping[str, Any]
    seeded_for: str | None
    closed_at: int | None
    journal_entry: int

    @property
    def called_place(self) -> str:
        """Whose level called it, wherever it is to be applied: a unit's id, or ``*``, the hospital."""
        return called_place(self.place, self.content)


@dataclass(frozen=True)
class StoredAct:
    """What somebody did with a recommendation.

    Attributes:
        at: instant.
        journal_entry: 0: an act that decides nothing.
    """

    recommendation_id: str
    kind: str
    actor: str
    at: int
    content: Mapping[str, Any]
    journal_entry: int


def recommendation_of(row: Row[Any]) -> StoredRecommendation:
    """A recommendation, of its row."""
    values = dict(row._mapping)
    entry = values.pop("journal_seq")
    return StoredRecommendation(
        **{**values, "content": json.loads(values["content"]), "journal_entry": entry}
    )


def act_of(row: Row[Any]) -> StoredAct:
    """An act, of its row."""
    return StoredAct(
        row.recommendation_id, row.act, row.actor, row.at, json.loads(row.content), row.journal_seq
    )


def content_made(
    made: str, place: str, level: str, now: int, decide_by: int, content: Mapping[str, Any], who: str | None
) -> Mapping[str, Any]:
    """What an entry that a recommendation was made has the digest of."""
    return {
        "recommendation_id": made,
        "place": place,
        "level": level,
        "proposed_at": now,
        "decide_by": decide_by,
        "content": content,
        "seeded_for": who,
    }


def content_done(on: str, kind: str, actor: str, now: int, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an entry of an act has the digest of."""
    return {"recommendation_id": on, "act": kind, "actor": actor, "at": now, "content": content}


def text_of(content: Mapping[str, Any]) -> str:
    """A content as it is stored."""
    return canonical_json(content).decode()
