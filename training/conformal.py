"""Split conformal calibration: what days that were not fitted to say of a median and its spread."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from explain import TreeEngine
from hospital.events import Array
from hospital.quantiles import LEVELS, weighted_quantiles
from registry.linear import Median
from registry.model import MEDIAN, Rows
from registry.prepared import PreparedBeds, PreparedWaits

__all__ = ["LEAST_CELL", "Calibration", "Errors", "calibrated"]

LEAST_CELL = 150
"""Rows of a group that are enough for quantiles of its own."""
Prepared = PreparedBeds | PreparedWaits


@dataclass(frozen=True)
class Calibration:
    """What later days say of the median and its spread, by group.

    Attributes:
        shift: float64 [groups], median of outcome less median, in units of the scale: what the served p50 adds, the
        same for every row of a group, so that it follows the signs that its trees keep.
        z: float64 [groups, levels], quantiles of what is left, in units of the spread; 0 at the median.
    """

    shift: Array
    z: Array

    def to_json(self) -> dict[str, Any]:
        """As ``calibration.json``."""
        return {"levels": list(LEVELS), "shift": self.shift.tolist(), "quantiles": self.z.tolist()}


@dataclass(frozen=True)
class Errors:
    """What a median and its spread say of later rows, and what was so.

    Attributes:
        median, width, residual: float64 [n], in units of the scale; weight: float64 [n], 0 where not known.
    """

    rows: Rows
    median: Array
    width: Array
    residual: Array
    weight: Array

    @classmethod
    def of(cls, median: Median, spread: TreeEngine, calibrate: Prepared, rows: Rows) -> "Errors":
        """Of rows that neither was fitted to."""
        value = median.value(calibrate.X, rows.calibration, rows.scale)
        residual = (calibrate.outcome - rows.anchor) / rows.scale - value
        width = np.exp(spread.predict_exactly(calibrate.X))
        weight = np.where(np.isnan(residual), 0.0, calibrate.weight)
        return cls(rows, value, width, residual, weight)


def calibrated(errors: Errors, groups: int) -> Calibration:
    """Shift and quantiles of the residual (split conformal, by group; a group of few rows has everybody's)."""
    residual, width, weight = errors.residual, errors.width, errors.weight
    shift, z = np.zeros(groups), np.zeros((groups, len(LEVELS)))
    for group in range(groups):
        mine = errors.rows.calibration == group
        if (weight[mine] > 0).sum() < LEAST_CELL:
            mine = np.ones(mine.size, bool)
        shift[group] = weighted_quantiles(residual[mine], weight[mine], (0.5,))[0]
        z[group] = weighted_quantiles((residual[mine] - shift[group]) / width[mine], weight[mine])
    # The signs of what is left are half and half, so its median is 0 but for how quantiles lie between two rows.
    z[:, MEDIAN] = 0.0
    return Calibration(shift, np.maximum.accumulate(z, axis=1))
