"""From prepared samples to the files of a package. No clock, no machine, no person: the same in, the same out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from explain import TreeEngine
from hospital.arrays import Array
from hospital.dataset.splits import Split
from hospital.features.feature import Feature
from registry.components.interval_trees import QuantileTrees, SpreadTrees
from registry.components.linear_step import LinearStep, Median
from registry.components.training_range import TrainingRange
from registry.digests import canonical_json
from registry.model.dataset import PreparedBeds, PreparedWaits, fitted_until
from registry.model.forecast_model import WAIT_GROUP_SHAPE, model_quantiles
from training.adaptive import adaptive_width, followed
from training.bed_baselines import (
    bed_baselines,
    usual_of_the_other_half,
    with_residuals,
)
from training.calibration_days import learn_exceedances, learn_hospital_total
from training.conformal import LEAST_CELL, LEAST_WAITS, Calibration, Errors, calibrated
from training.horizon_trees import fit_bed_median, horizon_column
from training.monotone import WAIT_SIGNS, signs_of
from training.packages.interval_ends import fit_interval_ends
from training.packages.lessons import Prepared, bed_lesson, known_or_zero, rows_of, wait_baselines
from training.trees import (
    DEFAULT_HYPERPARAMETERS,
    Hyperparameters,
    TreeOptions,
    fit_median,
    fit_spread,
)
from training.usual_cases import reference_file

__all__ = ["Fitted", "fit_baselines", "fit_beds", "fit_waits"]

_SHIFT_SHARE = 0.5
"""Of a bed median's shift: half a year of one epidemic says less of the next, and the served median has learned from
the same days (docs/forecasts.md)."""


@dataclass(frozen=True)
class Fitted:
    """What a package holds, by file name."""

    files: dict[str, bytes]


def fit_beds(
    data: PreparedBeds,
    split: Split,
    *,
    seed: int,
    threads: int,
    progress: Callable[[], None],
    hyperparameters: Hyperparameters = DEFAULT_HYPERPARAMETERS,
) -> Fitted:
    """Fits the bed-demand model twice: on the training set, whose errors on the calibration set are its distribution;
    then, to be served, on both with the same configuration: seasonal profiles have changed in the meantime.

    No row of the validation or test set is used, nor an outcome in them.
    """
    training_set, calibration_set = rows_of(data, split, "train"), rows_of(data, split, "calibration")
    first = bed_baselines(training_set)
    linear, first, rows, y, weight = bed_lesson(
        training_set, first, usual_of_the_other_half(training_set, first)
    )
    options = TreeOptions(seed=seed, threads=threads, progress=progress, hyperparameters=hyperparameters)
    horizon = horizon_column(data.features)
    fitted = fit_bed_median(training_set.X, y, weight, column=horizon, **options)
    spread = fit_spread(training_set.X, y, weight, fitted, seed=seed, threads=threads, progress=progress)
    first = with_residuals(first, calibration_set, LEAST_CELL)
    median = Median(TreeEngine.load(fitted), linear, training_set.features)
    width = SpreadTrees(TreeEngine.load(spread))
    errors = Errors.of(median, width, calibration_set, calibration_set.rows(first))
    calibration = calibrated(errors, len(first.horizons), share=_SHIFT_SHARE)

    both = data.part(fitted_until(data, split, "calibration"))
    # Baseline, scale and errors stay those of days not fitted to.
    newest = replace(bed_baselines(both), best=first.best, scale=first.scale, residuals=first.residuals)
    linear, newest, rows, y, weight = bed_lesson(both, newest, usual_of_the_other_half(both, newest))
    served = fit_bed_median(both.X, y, weight, column=horizon, **options)
    median = Median(TreeEngine.load(served), linear, training_set.features)
    reference = reference_file(median, [(both, rows)], len(newest.horizons) * len(newest.units))
    rule = adaptive_width(data, split)
    stretched = followed(calibration_set, first, errors, calibration, rule)
    quantiles = model_quantiles(stretched, errors.median, errors.width, calibration.shift, calibration.z)
    hospital_total = learn_hospital_total(calibration_set, stretched, quantiles, newest)
    boosters = {"median.ubj": served, "spread.ubj": spread}
    files = _files(boosters, linear, calibration, reference, newest.to_json(), both)
    exceedances = learn_exceedances(calibration_set, stretched, quantiles, newest)
    return Fitted({**files, **hospital_total, **exceedances, "adaptive.json": canonical_json(rule.to_json())})


def fit_waits(
    data: PreparedWaits,
    split: Split,
    *,
    seed: int,
    threads: int,
    progress: Callable[[], None],
    hyperparameters: Hyperparameters = DEFAULT_HYPERPARAMETERS,
) -> Fitted:
    """Fits the wait-time model, on waits as multiples of the usual wait of that triage level at that hour, twice.

    On the training set, whose errors on the calibration set are its distribution; then, to be served, on both with the
    same configuration: a queue's ways change within months. No row of the validation or test set is used.
    """
    training_set, calibration_set = rows_of(data, split, "train"), rows_of(data, split, "calibration")
    baselines = wait_baselines(training_set, calibration_set)
    rows, later = training_set.rows(baselines), calibration_set.rows(baselines)
    y = known_or_zero(training_set.outcome) / rows.scale
    signs = signs_of(training_set.features, WAIT_SIGNS)
    options = TreeOptions(seed=seed, threads=threads, progress=progress, hyperparameters=hyperparameters)
    first = fit_median(training_set.X, y, training_set.weight, signs=signs, **options)
    ends = fit_interval_ends(
        training_set.X, y, training_set.weight, seed=seed, threads=threads, progress=progress
    )
    departments = max(sum(len(f.levels) for f in data.features if f.name == "department"), 1)
    median = Median(TreeEngine.load(first), None, training_set.features)
    interval = QuantileTrees(*(TreeEngine.load(ends[name]) for name in ("p10.ubj", "p90.ubj")))
    errors = Errors.of(median, interval, calibration_set, later)
    bands, triage = _wait_classes(departments)
    calibration = calibrated(errors, triage.size, shifted=triage, alike=(bands, triage), least=LEAST_WAITS)

    both = data.part(fitted_until(data, split, "calibration"))
    rows = both.rows(
        baselines
    )  # usual waits, their errors and the calibration stay those of days not fitted to
    y = known_or_zero(both.outcome) / rows.scale
    served = fit_median(both.X, y, both.weight, signs=signs, **options)
    ends = fit_interval_ends(both.X, y, both.weight, seed=seed, threads=threads, progress=progress)
    median = Median(TreeEngine.load(served), None, both.features)
    reference = reference_file(median, [(both, rows)], departments)
    boosters = {"median.ubj": served, **ends}
    return Fitted(_files(boosters, None, calibration, reference, baselines.to_json(), both))


def _wait_classes(departments: int) -> tuple[Array, Array]:
    """Of the calibration groups their department's part of the day, and their triage level: int64 [groups] both."""
    bands, levels = WAIT_GROUP_SHAPE
    group = np.arange(departments * bands * levels)
    return group // levels, group % levels


