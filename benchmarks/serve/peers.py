"""Services as BentoML's documentation writes them: an empty one, and XGBoost's own explanations of a booster file.

The booster's path comes in ``BENCH_BOOSTER``.
"""

import os
from typing import Annotated, Any

import bentoml
import numpy as np
from bentoml.validators import DType

__all__ = ["Naive", "NativeEmpty"]

FloatArray = Annotated[np.ndarray, DType("float32")]


@bentoml.service(traffic={"timeout": 10})
class NativeEmpty:
    """Nothing."""

    @bentoml.api  # type: ignore[untyped-decorator]
    def empty(self) -> dict[str, Any]:
        """Answers ``{}``."""
        return {}


@bentoml.service(traffic={"timeout": 10})
class Naive:
    """A booster with XGBoost's predictions and contributions."""

    def __init__(self) -> None:
        import xgboost as xgb

        self._xgb = xgb
        self._booster = xgb.Booster(model_file=os.environ["BENCH_BOOSTER"])

    @bentoml.api  # type: ignore[untyped-decorator]
    def explain(self, rows: FloatArray) -> dict[str, Any]:
        """Predictions [rows], and contributions [rows, features + 1], the last of which is the base."""
        data = self._xgb.DMatrix(rows)
        predictions = self._booster.predict(data)
        contributions = self._booster.predict(data, pred_contribs=True)
        return {"predictions": predictions.tolist(), "contributions": contributions.tolist()}
