"""Contributions held against an independent implementation: shap's. The one importer of shap."""

import tempfile
from pathlib import Path

import numpy as np
import shap
import xgboost as xgb

from explain.booster import Array, TreeBooster

__all__ = ["difference_from_shap"]


def difference_from_shap(model: bytes, X: Array) -> float:
    """Largest difference between our contributions and shap's path-dependent ones, each relative to its row's Σ|φ|.

    Args:
        model: the bytes of a ``.ubj`` file. X: float32 [rows, features], NaN missing.
    """
    ours = TreeBooster(model).contributions(X).values
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.ubj"
        path.write_bytes(model)
        booster = xgb.Booster({"nthread": 1}, model_file=str(path))
    theirs = np.asarray(
        shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent").shap_values(X)
    )
    size = np.maximum(np.abs(ours).sum(axis=1, keepdims=True), 1e-12)
    return float((np.abs(ours - theirs) / size).max(initial=0.0))
