"""Parameters of the bed-demand baselines, fitted on a part of the history."""

from dataclasses import replace

import numpy as np

from hospital.arrays import Array
from hospital.dataset.baselines import (
    BED_BASELINES,
    BedBaselines,
    best_of,
    residual_quantiles,
    usual_changes,
    week_slot,
)
from hospital.dataset.quantiles import LEVELS
from hospital.features.feature import Feature
from hospital.grouping import rows_of_groups
from hospital.times import DAY, HOUR
from registry.model.dataset import PreparedBeds, history_days

__all__ = ["bed_baselines", "feature_of", "usual_of_the_other_half", "with_residuals"]

_YEAR = 365 * DAY
_LEAST_SCALE_BEDS = 0.5


def bed_baselines(training_set: PreparedBeds) -> BedBaselines:
    """Usual changes, best baselines and their scales as the part shows them; no residuals yet."""
    units = feature_of(training_set.features, "unit").levels
    horizons = tuple(float(h) for h in np.unique(training_set.samples.query.horizon_hours))
    shape = (len(units), len(horizons), 7 if training_set.events.cadence_hours >= 24 else 168)
    flat, none = np.zeros((*shape[:2], len(LEVELS))), np.zeros(len(horizons))
    rules = ("last_value",) * len(horizons)
    days = history_days(training_set, len(units))
    empty = BedBaselines(units, horizons, np.zeros(shape), rules, np.ones(shape[:2]), flat, none, days)
    best = _best_baselines(training_set, empty, shape)
    chosen = replace(empty, usual_change=_usual_changes(training_set, empty, shape), best=best)
    error, cell = _residual(training_set, chosen)
    return replace(chosen, scale=_scales(np.abs(error), cell, shape[:2]))


def with_residuals(baselines: BedBaselines, calibrate: PreparedBeds, least: int) -> BedBaselines:
    """The baselines with the quantiles of their errors on days that they were not fitted to."""
    residual, cell = _residual(calibrate, baselines)
    weight = np.where(np.isnan(residual), 0.0, calibrate.weight)
    shape = baselines.residuals.shape
    cells = shape[0] * shape[1]
    residuals = residual_quantiles(residual, weight, cell, cells, least, baselines.scale.ravel())
    return replace(baselines, residuals=residuals.reshape(shape))


def feature_of(features: tuple[Feature, ...], name: str) -> Feature:
    """The feature of this name."""
    return next(f for f in features if f.name == name)


def _residual(part: PreparedBeds, baselines: BedBaselines) -> tuple[Array, Array]:
    """(outcome less the chosen baseline, position of unit and horizon) of each row."""
    of = baselines.horizon_index(part.samples.query.horizon_hours)
    residual = part.outcome - baselines.chosen(part.baselines(baselines), of)
    return residual, part.units_of(baselines) * len(baselines.horizons) + of


def _best_baselines(
    training_set: PreparedBeds, axes: BedBaselines, shape: tuple[int, int, int]
) -> tuple[str, ...]:
    """The best baseline of each horizon, asked on the last fifth of the training set, which its medians have not
    seen."""
    at = training_set.prediction_time
    cut = np.quantile(at, 0.8)
    longest = int(max(axes.horizons) * HOUR)
    earlier, later = training_set.part(at < cut - longest), training_set.part(at >= cut)
    first = replace(axes, usual_change=_usual_changes(earlier, axes, shape))
    values, of = later.baselines(first), first.horizon_index(later.samples.query.horizon_hours)
    return tuple(
        best_of(
            {n: v[of == h] for n, v in values.items()},
            later.outcome[of == h],
            later.weight[of == h],
            BED_BASELINES,
        )
        for h in range(len(axes.horizons))
    )


def _usual_changes(part: PreparedBeds, axes: BedBaselines, shape: tuple[int, int, int]) -> Array:
    """Median change by unit, horizon and slot of the week over the part's last year: [units, horizons, slots]."""
    recent = part.part(part.prediction_time >= part.prediction_time.max() - _YEAR)
    slot = week_slot(recent.prediction_time, recent.events.zone, recent.events.cadence_hours)
    horizon = axes.horizon_index(recent.samples.query.horizon_hours)
    return usual_changes(recent.units_of(axes), horizon, slot, recent.outcome - recent.samples.now, shape)


def _scales(error: Array, cell: Array, shape: tuple[int, int]) -> Array:
    out = np.full(shape[0] * shape[1], np.nan)
    for c, mine in enumerate(rows_of_groups(np.where(np.isnan(error), -1, cell), out.size)):
        if mine.size:
            out[c] = max(float(error[mine].mean()), _LEAST_SCALE_BEDS)
    overall = np.nanmean(out) if not np.isnan(out).all() else 1.0
    return np.where(np.isnan(out), overall, out).reshape(shape)


def usual_of_the_other_half(training_set: PreparedBeds, baselines: BedBaselines) -> Array:
    """Usual change of each row in beds (float64 [n]), as the other half of the days shows it.

    Estimated on its own days, a seasonal profile looks surer than it will be on days to come, and its slope comes out
    too steep.
    """
    at, shape = training_set.prediction_time, baselines.usual_change.shape
    unit, of = (
        training_set.units_of(baselines),
        baselines.horizon_index(training_set.samples.query.horizon_hours),
    )
    slot = week_slot(at, training_set.events.zone, training_set.events.cadence_hours)
    first = at < np.quantile(at, 0.5)
    earlier, later = (_usual_changes(training_set.part(half), baselines, shape) for half in (first, ~first))
    return np.where(first, later[unit, of, slot], earlier[unit, of, slot])
