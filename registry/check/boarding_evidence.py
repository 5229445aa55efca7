"""Who boarded on the test days, beside what the package's model needs to have foreseen it."""

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_hour
from hospital.dataset.splits import Split
from hospital.features.emergency_flow import EmergencyFlow, visits_of
from registry.check.checked_rows import Prepared
from registry.components.boarding_model import expected_shortage
from registry.evidence.boarding_rows import BoardingRows
from registry.evidence.records import Scored
from registry.model.dataset import PreparedBeds
from registry.model.feature_groups import rows_of
from registry.model.forecast_model import ForecastModel
from registry.statistics.probability_scores import climatology

__all__ = ["boarding_rows"]


def boarding_rows(
    model: ForecastModel, prepared: Prepared, split: Split, test: Scored
) -> BoardingRows | None:
    """Of the test set; None where the package has no model of boarding.

    Args:
        prepared: the rows that are judged, and those before them.
        test: the scored rows of the test set.
    """
    names = [f.name for f in prepared.features]
    if model.boarding is None or not isinstance(prepared, PreparedBeds) or "staffed_then" not in names:
        return None
    judged = split.members("test", prepared.prediction_time)
    if not judged.any() or "visits" not in prepared.events.tables:
        return None
    events, curve = prepared.events, model.boarding
    flow = EmergencyFlow(events, None, visits_of(events, None))
    now, target = flow.at(test.prediction_time), test.target_time
    boarded, hour = flow.at(target)["ed_boarding"], local_hour(target, events.zone)
    by_hour, overall = _climatology(flow, prepared, judged, target, curve.threshold)
    staffed = np.asarray(prepared.X[judged, names.index("staffed_then")], np.float64)
    baseline = model.baseline_quantiles(rows_of(model, prepared.part(judged)))
    learned = np.isin(test.horizon_hours, curve.horizons).astype(np.float64)
    return BoardingRows(
        curve=curve,
        beyond_model=expected_shortage(test.quantiles, staffed),
        beyond_baseline=expected_shortage(baseline, staffed),
        others=np.column_stack([now["ed_boarding"], now["ed_present"], hour, learned]),
        boarded=boarded,
        by_hour=by_hour,
        overall=overall,
    )


def _climatology(
    flow: EmergencyFlow, prepared: PreparedBeds, judged: Array, target: Array, threshold: float
) -> tuple[Array, Array]:
    """How often the threshold was exceeded before the judged days, at each target's hour and at all."""
    zone = prepared.events.zone
    begin = int(prepared.prediction_time[judged].min())
    times = np.unique(prepared.prediction_time[prepared.prediction_time < begin])
    at = np.concatenate([times, target])
    event = np.concatenate([flow.at(times)["ed_boarding"] > threshold, np.zeros(target.size, bool)])
    hour = np.floor(local_hour(at, zone)).astype(np.int64)
    before, nowhere = np.arange(at.size) < times.size, np.zeros(at.size, np.int64)
    by_hour = climatology(hour, event, nowhere, before, ~before)
    return by_hour, climatology(nowhere, event, nowhere, before, ~before)
