"""Boosters of a model: the median, and how far outcomes lie from it.

One thread by default, so that two models train side by side; a test shows that two give the same bytes.

Where training (nearly) never lacked a feature, XGBoost sends a value that is unknown later on to the right of every
split, as though it were larger than all that was seen: of a queue of which nobody said how urgent it is, as though no
more urgent one had ever been. Here each split sends it where most of the training rows went, as the histogram trees of
scikit-learn do; of known values nothing changes. Unknown stays unknown, and whoever asks is warned (`TrainingRange`).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import xgboost as xgb

from hospital.arrays import Array
from registry.components.training_range import HARDLY_EVER
from training.monotone import in_order

__all__ = [
    "DEFAULT_HYPERPARAMETERS",
    "MOST_ROWS_OF_A_TREE",
    "SPREAD_ROUNDS",
    "Hyperparameters",
    "TreeOptions",
    "fit_median",
    "fit_spread",
    "share_of_rows",
    "train_booster",
]

SPREAD_ROUNDS = 80
MOST_ROWS_OF_A_TREE = 150_000
"""About as many rows as a tree sees at most, each drawn by itself: more teach it next to nothing (docs/adr/0006)."""
_FLOOR = 0.02  # of the scale: a residual of nothing must not pull the spread to nothing


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of the median's trees.

    Attributes:
        rounds: trees.
        depth: of each.
        step: what each new tree counts for.
        least_weight: of the rows in a leaf.
        columns, rows_share: shares of features and rows that a tree sees; of rows about `MOST_ROWS_OF_A_TREE`
            at most.
    """

    rounds: int = 260
    depth: int = 6
    step: float = 0.05
    least_weight: float = 10.0
    columns: float = 0.6
    rows_share: float = 0.8


DEFAULT_HYPERPARAMETERS = Hyperparameters()


class _Progress(xgb.callback.TrainingCallback):  # type: ignore[misc] # xgboost has no types
    def __init__(self, report: Callable[[], None]) -> None:
        self._report = report

    def after_iteration(self, model: object, epoch: int, evals_log: object) -> bool:
        self._report()
        return False


def fit_spread(
    X: Array,
    y: Array,
    weight: Array,
    median: bytes,
    *,
    seed: int,
    threads: int = 1,
    progress: Callable[[], None],
) -> bytes:
    """How far y (float64 [n], in units of the row's scale) lies from a median (the bytes of its file): the bytes of a
    ``.ubj`` file.

    It learns the mean logarithm of the absolute residual, so that its exponential is never 0.
    """
    X, y, weight = _kept(X, y, weight)
    fitted = xgb.Booster({"nthread": threads})
    fitted.load_model(bytearray(median))
    residual = np.abs(y - fitted.inplace_predict(X))
    spread = xgb.train(
        {
            **_common(seed, threads),
            "objective": "reg:squarederror",
            "max_depth": 4,
            "eta": 0.08,
            "min_child_weight": 50,
            "colsample_bytree": 0.6,
            "subsample": share_of_rows(1.0, len(X)),
        },
        xgb.QuantileDMatrix(X, label=np.log(residual + _FLOOR), weight=weight, nthread=threads),
        SPREAD_ROUNDS,
        callbacks=[_Progress(progress)],
    )
    return bytes(_unknown_with_most(spread, X).save_raw("ubj"))


class TreeOptions(TypedDict):
    """How trees are fitted: the same bits on any number of threads; `progress` is called after each tree."""

    seed: int
    threads: int
    progress: Callable[[], None]
    hyperparameters: Hyperparameters


def fit_median(
    X: Array,
    y: Array,
    weight: Array,
    *,
    seed: int,
    threads: int = 1,
    progress: Callable[[], None],
    signs: Sequence[int] = (),
    hyperparameters: Hyperparameters = DEFAULT_HYPERPARAMETERS,
    start: float | None = None,
) -> bytes:
    """Fits the median of y (float64 [n], in units of the row's scale) with weights: the bytes of a ``.ubj`` file.

    By the pinball loss at one half (Koenker & Bassett 1978); `progress` is called after each round.

    Args:
        signs: of each feature, 1: the median never falls with it, -1: never rises, 0: as it comes; none: all 0.
        start: what its first tree starts from; None: the median of y.
    """
    X, y, weight = _kept(X, y, weight)
    common = _common(seed, threads) | ({} if start is None else {"base_score": start})
    booster = _median(X, y, weight, common, progress, signs, hyperparameters)
    return bytes(booster.save_raw("ubj"))


def train_booster(
    X: Array,
    y: Array,
    weight: Array,
    parameters: Mapping[str, Any],
    rounds: int,
    *,
    seed: int,
    threads: int,
    progress: Callable[[], None],
) -> xgb.Booster:
    """A booster with these parameters of XGBoost, of the rows that weigh something; `progress` after each round.

    X: float32 [n, features], NaN missing; y and weight: [n] of any float's type.
    """
    X, y, weight = _kept(X, y, weight)
    data = xgb.QuantileDMatrix(X, label=y, weight=weight, nthread=threads)
    all_parameters = {**_common(seed, threads), **parameters}
    return _unknown_with_most(xgb.train(all_parameters, data, rounds, callbacks=[_Progress(progress)]), X)


def _kept(X: Array, y: Array, weight: Array) -> tuple[Array, Array, Array]:
    keep = weight > 0
    return X[keep], y[keep].astype(np.float32), weight[keep].astype(np.float32)


def share_of_rows(share: float, rows: int) -> float:
    """The share that each tree sees of so many rows, where `share` is wanted."""
    return min(share, MOST_ROWS_OF_A_TREE / max(rows, 1))


def _common(seed: int, threads: int) -> dict[str, Any]:
    return {"tree_method": "hist", "seed": seed, "nthread": threads, "max_bin": 256}


def _median(
    X: Array,
    y: Array,
    weight: Array,
    common: dict[str, Any],
    progress: Callable[[], None],
    signs: Sequence[int],
    hyperparameters: Hyperparameters,
) -> xgb.Booster:
    parameters = {
        **common,
        "objective": "reg:quantileerror",
        "quantile_alpha": 0.5,
        "max_depth": hyperparameters.depth,
        "eta": hyperparameters.step,
        "min_child_weight": hyperparameters.least_weight,
        "colsample_bytree": hyperparameters.columns,
        "subsample": share_of_rows(hyperparameters.rows_share, len(X)),
    }
    if any(signs):
        parameters["monotone_constraints"] = tuple(signs)
    data = xgb.QuantileDMatrix(X, label=y, weight=weight, nthread=int(common["nthread"]))
    fitted = xgb.train(parameters, data, hyperparameters.rounds, callbacks=[_Progress(progress)])
    return _unknown_with_most(in_order(fitted, signs), X)


def _unknown_with_most(booster: xgb.Booster, X: Array) -> xgb.Booster:
    """The booster whose splits on features that X (float32 [n, features]) hardly ever lacks send what is unknown where
    most rows went, by their weight; alike many on either side: to the right, as before."""
    known = np.isnan(X).mean(axis=0) < HARDLY_EVER
    model = json.loads(bytes(booster.save_raw("json")))
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        left, right, cover = tree["left_children"], tree["right_children"], tree["sum_hessian"]
        tree["default_left"] = [
            int(cover[left[node]] > cover[right[node]]) if left[node] != -1 and known[feature] else before
            for node, (feature, before) in enumerate(
                zip(tree["split_indices"], tree["default_left"], strict=True)
            )
        ]
    out = xgb.Booster()
    out.load_model(bytearray(json.dumps(model).encode()))
    return out
