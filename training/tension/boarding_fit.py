"""Fits how probably more patients than the policy's threshold will board: on the calibration days, by horizon."""

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.features.emergency_flow import EmergencyFlow, visits_of
from hospital.times import HOUR
from registry.components.boarding_model import INPUTS, BoardingModel, expected_shortage, input_values
from registry.digests import canonical_json
from registry.model.dataset import PreparedBeds
from registry.model.hospital_total import same_time_and_horizon
from training.tension.logistic import slopes

__all__ = ["learn_boarding"]

_LONGEST_HOURS = 24.0
"""Later, who boards now and what units lack then say next to nothing of who will board (`make bench-tension`)."""
_LEAST_EVENTS = 30
"""Times with and without the event that a horizon needs to stray from what all say."""
_FLAT = 1.0
"""Weight of no slope at all in the model of all horizons."""
_COMMON = 50.0
"""Weight of the model of all horizons in that of each one, as for the curves of staffed beds (docs/adr/0023)."""
_DIGITS = 9  # rounded, so that another order of adding up gives the same bytes


def learn_boarding(
    calibration_set: PreparedBeds, quantiles: Array, staffed: Array, threshold: float | None
) -> dict[str, bytes]:
    """``boarding.json``; nothing where no threshold was named, nobody notes who boards, or too few ever did.

    Args:
        quantiles: float64 [n, levels], as they are served.
        staffed: float64 [n], beds with staff at the target; NaN unknown.
        threshold: patients, as the hospital's policy of levels names it before the training.
    """
    events = calibration_set.events
    if threshold is None or "visits" not in events.tables:
        return {}
    near = calibration_set.samples.query.horizon_hours <= _LONGEST_HOURS
    part, beyond = calibration_set.part(near), expected_shortage(quantiles[near], staffed[near])
    horizon = part.samples.query.horizon_hours
    known = np.isfinite(beyond)
    of, first = same_time_and_horizon(part.prediction_time, horizon)
    counted = np.bincount(of, weights=known, minlength=first.size) > 0
    shortage = np.bincount(of, weights=np.where(known, beyond, 0.0), minlength=first.size)[counted]
    at, hours = part.prediction_time[first][counted], horizon[first][counted]
    target = at + (hours * HOUR).astype(np.int64)
    flow = EmergencyFlow(events, None, visits_of(events, None))
    now = flow.at(at)
    event = flow.at(target)["ed_boarding"] > threshold
    if not _enough(event):
        return {}
    given = shortage, now["ed_boarding"], now["ed_present"]
    values = input_values(*given, local_hour(target, events.zone))
    model = _fitted(values, event, at, hours, threshold)
    usual = dict(zip(INPUTS[:-1], (float(v.mean()) for v in given), strict=True))
    return {"boarding.json": canonical_json({**model.to_json(), "usual_inputs": usual})}


def _fitted(values: Array, event: Array, at: Array, hours: Array, threshold: float) -> BoardingModel:
    """Each horizon leans on all of them; forecasts that overlap in time are one piece of news."""
    level, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    scaled = (values - level) / spread
    horizons = np.unique(hours)
    weight = np.zeros(event.size)
    for h in horizons:
        weight[hours == h] = _news(at[hours == h], float(h))
    share = float((weight * event).sum() / weight.sum())
    flat = np.array([np.log(share / (1 - share)), *np.zeros(values.shape[1])])
    pull = np.array([1e-6, *np.full(values.shape[1], _FLAT)])
    common = slopes(scaled, event, weight, flat, pull)
    found = []
    for h in horizons:
        mine = hours == h
        if _enough(event[mine]):
            found.append(
                slopes(scaled[mine], event[mine], weight[mine], common, np.full(common.size, _COMMON))
            )
        else:
            found.append(common)
    each = np.array(found)
    slope = each[:, 1:] / spread
    intercept = each[:, 0] - (slope * level).sum(axis=1)
    return BoardingModel(
        threshold=threshold,
        horizons=tuple(horizons.tolist()),
        intercept=np.round(intercept, _DIGITS),
        slope=np.round(slope, _DIGITS),
        usual=np.round(level, _DIGITS),
        usual_inputs={},
        events=int(event.sum()),
    )


def _enough(event: Array) -> bool:
    return bool(_LEAST_EVENTS <= event.sum() <= event.size - _LEAST_EVENTS)


def _news(at: Array, hours: float) -> float:
    """How much of a time's news is its own: periods of the horizon by the times at which it was asked."""
    times = np.unique(at)
    return min(1.0, (1 + float(np.ptp(times)) / HOUR / hours) / times.size)
