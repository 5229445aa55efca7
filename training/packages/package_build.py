"""From prepared samples to the files of a package. No clock, no machine, no person: the same in, the same out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from explain import TreeEngine
from hospital.arrays import Array
from hospital.dataset.baselines import BedBaselines, WaitBaselines
from hospital.dataset.splits import Split
from hospital.features.feature import Feature
from registry.components.interval_trees import QuantileTrees, SpreadTrees
from registry.components.linear_step import LinearStep, Median
from registry.components.training_range import TrainingRange
from registry.digests import canonical_json
from registry.model.dataset import PreparedBeds, PreparedWaits, fitted_until
from registry.model.forecast_model import WAIT_GROUP_SHAPE, Rows, model_quantiles
from registry.package.manifest import HELD_BACK, SPREAD_BY_HOUR
from training.adaptive import adaptive_width, with_served_widths
from training.bed_baselines import (
    bed_baselines,
    usual_of_the_other_half,
    with_residuals,
)
from training.calibration_days import (
    learn_exceedances,
    learn_hospital_total,
    served_quantiles,
    staffed_then,
)
from training.conformal import LEAST_CELL, LEAST_WAITS, Calibration, Errors, calibrated
from training.horizon_trees import fit_bed_median, horizon_column
from training.monotone import WAIT_SIGNS, signs_of
from training.packages.hour_spread import spread_by_hour
from training.packages.interval_ends import fit_interval_ends
from training.packages.lessons import Prepared, bed_lesson, known_or_zero, rows_of, wait_baselines
from training.tension.admission_fit import learn_admissions
from training.tension.boarding_fit import learn_boarding
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
    boarders_above: float | None = None,
) -> Fitted:
    """Fits the bed-demand model three times, with the same configuration: seasonal profiles change in the meantime.

    On the training set: its errors on the calibration set are the distribution. On both: what is asked of the
    validation set, whose scope it gives. On all three, to be served (docs/adr/0028-fitted-up-to-the-judged-days.md).
    No row of the test set is used, nor an outcome in it.

    Args:
        boarders_above: the threshold of patients who board that the hospital's policy names; None: none.
    """
    training_set, calibration_set = rows_of(data, split, "train"), rows_of(data, split, "calibration")
    first = bed_baselines(training_set)
    linear, first, _, y, weight = bed_lesson(
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
    errors, hours = _with_hours(errors, width, calibration_set)
    calibration = calibrated(errors, len(first.horizons), share=_SHIFT_SHARE, whole=True)

    held_back, served = (
        _fit_beds_until(data.part(fitted_until(data, split, part)), first, options)
        for part in ("calibration", "validation")
    )
    newest = served.baselines
    median = Median(TreeEngine.load(served.median), served.linear, data.features)
    reference = reference_file(
        median, [(served.fitted, served.rows)], len(newest.horizons) * len(newest.units)
    )
    rule = adaptive_width(data, split)
    stretched = with_served_widths(calibration_set, first, errors, calibration, rule)
    quantiles = model_quantiles(stretched, errors.median, errors.width, calibration.shift, calibration.z)
    hospital_total = learn_hospital_total(calibration_set, stretched, quantiles, newest)
    exceedances = learn_exceedances(calibration_set, stretched, quantiles, newest)
    boarding = {}
    if boarders_above is not None:
        answered = served_quantiles(calibration_set, stretched, quantiles, newest)
        boarding = learn_boarding(calibration_set, answered, staffed_then(calibration_set), boarders_above)
    return Fitted(
        {
            **{HELD_BACK + name: content for name, content in held_back.files().items()},
            **served.files(),
            **_files({"spread.ubj": spread, **hours}, calibration, reference, served.fitted),
            **hospital_total,
            **exceedances,
            **learn_admissions(data.events, split),
            **boarding,
            "adaptive.json": canonical_json(rule.to_json()),
        }
    )


def _with_hours(
    errors: Errors, width: SpreadTrees, calibration_set: PreparedBeds
) -> tuple[Errors, dict[str, bytes]]:
    """The errors with widths that know the hour, and the file that says how; as they were where days say nothing."""
    by_hour = spread_by_hour(errors, calibration_set)
    if by_hour is None:
        return errors, {}
    whole = SpreadTrees(width.spread, TreeEngine.load(by_hour))
    return replace(errors, width=whole.widths(calibration_set.X, errors.median)), {SPREAD_BY_HOUR: by_hour}


@dataclass(frozen=True)
class _BedFit:
    """The median of bed demand as it was fitted to these rows, and the baselines that they know."""

    fitted: PreparedBeds
    rows: Rows
    baselines: BedBaselines
    linear: LinearStep
    median: bytes

    def files(self) -> dict[str, bytes]:
        """By their names in a package."""
        return {
            "median.ubj": self.median,
            "linear.json": canonical_json(self.linear.to_json()),
            "baseline.json": canonical_json(self.baselines.to_json()),
        }


def _fit_beds_until(fitted: PreparedBeds, first: BedBaselines, options: TreeOptions) -> _BedFit:
    """Best baseline, scale and errors stay those of the first fit: of days that it was not fitted to."""
    newest = replace(bed_baselines(fitted), best=first.best, scale=first.scale, residuals=first.residuals)
    linear, newest, rows, y, weight = bed_lesson(fitted, newest, usual_of_the_other_half(fitted, newest))
    median = fit_bed_median(fitted.X, y, weight, column=horizon_column(fitted.features), **options)
    return _BedFit(fitted, rows, newest, linear, median)


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

    On the training set: its errors on the calibration and the validation set are the distribution, and it is what is
    asked of the validation set, by the calibration set's errors alone. On all three, to be served: a queue's ways
    change within months. No row of the test set is used.
    """
    training_set, calibration_set = rows_of(data, split, "train"), rows_of(data, split, "calibration")
    baselines = wait_baselines(training_set, calibration_set)
    options = TreeOptions(seed=seed, threads=threads, progress=progress, hyperparameters=hyperparameters)
    first = _wait_boosters(training_set, training_set.rows(baselines), options)
    newest = data.part(fitted_until(data, split, "validation"))
    unseen = newest.part(newest.prediction_time >= split.spans["calibration"][0])
    departments = max(sum(len(f.levels) for f in data.features if f.name == "department"), 1)
    bands, triage = _wait_classes(departments)
    earlier, calibration = (
        calibrated(
            _wait_errors(first, part, baselines),
            triage.size,
            shifted=triage,
            alike=(bands, triage),
            least=LEAST_WAITS,
        )
        for part in (calibration_set, unseen)
    )
    held_back = {**first, "calibration.json": canonical_json(earlier.to_json())}

    rows = newest.rows(baselines)
    served = _wait_boosters(newest, rows, options)
    median = Median(TreeEngine.load(served["median.ubj"]), None, newest.features)
    reference = reference_file(median, [(newest, rows)], departments)
    boosters = {**{HELD_BACK + name: content for name, content in held_back.items()}, **served}
    baseline = canonical_json(baselines.to_json())
    return Fitted({**_files(boosters, calibration, reference, newest), "baseline.json": baseline})


def _wait_boosters(fitted: PreparedWaits, rows: Rows, options: TreeOptions) -> dict[str, bytes]:
    """The median, and its interval's ends, of waits in units of the rows' scale: by their names in a package."""
    y, signs = known_or_zero(fitted.outcome) / rows.scale, signs_of(fitted.features, WAIT_SIGNS)
    median = fit_median(fitted.X, y, fitted.weight, signs=signs, **options)
    ends = fit_interval_ends(
        fitted.X,
        y,
        fitted.weight,
        seed=options["seed"],
        threads=options["threads"],
        progress=options["progress"],
    )
    return {"median.ubj": median, **ends}


def _wait_errors(boosters: Mapping[str, bytes], later: PreparedWaits, baselines: WaitBaselines) -> Errors:
    """Of boosters on waits that they were not fitted to."""
    median, low, high = (TreeEngine.load(boosters[name]) for name in ("median.ubj", "p10.ubj", "p90.ubj"))
    return Errors.of(
        Median(median, None, later.features), QuantileTrees(low, high), later, later.rows(baselines)
    )


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
    boosters: Mapping[str, bytes], calibration: Calibration, reference: bytes, fitted: Prepared
) -> dict[str, bytes]:
    return {
        **boosters,
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
