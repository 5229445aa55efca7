"""The hospital total's rows to be judged, made from its units' scored rows."""

import numpy as np

from hospital.arrays import Array
from registry.evidence.records import Scored
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import ForecastModel
from registry.model.hospital.hospital_total_answer import HospitalTotalAnswer, answer_hospital_total
from registry.model.hospital_total import HOSPITAL, HospitalTotal, same_time_and_horizon, sums_of
from registry.model.scope_fallback import answer

__all__ = ["explained_hospital_totals", "score_hospital_total"]


def score_hospital_total(hospital_total: HospitalTotal | None, units: Scored) -> Scored | None:
    """One row a prediction time and horizon: sums of outcomes and baselines, and the total's own quantiles.

    The outcome is unknown where one of its units' is. None where the package has no forecast of the total.
    """
    if hospital_total is None:
        return None
    of, first = same_time_and_horizon(units.prediction_time, units.horizon_hours)
    k = first.size
    at, horizon = units.prediction_time[first], units.horizon_hours[first]
    outcome = np.bincount(of, weights=units.outcome, minlength=k)
    sums = sums_of(units.quantiles, of, k)
    return Scored(
        row_id=_filled([f"{HOSPITAL}|{t}|{h:g}" for t, h in zip(at, horizon, strict=True)]),
        prediction_time=at,
        target_time=units.target_time[first],
        horizon_hours=horizon,
        unit_group=_filled([HOSPITAL] * k),
        site=_filled([""] * k),
        local_hour=units.local_hour[first],
        outcome=outcome,
        censored=np.zeros(k, bool),
        waited=np.full(k, np.nan),
        weight=np.isfinite(outcome).astype(np.float64),
        quantiles=hospital_total.forecast(sums, horizon),
        baselines={n: np.bincount(of, weights=v, minlength=k) for n, v in units.baselines.items()},
        audit={},
        counts=units.counts,
    )


def explained_hospital_totals(
    model: ForecastModel, hospital_total: HospitalTotal, part: PreparedBeds, most: int
) -> HospitalTotalAnswer:
    """Some of a part's totals, at most `most` spread evenly over it, answered with their reasons."""
    of, first = same_time_and_horizon(part.prediction_time, part.samples.query.horizon_hours)
    chosen = np.unique(np.linspace(0, first.size - 1, min(most, first.size)).astype(np.int64))
    few = part.part(np.isin(of, chosen))
    horizon = few.samples.query.horizon_hours
    of, first = same_time_and_horizon(few.prediction_time, horizon)
    answered = answer(model, few.rows(model.beds_or_raise), np.ones(horizon.size, bool))
    return answer_hospital_total(hospital_total, answered, of, horizon[first])


def _filled(values: list[str]) -> Array:
    out = np.empty(len(values), object)
    out[:] = values
    return out
