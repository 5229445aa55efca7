"""What the calibration days say of totals, and of how often demand exceeded staffed beds."""

import numpy as np

from hospital.arrays import Array
from hospital.dataset.baselines import BedBaselines
from hospital.dataset.quantiles import LEVELS
from hospital.dataset.splits import UNIT_MODEL_DAYS
from hospital.times import HOUR
from registry.components.exceedance_curve import ExceedanceCurve, margins
from registry.components.exceedances import Exceedances, Kind
from registry.digests import canonical_json
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import Rows, quantiles_of_baseline
from registry.model.hospital_total import (
    GroupTotal,
    HospitalTotal,
    group_totals_of,
    same_time_and_horizon,
    sums_of,
)

__all__ = [
    "COMMON",
    "FLAT",
    "enough",
    "learn_curve",
    "learn_exceedances",
    "learn_hospital_total",
    "news",
    "served_quantiles",
    "staffed_then",
]

LEAST_EVENTS = 30
"""Rows with and without the event that a horizon needs for a curve of its own; else all horizons have one."""
FLAT = 1.0
"""Weight of a flat curve in the curve of all horizons: of its slope, as four independent rows near even odds."""
COMMON = 50.0
"""Weight of the curve of all horizons in that of each one: a day ahead and beyond, the news of a calibration set is no
more than that, and a curve of their own strayed too far (docs/adr/0023)."""
_STEPS = 60
_Judged = tuple[Array, Array, Array, Array, Array]
"""Quantiles, staffed beds, outcomes, prediction times and horizons of totals."""


def learn_hospital_total(
    calibration_set: PreparedBeds, rows: Rows, quantiles: Array | None, baselines: BedBaselines
) -> dict[str, bytes]:
    """``hospital.json``; nothing where no time has the outcome of every unit.

    Args:
        quantiles: the model's for these rows (float64 [n, levels]), None: the baseline answers for every unit.
        baselines: as they are packaged: where a unit's history is short, the baseline answers for it here too.
    """
    served = served_quantiles(calibration_set, rows, quantiles, baselines)
    horizon = calibration_set.samples.query.horizon_hours
    of, first = same_time_and_horizon(calibration_set.prediction_time, horizon)
    outcome = np.bincount(
        of, weights=calibration_set.outcome, minlength=first.size
    )  # NaN where one of them is
    sums, at = sums_of(served, of, first.size), calibration_set.prediction_time[first]
    learned = HospitalTotal.learned(sums, outcome, at, horizon[first], baselines.horizons)
    return {} if learned is None else {"hospital.json": canonical_json(learned.to_json())}


def learn_curve(
    quantiles: Array,
    beds: Array,
    outcome: Array,
    prediction_time: Array,
    horizon_hours: Array,
    horizons: tuple[float, ...],
) -> ExceedanceCurve | None:
    """The curve of rows that their distribution was not fitted to; None where too few of them exceeded their beds.

    Forecasts that overlap in time are one piece of news: each counts as much as there are periods of its horizon. The
    curve of all horizons leans towards how often the event is at all, and that of each horizon towards that of all.

    Args:
        quantiles: float64 [n, levels], beds.
        beds, outcome: float64 [n], NaN unknown.
        prediction_time: int64 [n], instants.
        horizon_hours: float64 [n].
    """
    known = np.isfinite(beds) & np.isfinite(outcome) & np.isfinite(quantiles).all(axis=1)
    event = np.where(known, outcome > beds, False)
    if not enough(event[known]):
        return None
    margin = np.where(known, margins(quantiles, np.where(known, beds, 0.0)), 0.0)
    weight = np.zeros(known.size)
    for hours in horizons:
        mine = known & (horizon_hours == hours)
        weight[mine] = news(prediction_time[mine], hours)
    share = float((weight * event)[known].sum() / weight[known].sum())
    flat = float(np.log(share / (1 - share))), 0.0
    common = _logistic(margin[known], event[known], weight[known], flat, (0.0, FLAT))
    intercept, slope = (np.full(len(horizons), value) for value in common)
    for i, hours in enumerate(horizons):
        mine = known & (horizon_hours == hours)
        if enough(event[mine]):
            rows = margin[mine], event[mine], weight[mine]
            intercept[i], slope[i] = _logistic(*rows, common, (COMMON, COMMON))
    return ExceedanceCurve(horizons, intercept, slope, int(event.sum()))


def learn_exceedances(
    calibration_set: PreparedBeds, rows: Rows, quantiles: Array | None, baselines: BedBaselines
) -> dict[str, bytes]:
    """``exceedance.json`` and ``groups.json``, each where there is enough to learn it from.

    Args:
        quantiles: the model's for these rows (float64 [n, levels]), None: the baseline answers for every unit.
        baselines: as they are packaged: where a unit's history is short, the baseline answers for it here too.
    """
    staffed = staffed_then(calibration_set)
    baseline = quantiles_of_baseline(rows, baselines.residuals.reshape(-1, len(LEVELS)))
    served = served_quantiles(calibration_set, rows, quantiles, baselines)
    asked = (
        staffed,
        calibration_set.outcome,
        calibration_set.prediction_time,
        calibration_set.samples.query.horizon_hours,
    )
    horizons = baselines.horizons
    groups, of_groups = _groups(calibration_set, served, staffed, horizons)
    curves: dict[Kind, ExceedanceCurve | None] = {
        "model": None if quantiles is None else learn_curve(quantiles, *asked, horizons),
        "baseline": learn_curve(baseline, *asked, horizons),
        "groups": of_groups,
        "hospital": _hospital(calibration_set, served, staffed, horizons),
    }
    learned = Exceedances({kind: curve for kind, curve in curves.items() if curve is not None})
    files = {"exceedance.json": learned.to_json(), "groups.json": group_totals_of(groups)}
    return {name: canonical_json(body) for name, body in files.items() if body}