def fit_baselines(data: Prepared, split: Split) -> Fitted:
    """A package of baselines alone: chosen on the training set, their distributions from the calibration set."""
    hospital_total: dict[str, bytes] = {}
    adaptive: dict[str, bytes] = {}
    training_set: Prepared
    if isinstance(data, PreparedBeds):
        training_set, beds = rows_of(data, split, "train"), rows_of(data, split, "calibration")
        found = with_residuals(bed_baselines(training_set), beds, LEAST_CELL)
        hospital_total, chosen = learn_hospital_total(beds, beds.rows(found), None, found), found.to_json()
        hospital_total |= learn_exceedances(beds, beds.rows(found), None, found)
        adaptive = {"adaptive.json": canonical_json(adaptive_width(data, split).to_json())}
    else:
        training_set, waits = rows_of(data, split, "train"), rows_of(data, split, "calibration")
        chosen = wait_baselines(training_set, waits).to_json()
    profile = canonical_json(_profile(training_set.features, training_set.X))
    return Fitted(
        {"baseline.json": canonical_json(chosen), "profile.json": profile, **hospital_total, **adaptive}
    )


def _files(
    boosters: Mapping[str, bytes],
    linear: LinearStep | None,
    calibration: Calibration,
    reference: bytes,
    baseline: Mapping[str, object],
    fitted: Prepared,
) -> dict[str, bytes]:
    step = {} if linear is None else {"linear.json": canonical_json(linear.to_json())}
    return {
        **step,
        **boosters,
        "baseline.json": canonical_json(baseline),
        "calibration.json": canonical_json(calibration.to_json()),
        "reference.npz": reference,
        "profile.json": canonical_json(_profile(fitted.features, fitted.X)),
    }


def _profile(features: tuple[Feature, ...], X: Array) -> dict[str, object]:
    """Training distributions: range, mean and share missing of each feature (None where it is never known), and the
    triage levels."""
    out: dict[str, list[float | None]] = {"minimum": [], "maximum": [], "mean": [], "missing": []}
    for j in range(len(features)):
        known = X[:, j][~np.isnan(X[:, j])].astype(np.float64)
        out["minimum"].append(float(known.min()) if known.size else None)
        out["maximum"].append(float(known.max()) if known.size else None)
        out["mean"].append(float(known.mean()) if known.size else None)
        out["missing"].append(1.0 - known.size / max(len(X), 1))
    levels = list(TrainingRange.levels_of(features, X))
    return {"features": [f.name for f in features], "triage_levels": levels, **out}
