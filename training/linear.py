"""Fits the linear step: slopes of least absolute errors, shared by all units, by horizon."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hospital.arrays import Array
from hospital.features.feature import Feature
from registry.components.linear_step import LinearStep, inputs

__all__ = ["fit_seasonal_profile", "fit_slopes", "with_seasonal_profile"]

CANDIDATES = (
    "demand_change_24h",
    "demand_change_7d",
    "above_usual",
    "usual_then",
    "seasonal_profile",
    "last_week_change",
    "above_week_share",
    "above_month_share",
    "hospital_change_24h",
    "hospital_above_usual",
    "hospital_usual_change",
    "target_holiday",
    "holidays_until",
    "holidays_last_week",
    "holidays_before_then",
    "holidays_after_then",
    "admissions_24h",
    "discharges_24h",
    "waiting_for_bed",
    "planned_operations",
    "expected_departures",
)
"""Changes and flows: what could move demand in proportion. Levels are for trees."""
SEASONAL_PROFILE_SHARE = 0.5
"""Of the unit's seasonal profile, what trees start from: see docs/forecasts.md."""
SLOPES_SHARE, TREES_SHARE = 0.5, 0.5
"""What each counts for. Shares found on a history's last days were no better: see docs/forecasts.md."""
_DIGITS = 6  # rounded, so that another order of adding up gives the same bytes
_SEASONAL_PROFILE = "seasonal_profile"
_RIDGE = 1e-3
_ROUNDS = 10
_LEAST_ERROR = 0.05  # of the scale: smaller errors count as this one, so that none gets all the weight


def fit_slopes(
    features: Sequence[Feature], X: Array, usual: Array, y: Array, weight: Array, group: Array, scale: Array
) -> tuple[LinearStep, Array]:
    """Slopes of y (float64 [n], in units of the row's scale), and of the usual change (float64 [groups]).

    By iteratively reweighted least squares.

    Args:
        usual: float64 [n], usual change in beds.
        group: int64 [n], horizon.
        weight: float64 [n], 0: left out.
    """
    have = {f.name for f in features}
    names = tuple(n for n in CANDIDATES if n in have)
    Z = np.column_stack([inputs(names, features, X, scale), usual / scale])
    slopes = np.zeros((int(group.max()) + 1, Z.shape[1]))
    for g in range(len(slopes)):
        mine = (group == g) & (weight > 0)
        if mine.any():
            slopes[g] = _least_absolute(Z[mine], y[mine], weight[mine])
    slopes = np.round(SLOPES_SHARE * slopes, _DIGITS)
    return LinearStep(names, slopes[:, :-1], np.full(len(slopes), TREES_SHARE)), slopes[:, -1]


def fit_seasonal_profile(
    features: Sequence[Feature], X: Array, y: Array, weight: Array, group: Array, scale: Array
) -> LinearStep:
    """What trees start from: half of the unit's own seasonal profile, as much as it predicts by itself, by horizon.

    Chance in what a slope multiplies flattens the slope, so that a seasonal profile counts for as much as it is
    reliably estimated. Of a hospital's small wards trees know better: half was as good there as none, and nearly
    as good as whole for states.

    Args:
        X: float32 [n, features], NaN missing.
        y, weight: float64 [n].
        scale: float64 [n], in the outcome's unit.
        group: int64 [n], the number of its slopes.
    """
    Z, slopes = inputs([_SEASONAL_PROFILE], features, X, scale), np.zeros((int(group.max()) + 1, 1))
    for g in range(len(slopes)):
        mine = (group == g) & (weight > 0)
        if mine.any():
            slopes[g] = _least_absolute(Z[mine], y[mine], weight[mine])
    return LinearStep(
        (_SEASONAL_PROFILE,), np.round(SEASONAL_PROFILE_SHARE * slopes, _DIGITS), np.zeros(len(slopes))
    )


def with_seasonal_profile(step: LinearStep, seasonal_profile: LinearStep) -> LinearStep:
    """The step with what trees started from, as much as they count for."""
    slopes = step.slopes.copy()
    slopes[:, step.names.index(_SEASONAL_PROFILE)] += TREES_SHARE * seasonal_profile.slopes[:, 0]
    return replace(step, slopes=np.round(slopes, _DIGITS))


def _least_absolute(Z: Array, y: Array, weight: Array) -> Array:
    size = np.sqrt((Z * Z).mean(axis=0))
    size = np.where(size > 0, size, 1.0)
    Z, ridge = Z / size, _RIDGE * np.eye(Z.shape[1])
    slope, now = np.zeros(Z.shape[1]), weight / weight.mean()
    for _ in range(_ROUNDS):
        weighted = Z * now[:, None]
        # einsum adds up in one order; the matrix product's depends on threads.
        gram, right = np.einsum("ni,nj->ij", weighted, Z), np.einsum("ni,n->i", weighted, y)
        slope = np.linalg.solve(gram / now.sum() + ridge, right / now.sum())
        now = weight / np.maximum(np.abs(y - np.einsum("ni,i->n", Z, slope)), _LEAST_ERROR)
    return np.asarray(slope / size)
