"""How well contributions give away an audit attribute that the model was never given: scores for the explanation gate.

A ridge regression of "is in the group" on the rows' contributions, scored on days that it was not fitted to. What
such a score can tell, somebody who reads the reasons could tell too (proxies: Barocas & Selbst 2016, California Law
Review 104:671).
"""

from collections.abc import Sequence

import numpy as np

from hospital.arrays import Array
from hospital.times import DAY
from registry.model.dataset import PreparedWaits
from registry.model.feature_groups import centred, rows_of
from registry.model.forecast_model import ForecastModel
from registry.model.scoring import audit_of

__all__ = ["cross_scores", "proxies"]

_FOLDS = 5
_RIDGE = 0.01


def proxies(
    model: ForecastModel, part: PreparedWaits, attributes: Sequence[str], least_group: int
) -> dict[str, Array]:
    """Cross-validated scores of every group of each attribute with enough visits on either side.

    Returns:
        ``groups``: text [k], attribute=value. ``scores``: float64 [k, n], NaN where the attribute is unknown.
    """
    rows = rows_of(model, part)
    contributions = centred(rows, model.contributions(rows))
    names, scores = [], []
    for attribute, values in audit_of(part.samples).items():
        known = np.array([v is not None for v in values], bool)
        if attribute not in attributes:
            continue
        for value in sorted({str(v) for v in values[known]}):
            inside = np.array([v == value for v in values], bool)
            if min(inside.sum(), (known & ~inside).sum()) >= least_group:
                names.append(f"{attribute}={value}")
                found = np.full(values.size, np.nan)
                found[known] = cross_scores(
                    contributions[known], inside[known], part.prediction_time[known] // DAY
                )
                scores.append(found)
    n = part.prediction_time.size
    return {"groups": np.array(names, np.str_), "scores": np.array(scores).reshape(-1, n)}


def cross_scores(contributions: Array, inside: Array, day: Array) -> Array:
    """Scores (float64 [n]) of rows by a ridge regression fitted to other days: every fifth day is left out in turn."""
    fold = np.unique(day, return_inverse=True)[1] % _FOLDS
    out = np.zeros(inside.size)
    for k in range(_FOLDS):
        own, rest = fold == k, fold != k
        mean, spread = contributions[rest].mean(axis=0), contributions[rest].std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        Z = (contributions - mean) / spread
        gram = Z[rest].T @ Z[rest] / rest.sum() + _RIDGE * np.eye(Z.shape[1])
        target = inside[rest].astype(np.float64)
        slope = np.linalg.solve(gram, Z[rest].T @ (target - target.mean()) / rest.sum())
        out[own] = Z[own] @ slope
    return out
