"""From prepared samples to the files of a package. No clock, no machine, no person: the same in, the same out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import numpy as np

from explain import TreeEngine
from hospital.arrays import Array
from hospital.dataset.baselines import (
    WAIT_BASELINES,
    BedBaselines,
    WaitBaselines,
    best_of,
    residual_quantiles,
    triage_position,
    usual_waits,
)
from hospital.dataset.quantiles import LEVELS
from hospital.dataset.splits import Split
from hospital.errors import HistoryError
from hospital.features.feature import TRIAGE_RANK, Feature
from hospital.times import DAY
from registry.components.linear_step import LinearStep, Median
from registry.components.training_range import TrainingRange
from registry.digests import canonical_json
from registry.model.dataset import PreparedBeds, PreparedWaits, fitted_until
from registry.model.forecast_model import WAIT_GROUP_SHAPE, Rows, model_quantiles
from training.adaptive import adaptive_width, followed
from training.bed_baselines import (
    bed_baselines,
    usual_of_the_other_half,
    with_residuals,
)
from training.calibration_days import learn_exceedances, learn_hospital_total
from training.conformal import LEAST_CELL, LEAST_WAITS, Calibration, Errors, calibrated
from training.linear import fit_seasonal_profile, fit_slopes, with_seasonal_profile
from training.monotone import WAIT_SIGNS, signs_of
from training.trees import DEFAULT_HYPERPARAMETERS, Hyperparameters, TreeOptions, Trees, fit_median, fit_trees
from training.usual_cases import reference_file

__all__ = ["Fitted", "Lesson", "bed_lesson", "fit_baselines", "fit_beds", "fit_waits", "lesson_of"]

_YEAR = 365 * DAY
_HALF_LIFE = _YEAR
_TRIAGE_CELLS = len(TRIAGE_RANK) + 1

Prepared = PreparedBeds | PreparedWaits
P = TypeVar("P", bound=Prepared)


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
    training_set, calibration_set = _part(data, split, "train"), _part(data, split, "calibration")
    first = bed_baselines(training_set)
    linear, first, rows, y, weight = bed_lesson(
        training_set, first, usual_of_the_other_half(training_set, first)
    )
    options = TreeOptions(seed=seed, threads=threads, progress=progress, hyperparameters=hyperparameters)
    trees = fit_trees(training_set.X, y, weight, **options)
    first = with_residuals(first, calibration_set, LEAST_CELL)
    median = Median(TreeEngine.load(trees.median), linear, training_set.features)
    errors = Errors.of(median, TreeEngine.load(trees.spread), calibration_set, calibration_set.rows(first))
    calibration = calibrated(errors, len(first.horizons))

    both = data.part(fitted_until(data, split, "calibration"))
    # Baseline, scale and errors stay those of days not fitted to.
    newest = replace(bed_baselines(both), best=first.best, scale=first.scale, residuals=first.residuals)
    linear, newest, rows, y, weight = bed_lesson(both, newest, usual_of_the_other_half(both, newest))
    served = fit_median(both.X, y, weight, **options)
    median = Median(TreeEngine.load(served), linear, training_set.features)
    reference = reference_file(median, [(both, rows)], len(newest.horizons) * len(newest.units))
    rule = adaptive_width(data, split)
    stretched = followed(calibration_set, first, errors, calibration, rule)
    quantiles = model_quantiles(stretched, errors.median, errors.width, calibration.shift, calibration.z)
    hospital_total = learn_hospital_total(calibration_set, stretched, quantiles, newest)
    files = _files(replace(trees, median=served), linear, calibration, reference, newest.to_json(), both)
    exceedances = learn_exceedances(calibration_set, stretched, quantiles, newest)
    return Fitted({**files, **hospital_total, **exceedances, "adaptive.json": canonical_json(rule.to_json())})


def bed_lesson(
    part: PreparedBeds, baselines: BedBaselines, usual: Array
) -> tuple[LinearStep, BedBaselines, Rows, Array, Array]:
    """(slopes, baselines with their start share, rows, what trees learn in units of the scale, weights).

    Args:
        usual: float64 [n], usual change in beds.
    """
    baselines = replace(baselines, start_share=np.zeros(len(baselines.horizons)))
    rows = part.rows(baselines)  # no share of the usual change is chosen yet: they start from the demand now
    y = (_known(part.outcome) - _known(rows.offset)) / rows.scale
    weight = np.where(np.isnan(rows.offset), 0.0, part.weight) * _recency(part.prediction_time)
    linear, share = fit_slopes(part.features, part.X, usual, y, weight, rows.calibration, rows.scale)
    seasonal_profile = fit_seasonal_profile(part.features, part.X, y, weight, rows.calibration, rows.scale)
    learned = y - seasonal_profile.terms(part.features, part.X, rows.calibration, rows.scale).sum(axis=1)
    return (
        with_seasonal_profile(linear, seasonal_profile),
        replace(baselines, start_share=share),
        rows,
        learned,
        weight,
    )


def fit_waits(
    data: PreparedWaits,
    split: Split,
    *,
    seed: int,
    threads: int,
    progress: Callable[[], None],
    hyperparameters: Hyperparameters = DEFAULT_HYPERPARAMETERS,
) -> Fitted:
    """Fits the wait-time model: on waits as multiples of the usual wait of that triage level at that hour."""
    training_set, calibration_set = _part(data, split, "train"), _part(data, split, "calibration")
    baselines = _wait_baselines(training_set, calibration_set)
    rows, later = training_set.rows(baselines), calibration_set.rows(baselines)
    y = _known(training_set.outcome) / rows.scale
    signs = signs_of(training_set.features, WAIT_SIGNS)
    options = TreeOptions(seed=seed, threads=threads, progress=progress, hyperparameters=hyperparameters)
    trees = fit_trees(training_set.X, y, training_set.weight, signs=signs, **options)
    departments = max(sum(len(f.levels) for f in data.features if f.name == "department"), 1)
    median = Median(TreeEngine.load(trees.median), None, training_set.features)
    errors = Errors.of(median, TreeEngine.load(trees.spread), calibration_set, later)
    groups, bands, triage = _wait_groups(departments)
    calibration = calibrated(errors, groups, shifted=triage, coarser=(bands, triage), least=LEAST_WAITS)
    reference = reference_file(median, [(training_set, rows), (calibration_set, later)], departments)
    return Fitted(_files(trees, None, calibration, reference, baselines.to_json(), training_set))


def _wait_groups(departments: int) -> tuple[int, Array, Array]:
    """(calibration groups, their department's part of the day, their triage level): int64 [groups] both."""
    bands, levels = WAIT_GROUP_SHAPE
    group = np.arange(departments * bands * levels)
    return group.size, group // levels, group % levels


def fit_baselines(data: Prepared, split: Split) -> Fitted:
    """A package of baselines alone: chosen on the training set, their distributions from the calibration set."""
    hospital_total: dict[str, bytes] = {}
    adaptive: dict[str, bytes] = {}
    training_set: Prepared
    if isinstance(data, PreparedBeds):
        training_set, beds = _part(data, split, "train"), _part(data, split, "calibration")
        found = with_residuals(bed_baselines(training_set), beds, LEAST_CELL)
        hospital_total, chosen = learn_hospital_total(beds, beds.rows(found), None, found), found.to_json()
        hospital_total |= learn_exceedances(beds, beds.rows(found), None, found)
        adaptive = {"adaptive.json": canonical_json(adaptive_width(data, split).to_json())}
    else:
        training_set, waits = _part(data, split, "train"), _part(data, split, "calibration")
        chosen = _wait_baselines(training_set, waits).to_json()
    profile = canonical_json(_profile(training_set.features, training_set.X))
    return Fitted(
        {"baseline.json": canonical_json(chosen), "profile.json": profile, **hospital_total, **adaptive}
    )


@dataclass(frozen=True)
class Lesson:
    """What trees learn, and later rows to ask them about.

    Attributes:
        X: float32 [n, features].
        y: float64 [n], in units of the row's scale.
        weight: float64 [n].
        signs: by feature.
        loss: mean absolute error, in units of the scale, of a median's trees (``.ubj``) on the later rows.
    """

    features: tuple[Feature, ...]
    X: Array
    y: Array
    weight: Array
    signs: tuple[int, ...]
    loss: Callable[[bytes], float]

    def loss_of(self, hyperparameters: Hyperparameters, *, seed: int, threads: int) -> float:
        """The loss of a median that grew so."""
        options = TreeOptions(
            seed=seed, threads=threads, progress=lambda: None, hyperparameters=hyperparameters
        )
        return self.loss(fit_median(self.X, self.y, self.weight, signs=self.signs, **options))


def lesson_of(data: Prepared, split: Split) -> Lesson:
    """The training set alone: its first four fifths to learn from, the last one, after a gap, to be asked about."""
    linear: LinearStep | None = None
    earlier: Prepared
    later: Prepared
    if isinstance(data, PreparedBeds):
        beds, beds_later = _halves(data, split)
        beds_baselines = bed_baselines(beds)
        linear, beds_baselines, _, y, weight = bed_lesson(
            beds, beds_baselines, usual_of_the_other_half(beds, beds_baselines)
        )
        asked, signs = beds_later.rows(beds_baselines), (0,) * len(data.features)
        earlier, later = beds, beds_later
    else:
        waits, waits_later = _halves(data, split)
        baselines = _wait_baselines(waits, waits_later)
        asked, signs = waits_later.rows(baselines), signs_of(data.features, WAIT_SIGNS)
        y, weight = _known(waits.outcome) / waits.rows(baselines).scale, waits.weight
        earlier, later = waits, waits_later
    wanted = (_known(later.outcome) - _known(asked.offset)) / asked.scale
    counts = np.where(np.isnan(asked.offset), 0.0, later.weight)
    if not (counts.sum() > 0 and weight.sum() > 0):
        raise HistoryError("errors.training.few_days")

    def loss(trees: bytes) -> float:
        median = Median(TreeEngine.load(trees), linear, data.features)
        error = np.abs(wanted - median.value(asked.X, asked.calibration, asked.scale))
        return float(np.average(error, weights=counts))

    return Lesson(data.features, earlier.X, y, weight, signs, loss)


def _halves(data: P, split: Split) -> tuple[P, P]:
    """The training set's first four fifths and, after a gap, its last one: by rows, since a history may have holes."""
    training_set = _part(data, split, "train")
    cut = int(np.quantile(training_set.prediction_time, 0.8))
    known = (training_set.prediction_time < cut - split.gap) & (training_set.target_time < cut)
    later = training_set.part(training_set.prediction_time >= cut)
    return cast(P, training_set.part(known)), cast(P, later)


def _part(data: P, split: Split, part: str) -> P:
    """The rows of a part whose outcomes were known by its end."""
    return cast(P, data.part(split.members(part, data.prediction_time) & fitted_until(data, split, part)))


def _wait_baselines(training_set: PreparedWaits, calibration_set: PreparedWaits) -> WaitBaselines:
    def triage(part: PreparedWaits) -> Array:
        return triage_position(part.samples.query.columns["triage"])

    usual = usual_waits(
        triage(training_set), training_set.hours(), _known(training_set.outcome), training_set.weight
    )
    flat = np.zeros((_TRIAGE_CELLS, len(LEVELS)))
    values = calibration_set.baselines(WaitBaselines(usual, WAIT_BASELINES[0], flat))
    best = best_of(values, calibration_set.outcome, calibration_set.weight, WAIT_BASELINES)
    residual = calibration_set.outcome - values[best]
    residuals = residual_quantiles(
        residual, calibration_set.weight, triage(calibration_set), _TRIAGE_CELLS, LEAST_CELL
    )
    return WaitBaselines(usual, best, residuals)


def _recency(at: Array) -> Array:
    """Weight of each row by its age, 1 for the newest: seasonal profiles change, and what is old matters less (float64
    [n])."""
    return np.asarray(0.5 ** ((at.max() - at) / _HALF_LIFE))


def _files(
    trees: Trees,
    linear: LinearStep | None,
    calibration: Calibration,
    reference: bytes,
    baseline: Mapping[str, object],
    fitted: Prepared,
) -> dict[str, bytes]:
    step = {} if linear is None else {"linear.json": canonical_json(linear.to_json())}
    return {
        **step,
        "median.ubj": trees.median,
        "spread.ubj": trees.spread,
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


def _known(values: Array) -> Array:
    return np.where(np.isnan(values), 0.0, values)
