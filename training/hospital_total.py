"""What later days say of the whole hospital's demand beside the sum of its units' means."""

import numpy as np

from hospital.arrays import Array
from hospital.dataset.baselines import BedBaselines
from hospital.dataset.quantiles import LEVELS
from hospital.dataset.splits import UNIT_MODEL_DAYS
from registry.digests import canonical_json
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import Rows, rule_quantiles
from registry.model.hospital_total import WholeHospital, sums_of, together

__all__ = ["learn_whole"]


def learn_whole(
    calibrate: PreparedBeds, rows: Rows, quantiles: Array | None, baselines: BedBaselines
) -> dict[str, bytes]:
    """``hospital.json``; nothing where no time has the outcome of every unit.

    Args:
        quantiles: the model's for these rows (float64 [n, levels]), None: the simple rule answers for every unit.
        baselines: as they are packaged: where a unit's history is short, the rule answers for it here too.
    """
    rule = rule_quantiles(rows, baselines.residuals.reshape(-1, len(LEVELS)))
    ruled = baselines.days[calibrate.units_of(baselines)] < UNIT_MODEL_DAYS
    served = rule if quantiles is None else np.where(ruled[:, None], rule, quantiles)
    horizon = calibrate.samples.query.horizon_hours
    of, first = together(calibrate.prediction_time, horizon)
    outcome = np.bincount(of, weights=calibrate.outcome, minlength=first.size)  # NaN where one of them is
    sums, at = sums_of(served, of, first.size), calibrate.prediction_time[first]
    learned = WholeHospital.learned(sums, outcome, at, horizon[first], baselines.horizons)
    return {} if learned is None else {"hospital.json": canonical_json(learned.to_json())}
