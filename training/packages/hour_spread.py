"""How much wider or narrower errors are at each hour than the spread's trees say, as one more tree.

The trees of the spread learn from days that the median was fitted to, at all horizons at once. Four hours ahead they
say too little of the hour: by night hardly anybody moves, at noon many do. What later days say of it is a factor of the
width for each horizon and three hours of the day: a tree of its own beside them, so that it is predicted and explained
as they are (docs/adr/0031-widths-by-the-hour.md).
"""

import json
from typing import Any

import numpy as np
import xgboost as xgb

from hospital.arrays import Array
from hospital.dataset.quantiles import weighted_quantiles
from registry.model.dataset import PreparedBeds
from training.conformal import LEAST_CELL, Errors, spread_of_whole_beds
from training.horizon_trees import horizon_column, under_splits

__all__ = ["BAND_HOURS", "hour_factors", "spread_by_hour"]

BAND_HOURS = 3
_MOST_HORIZON_HOURS = 24.0
"""Further ahead the hour says nothing that the trees do not (docs/forecasts.md)."""
_DAY_HOURS = 24


def spread_by_hour(errors: Errors, calibration_set: PreparedBeds) -> bytes | None:
    """The bytes of a ``.ubj`` file of one tree, added to the logarithm of the width; None: the days say nothing.

    A daily census, and a hospital with too few rows at any hour, have none.

    Args:
        errors: of the first fit on these rows, which it never saw.
    """
    names = [f.name for f in calibration_set.features]
    if calibration_set.events.cadence_hours >= _DAY_HOURS or "target_hour" not in names:
        return None
    columns = horizon_column(calibration_set.features), names.index("target_hour")
    horizon, hour = (calibration_set.X[:, column] for column in columns)
    hours = np.unique(horizon)
    factors, rows = hour_factors(errors, horizon, hour)
    if (factors == 1).all():
        return None
    return _booster(np.log(factors), rows, hours, columns, calibration_set.X.shape[1])


def hour_factors(errors: Errors, horizon: Array, hour: Array) -> tuple[Array, Array]:
    """(how many times as wide as at all hours of its horizon the errors of an hour are, known rows): float64
    [horizons, bands of three hours] each; 1 where there are fewer than `LEAST_CELL` rows, and more than a day ahead.

    Args:
        horizon: float32 [n], hours.
        hour: float32 [n], of the outcome's time by the hospital's clock.
    """
    left, weight = spread_of_whole_beds(errors)
    known = errors.weight > 0
    band = (hour // BAND_HOURS).astype(np.int64)
    of = np.unique(horizon)
    factors = np.ones((of.size, _DAY_HOURS // BAND_HOURS))
    rows = np.zeros_like(factors)
    for place, hours in enumerate(of.tolist()):
        mine = known & (horizon == hours)
        usual = _width(left[mine], weight[mine])
        for b in range(factors.shape[1]):
            here = mine & (band == b)
            rows[place, b] = here.sum()
            if hours <= _MOST_HORIZON_HOURS and rows[place, b] >= LEAST_CELL:
                factors[place, b] = _width(left[here], weight[here]) / usual
    return factors, rows


def _width(left: Array, weight: Array) -> float:
    """From p10 to p90 of errors in units of their width (float64 [n, places] both)."""
    low, high = weighted_quantiles(left.ravel(), weight.ravel(), (0.1, 0.9), independent=len(left))
    return float(high - low)


def _booster(added: Array, rows: Array, hours: Array, columns: tuple[int, int], features: int) -> bytes:
    """One tree that says `added` (float64 [horizons, bands]); `columns`: of the horizon, and of the hour."""
    body, leaf = _empty(features)
    middles = (np.arange(added.shape[1]) + 0.5) * BAND_HOURS
    by_horizon = [
        under_splits([_leaf(leaf, *cell) for cell in zip(mine, of, strict=True)], middles, columns[1])
        if mine.any()
        else _leaf(leaf, 0.0, float(of.sum()))
        for mine, of in zip(added, rows, strict=True)
    ]
    tree = under_splits(by_horizon, hours, columns[0])
    body["learner"]["gradient_booster"]["model"]["trees"] = [{**tree, "id": 0}]
    whole = xgb.Booster()
    whole.load_model(bytearray(json.dumps(body).encode()))
    return bytes(whole.save_raw("ubj"))


def _empty(features: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """(a booster of one tree of one leaf that adds nothing to 0, that tree)."""
    data = xgb.DMatrix(np.zeros((2, features), np.float32), label=np.zeros(2))
    booster = xgb.train({"base_score": 0.0, "nthread": 1, "max_depth": 1}, data, 1)
    body: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))
    return body, body["learner"]["gradient_booster"]["model"]["trees"][0]


def _leaf(leaf: dict[str, Any], value: float, rows: float) -> dict[str, Any]:
    """A leaf of this value, which so many rows came to (one where none did: a tree's covers are above 0)."""
    return {
        **leaf,
        "base_weights": [float(value)],
        "split_conditions": [float(value)],
        "sum_hessian": [max(float(rows), 1.0)],
    }
