"""Why one forecast differs from another: what each feature and each step adds to the difference, exactly.

Both forecasts are sums of terms in beds or minutes: where they start, the contribution of each feature, calibration and
floor. The difference of two sums is the sum of the differences of their terms, so nothing is attributed and nothing is
left over. The two may be of different hours and horizons; of one release and one unit they must be.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS
from registry.explanations.basis import Basis
from registry.explanations.total_basis import TotalBasis
from registry.model.forecast_model import ForecastModel, Rows
from registry.model.hospital_total import means
from registry.model.scope_fallback import Answered

__all__ = ["Contrast", "contrast", "contrast_totals"]

_P50 = LEVELS.index(0.5)


@dataclass(frozen=True)
class Contrast:
    """The difference of two p50; `base` + contributions + adjustments = the p50 of the later.

    Attributes:
        base: the p50 of the earlier forecast, in beds or minutes.
        contributions: float64 [features], what each adds to the difference.
        adjustments: by name; ``start``: where the two start from (patients now and their
            usual change, the usual wait, or the baseline); of totals also ``mean_above_p50`` and ``units``.
        values, earlier_values: float64 [features], NaN unknown.
    """

    base: float
    contributions: Array
    adjustments: Mapping[str, float]
    values: Array
    earlier_values: Array


@dataclass(frozen=True)
class _Terms:
    """Forecasts as sums: start + contributions + calibration + floor; float64 [n], or [n, features]."""

    start: Array
    contributions: Array
    calibration: Array
    floor: Array


def contrast(later: Basis, earlier: Basis) -> Contrast:
    """Why a forecast differs from another of the same model."""
    ours, theirs = (_terms(b.model, b.row, b.answered, np.array([b.place])) for b in (later, earlier))
    adjustments = {
        "start": float(ours.start[0] - theirs.start[0]),
        "calibration": float(ours.calibration[0] - theirs.calibration[0]),
        "floor": float(ours.floor[0] - theirs.floor[0]),
    }
    base = float(earlier.answered.quantiles[earlier.place, _P50])
    values, before = (b.rows.X[b.place].astype(np.float64) for b in (later, earlier))
    return Contrast(base, ours.contributions[0] - theirs.contributions[0], adjustments, values, before)


def contrast_totals(later: TotalBasis, earlier: TotalBasis) -> Contrast:
    """Why a hospital total differs from another: the sums of its units' differences.

    Totals are sums of their units' means. Units that are in one of the two alone are the adjustment ``units``, with all
    that they add; ``mean_above_p50`` is what the means of the others lie above their p50s.
    """
    names = sorted(set(later.units) & set(earlier.units))
    signed = [(1.0, later), (-1.0, earlier)]
    contributions = np.zeros(len(later.model.features))
    adjustments = dict.fromkeys(("start", "calibration", "floor", "mean_above_p50", "units"), 0.0)
    for sign, basis in signed:
        both = np.array([basis.units.index(name) for name in names], np.int64)
        mean = means(basis.answered.quantiles)
        terms = _terms(basis.model, basis.rows, basis.answered, np.arange(len(basis.units)))
        contributions += sign * terms.contributions[both].sum(axis=0)
        for name in ("start", "calibration", "floor"):
            adjustments[name] += sign * float(getattr(terms, name)[both].sum())
        above = mean - basis.answered.quantiles[:, _P50]
        adjustments["mean_above_p50"] += sign * float(above[both].sum())
        adjustments["units"] += sign * float(mean.sum() - mean[both].sum())
    return Contrast(earlier.p50, contributions, adjustments, later.values, earlier.values)


def _terms(model: ForecastModel, rows: Rows, answered: Answered, places: Array) -> _Terms:
    """The terms that forecasts were computed from; none of them is what the others lack of it.

    Args:
        rows: those at `places` (int64 [n]) of the rows answered.
    """
    inside, adjustments = answered.inside[places], answered.adjustments
    calibration, floor = (adjustments[name][places] for name in ("calibration", "floor"))
    if not inside.any():
        return _Terms(rows.baseline, np.zeros(rows.X.shape), calibration, floor)
    contributions, base = model.median.reasons(rows.X, rows.calibration, rows.scale)
    return _Terms(
        np.where(inside, rows.offset + rows.scale * base, rows.baseline),
        np.where(inside[:, None], rows.scale[:, None] * contributions, 0.0),
        calibration,
        floor,
    )
