"""What later days say of the hospital total's demand beside the sum of its units' means."""

import numpy as np

from hospital.arrays import Array
from hospital.dataset.baselines import BedBaselines
from hospital.dataset.quantiles import LEVELS
from hospital.dataset.splits import UNIT_MODEL_DAYS
from registry.digests import canonical_json
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import Rows, quantiles_of_baseline
from registry.model.hospital_total import HospitalTotal, same_time_and_horizon, sums_of

__all__ = ["learn_hospital_total"]


def learn_hospital_total(
    calibration_set: PreparedBeds, rows: Rows, quantiles: Array | None, baselines: BedBaselines
) -> dict[str, bytes]:
    """``hospital.json``; nothing where no time has the outcome of every unit.

    Args:
        quantiles: the model's for these rows (float64 [n, levels]), None: the baseline answers for every unit.
        baselines: as they are packaged: where a unit's history is short, the baseline answers for it here too.
    """
    baseline = quantiles_of_baseline(rows, baselines.residuals.reshape(-1, len(LEVELS)))
    by_baseline = baselines.days[calibration_set.units_of(baselines)] < UNIT_MODEL_DAYS
    served = baseline if quantiles is None else np.where(by_baseline[:, None], baseline, quantiles)
    horizon = calibration_set.samples.query.horizon_hours
    of, first = same_time_and_horizon(calibration_set.prediction_time, horizon)
    outcome = np.bincount(
        of, weights=calibration_set.outcome, minlength=first.size
    )  # NaN where one of them is
    sums, at = sums_of(served, of, first.size), calibration_set.prediction_time[first]
    learned = HospitalTotal.learned(sums, outcome, at, horizon[first], baselines.horizons)
    return {} if learned is None else {"hospital.json": canonical_json(learned.to_json())}
