"""Demand that is on its way: who is in the emergency department without a bed request, and may be admitted.

Whom a bed was requested for is counted by the forecast already: they need a bed now. The forecast also knows how many
are in the department, and not who they are: what is added to it is what these patients need beyond as many usual ones.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pydantic import BaseModel

from centre.flows.emergency import present_visits
from centre.tension.answers import Exceedance, MovedProbability
from serving.interface.emergency_admissions import AdmissionRates, Patient, RatesError
from serving.interface.live_record import LiveRecord

__all__ = ["OnItsWay", "demand_on_its_way", "with_those_present"]

_FIRST_HOURS, _LAST_HOURS = 4.0, 24.0
"""Sooner, not all of them have a bed; later, others have come and some of them have left."""


class OnItsWay(BaseModel):
    """Admissions that are expected of those now in the emergency department without a bed request.

    Attributes:
        missing: what is not known, so that none of the figures is; empty: they are.
        present: those patients.
        expected: admissions of them; `contributions` add up to it.
        p10, p90: of the number of admissions, if each is decided by itself.
        usual: admissions of as many patients who are usual at this hour: the forecast of beds expects those already.
        contributions: ``everybody``, ``triage``, ``age`` and ``hour``, in admissions.
        units, usual_units: `expected` and `usual` by unit; null where destinations are not known.
        counted: snapshots of patients that the rates rest on.
        expected_before, happened_before: admissions in the last quarter of those weeks, by the rates of the weeks
            before, and as they were.
    """

    missing: tuple[str, ...]
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


def demand_on_its_way(record: LiveRecord, rates: AdmissionRates | RatesError) -> OnItsWay:
    """What is expected of those present at the record's instant."""
    present = present_visits(record)
    if isinstance(rates, RatesError) or present is None:
        missing = rates.missing if isinstance(rates, RatesError) else ("visits.left_at",)
        return OnItsWay(missing=missing)
    at = record.at
    patients = [
        Patient.of(v, at)
        for v in present
        if v.get("bed_requested_at") is None or int(v["bed_requested_at"]) > at
    ]
    parts = [rates.contributions(p, at) for p in patients]
    sums = [sum(part[i] for part in parts) for i in range(4)]
    probabilities = [rates.probability(p, at) for p in patients]
    low, high = _tenths(probabilities)
    units, usual_units = _by_unit(rates, patients, probabilities, at)
    return OnItsWay(
        missing=(),
        present=len(patients),
        expected=sum(sums),
        p10=low,
        p90=high,
        usual=len(patients) * rates.usual(at),
        contributions=dict(zip(("everybody", "triage", "age", "hour"), sums, strict=True)),
        units=units,
        usual_units=usual_units,
        counted=rates.patients,
        expected_before=rates.expected,
        happened_before=rates.happened,
    )


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


def _by_unit(
    rates: AdmissionRates, patients: Sequence[Patient], probabilities: Sequence[float], at: int
) -> tuple[dict[str, float] | None, dict[str, float] | None]:
    everybody = rates.units.get("")
    if everybody is None:
        return None, None
    expected = dict.fromkeys(everybody, 0.0)
    for patient, probability in zip(patients, probabilities, strict=True):
        for unit, share in rates.shares(patient).items():
            expected[unit] += probability * share
    usual = len(patients) * rates.usual(at)
    return expected, {unit: usual * share for unit, share in everybody.items()}
