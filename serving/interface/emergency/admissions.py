"""How probably those who are in the emergency department are admitted: by the release's model, or the hospital's rates.

The model answers where the check showed on the test days that it is better than the rates, and nobody stopped it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hospital.admissions.inputs import COLUMNS, INPUTS, hour_classes, input_classes
from hospital.admissions.rates import (
    SPAN,
    AdmissionRates,
    Patient,
    RatesError,
    age_band,
    learn_admission_rates,
)
from hospital.record.events import columns_from_rows
from hospital.times import HOUR
from registry.components.admission_model import AdmissionModel
from registry.explanations.few_player_game import coalitions, shapley_values
from registry.record.observations import rows_known_at
from serving.gateway.service_parts import Parts
from serving.interface.live_record import LiveRecord, Row
from serving.messages.judged_tension import JudgedTension

__all__ = ["ExpectedAdmissions", "RatesError", "expected_admissions"]

Source = Literal["model", "rates"]


@dataclass(frozen=True)
class ExpectedAdmissions:
    """Admissions that are expected of patients who are present.

    Attributes:
        source: what says so.
        probabilities: of each patient, 0 to 1.
        contributions: ``everybody`` and what each input adds, in admissions: they add up to the probabilities' sum.
        usual: admissions of as many patients who are usual at this hour.
        units, usual_units: the same by unit; None: destinations are not known.
        counted: patients at instants that it rests on.
        expected_before, happened_before: admissions on later days than it was learned from, as it expected them, and as
            they were; None: not known.
    """

    source: Source
    probabilities: Sequence[float]
    contributions: Mapping[str, float]
    usual: float
    units: Mapping[str, float] | None
    usual_units: Mapping[str, float] | None
    counted: int
    expected_before: float | None
    happened_before: int | None


def expected_admissions(parts: Parts, record: LiveRecord, patients: Sequence[Row]) -> ExpectedAdmissions:
    """Of patients who are present at the record's instant without a bed request.

    Raises:
        RatesError: neither model nor rates can say; and what the rates lack.
    """
    loaded = parts.releases.states["bed-demand"].loaded
    engine = None if loaded is None else loaded.engine
    model = None if engine is None else engine.admissions
    if loaded is not None and model is not None and loaded.judged.admission and not loaded.stopped:
        return _by_model(model, loaded.judged, record, patients)
    return _by_rates(_rates(parts, record), record, patients)


def _by_model(
    model: AdmissionModel, judged: JudgedTension, record: LiveRecord, patients: Sequence[Row]
) -> ExpectedAdmissions:
    at = np.full(len(patients), record.at, np.int64)
    filled = {name for name in COLUMNS if record.gives("visits", name)}
    classes = input_classes(columns_from_rows("visits", patients), at, record.zone, filled)
    probabilities = model.probability(classes)
    contributions = model.contributions(classes)
    # Of probabilities no order of the inputs is the right one: each gets its mean share over all orders (Shapley).
    values = 1 / (1 + np.exp(-model.base - contributions @ coalitions(len(INPUTS)).T))
    added = dict(zip(INPUTS, shapley_values(values, len(INPUTS)).sum(axis=0).tolist(), strict=True))
    hour = str(hour_classes(np.array([record.at]), record.zone)[0])
    usual = len(patients) * model.usual_at(hour)
    shares = [model.shares(age_band(p.get("age_years"))) for p in patients]
    units, usual_units = _by_unit(model.units.get(""), probabilities.tolist(), shares, usual)
    return ExpectedAdmissions(
        source="model",
        probabilities=probabilities.tolist(),
        contributions={"everybody": float(values[:, 0].sum()), **added},
        usual=usual,
        units=units,
        usual_units=usual_units,
        counted=model.snapshots,
        expected_before=judged.admissions_expected,
        happened_before=judged.admissions_happened,
    )


def _by_rates(rates: AdmissionRates, record: LiveRecord, patients: Sequence[Row]) -> ExpectedAdmissions:
    at = record.at
    known = [Patient.of(p, at) for p in patients]
    added = [rates.contributions(p, at) for p in known]
    sums = [sum(part[i] for part in added) for i in range(4)]
    probabilities = [rates.probability(p, at) for p in known]
    usual = len(known) * rates.usual(at)
    units, usual_units = _by_unit(rates.units.get(""), probabilities, [rates.shares(p) for p in known], usual)
    return ExpectedAdmissions(
        source="rates",
        probabilities=probabilities,
        contributions=dict(zip(("everybody", "triage", "age", "hour"), sums, strict=True)),
        usual=usual,
        units=units,
        usual_units=usual_units,
        counted=rates.patients,
        expected_before=rates.expected,
        happened_before=rates.happened,
    )


def _by_unit(
    everybody: Mapping[str, float] | None,
    probabilities: Sequence[float],
    shares: Sequence[Mapping[str, float]],
    usual: float,
) -> tuple[dict[str, float] | None, dict[str, float] | None]:
    if everybody is None:
        return None, None
    expected = dict.fromkeys(everybody, 0.0)
    for probability, by_unit in zip(probabilities, shares, strict=True):
        for unit, share in by_unit.items():
            expected[unit] += probability * share
    return expected, {unit: usual * share for unit, share in everybody.items()}


def _rates(parts: Parts, record: LiveRecord) -> AdmissionRates:
    """The rates of the eight weeks before a record, counted once an hour.

    Whoever asks first in an hour counts them, which takes the longer the more patients come; the others get those of
    the hour before meanwhile.
    """
    hour = record.at // HOUR
    learned: AdmissionRates | RatesError = parts.admission_rates.get(
        hour, lambda: _learn(parts, record), keep=lambda kept: kept == hour - 1, meanwhile=hour - 1
    )
    if isinstance(learned, RatesError):
        raise RatesError(*learned.missing)
    return learned


def _learn(parts: Parts, record: LiveRecord) -> AdmissionRates | RatesError:
    """The rates, or why there are none: until the next hour neither is sought again."""
    with parts.engine.connect() as connection:
        visits: Sequence[Mapping[str, Any]] = rows_known_at(
            connection, "visits", record.at, since=record.at - SPAN
        )
    try:
        return learn_admission_rates(visits, record.at, record.zone)
    except RatesError as error:
        return error
