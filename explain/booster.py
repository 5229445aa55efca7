"""Predictions and path-dependent contributions of a tree booster, by XGBoost itself.

The one importer of xgboost outside `training`: the named exception of the import rules until the explanation
engine of our own replaces it. Lundberg et al. 2020 (Nature Machine Intelligence 2:56), path-dependent.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from explain.errors import ExplanationError

__all__ = ["Contributions", "TreeBooster"]

Array = NDArray[Any]

_RUN = 5  # trees added in float32 at a time


@dataclass(frozen=True)
class Contributions:
    """What each feature adds to each row's output.

    Attributes:
        values: float64 [rows, features]. base: float64 [rows]; base + the values of a row is its prediction.
    """

    values: Array
    base: Array


class TreeBooster:
    """A booster read from an XGBoost model file; its output is in the units it was fitted in.

    XGBoost adds in float32, which costs a wait of hours its fourth decimal. So trees are asked for in short runs,
    and the runs are added in float64.
    """

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        """Args: model: the bytes of a ``.ubj`` file; threads: used by every call."""
        booster = xgb.Booster({"nthread": threads}, model_file=bytearray(model))
        self._features = int(booster.num_features())
        rounds = int(booster.num_boosted_rounds())
        self._runs = [booster[start : min(start + _RUN, rounds)] for start in range(0, rounds, _RUN)]
        for run in self._runs:
            # Without the base score, which is larger than a short run and would cost its last digits.
            run.set_param({"nthread": threads, "base_score": 0.0})
        parameters = json.loads(booster.save_config())["learner"]["learner_model_param"]
        self._base = float(np.float32(json.loads(str(parameters["base_score"]).strip("[]"))))

    def predict(self, X: Array) -> Array:
        """Predictions (float64 [rows]) of X (float32 [rows, features], NaN missing)."""
        self._check(X)
        total = np.full(len(X), self._base)
        for run in self._runs:
            total += run.inplace_predict(X).astype(np.float64)
        return total

    def contributions(self, X: Array) -> Contributions:
        """Contributions of X (float32 [rows, features], NaN missing).

        Raises:
            ExplanationError: a sum differs from the prediction by more than 3e-7 of the sum of its parts.
        """
        self._check(X)
        rows, total = xgb.DMatrix(X, nthread=1), np.zeros((len(X), self._features + 1))
        for run in self._runs:
            total += run.predict(rows, pred_contribs=True).astype(np.float64)
        total[:, -1] += self._base
        gap = np.abs(total.sum(axis=1) - self.predict(X))
        if not bool(np.all(gap <= 3e-7 * np.maximum(1.0, np.abs(total).sum(axis=1)))):
            raise ExplanationError(
                "The contributions do not add up to the prediction: the model cannot be explained."
            )
        return Contributions(total[:, :-1], total[:, -1])

    def _check(self, X: Array) -> None:
        if X.dtype != np.float32 or X.ndim != 2 or X.shape[1] != self._features:
            raise ExplanationError(f"The model needs float32 rows of {self._features} features.")
