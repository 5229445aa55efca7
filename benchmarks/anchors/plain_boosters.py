"""LightGBM with a booster for each of seven quantiles: how an expert gets intervals without a second thought."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import pandas as pd

from hospital.arrays import Array
from hospital.dataset.quantiles import LEVELS

__all__ = ["BEDS", "FITTED", "WAITS", "Settings", "all_levels", "direct_quantiles", "made_by", "uncrossed"]


@dataclass(frozen=True)
class Settings:
    """Hyperparameters, as LightGBM names them."""

    learning_rate: float
    num_leaves: int
    min_child_samples: int
    subsample: float


BEDS = Settings(0.03, 15, 100, 0.7)
WAITS = Settings(0.05, 31, 50, 1.0)
_TREES = 300
FITTED = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
"""Levels with a booster of their own; those between lie on the straight line from one to the next."""


def direct_quantiles(
    train: pd.DataFrame,
    outcome: Array,
    weight: Array,
    judged: pd.DataFrame,
    settings: Settings,
    progress: Callable[[], None] = lambda: None,
) -> Array:
    """Quantiles of the judged rows: float64 [m, levels], none crossing the next.

    Args:
        train, judged: [n] and [m] rows of the same features; text as categories.
        outcome, weight: float64 [n].
        progress: called after each booster.
    """
    from lightgbm import LGBMRegressor

    names: Mapping[str, float] = vars(settings)
    columns = []
    for level in FITTED:
        booster = LGBMRegressor(
            objective="quantile",
            alpha=level,
            n_estimators=_TREES,
            subsample_freq=1 if settings.subsample < 1 else 0,
            n_jobs=1,
            seed=1,
            verbose=-1,
            **names,
        )
        booster.fit(train, outcome, sample_weight=weight)
        columns.append(np.asarray(booster.predict(judged), np.float64))
        progress()
    return all_levels(uncrossed(np.column_stack(columns)))


def uncrossed(quantiles: Array) -> Array:
    """Quantiles fitted one by one, moved outwards where they cross: the median, which is judged, stays as it is.

    Args:
        quantiles: float64 [n, an odd number of levels], the median in the middle.
    """
    median = quantiles.shape[1] // 2
    above = np.maximum.accumulate(quantiles[:, median:], axis=1)
    below = np.minimum.accumulate(quantiles[:, median::-1], axis=1)[:, ::-1]
    return np.concatenate([below[:, :-1], above], axis=1)


def all_levels(quantiles: Array) -> Array:
    """Quantiles at all levels (float64 [n, levels]) from those at the fitted ones (float64 [n, 7])."""
    fitted = np.array(FITTED)
    place = np.clip(np.searchsorted(fitted, LEVELS, "right") - 1, 0, fitted.size - 2)
    share = (np.array(LEVELS) - fitted[place]) / (fitted[place + 1] - fitted[place])
    return quantiles[:, place] * (1 - share) + quantiles[:, place + 1] * share


def made_by() -> str:
    """Which library made the forecasts."""
    return f"lightgbm {version('lightgbm')}"
