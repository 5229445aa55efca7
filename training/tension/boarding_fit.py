"""Fits how probably more patients than the policy's threshold will board: on the calibration days, by horizon."""

from collections.abc import Mapping

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.features.emergency_flow import EmergencyFlow, visits_of
from hospital.times import HOUR
from registry.components.boarding_model import (
    INPUTS,
    BoardingModel,
    expected_shortage,
    input_values,
    summed_shortage,
)
from registry.digests import canonical_json
from registry.model.dataset import PreparedBeds
from registry.model.hospital_total import same_time_and_horizon
from training.calibration_days import COMMON, FLAT, enough, news
from training.tension.logistic import slopes

__all__ = ["learn_boarding"]

_LONGEST_HOURS = 24.0
"""Later, who boards now and what units lack then say next to nothing of who will board (`make bench-tension`)."""
_DIGITS = 9  # rounded, so that another order of adding up gives the same bytes


def learn_boarding(
    calibration_set: PreparedBeds, quantiles: Array, staffed: Array, threshold: float
) -> dict[str, bytes]:
    """``boarding.json``; nothing where nobody notes who boards, or too few ever did.

    Args:
        quantiles: float64 [n, levels], as they are served.
        staffed: float64 [n], beds with staff at the target; NaN unknown.
        threshold: patients, as the hospital's policy of levels names it before the training.
    """
    events = calibration_set.events
    if "visits" not in events.tables:
        return {}
    near = calibration_set.samples.query.horizon_hours <= _LONGEST_HOURS
    part, beyond = calibration_set.part(near), expected_shortage(quantiles[near], staffed[near])
    horizon = part.samples.query.horizon_hours
    of, first = same_time_and_horizon(part.prediction_time, horizon)
    shortage = summed_shortage(beyond, of, first.size)
    counted = np.isfinite(shortage)
    shortage = shortage[counted]
    at, hours = part.prediction_time[first][counted], horizon[first][counted]
    target = at + (hours * HOUR).astype(np.int64)
    flow = EmergencyFlow(events, None, visits_of(events, None))
    now = flow.at(at)
    event = flow.at(target)["ed_boarding"] > threshold
    if not enough(event):
        return {}
    given = shortage, now["ed_boarding"], now["ed_present"]
    values = input_values(*given, local_hour(target, events.zone))
    usual = dict(zip(INPUTS[:-1], (float(v.mean()) for v in given), strict=True))
    return {"boarding.json": canonical_json(_fitted(values, event, at, hours, threshold, usual).to_json())}


def _fitted(
    values: Array, event: Array, at: Array, hours: Array, threshold: float, usual: Mapping[str, float]
) -> BoardingModel:
    """Each horizon leans on all of them; forecasts that overlap in time are one piece of news."""
    level, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    scaled = (values - level) / spread
    horizons = np.unique(hours)
    weight = np.zeros(event.size)
    for h in horizons:
        weight[hours == h] = news(at[hours == h], float(h))
    share = float((weight * event).sum() / weight.sum())
    flat = np.array([np.log(share / (1 - share)), *np.zeros(values.shape[1])])
    pull = np.array([1e-6, *np.full(values.shape[1], FLAT)])
    common = slopes(scaled, event, weight, flat, pull)
    found = []
    for h in horizons:
        mine = hours == h
        if enough(event[mine]):
            found.append(
                slopes(scaled[mine], event[mine], weight[mine], common, np.full(common.size, COMMON))
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
        usual_inputs=usual,
        events=int(event.sum()),
    )
