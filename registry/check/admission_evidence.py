"""Who of the emergency department was admitted on the test days: the package's model beside the rates it replaces.

Rates are counted anew each week, from the eight weeks before it and from what had become of patients by then.
"""

from collections.abc import Mapping

import numpy as np

from hospital.admissions.inputs import input_classes
from hospital.admissions.rates import SPAN, AdmissionRates, age_band, is_enough, rates_of
from hospital.admissions.snapshots import Snapshots, snapshots_of
from hospital.arrays import Array
from hospital.dataset.splits import Split
from hospital.record.events import Events
from hospital.times import DAY
from registry.evidence.admission_rows import AdmissionRows
from registry.model.forecast_model import ForecastModel

__all__ = ["admission_rows"]

_WEEK = 7 * DAY
_Path = tuple[str, str, str]


def admission_rows(model: ForecastModel, events: Events, split: Split) -> AdmissionRows | None:
    """Of the test set; None where the package has no model of admissions, or no rates can stand beside it."""
    if model.admissions is None:
        return None
    start, end = split.spans["test"]
    found = snapshots_of(events, start - SPAN - DAY, end)
    classes = input_classes(found.columns, found.time, events.zone, found.filled)
    paths = _paths(found, classes)
    rates = _rates(found, paths, events, start)
    judged = split.members("test", found.time) & np.isfinite(rates)
    if not judged.any():
        return None
    probability = model.admissions.probability({name: values[judged] for name, values in classes.items()})
    return AdmissionRows(found.time[judged], found.admitted[judged], probability, rates[judged])


def _paths(found: Snapshots, classes: Mapping[str, Array]) -> list[_Path]:
    """As rates name them: their bands of age are other ones."""
    ages = [age_band(None if np.isnan(a) else a) for a in found.columns["age_years"].tolist()]
    return list(zip(classes["triage"].tolist(), ages, classes["hour"].tolist(), strict=True))


def _rates(found: Snapshots, paths: list[_Path], events: Events, start: int) -> Array:
    """By rates of each week's eight weeks before: float64 [n]; NaN before `start`, and where there are none."""
    out = np.full(found.size, np.nan)
    week = (found.time - start) // _WEEK
    for w in np.unique(week[week >= 0]).tolist():
        begin = start + w * _WEEK
        known = (found.time >= begin - SPAN) & (found.time < begin) & (found.decided_at < begin)
        known &= found.columns["arrived_at"] <= begin - DAY
        if not is_enough(found.admitted[known]):
            continue
        rates = rates_of([paths[i] for i in np.flatnonzero(known)], found.admitted[known], {}, events.zone)
        mine = np.flatnonzero(week == w)
        out[mine] = _probabilities(rates, [paths[i] for i in mine])
    return out


def _probabilities(rates: AdmissionRates, paths: list[_Path]) -> Array:
    by_path = {path: rates.of_path(path) for path in set(paths)}
    return np.array([by_path[path] for path in paths])
