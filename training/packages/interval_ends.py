"""The ends of a wait's interval: boosters of its p10 and its p90."""

from collections.abc import Callable

from hospital.arrays import Array
from training.trees import share_of_rows, train_booster

__all__ = ["QUANTILE_ROUNDS", "fit_interval_ends"]

QUANTILE_ROUNDS = 80
_ENDS = {"p10.ubj": 0.1, "p90.ubj": 0.9}


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
    X: float32 [n, features], NaN missing; y and weight: [n] of any float's type.
    """
    parameters = {
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
