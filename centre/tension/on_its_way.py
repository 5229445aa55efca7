"""Demand that is on its way: who is in the emergency department without a bed request, and may be admitted.

Whom a bed was requested for is counted by the forecast already: they need a bed now. The forecast also knows how many
are in the department, and not who they are: what is added to it is what these patients need beyond as many usual ones.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel

from centre.flows.emergency import present_visits
from centre.tension.answers import Exceedance, MovedProbability
from serving.interface.emergency.admissions import RatesError, expected_admissions
from serving.interface.installation import Parts
from serving.interface.live_record import LiveRecord, Row

__all__ = ["OnItsWay", "demand_on_its_way", "with_those_present"]

_FIRST_HOURS, _LAST_HOURS = 4.0, 24.0
"""Sooner, not all of them have a bed; later, others have come and some of them have left."""


class OnItsWay(BaseModel):
    """Admissions that are expected of those now in the emergency department without a bed request.

    Attributes:
        missing: what is not known, so that none of the figures is; empty: they are.
        source: ``model``: of the release in use, shown to be better than the rates; ``rates``: the hospital's own.
        present: those patients.
        expected: admissions of them; `contributions` add up to it.
        p10, p90: of the number of admissions, if each is decided by itself.
        usual: admissions of as many patients who are usual at this hour: the forecast of beds expects those already.
        contributions: ``everybody`` (of the model: as if nothing were out of the usual) and what each input adds, in
            admissions: of the rates ``triage``, ``age`` and ``hour``, of the model these and ``arrival_mode``,
            ``reason``, ``critical``, ``care`` (since the first contact) and ``elapsed`` (since the arrival).
        units, usual_units: `expected` and `usual` by unit; null where destinations are not known.
        counted: snapshots of patients that it rests on.
        expected_before, happened_before: admissions as they were expected, and as they were: of the model on the test
            days, of the rates in the last quarter of their weeks, by the rates of the weeks before.
    """

    missing: tuple[str, ...]
    source: Literal["model", "rates"] | None = None
    present: int | None = None
    expected: float | None = None
    p10: int | None = None
    p90: int | None = None
    usual: float | None = None
    contributions: Mapping[str, float] | None = None
    units: Mapping[str, float] | None = None
    usual_units: Mapping[str, float] | None = None
    counted: int | None = None
    expected_before: float | None = None
    happened_before: int | None = None


def demand_on_its_way(parts: Parts, record: LiveRecord) -> OnItsWay:
    """What is expected of those present at the record's instant."""
    present = present_visits(record)
    try:
        asked = [] if present is None else [v for v in present if not _has_request(v, record.at)]
        found = expected_admissions(parts, record, asked)
    except RatesError as error:
        return OnItsWay(missing=error.missing)
    if present is None:
        return OnItsWay(missing=("visits.left_at",))
    low, high = _tenths(found.probabilities)
    return OnItsWay(
        missing=(),
        source=found.source,
        present=len(asked),
        expected=sum(found.contributions.values()),
        p10=low,
        p90=high,
        usual=found.usual,
        contributions=found.contributions,
        units=found.units,
        usual_units=found.usual_units,
        counted=found.counted,
        expected_before=found.expected_before,
        happened_before=found.happened_before,
    )


def _has_request(visit: Row, at: int) -> bool:
    asked = visit.get("bed_requested_at")
    return asked is not None and int(asked) <= at


def with_those_present(exceedances: Sequence[Exceedance], on_its_way: OnItsWay) -> tuple[Exceedance, ...]:
    """The exceedances with what those now present move, where that can be said; their own probability stays."""
    return tuple(e.model_copy(update={"with_those_present": _moved(e, on_its_way)}) for e in exceedances)


def _moved(exceedance: Exceedance, way: OnItsWay) -> MovedProbability | None:
    if not _FIRST_HOURS <= exceedance.horizon_hours <= _LAST_HOURS or way.expected is None:
        return None
    expected: float | None = way.expected
    usual: float | None = way.usual
    if exceedance.unit is not None:
        expected = None if way.units is None else way.units.get(exceedance.unit, 0.0)
        usual = None if way.usual_units is None else way.usual_units.get(exceedance.unit, 0.0)
    if expected is None or usual is None:
        return None
    return MovedProbability(
        expected=expected, usual=usual, probability=_probability(exceedance, expected - usual)
    )


def _probability(exceedance: Exceedance, beds: float) -> float | None:
    """The probability where the forecast's own distribution lies by so many beds higher.

    Read between the points of it that are known: its tenths, its median, and the probability at the staffed beds.
    """
    if exceedance.probability is None or exceedance.staffed is None:
        return None
    at = exceedance.staffed + 0.5
    points = {exceedance.p10: 0.9, exceedance.p50: 0.5, exceedance.p90: 0.1}
    points = {x: p for x, p in points.items() if (x - at) * (p - exceedance.probability) < 0}
    points[at] = exceedance.probability
    low, high = min(points), max(points)
    width = max(exceedance.p90 - exceedance.p10, 1.0)
    points = {low - width: max(points[low], 1.0), **points, high + width: min(points[high], 0.0)}
    return _between(sorted(points.items()), at - beds)


def _between(points: Sequence[tuple[float, float]], x: float) -> float:
    if x <= points[0][0]:
        return points[0][1]
    for (left, p), (right, q) in pairwise(points):
        if x <= right:
            return p + (q - p) * (x - left) / (right - left)
    return points[-1][1]


def _tenths(probabilities: Sequence[float]) -> tuple[int, int]:
    """p10 and p90 of how many happen, each by itself (Poisson-binomial, exactly)."""
    chances = [1.0]
    for p in probabilities:
        chances = [
            (chances[k] * (1 - p) if k < len(chances) else 0.0) + (chances[k - 1] * p if k else 0.0)
            for k in range(len(chances) + 1)
        ]
    reached, quantiles = 0.0, []
    levels = [0.1, 0.9]
    for number, chance in enumerate(chances):
        reached += chance
        while levels and reached >= levels[0] - 1e-12:
            quantiles.append(number)
            levels.pop(0)
    quantiles += [len(chances) - 1] * len(levels)
    return quantiles[0], quantiles[1]