def served_quantiles(
    calibration_set: PreparedBeds, rows: Rows, quantiles: Array | None, baselines: BedBaselines
) -> Array:
    """Distributions (float64 [n, levels]) as they are served: where a unit's history is short, the baseline answers.

    Args:
        quantiles: the model's for these rows (float64 [n, levels]), None: the baseline answers for every unit.
        baselines: as they are packaged.
    """
    baseline = quantiles_of_baseline(rows, baselines.residuals.reshape(-1, len(LEVELS)))
    if quantiles is None:
        return baseline
    by_baseline = baselines.days[calibration_set.units_of(baselines)] < UNIT_MODEL_DAYS
    return np.where(by_baseline[:, None], baseline, quantiles)


def staffed_then(rows: PreparedBeds) -> Array:
    """Staffed beds at the target as they were published at the prediction: float64 [n]; NaN where nobody says them."""
    names = [f.name for f in rows.features]
    if "staffed_then" not in names:
        return np.full(rows.outcome.size, np.nan)
    return np.asarray(rows.X[:, names.index("staffed_then")], np.float64)


def _hospital(
    calibration_set: PreparedBeds, served: Array, staffed: Array, horizons: tuple[float, ...]
) -> ExceedanceCurve | None:
    units = np.unique(calibration_set.samples.query.unit).size
    learned = _total(calibration_set, served, staffed, horizons, units)
    return None if learned is None else learn_curve(*learned[1], horizons)


def _groups(
    calibration_set: PreparedBeds, served: Array, staffed: Array, horizons: tuple[float, ...]
) -> tuple[dict[str, GroupTotal], ExceedanceCurve | None]:
    """The totals of each group of several units, and the one curve of them all."""
    unit = calibration_set.samples.query.unit
    members: dict[str, list[int]] = {}
    for u in np.unique(unit).tolist():
        members.setdefault(calibration_set.events.units[u].group, []).append(u)
    totals: dict[str, GroupTotal] = {}
    rows: list[_Judged] = []
    for name, units in sorted(members.items()):
        mine = np.isin(unit, units)
        learned = _total(calibration_set.part(mine), served[mine], staffed[mine], horizons, len(units))
        if len(units) > 1 and learned is not None:
            total, judged = learned
            totals[name] = GroupTotal(tuple(calibration_set.events.units[u].unit for u in units), total)
            rows.append(judged)
    if not rows:
        return {}, None
    quantiles, beds, outcome, at, hours = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return totals, learn_curve(quantiles, beds, outcome, at, hours, horizons)


def _total(
    part: PreparedBeds, served: Array, staffed: Array, horizons: tuple[float, ...], units: int
) -> tuple[HospitalTotal, _Judged] | None:
    """What the sums of a group's units say; None where no time has the outcome of every one of them."""
    horizon = part.samples.query.horizon_hours
    of, first = same_time_and_horizon(part.prediction_time, horizon)
    whole = np.bincount(of, minlength=first.size) == units
    outcome = np.where(whole, np.bincount(of, weights=part.outcome, minlength=first.size), np.nan)
    beds = np.where(whole, np.bincount(of, weights=staffed, minlength=first.size), np.nan)
    sums, at, hours = sums_of(served, of, first.size), part.prediction_time[first], horizon[first]
    learned = HospitalTotal.learned(sums, outcome, at, hours, horizons)
    if learned is None:
        return None
    return learned, (learned.forecast(sums, hours), beds, outcome, at, hours)


def enough(event: Array) -> bool:
    """Whether there are as many events (bool [n]), and times without one, as something is learned from."""
    return bool(LEAST_EVENTS <= event.sum() <= event.size - LEAST_EVENTS)


def news(prediction_time: Array, hours: float) -> float:
    """How much of a row's news is its own, 0 to 1: periods of the horizon by the times (int64 [n]) it was asked at."""
    times = np.unique(prediction_time)
    if not times.size:
        return 0.0
    return min(1.0, (1 + float(np.ptp(times)) / HOUR / hours) / times.size)


def _logistic(
    margin: Array, event: Array, weight: Array, towards: tuple[float, float], pull: tuple[float, float]
) -> tuple[float, float]:
    """Intercept and slope (at least 0) of the log odds, by Newton's steps on a penalised likelihood.

    Sums and no matrix products: their order, and so each bit of the package, is the same on any number of threads.

    Args:
        towards: intercept and slope that few rows lean towards.
        pull: weight of each in that: half of it times the squared distance is taken from the log likelihood.
    """
    intercept, slope = towards
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(slope * margin - intercept))
        left, bend = weight * (event - p), weight * p * (1 - p)
        up = float(left.sum()) - pull[0] * (intercept - towards[0])
        along = -float((left * margin).sum()) - pull[1] * (slope - towards[1])
        a, b, c = (
            float(bend.sum()) + pull[0],
            -float((bend * margin).sum()),
            float((bend * margin**2).sum()) + pull[1],
        )
        scale = a * c - b * b
        steps = (c * up - b * along) / scale, (a * along - b * up) / scale
        shorter = max(1.0, *map(abs, steps))
        intercept, slope = intercept + steps[0] / shorter, slope + steps[1] / shorter
        if max(map(abs, steps)) < 1e-10:
            break
    if slope > 0:
        return intercept, slope
    share = float((weight * event).sum() / weight.sum())
    return float(np.log(share / (1 - share))), 0.0
