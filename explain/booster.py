"""Predictions and path-dependent contributions of a tree booster, by XGBoost itself.

The one importer of xgboost outside `training`: the named exception of the import rules until the explanation
engine of our own replaces it. Lundberg et al. 2020 (Nature Machine Intelligence 2:56), path-dependent.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from explain.errors import ExplanationError

__all__ = ["Contributions", "TreeBooster"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Contributions:
    """What each feature adds to each row's output.

    Attributes:
        values: float64 [rows, features]. base: float64 [rows]; base + the values of a row is its prediction.
    """

    values: Array
    base: Array


class TreeBooster:
    """A booster read from an XGBoost model file; its output is in the units it was fitted in."""

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        """Args: model: the bytes of a ``.ubj`` file; threads: used by every call."""
        self._booster = xgb.Booster({"nthread": threads}, model_file=bytearray(model))
        self._features = int(self._booster.num_features())

    def predict(self, X: Array) -> Array:
        """Predictions (float32 [rows]) of X (float32 [rows, features], NaN missing)."""
        self._check(X)
        return np.asarray(self._booster.inplace_predict(X), np.float32)

    def contributions(self, X: Array) -> Contributions:
        """Contributions of X (float32 [rows, features], NaN missing).

        Raises:
            ExplanationError: a sum differs from the prediction by more than 1e-4 of its size.
        """
        self._check(X)
        raw = self._booster.predict(xgb.DMatrix(X, nthread=1), pred_contribs=True).astype(np.float64)
        found = Contributions(raw[:, :-1], raw[:, -1])
        gap = np.abs(raw.sum(axis=1) - self.predict(X))
        if not bool(np.all(gap <= 1e-4 * np.maximum(1.0, np.abs(raw).sum(axis=1)))):
            raise ExplanationError(
                "The contributions do not add up to the prediction: the model cannot be explained."
            )
        return found

    def _check(self, X: Array) -> None:
        if X.dtype != np.float32 or X.ndim != 2 or X.shape[1] != self._features:
            raise ExplanationError(f"The model needs float32 rows of {self._features} features.")
