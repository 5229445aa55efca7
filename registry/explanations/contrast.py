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

__all__ = ["Contrast", "contrast"]

_P50 = LEVELS.index(0.5)


@dataclass(frozen=True)
class Contrast:
    """The difference of two p50; `base` + contributions + adjustments = the p50 of the later.

    Attributes:
        base: the p50 of the earlier forecast, in beds or minutes.
        contributions: float64 [features], what each adds to the difference.
        adjustments: by name; ``start``: where the two start from (patients now and their
            usual change, the usual wait, or the baseline).
        values, earlier_values: float64 [features], NaN unknown.
    """

    base: float
    contributions: Array
    adjustments: Mapping[str, float]
    values: Array
    earlier_values: Array


@dataclass(frozen=True)
class _Terms:
    """A forecast as a sum: start + contributions + calibration + floor."""

    start: float
    contributions: Array
    calibration: float
    floor: float


def contrast(later: Basis, earlier: Basis) -> Contrast:
    """Why a forecast differs from another of the same model."""
    ours, theirs = _terms(later), _terms(earlier)
    adjustments = {
        "start": ours.start - theirs.start,
        "calibration": ours.calibration - theirs.calibration,
        "floor": ours.floor - theirs.floor,
    }
    base = float(earlier.answered.quantiles[earlier.place, _P50])
    values, before = (b.rows.X[b.place].astype(np.float64) for b in (later, earlier))
    return Contrast(base, ours.contributions - theirs.contributions, adjustments, values, before)


def _terms(basis: Basis) -> _Terms:
    """The terms that the forecast was computed from; none of them is what the others lack of it."""
    row, model = basis.row, basis.model
    explained = basis.answered.model if basis.inside else basis.answered.baseline
    if explained is None:
        raise ValueError("nothing explains this row")
    calibration, floor = (float(explained.adjustments[n][basis.place]) for n in ("calibration", "floor"))
    if not basis.inside:
        return _Terms(float(row.baseline[0]), np.zeros(row.X.shape[1]), calibration, floor)
    contributions, base = model.median.reasons(row.X, row.calibration, row.scale)
    start = row.offset + row.scale * base
    return _Terms(float(start[0]), (row.scale[:, None] * contributions)[0], calibration, floor)
