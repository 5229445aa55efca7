"""Fits how probably somebody in the emergency department is admitted: on the training set, then calibrated.

Platt's two numbers (1999), on the days of calibration, keep the log odds a sum: each contribution is stretched alike.
"""

import numpy as np

from hospital.admissions.inputs import HOUR_BANDS, INPUTS, OTHER, input_classes
from hospital.admissions.rates import unit_shares
from hospital.admissions.snapshots import Snapshots, snapshots_of
from hospital.arrays import Array
from hospital.dataset.splits import Split
from hospital.record.events import Events
from registry.components.admission_model import AdmissionModel
from registry.digests import canonical_json
from training.tension.logistic import class_effects, slopes

__all__ = ["learn_admissions"]

_LEAST_FITTED, _LEAST_CALIBRATED = 100, 50
"""Snapshots of patients who were admitted, and of those who were not."""
_RIDGE = 4.0
_LEAST_REASON = 50
"""Snapshots with a reason that it has an effect of its own for; the others are one class."""
_FLAT = 1e-6
_DIGITS = 6  # rounded, so that another order of adding up gives the same bytes


def learn_admissions(events: Events, split: Split) -> dict[str, bytes]:
    """``admission.json``; nothing where the visits do not say enough.

    No patient present in the validation or test set is used, nor an outcome in them.
    """
    if "visits" not in events.tables:
        return {}
    start, end = split.spans["train"][0], split.spans["calibration"][1]
    found = snapshots_of(events, start, end)
    fitted, later = (_part(found, split, part) for part in ("train", "calibration"))
    if not _is_enough(fitted, _LEAST_FITTED) or not _is_enough(later, _LEAST_CALIBRATED):
        return {}
    classes = input_classes(fitted.columns, fitted.time, events.zone, fitted.filled)
    classes["reason"] = _frequent(classes["reason"])
    model = _fitted(classes, fitted)
    model = _calibrated(model, later, events)
    both = found.part(found.decided_at < end + split.gap)
    return {"admission.json": canonical_json(_completed(model, both, events).to_json())}


def _part(found: Snapshots, split: Split, part: str) -> Snapshots:
    """Of a part, without those whose outcome lies in the next one."""
    return found.part(split.members(part, found.time) & (found.decided_at < split.spans[part][1] + split.gap))


def _is_enough(found: Snapshots, least: int) -> bool:
    return bool(least <= found.admitted.sum() <= found.size - least)


def _frequent(reasons: Array) -> Array:
    values, place, count = np.unique(reasons.astype(str), return_inverse=True, return_counts=True)
    names = np.array([v if n >= _LEAST_REASON else OTHER for v, n in zip(values, count, strict=True)], object)
    return np.asarray(names[place.ravel()])


def _fitted(classes: dict[str, Array], fitted: Snapshots) -> AdmissionModel:
    coded = [np.unique(classes[name].astype(str), return_inverse=True) for name in INPUTS]
    codes = [place.ravel() for _, place in coded]
    base, effects = class_effects(codes, [names.size for names, _ in coded], fitted.admitted, _RIDGE)
    by_input = {}
    for name, (names, _), code, effect in zip(INPUTS, coded, codes, effects, strict=True):
        usual = float(effect[code].mean())
        base += usual
        by_input[name] = dict(zip(names.tolist(), (effect - usual).tolist(), strict=True))
    return AdmissionModel(base, by_input, {}, {}, fitted.size, int(fitted.admitted.sum()))


def _calibrated(model: AdmissionModel, later: Snapshots, events: Events) -> AdmissionModel:
    classes = input_classes(later.columns, later.time, events.zone, later.filled)
    odds = model.base + model.contributions(classes).sum(axis=1)
    as_fitted, flat = np.array([0.0, 1.0]), np.full(2, _FLAT)
    shift, slope = slopes(odds[:, None], later.admitted, np.ones(later.size), as_fitted, flat).tolist()
    slope = max(slope, 0.0)
    effects = {
        name: {c: round(slope * value, _DIGITS) for c, value in by_class.items()}
        for name, by_class in model.effects.items()
    }
    base = round(shift + slope * model.base, _DIGITS)
    return AdmissionModel(base, effects, {}, {}, model.snapshots, model.admitted)


def _completed(model: AdmissionModel, both: Snapshots, events: Events) -> AdmissionModel:
    """With what is usual by the hour, and where those who are admitted go."""
    classes = input_classes(both.columns, both.time, events.zone, both.filled)
    probability = model.probability(classes)
    by_hour = {}
    for hour in map(str, HOUR_BANDS):
        mine = classes["hour"] == hour
        by_hour[hour] = round(float((probability[mine] if mine.any() else probability).mean()), _DIGITS)
    _, first = np.unique(both.row, return_index=True)
    admitted = first[both.admitted[first]]
    ages, units = both.columns["age_years"][admitted], both.unit[admitted]
    visits = [
        {"age_years": None if np.isnan(age) else age, "destination_unit": unit}
        for age, unit in zip(ages.tolist(), units.tolist(), strict=True)
    ]
    return AdmissionModel(
        model.base, model.effects, by_hour, unit_shares(visits), model.snapshots, model.admitted
    )
