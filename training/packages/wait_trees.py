"""The boosters of a wait: a median that is the mean of two, and its own p10 and p90."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hospital.arrays import Array
from training.monotone import in_order
from training.packages.tree_mixture import mean_of
from training.trees import DEFAULT_HYPERPARAMETERS, Hyperparameters, share_of_rows, train_booster

__all__ = ["QUANTILE_ROUNDS", "fit_interval_ends", "fit_wait_median"]

QUANTILE_ROUNDS = 80
_ENDS = {"p10.ubj": 0.1, "p90.ubj": 0.9}
_LARGEST_STEP = 0.3
_DEPTH_BY_LEAF = 8
_Parameters = dict[str, Any]


def fit_wait_median(
    X: Array,
    y: Array,
    weight: Array,
    scale: Array,
    *,
    seed: int,
    threads: int = 1,
    progress: Callable[[], None],
    signs: Sequence[int] = (),
    hyperparameters: Hyperparameters = DEFAULT_HYPERPARAMETERS,
) -> bytes:
    """The mean of two boosters of half the rounds each, as the bytes of one ``.ubj`` file.

    One grows its trees level by level and takes each wait in units of what is usual; the other grows them where most is
    to be gained, and weights rows by their scale, so that each minute counts alike. Their mean errs less than either.

    Args:
        y: float64 [n], in units of the row's scale.
        scale: float64 [n], minutes.
        signs, hyperparameters: as in `training.trees.fit_trees`.
    """
    h = hyperparameters
    common: _Parameters = {
        "objective": "reg:quantileerror",
        "quantile_alpha": 0.5,
        "eta": min(2 * h.step, _LARGEST_STEP),
        "min_child_weight": h.least_weight,
        "colsample_bytree": h.columns,
        "subsample": share_of_rows(h.rows_share, len(X)),
    }
    if any(signs):
        common["monotone_constraints"] = tuple(signs)
    by_leaf: _Parameters = {
        "grow_policy": "lossguide",
        "max_leaves": 2 ** (h.depth - 1),
        "max_depth": h.depth + 2,
        "min_child_weight": 3 * h.least_weight,
    }
    first = h.rounds - h.rounds // 2
    members = [(weight, {**common, "max_depth": h.depth}, first)]
    if h.rounds > 1:
        members.append(
            (weight * scale / np.average(scale, weights=weight), {**common, **by_leaf}, h.rounds // 2)
        )
    return bytes(
        mean_of(
            [
                in_order(
                    train_booster(
                        X, y, own, parameters, rounds, seed=seed + k, threads=threads, progress=progress
                    ),
                    signs,
                )
                for k, (own, parameters, rounds) in enumerate(members)
            ]
        ).save_raw("ubj")
    )


def fit_interval_ends(
    X: Array,
    y: Array,
    weight: Array,
    *,
    seed: int,
    threads: int = 1,
    progress: Callable[[], None],
) -> dict[str, bytes]:
    """Boosters of y's p10 and p90 by the pinball loss: the bytes of their ``.ubj`` files, by name.

    A long queue makes a wait uncertain upwards, and hardly downwards: each side has trees of its own.
    """
    parameters: _Parameters = {
        "objective": "reg:quantileerror",
        "max_depth": 4,
        "eta": 0.12,
        "min_child_weight": 40,
        "colsample_bytree": 0.6,
        "subsample": share_of_rows(0.8, len(X)),
    }
    return {
        name: bytes(
            train_booster(
                X,
                y,
                weight,
                {**parameters, "quantile_alpha": level},
                QUANTILE_ROUNDS,
                seed=seed,
                threads=threads,
                progress=progress,
            ).save_raw("ubj")
        )
        for name, level in _ENDS.items()
    }
