"""The questions that both services are asked: the same words at the same times, whatever the clock on the wall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

__all__ = ["Question", "answers_in", "questions"]

_AHEAD = timedelta(minutes=4, seconds=30)
"""Visits are triaged a little ahead of the service's clock, which runs on: who is asked about later than at triage has
waited longer, and the answer would depend on the moment of asking."""
_HORIZONS = [4.0, 8.0, 24.0, 48.0, 72.0, 168.0]
_TRIAGE = ("1", "2", "3A", "3B", "4", "5", None)
_MODES = ("walk_in", "ambulance", None)
_AGES = (1, 17, 42, 67, 91, None)
_VISITS = 42


@dataclass(frozen=True)
class Question:
    """A body for a path of the service."""

    path: str
    body: Mapping[str, Any]


def questions(clock: datetime, units: Sequence[str], horizons: Sequence[float] = _HORIZONS) -> list[Question]:
    """All questions, those that must be asked soon first: wait times, then bed demand at times gone by."""
    return [*_waits(clock), *_beds(clock, units, horizons)]


def answers_in(answer: Mapping[str, Any]) -> int:
    """Forecasts in the body of an answer."""
    return sum(len(answer.get(name, ())) for name in ("predictions", "forecasts", "hospital"))


def _waits(clock: datetime) -> list[Question]:
    found = []
    explained = product(("typical", "last_week"), ("fr", "en"), (6, 1000))
    for number, (reference, language, top) in enumerate(explained):
        explain = {"reference": reference, "language": language, "top": top}
        visits = [_visit(clock, number, i) for i in range(_VISITS)]
        found.append(Question("/v1/wait-time", {"visits": visits, "explain": explain}))
    return found


def _visit(clock: datetime, number: int, i: int) -> dict[str, Any]:
    triaged = clock + _AHEAD
    visit: dict[str, Any] = {
        "visit_id": f"unchanged-{number}-{i}",
        "department": "ED",
        "arrived_at": (triaged - timedelta(minutes=1 + 2 * (i % 9))).isoformat(),
        "triaged_at": triaged.isoformat(),
        "triage": _TRIAGE[i % len(_TRIAGE)],
        "arrival_mode": _MODES[(i // 2) % len(_MODES)],
        "age_years": _AGES[(i + number) % len(_AGES)],
    }
    known = {name: value for name, value in visit.items() if value is not None}
    if i % 4 == 0:
        known["ed_state"] = {"waiting": 3 + i, "boarding": i % 5, "staff": 2 + i % 3}
    return known


def _beds(clock: datetime, units: Sequence[str], horizons: Sequence[float]) -> list[Question]:
    found = []
    backs = (timedelta(0), timedelta(hours=7), timedelta(days=2, hours=3))
    explained = product(("typical", "last_week"), ("fr", "en"))
    for (back, (reference, language)), top in zip(product(backs, explained), (6, 0, 1000) * 4, strict=True):
        body = {
            "units": list(units),
            "horizons_hours": list(horizons),
            "at": (clock - back).isoformat(),
            "hospital": True,
            "explain": {"reference": reference, "language": language, "top": top},
        }
        found.append(Question("/v1/bed-demand", body))
    return found
