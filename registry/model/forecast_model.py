"""A verified package as something that forecasts and explains.

Both models say: forecast = offset + scale x (median + width x calibrated quantile), never under a floor.
Bed demand: the offset is the demand now and a share of its usual change, the scale the best baseline's mean
error in that unit, the median trees and a linear step, the width a spread alike on both sides. Wait time: the
offset is 0, the scale the usual wait of that triage level at that hour, the median trees alone, the width that
to the trees' own p10 or p90. Terms add, the scale is known, and an explanation in beds
or minutes adds up exactly.
"""

from functools import cached_property

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.dataset.splits import UNIT_MODEL_DAYS
from registry.components.familiarity import Familiarity
from registry.components.interval_trees import by_level
from registry.components.linear_step import Median
from registry.components.recent_errors import Intervals
from registry.components.stability import half_of
from registry.components.usual_cases import NO_COMPARISON, Typical
from registry.model.forecast_rows import (
    MEDIAN,
    WAIT_BAND_HOURS,
    WAIT_GROUP_SHAPE,
    Explained,
    Rows,
    model_quantiles,
    quantiles_of_baseline,
)
from registry.model.model_package import ModelPackage

__all__ = [
    "MEDIAN",
    "WAIT_BAND_HOURS",
    "WAIT_GROUP_SHAPE",
    "Explained",
    "ForecastModel",
    "Rows",
    "model_quantiles",
    "quantiles_of_baseline",
]

_NEEDS = {"last_wait": "last_wait_triage", "recent_median": "recent_wait_triage"}
"""What a wait's baseline is read from; where that is unknown the usual wait stands in for it."""


