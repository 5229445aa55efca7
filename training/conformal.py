"""Split conformal calibration: what days that were not fitted to say of a median and its widths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS, weighted_quantiles
from registry.components.interval_trees import IntervalTrees, of_side
from registry.components.linear_step import Median
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_model import MEDIAN, Rows

__all__ = ["LEAST_CELL", "LEAST_WAITS", "Calibration", "Errors", "calibrated", "spread_of_whole_beds"]

LEAST_CELL = 150
"""Rows of a group that are enough for quantiles of its own."""
LEAST_WAITS = 300
"""Visits that are enough for a triage level, or a department's part of the day: its p90 is then known to 2 points."""
_PLACES = (np.arange(10) + 0.5) / 10 - 0.5
"""Where a whole bed stands in its unit interval, in beds."""
Prepared = PreparedBeds | PreparedWaits


@dataclass(frozen=True)
class Calibration:
    """What later days say of the median and its widths, by group.

    Attributes:
        shift: float64 [groups], median of outcome less median (of bed demand a share of it), in units of the scale:
        what the served p50 adds, the same for every row of a group, so that it follows the signs that its trees keep.
        z: float64 [groups, levels], quantiles of what is left, in units of the width; 0 at the median.
    """

    shift: Array
    z: Array

    def to_json(self) -> dict[str, Any]:
        """As ``calibration.json``."""
        return {"levels": list(LEVELS), "shift": self.shift.tolist(), "quantiles": self.z.tolist()}


@dataclass(frozen=True)
class Errors:
    """What a median and its widths say of later rows, and what was so.

    Attributes:
        median, residual: float64 [n], in units of the scale.
        width: float64 [n] or [n, 2], as `registry.components.interval_trees` has it.
        weight: float64 [n], 0 where not known.
    """

    rows: Rows
    median: Array
    width: Array
    residual: Array
    weight: Array

    @classmethod
    def of(cls, median: Median, interval: IntervalTrees, calibration_set: Prepared, rows: Rows) -> "Errors":
        """Of rows that neither was fitted to."""
        value = median.value(calibration_set.X, rows.calibration, rows.scale)
        residual = (calibration_set.outcome - rows.offset) / rows.scale - value
        width = interval.widths(calibration_set.X, value)
        weight = np.where(np.isnan(residual), 0.0, calibration_set.weight)
        return cls(rows, value, width, residual, weight)


def calibrated(
    errors: Errors,
    groups: int,
    *,
    shifted: Array | None = None,
    alike: Sequence[Array] = (),
    least: int = LEAST_CELL,
    share: float = 1.0,
    whole: bool = False,
) -> Calibration:
    """Shift and quantiles of the residual (split conformal, by group).

    Args:
        shifted: int64 [groups], classes of groups that share a shift; None: each its own. A median moved by a
            few hundred rows is moved by chance, where their quantiles still show how sure it is.
        alike: int64 [groups] each, classes of groups that share their quantiles, or everybody's where a class has few
            rows: a group has the mean of what its classes say. None: each group its own.
        least: rows that are enough.
        share: of the shift, what is added. The ends of intervals lie where they lay with the whole of it.
        whole: outcomes are whole beds, each spread over its unit interval, as coverage is judged
            (`registry.evidence.interval_shares`): the interval of a forecast that is nearly always right has the
            width of the bed that it names.
    """
    residual, width, weight = errors.residual, errors.width, errors.weight
    places = _PLACES if whole else np.zeros(1)
    beside = places / errors.rows.scale[:, None]
    own = np.arange(groups)
    shift, z = np.zeros(groups), np.zeros((groups, len(LEVELS)))
    shifts = _rows_of(errors, own if shifted is None else shifted, LEAST_CELL)
    quantiles = zip(*(_rows_of(errors, classes, least) for classes in alike or (own,)), strict=True)
    for group, (moved, pools) in enumerate(zip(shifts, quantiles, strict=True)):
        shift[group] = share * weighted_quantiles(residual[moved], weight[moved], (0.5,))[0]
        for mine in pools:
            left = (residual[mine, None] + beside[mine]).ravel() - shift[group]
            of, each = (np.repeat(values[mine], places.size, axis=0) for values in (width, weight))
            rows = int((weight[mine] > 0).sum())
            z[group] += weighted_quantiles(left / of_side(of, left), each, independent=rows) / len(pools)
    # Half of what is left lies on either side of the median, but for how quantiles lie between two rows.
    z[:, MEDIAN] = 0.0
    z[:, :MEDIAN] = np.minimum(z[:, :MEDIAN], 0.0)
    return Calibration(shift, np.maximum.accumulate(z, axis=1))


def spread_of_whole_beds(errors: Errors) -> tuple[Array, Array]:
    """Errors in units of their width, each outcome spread over its whole bed, and their weights: float64 [n, places]
    each. Of a bed model, whose width has one side."""
    beside = _PLACES / errors.rows.scale[:, None]
    left = (errors.residual[:, None] + beside) / errors.width[:, None]
    return left, np.repeat(errors.weight[:, None], _PLACES.size, axis=1)


def _rows_of(errors: Errors, classes: Array, least: int) -> Iterator[Array]:
    """By group, the rows (bool [n]) of its class where `least` of them are known; all rows where they are not."""
    known, by_row = errors.weight > 0, classes[errors.rows.calibration]
    for of in classes:
        mine = by_row == of
        yield mine if known[mine].sum() >= least else np.ones(known.size, bool)
