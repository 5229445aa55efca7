"""How probably judged rows exceed their staffed beds, as each answer says it, and how often they did before."""

from zoneinfo import ZoneInfo

import numpy as np

from hospital.arrays import Array
from hospital.calendar import hour_of, local_clock, weekday
from hospital.dataset.splits import Split
from hospital.times import DAY
from registry.check.checked_rows import Prepared
from registry.evidence.exceedance_rows import ExceedanceRows
from registry.evidence.records import Scored
from registry.model.dataset import PreparedBeds
from registry.model.feature_groups import rows_of
from registry.model.forecast_model import ForecastModel
from registry.statistics.probability_scores import climatology

__all__ = ["WEEK_HOURS", "exceedance_rows", "hour_of_week"]

WEEK_HOURS = 7 * 24


def exceedance_rows(
    model: ForecastModel, prepared: Prepared, split: Split, test: Scored
) -> ExceedanceRows | None:
    """Of the test set; None of waits, and where no staffed beds are known or nothing was before.

    Args:
        prepared: the rows that are judged, and those before them.
        test: the scored rows of the test set.
    """
    names = [f.name for f in prepared.features]
    if not isinstance(prepared, PreparedBeds) or "staffed_then" not in names:
        return None
    judged = split.members("test", prepared.prediction_time)
    staffed = np.asarray(prepared.X[:, names.index("staffed_then")], np.float64)
    known = np.isfinite(staffed) & np.isfinite(prepared.outcome)
    if not judged.any():
        return None
    before = known & (prepared.target_time < int(prepared.prediction_time[judged].min()))
    if not before.any() or not (known & judged).any():
        return None
    event = np.where(known, prepared.outcome > np.where(known, staffed, 0.0), False)
    unit = prepared.samples.query.unit
    cell = unit * WEEK_HOURS + hour_of_week(prepared.target_time, prepared.events.zone)
    baseline = model.baseline_quantiles(rows_of(model, prepared.part(judged)))
    beds, hours = staffed[judged], test.horizon_hours
    return ExceedanceRows(
        staffed=beds,
        model=model.exceedances.probability("model", test.quantiles, beds, hours),
        baseline=model.exceedances.probability("baseline", baseline, beds, hours),
        by_hour=climatology(cell, event, unit, before, judged),
        by_unit=climatology(unit, event, unit, before, judged),
    )


def hour_of_week(times: Array, zone: ZoneInfo) -> Array:
    """Weekday and hour of instants (int64 [n]) by the hospital's clock: int64 [n], below `WEEK_HOURS`."""
    clock = local_clock(times, zone)
    return np.asarray(weekday(clock // DAY) * 24 + hour_of(clock).astype(np.int64))
