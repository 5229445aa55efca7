"""How probably a patient who is in the emergency department is admitted: the hospital's own rates, added up exactly.

Counted over snapshots of past weeks: who was present without a bed request every few hours, and what became of them.
So a rate is one of patients who are still there, as those are whom it is asked about. A rate that rests on few
patients leans on the coarser one above it: everybody, then triage, then age, then the hour.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from hospital.admissions.inputs import HOUR_BANDS, UNKNOWN
from hospital.arrays import Array
from hospital.times import DAY, HOUR, moment

__all__ = [
    "LONGEST",
    "SPAN",
    "STEP",
    "AdmissionRates",
    "Patient",
    "RatesError",
    "age_band",
    "band_of",
    "is_enough",
    "learn_admission_rates",
    "rates_of",
    "unit_shares",
]

STEP = 4 * HOUR
"""Between two snapshots."""
SPAN = 8 * 7 * DAY
"""How far back rates are counted."""
_AGES = (16, 65, 75)
_LEAST_ROWS, _LEAST_ADMITTED = 200, 20
_WEIGHT = 20.0
"""As many patients as a coarser rate counts for in a finer one."""
_LATER_SHARE = 0.25
"""The share of the snapshots, the last ones, that rates of those before are held against."""
LONGEST = 72 * HOUR
"""For which a visit counts as present."""


_Key = TypeVar("_Key", str, tuple[str, ...])


class RatesError(ValueError):
    """There are no rates; `missing` names what they lack."""

    def __init__(self, *missing: str) -> None:
        self.missing = missing
        super().__init__(", ".join(missing))


@dataclass(frozen=True)
class Patient:
    """What a rate is asked for of somebody who is present; "unknown" is a value of its own, and no guess.

    Attributes:
        triage: the level, or ``unknown``.
        age: the band, by its first year, or ``unknown``.
    """

    triage: str
    age: str

    @classmethod
    def of(cls, visit: Mapping[str, Any], at: int) -> "Patient":
        """As a visit (a row of the contract) was known at an instant."""
        triaged = visit.get("triaged_at")
        known = triaged is None or triaged <= at
        return cls(
            str(visit.get("triage") or UNKNOWN) if known else UNKNOWN, age_band(visit.get("age_years"))
        )


def age_band(age_years: float | None) -> str:
    """The band of an age, by its first year."""
    return UNKNOWN if age_years is None else str(max((a for a in (0, *_AGES) if age_years >= a), default=0))


@dataclass(frozen=True)
class AdmissionRates:
    """The rates of a hospital.

    Attributes:
        base: of everybody present without a bed request.
        counts: (admitted, patients) of each triage level, each with an age, and each of those with an hour.
        hours: the rate of everybody by band of the local hour, named by its first hour as in `HOUR_BANDS`.
        units: by age band, the share of those admitted who go to each unit; empty where that is not known.
        patients: snapshots counted.
        expected, happened: admissions in the last quarter of the snapshots, by rates of those before, and as they were.
        zone: the hospital's.
    """

    base: float
    counts: Mapping[tuple[str, ...], tuple[int, int]]
    hours: Mapping[str, float]
    units: Mapping[str, Mapping[str, float]]
    patients: int
    expected: float
    happened: int
    zone: ZoneInfo

    def contributions(self, patient: Patient, at: int) -> tuple[float, float, float, float]:
        """(everybody's rate, what triage, age and the hour add): together the probability of an admission, 0 to 1."""
        rates = self._leaned((patient.triage, patient.age, band_of(at, self.zone)))
        triage, age, hour = (after - before for before, after in pairwise(rates))
        return self.base, triage, age, hour

    def of_path(self, path: tuple[str, str, str]) -> float:
        """The probability by triage level, age band and band of the hour, as snapshots name them."""
        return self._leaned(path)[-1]

    def _leaned(self, path: tuple[str, str, str]) -> list[float]:
        rates = [self.base]
        for depth in range(1, len(path) + 1):
            rates.append(_leaning(self.counts.get(path[:depth], (0, 0)), rates[-1]))
        return rates

    def probability(self, patient: Patient, at: int) -> float:
        """Of an admission: the sum of `contributions`."""
        return min(max(sum(self.contributions(patient, at)), 0.0), 1.0)

    def usual(self, at: int) -> float:
        """The probability that is usual of somebody present at this hour, whoever it is."""
        return self.hours.get(band_of(at, self.zone), self.base)

    def shares(self, patient: Patient) -> Mapping[str, float]:
        """The share of each unit of an admission of this patient; empty: not known."""
        return self.units.get(patient.age, self.units.get("", {}))


def band_of(at: int, zone: ZoneInfo) -> str:
    """The band of the local hour of an instant, by its first hour: as `hour_classes` names it of many."""
    hour = moment(at).astimezone(zone).hour
    return str(HOUR_BANDS[bisect_right(HOUR_BANDS, hour) - 1])


def learn_admission_rates(visits: Sequence[Mapping[str, Any]], at: int, zone: ZoneInfo) -> AdmissionRates:
    """Rates from visits (rows of the contract; times as instants).

    Args:
        at: instant; what was not over by then is left out.

    Raises:
        RatesError: the visits lack what says how they ended, or there are too few.
    """
    missing = [
        name
        for name, known in (
            ("visits.left_at", any(v.get("left_at") is not None for v in visits)),
            (
                "visits.disposition or bed_requested_at",
                any(v.get("disposition") or v.get("bed_requested_at") for v in visits),
            ),
        )
        if not known
    ]
    if missing:
        raise RatesError(*missing)
    # Of the last day those whose outcome is quick would be here, and the others not.
    ended = [v for v in visits if _outcome(v) is not None and v["arrived_at"] <= at - DAY]
    of, times = _snapshots(ended)
    admitted = np.array([bool(_outcome(v)) for v in ended], bool)[of]
    if not is_enough(admitted):
        raise RatesError("enough ended visits")
    bands = {int(t): band_of(int(t), zone) for t in np.unique(times)}
    paths = []
    for number, t in zip(of.tolist(), times.tolist(), strict=True):
        patient = Patient.of(ended[number], t)
        paths.append((patient.triage, patient.age, bands[t]))
    units = unit_shares([v for v in ended if _outcome(v)])
    whole = rates_of(paths, admitted, units, zone)
    expected, happened = _held(paths, admitted, times, units, zone)
    return AdmissionRates(**{**vars(whole), "expected": expected, "happened": happened})


def is_enough(admitted: Array) -> bool:
    """Whether so many snapshots (bool [n]) make rates."""
    return bool(admitted.size >= _LEAST_ROWS and admitted.sum() >= _LEAST_ADMITTED)


def _outcome(visit: Mapping[str, Any]) -> bool | None:
    """Whether it ended with an admission; None: it has not ended, or does not say."""
    if visit.get("bed_requested_at") is not None:
        return True
    if visit.get("left_at") is None or visit.get("disposition") is None:
        return None
    return bool(visit["disposition"] == "admitted")


def _snapshots(visits: Sequence[Mapping[str, Any]]) -> tuple[Array, Array]:
    """(number of the visit, instant) of each snapshot at which a visit was present without a bed request."""
    start = np.array([v["arrived_at"] for v in visits], np.int64)
    end = np.array([v.get("bed_requested_at") or v["left_at"] for v in visits], np.int64)
    end = np.minimum(end, start + LONGEST)
    first, last = -(-start // STEP), -(-end // STEP)  # up to, and not with, the end
    number = np.maximum(last - first, 0)
    of = np.repeat(np.arange(len(visits)), number)
    place = np.arange(of.size) - np.repeat(np.cumsum(number) - number, number)
    return of, (first[of] + place) * STEP


def rates_of(
    paths: Sequence[tuple[str, ...]],
    admitted: Array,
    units: Mapping[str, Mapping[str, float]],
    zone: ZoneInfo,
) -> AdmissionRates:
    """Rates counted from snapshots, held against nothing.

    Args:
        paths: triage level, age band and band of the hour of each.
        admitted: bool [n].
        units: by age band, the share of each unit.
    """
    # Of tens of thousands of snapshots a few hundred paths differ: each is counted once.
    patients = Counter(paths)
    with_bed = Counter(compress(paths, admitted.tolist()))
    counts: dict[tuple[str, ...], tuple[int, int]] = {}
    hours: dict[str, tuple[int, int]] = {}
    for path, number in patients.items():
        for depth in range(1, len(path) + 1):
            _add(counts, path[:depth], with_bed[path], number)
        _add(hours, path[-1], with_bed[path], number)
    base = float(admitted.mean())
    by_hour = {hour: _leaning(count, base) for hour, count in hours.items()}
    return AdmissionRates(base, counts, by_hour, units, len(paths), 0.0, 0, zone)


def _add(counts: dict[_Key, tuple[int, int]], key: _Key, admitted: int, patients: int) -> None:
    before = counts.get(key, (0, 0))
    counts[key] = (before[0] + admitted, before[1] + patients)


def _leaning(count: tuple[int, int], coarser: float) -> float:
    admitted, patients = count
    return (admitted + _WEIGHT * coarser) / (patients + _WEIGHT)


def _held(
    paths: Sequence[tuple[str, ...]],
    admitted: Array,
    times: Array,
    units: Mapping[str, Mapping[str, float]],
    zone: ZoneInfo,
) -> tuple[float, int]:
    """(expected, happened) in the last snapshots, by the rates of those before."""
    later = times > np.quantile(times, 1 - _LATER_SHARE)
    if not later.any() or later.all():
        return 0.0, 0
    earlier = rates_of([p for p, x in zip(paths, later, strict=True) if not x], admitted[~later], units, zone)
    expected = sum(
        earlier.probability(Patient(path[0], path[1]), int(t))
        for path, t, x in zip(paths, times.tolist(), later, strict=True)
        if x
    )
    return float(expected), int(admitted[later].sum())


def unit_shares(admitted: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """By age band ("": everybody), the share of each unit of admitted visits (rows of the contract).

    Empty where no destination is known.
    """
    by_age: dict[str, dict[str, int]] = {}
    for visit in admitted:
        unit = visit.get("destination_unit")
        if unit is not None:
            for age in ("", Patient.of(visit, 0).age):
                counts = by_age.setdefault(age, {})
                counts[str(unit)] = counts.get(str(unit), 0) + 1
    if not by_age:
        return {}
    total = sum(by_age[""].values())
    everybody = {unit: n / total for unit, n in by_age[""].items()}
    out = {"": everybody}
    for age, counts in by_age.items():
        if age:
            size = sum(counts.values())
            out[age] = {
                u: (counts.get(u, 0) + _WEIGHT * share) / (size + _WEIGHT) for u, share in everybody.items()
            }
    return out
