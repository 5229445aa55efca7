"""What trees learn of prepared samples, in units of each row's scale, and later rows to ask them about."""

from collections.abc import Callable
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
from hospital.times import DAY, HOUR
from registry.components.linear_step import LinearStep, Median
from registry.model.dataset import PreparedBeds, PreparedWaits, fitted_until
from registry.model.forecast_model import Rows
from training.bed_baselines import (
    bed_baselines,
    usual_of_the_other_half,
)
from training.conformal import LEAST_CELL
from training.horizon_trees import fit_bed_median, horizon_column
from training.linear import fit_seasonal_profile, fit_slopes, with_seasonal_profile
from training.monotone import WAIT_SIGNS, signs_of
from training.trees import Hyperparameters, TreeOptions, fit_median

__all__ = [
    "Lesson",
    "Prepared",
    "bed_lesson",
    "known_or_zero",
    "lesson_of",
    "rows_of",
    "slopes_half_life",
    "wait_baselines",
]

_YEAR = 365 * DAY
_HALF_LIFE = _YEAR
_SLOPES_HALF_LIFE, _SLOPES_PERIODS = _YEAR / 2, 52
"""For slopes a row's weight halves each half-year, or after so many periods of its horizon where these are longer."""
_TRIAGE_CELLS = len(TRIAGE_RANK) + 1

Prepared = PreparedBeds | PreparedWaits
P = TypeVar("P", bound=Prepared)


def bed_lesson(
    part: PreparedBeds, baselines: BedBaselines, usual: Array
) -> tuple[LinearStep, BedBaselines, Rows, Array, Array]:
    """(slopes, baselines with their start share, rows, what trees learn in units of the scale, weights).

    Args:
        usual: float64 [n], usual change in beds.
    """
    baselines = replace(baselines, start_share=np.zeros(len(baselines.horizons)))
    rows = part.rows(baselines)  # no share of the usual change is chosen yet: they start from the demand now
    y = (known_or_zero(part.outcome) - known_or_zero(rows.offset)) / rows.scale
    known, at = np.where(np.isnan(rows.offset), 0.0, part.weight), part.prediction_time
    weight = known * _recency(at, _HALF_LIFE)
    memory = known * _recency(at, slopes_half_life(part.samples.query.horizon_hours))
    linear, share = fit_slopes(part.features, part.X, usual, y, memory, rows.calibration, rows.scale)
    seasonal_profile = fit_seasonal_profile(part.features, part.X, y, weight, rows.calibration, rows.scale)
    learned = y - seasonal_profile.terms(part.features, part.X, rows.calibration, rows.scale).sum(axis=1)
    return (
        with_seasonal_profile(linear, seasonal_profile),
        replace(baselines, start_share=share),
        rows,
        learned,
        weight,
    )


@dataclass(frozen=True)
class Lesson:
    """What trees learn, and later rows to ask them about.

    Attributes:
        X: float32 [n, features].
        y: float64 [n], in units of the row's scale.
        weight: float64 [n].
        signs: by feature.
        horizon: column of X, of bed demand; None: of waits, which have none.
        loss: mean absolute error, in units of the scale, of a median's trees (``.ubj``) on the later rows.
    """

    features: tuple[Feature, ...]
    X: Array
    y: Array
    weight: Array
    signs: tuple[int, ...]
    horizon: int | None
    loss: Callable[[bytes], float]

    def loss_of(self, hyperparameters: Hyperparameters, *, seed: int, threads: int) -> float:
        """The loss of a median that grew so."""
        options = TreeOptions(
            seed=seed, threads=threads, progress=lambda: None, hyperparameters=hyperparameters
        )
        if self.horizon is not None:
            return self.loss(fit_bed_median(self.X, self.y, self.weight, column=self.horizon, **options))
        return self.loss(fit_median(self.X, self.y, self.weight, signs=self.signs, **options))


