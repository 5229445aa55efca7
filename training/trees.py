"""The two boosters of a model: the median, and how far outcomes lie from it.

One thread by default, so that two models train side by side; a test shows that two give the same bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb

from hospital.events import Array
from training.monotone import in_order

__all__ = ["Trees", "fit_median", "fit_trees"]

MEDIAN_ROUNDS = 260
SPREAD_ROUNDS = 80
_FLOOR = 0.02  # of the scale: a residual of nothing must not pull the spread to nothing


@dataclass(frozen=True)
class Trees:
    """Fitted boosters as the bytes of their ``.ubj`` files."""

    median: bytes
    spread: bytes


class _Progress(xgb.callback.TrainingCallback):  # type: ignore[misc] # xgboost has no types
    def __init__(self, report: Callable[[], None]) -> None:
        self._report = report

    def after_iteration(self, model: object, epoch: int, evals_log: object) -> bool:
        self._report()
        return False


def fit_trees(
    X: Array,
    y: Array,
    weight: Array,
    *,
    seed: int,
    threads: int = 1,
    progress: Callable[[], None],
    signs: Sequence[int] = (),
) -> Trees:
    """Fits both boosters to y (float64 [n], in units of the row's scale) with weights; `progress` after each round.

    The median by the pinball loss at one half (Koenker & Bassett 1978); the spread as the mean logarithm of
    the absolute residual, so that its exponential is never 0.

    Args:
        signs: of each feature, 1: the median never falls with it, -1: never rises, 0: as it comes; none: all 0.
    """
    X, y, weight = _kept(X, y, weight)
    common = _common(seed, threads)
    median = _median(X, y, weight, common, progress, signs)
    residual = np.abs(y - median.inplace_predict(X))
    spread = xgb.train(
        {
            **common,
            "objective": "reg:squarederror",
            "max_depth": 4,
            "eta": 0.08,
            "min_child_weight": 50,
            "colsample_bytree": 0.6,
        },
        xgb.QuantileDMatrix(X, label=np.log(residual + _FLOOR), weight=weight, nthread=threads),
        SPREAD_ROUNDS,
        callbacks=[_Progress(progress)],
    )
    return Trees(bytes(median.save_raw("ubj")), bytes(spread.save_raw("ubj")))


def fit_median(
    X: Array, y: Array, weight: Array, *, seed: int, threads: int = 1, progress: Callable[[], None]
) -> bytes:
    """The median alone, as `fit_trees` fits it: the bytes of a ``.ubj`` file."""
    X, y, weight = _kept(X, y, weight)
    return bytes(_median(X, y, weight, _common(seed, threads), progress).save_raw("ubj"))


def _kept(X: Array, y: Array, weight: Array) -> tuple[Array, Array, Array]:
    keep = weight > 0
    return X[keep], y[keep].astype(np.float32), weight[keep].astype(np.float32)


def _common(seed: int, threads: int) -> dict[str, Any]:
    return {"tree_method": "hist", "seed": seed, "nthread": threads, "max_bin": 256}


def _median(
    X: Array,
    y: Array,
    weight: Array,
    common: dict[str, Any],
    progress: Callable[[], None],
    signs: Sequence[int] = (),
) -> xgb.Booster:
    parameters = {
        **common,
        "objective": "reg:quantileerror",
        "quantile_alpha": 0.5,
        "max_depth": 6,
        "eta": 0.05,
        "min_child_weight": 10,
        "colsample_bytree": 0.6,
        "subsample": 0.8,
    }
    if any(signs):
        parameters["monotone_constraints"] = tuple(signs)
    data = xgb.QuantileDMatrix(X, label=y, weight=weight, nthread=int(common["nthread"]))
    return in_order(xgb.train(parameters, data, MEDIAN_ROUNDS, callbacks=[_Progress(progress)]), signs)
