"""Rows to forecast, and the distributions of a model and of a baseline for them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from hospital.features.feature import TRIAGE_RANK
from registry.components.adaptive_width import UNHELD
from registry.components.interval_trees import by_level

__all__ = [
    "MEDIAN",
    "WAIT_BAND_HOURS",
    "WAIT_GROUP_SHAPE",
    "Explained",
    "Rows",
    "model_quantiles",
    "quantiles_of_baseline",
    "with_widths",
]

MEDIAN = LEVELS.index(0.5)


@dataclass(frozen=True)
class Rows:
    """Rows to forecast, with all that a forecast needs besides the trees.

    Attributes:
        X: float32 [n, features].
        cell: int64 [n], whose usual contributions are subtracted (unit and horizon, or department).
        calibration: int64 [n], group of the calibrated quantiles (horizon; of waits department, part of the
            day and triage level).
        offset, scale, floor: float64 [n], in beds or minutes.
        baseline: float64 [n], the best baseline.
        baseline_cell: int64 [n], whose residual quantiles stand around the baseline.
        kind: int64 [n], horizon or triage level: rows whose reasons are compared with one another.
        width, baseline_width: float64 [n], what the model's and the baseline's distributions are stretched by about
            their p50 (`registry.components.adaptive_width`); 1 where nothing is known of recent errors.
        situation: int64 [n], when the forecast is made (`registry.components.situations`), whose usual values and
            contributions a row is compared with; None: not known, and nothing is called usual.
        unheld: bool [n, 2], the intervals of the model's and of the baseline's recent forecasts did not hold as often
            as they say (`registry.components.adaptive_width.UNHELD`); None: nothing is known of recent errors.
        unlearned: bool [n, features], a category that is known, and that no training case had: it has no code in `X`;
            None: none is.
    """

    X: Array
    cell: Array
    calibration: Array
    offset: Array
    scale: Array
    floor: Array
    baseline: Array
    baseline_cell: Array
    kind: Array
    width: Array
    baseline_width: Array
    situation: Array | None = None
    unheld: Array | None = None
    unlearned: Array | None = None

    def at(self, where: Array | slice) -> "Rows":
        """Some of the rows: those at places (int64), those that a mask names, or a slice."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        chosen: dict[str, Any] = {name: None if c is None else c[where] for name, c in columns.items()}
        return Rows(**chosen)


@dataclass(frozen=True)
class Explained:
    """Forecasts with their reasons; `base` + contributions + adjustments = `p50`, row by row.

    Attributes:
        p50, base: float64 [n].
        contributions: float64 [n, features].
        adjustments: float64 [n] by name, each by its own formula.
        reference_values: float64 [n, features], what is usual; NaN where nothing is compared.
        widening: int64 [n], place in `registry.components.situations.WIDENINGS` of what each row is compared with;
            `NO_COMPARISON` where nothing is.
        cases: int64 [n], how many cases that are.
        situation: int64 [n], the row's own; -1 not known.
    """

    p50: Array
    base: Array
    contributions: Array
    adjustments: Mapping[str, Array]
    reference_values: Array
    widening: Array
    cases: Array
    situation: Array


def with_widths(rows: Rows, widths: Array) -> Rows:
    """The rows with what recent errors say of them.

    Args:
        widths: float64 [n, 4], factors of the model and of the baseline, then the record of misses of each
            (`registry.model.interval_widths.ErrorHistory.widths`).
    """
    return replace(rows, width=widths[:, 0], baseline_width=widths[:, 1], unheld=widths[:, 2:] > UNHELD)


def model_quantiles(rows: Rows, median: Array, widths: Array, shift: Array, z: Array) -> Array:
    """The model's distributions: float64 [n, levels], beds or minutes.

    Args:
        median: float64 [n], in units of the scale.
        widths: float64 [n] or [n, 2], as `registry.components.interval_trees` has them.
        shift: float64 [groups].
        z: float64 [groups, levels]; of the rows' calibration groups.
    """
    shifted, width = median + shift[rows.calibration], by_level(widths) * rows.width[:, None]
    raw = rows.offset[:, None] + rows.scale[:, None] * (shifted[:, None] + width * z[rows.calibration])
    return np.maximum(raw, rows.floor[:, None])


def quantiles_of_baseline(rows: Rows, residuals: Array) -> Array:
    """The baseline's distributions: float64 [n, levels]; `residuals`: float64 [cells, levels], beds or minutes."""
    found = residuals[rows.baseline_cell]
    stretched = (rows.baseline_width - 1)[:, None] * (found - found[:, MEDIAN : MEDIAN + 1])
    return np.maximum(rows.baseline[:, None] + found + stretched, rows.floor[:, None])


WAIT_BAND_HOURS = 6
WAIT_GROUP_SHAPE = (24 // WAIT_BAND_HOURS, len(TRIAGE_RANK) + 1)
"""Calibration groups of a department: parts of the day by triage level (and none), in this order."""