def lesson_of(data: Prepared, split: Split) -> Lesson:
    """The training set alone: its first four fifths to learn from, the last one, after a gap, to be asked about."""
    linear: LinearStep | None = None
    horizon: int | None = None
    earlier: Prepared
    later: Prepared
    if isinstance(data, PreparedBeds):
        beds, beds_later = _halves(data, split)
        beds_baselines = bed_baselines(beds)
        linear, beds_baselines, _, y, weight = bed_lesson(
            beds, beds_baselines, usual_of_the_other_half(beds, beds_baselines)
        )
        asked, signs = beds_later.rows(beds_baselines), (0,) * len(data.features)
        earlier, later, horizon = beds, beds_later, horizon_column(data.features)
    else:
        waits, waits_later = _halves(data, split)
        baselines = wait_baselines(waits, waits_later)
        asked, signs = waits_later.rows(baselines), signs_of(data.features, WAIT_SIGNS)
        y, weight = known_or_zero(waits.outcome) / waits.rows(baselines).scale, waits.weight
        earlier, later = waits, waits_later
    wanted = (known_or_zero(later.outcome) - known_or_zero(asked.offset)) / asked.scale
    counts = np.where(np.isnan(asked.offset), 0.0, later.weight)
    if not (counts.sum() > 0 and weight.sum() > 0):
        raise HistoryError("errors.training.few_days")

    def loss(trees: bytes) -> float:
        median = Median(TreeEngine.load(trees), linear, data.features)
        error = np.abs(wanted - median.value(asked.X, asked.calibration, asked.scale))
        return float(np.average(error, weights=counts))

    return Lesson(data.features, earlier.X, y, weight, signs, horizon, loss)


def _halves(data: P, split: Split) -> tuple[P, P]:
    """The training set's first four fifths and, after a gap, its last one: by rows, since a history may have holes."""
    training_set = rows_of(data, split, "train")
    cut = int(np.quantile(training_set.prediction_time, 0.8))
    known = (training_set.prediction_time < cut - split.gap) & (training_set.target_time < cut)
    later = training_set.part(training_set.prediction_time >= cut)
    return cast(P, training_set.part(known)), cast(P, later)


def rows_of(data: P, split: Split, part: str) -> P:
    """The rows of a part whose outcomes were known by its end."""
    return cast(P, data.part(split.members(part, data.prediction_time) & fitted_until(data, split, part)))


def wait_baselines(training_set: PreparedWaits, calibration_set: PreparedWaits) -> WaitBaselines:
    """The baselines of waits: usual waits of the training set, their errors on the calibration set."""

    def triage(part: PreparedWaits) -> Array:
        return triage_position(part.samples.query.columns["triage"])

    usual = usual_waits(
        triage(training_set), training_set.hours(), known_or_zero(training_set.outcome), training_set.weight
    )
    flat = np.zeros((_TRIAGE_CELLS, len(LEVELS)))
    values = calibration_set.baselines(WaitBaselines(usual, WAIT_BASELINES[0], flat))
    best = best_of(values, calibration_set.outcome, calibration_set.weight, WAIT_BASELINES)
    residual = calibration_set.outcome - values[best]
    residuals = residual_quantiles(
        residual, calibration_set.weight, triage(calibration_set), _TRIAGE_CELLS, LEAST_CELL
    )
    return WaitBaselines(usual, best, residuals)


def slopes_half_life(horizon_hours: Array) -> Array:
    """Microseconds (float64 [n]) after which a row counts for half as much to the slopes of its horizon.

    Slopes need few rows, and for them what is new matters more than for trees. But forecasts that overlap are one piece
    of news: of a fortnight ahead half a year has thirteen, from which slopes learn chance (docs/forecasts.md).
    """
    return np.maximum(_SLOPES_HALF_LIFE, _SLOPES_PERIODS * HOUR * horizon_hours)


def _recency(at: Array, half_life: Array | float) -> Array:
    """Weight of each row by its age, 1 for the newest: seasonal profiles change, and what is old matters less (float64
    [n])."""
    return np.asarray(0.5 ** ((at.max() - at) / half_life))


def known_or_zero(values: Array) -> Array:
    """Values (float64 [n]), 0 where they are NaN: such rows weigh nothing."""
    return np.where(np.isnan(values), 0.0, values)