class ForecastModel(ModelPackage):
    """A package's trees, calibration, baselines and usual contributions."""

    def quantiles(self, rows: Rows) -> Array:
        """Float64 [n, levels], at 5, 10, … 95 %; never crossing, never under the floor."""
        return model_quantiles(rows, *self._parts(rows), self.shift, self.z)

    def baseline_quantiles(self, rows: Rows) -> Array:
        """The best baseline's own distribution: float64 [n, levels]."""
        residuals = (self.beds or self.waits_or_raise).residuals.reshape(-1, len(LEVELS))
        return quantiles_of_baseline(rows, residuals)

    def intervals(self, rows: Rows) -> tuple[Intervals, Intervals]:
        """(the model's, the baseline's) p10 to p90 of rows, as they are before recent errors stretch them.

        Of a package that is only a baseline both are the baseline's.
        """
        low, high = LEVELS.index(0.1), LEVELS.index(0.9)
        found = (self.beds or self.waits_or_raise).residuals.reshape(-1, len(LEVELS))[rows.baseline_cell]
        bias = found[:, MEDIAN]
        baseline = Intervals(rows.baseline + bias, bias - found[:, low], found[:, high] - bias)
        if self.manifest.kind != "model":
            return baseline, baseline
        median, widths = self._parts(rows)
        centre = rows.offset + rows.scale * (median + self.shift[rows.calibration])
        apart = rows.scale[:, None] * by_level(widths) * self.z[rows.calibration]
        return Intervals(centre, -apart[:, low], apart[:, high]), baseline

    def explain(self, rows: Rows, reference: Rows | None = None) -> Explained:
        """The reasons of each p50.

        Args:
            reference: rows to compare with, one each; None: what is usual for the cell.
        """
        return self._explained(rows, reference, self.median.value(rows.X, rows.calibration, rows.scale))

    def contributions(self, rows: Rows) -> Array:
        """What each feature adds, before what is usual is taken off: float64 [n, features], in units of the scale."""
        return self._reasons(rows)[0]

    def interactions(self, rows: Rows) -> Array:
        """What each pair of features adds together: float64 [n, features, features], as `Median.interactions`, in beds
        or minutes."""
        return rows.scale[:, None, None] * self.median.interactions(rows.X, rows.calibration)

    @cached_property
    def familiarity(self) -> Familiarity:
        """How many of the training's cases came where a row comes."""
        return Familiarity(self.median.trees.forest)

    def half_contributions(self, rows: Rows, reference: Rows | None = None) -> Array:
        """The contributions of `explain` as every second tree gives them: float64 [n, features], beds or minutes."""
        typical = self._typical(rows) if reference is None else self._one_each(reference)
        found, _ = self._half.reasons(rows.X, rows.calibration, rows.scale)
        return rows.scale[:, None] * (found - typical.contributions)

    @cached_property
    def _half(self) -> Median:
        return half_of(self.median, self._files["median.ubj"])

    def quantiles_and_reasons(self, rows: Rows, reference: Rows | None = None) -> tuple[Array, Explained]:
        """`quantiles` (float64) and `explain`, for the price of one pass over the trees that forecast."""
        parts = self._parts(rows)
        quantiles = model_quantiles(rows, *parts, self.shift, self.z)
        return quantiles, self._explained(rows, reference, parts[0])

    def _explained(self, rows: Rows, reference: Rows | None, median: Array) -> Explained:
        found, base = self._reasons(rows)
        typical = self._typical(rows) if reference is None else self._one_each(reference)
        usual = typical.contributions
        contributions = rows.scale[:, None] * (found - usual)
        unit_offset = rows.scale * (base + usual.sum(axis=1))
        calibration = rows.scale * self.shift[rows.calibration]
        raw = rows.offset + rows.scale * (median + self.shift[rows.calibration])
        p50 = np.maximum(raw, rows.floor)
        adjustments = {"calibration": calibration, "floor": np.maximum(rows.floor - raw, 0.0)}
        compared = (typical.values, typical.widening, typical.cases, _situation(rows))
        if self.name == "bed-demand":
            steps = {"unit_offset": unit_offset, **adjustments}
            return Explained(p50, rows.offset, contributions, steps, *compared)
        return Explained(p50, unit_offset, contributions, adjustments, *compared)

    def _typical(self, rows: Rows) -> Typical:
        """The cases in the situation of each row; where there are too few, the contributions usual for its cell."""
        n = rows.cell.size
        if self.usual_cases is not None and rows.situation is not None:
            typical = self.usual_cases.typical(rows.cell, rows.situation)
            alone = typical.widening == NO_COMPARISON
            if alone.any():
                typical.contributions[alone] = self._usual_contributions[rows.cell[alone]]
            return typical
        usual, none = self._usual_contributions[rows.cell], np.zeros(n, np.int64)
        return Typical(usual, np.full(usual.shape, np.nan), none + NO_COMPARISON, none)

    def _one_each(self, reference: Rows) -> Typical:
        """One other row each, which is no case of a comparison."""
        none = np.zeros(len(reference.X), np.int64)
        values = reference.X.astype(np.float64)
        return Typical(self._reasons(reference)[0], values, none + NO_COMPARISON, none)

    def explain_baseline(self, rows: Rows) -> Explained:
        """The reasons of a baseline: the baseline's own value, what it usually lacks, and the floor."""
        residuals = (self.beds or self.waits_or_raise).residuals.reshape(-1, len(LEVELS))
        bias = residuals[rows.baseline_cell, MEDIAN]
        raw = rows.baseline + bias
        none = np.zeros((raw.size, len(self.manifest.features)))
        adjustments = {"calibration": bias, "floor": np.maximum(rows.floor - raw, 0.0)}
        unknown, nothing = np.full_like(none, np.nan), np.zeros(raw.size, np.int64)
        compared = (unknown, nothing + NO_COMPARISON, nothing, _situation(rows))
        return Explained(np.maximum(raw, rows.floor), rows.baseline, none, adjustments, *compared)

    def baseline_only(self, rows: Rows) -> Array:
        """The rows of units whose history is too short for the model: bool [n]; the baseline answers them."""
        if self.beds is None:
            return np.zeros(rows.baseline.size, bool)
        return self.beds.days[rows.baseline_cell // len(self.beds.horizons)] < UNIT_MODEL_DAYS

    def baseline_names(self, rows: Rows) -> list[str]:
        """Name of the baseline that answers each row where the model does not."""
        if self.waits is not None:
            known = self._known(rows.X, _NEEDS.get(self.waits.best, ""))
            return [self.waits.best if k else "usual_hour" for k in known.tolist()]
        best = self.beds_or_raise.best
        return [best[i] for i in (rows.baseline_cell % len(best)).tolist()]

    def _known(self, X: Array, name: str) -> Array:
        """Whether a feature is known in each row: bool [n]; nobody asks for one that the baseline does not need."""
        names = [f.name for f in self.features]
        if not name:
            return np.ones(len(X), bool)
        return ~np.isnan(X[:, names.index(name)]) if name in names else np.zeros(len(X), bool)

    def _parts(self, rows: Rows) -> tuple[Array, Array]:
        median = self.median.value(rows.X, rows.calibration, rows.scale)
        return median, self.interval.widths(rows.X, median)

    def _reasons(self, rows: Rows) -> tuple[Array, Array]:
        return self.median.reasons(rows.X, rows.calibration, rows.scale)


def _situation(rows: Rows) -> Array:
    return np.full(rows.cell.size, -1, np.int64) if rows.situation is None else rows.situation
