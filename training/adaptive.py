"""The rule by which a bed model's intervals follow recent errors, and what it says of the calibration set."""

from dataclasses import replace

import numpy as np

from hospital.dataset.baselines import BedBaselines
from hospital.dataset.quantiles import LEVELS
from hospital.dataset.samples import error_times
from hospital.dataset.splits import Split
from registry.components.adaptive_width import AdaptiveWidth
from registry.components.recent_errors import Intervals
from registry.model.dataset import PreparedBeds
from registry.model.forecast_model import MEDIAN, Rows
from registry.model.interval_widths import history_of_rows
from training.conformal import Calibration, Errors

__all__ = ["adaptive_width", "with_served_widths"]

_FORECASTS = 40
_FIRST_STEP, _LAST_STEP = 0.5, 0.1
_SLOW_HOURS = 168.0
_LIMIT = 1.2
_SETTLED_HOURS = {1: 24, 24: 48}
_P10, _P90 = LEVELS.index(0.1), LEVELS.index(0.9)


def adaptive_width(data: PreparedBeds, split: Split) -> AdaptiveWidth:
    """The rule that a package of these rows has; docs/adr/0018-intervals-that-follow.md says how its numbers were
    chosen.

    Forecasts count from the end of the validation set on, up to which the model is fitted.
    """
    daily = data.events.cadence_hours >= 24
    return AdaptiveWidth(
        since=split.spans["validation"][1],
        forecasts=_FORECASTS,
        first_step=_FIRST_STEP,
        last_step=_LAST_STEP,
        slow_hours=_SLOW_HOURS,
        limit=_LIMIT,
        settled_hours=_SETTLED_HOURS[24 if daily else 1],
    )


def with_served_widths(
    calibration_set: PreparedBeds,
    first: BedBaselines,
    errors: Errors,
    calibration: Calibration,
    rule: AdaptiveWidth,
) -> Rows:
    """The calibration set's rows with the widths that the rule would have given them, of the first fit, which never saw
    them: what is learned of the hospital total is learned of intervals as they are served."""
    here = replace(rule, since=int(calibration_set.prediction_time.min()))
    rows = errors.rows
    slots = error_times(calibration_set.events, here.since, int(calibration_set.prediction_time.max()))
    width, z = rows.scale * errors.width, calibration.z[rows.calibration]
    centre = rows.offset + rows.scale * (errors.median + calibration.shift[rows.calibration])
    model = Intervals(centre, -width * z[:, _P10], width * z[:, _P90])
    residuals = first.residuals.reshape(-1, len(LEVELS))[rows.baseline_cell]
    bias = residuals[:, MEDIAN]
    baseline = Intervals(rows.baseline + bias, bias - residuals[:, _P10], residuals[:, _P90] - bias)
    history = history_of_rows(calibration_set, first, slots, here, (model, baseline))
    unit, horizon = calibration_set.units_of(first), calibration_set.samples.query.horizon_hours
    widths = history.widths(here, first, calibration_set.prediction_time, unit, horizon)
    return replace(rows, width=np.ascontiguousarray(widths[:, 0]), baseline_width=widths[:, 1])
