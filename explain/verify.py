"""The engine held against XGBoost and shap, row by row, and its results as shap knows them.

The one importer of shap, and of XGBoost outside training, which is imported where it is compared with. A check runs it
in a process of its own (`explain.verification`): ``python -m explain.verify`` reads folders, one a line, with
``model.ubj`` and ``rows.npy`` in each, and answers each by a line of JSON.
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from explain.engine import TreeEngine
from explain.errors import ExplanationError
from explain.forest.forest import grow
from explain.formats.ensemble import Array
from explain.formats.reading import read_model
from explain.formats.rows import Rows
from explain.leaf_search import EVENLY, LeafSearch, combs
from explain.reasons import Contributions
from explain.verification import Verification

if __name__ == "__main__":
    # Nothing is drawn in a verification: where matplotlib is not there, shap leaves out its pictures, and with them a
    # third of what it takes to be loaded.
    sys.modules["matplotlib"] = None  # type: ignore[assignment]

import shap

__all__ = ["as_shap", "verify"]

_REFERENCES = 16
_TINY = 1e-12


def as_shap(found: Contributions, X: Rows, names: Sequence[str] | None = None) -> shap.Explanation:
    """Contributions as shap's plots take them.

    Args:
        found: of one output, of the rows X (float32 [rows, features], or the DataFrame).
        names: of the features; None: those of the model, else of the DataFrame's columns.

    Raises:
        ExplanationError: the booster has several outputs: take them one by one.
    """
    if found.values.ndim != 2 or np.ndim(found.base) != 0:
        raise ExplanationError(
            "A shap.Explanation is of one output: take values[:, output] and base[output]."
        )
    base = np.full(len(X), float(found.base))
    data = X
    if not isinstance(X, np.ndarray):
        columns = {str(name): name for name in X.columns}
        names = names or found.names or list(columns)
        order = [
            columns[name] for name in found.names or columns
        ]  # that of the values, whatever the DataFrame's
        data = np.column_stack([np.asarray(X[name]) for name in order])
    names = names or found.names or None
    return shap.Explanation(
        found.values, base, data=data, feature_names=list(names) if names is not None else None
    )


def verify(model: bytes, X: Array) -> Verification:
    """Compares predictions and contributions of some rows of X: 200 through it, and one for every leaf that X reaches.

    Args:
        model: the bytes of a ``.ubj`` file.
        X: float32 [rows, features], NaN missing.
    """
    import xgboost as xgb  # whoever only draws with shap needs none

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.ubj"
        path.write_bytes(model)
        booster = xgb.Booster({"nthread": 1}, model_file=str(path))
    ensemble = read_model(model)
    forest = grow(ensemble)
    begin, end = forest.rounds
    if (begin, end) != (0, booster.num_boosted_rounds()):
        booster = booster[begin:end]  # the trees that are served
    search = LeafSearch([tree.left.size for tree in ensemble.trees], forest.leaf.size)
    for rows in combs(len(X)):
        if search.done:
            break
        leaves = booster.predict(xgb.DMatrix(X[rows], nthread=1), pred_leaf=True)
        search.look(rows, leaves.reshape(len(rows), -1).astype(np.int32))
    chosen = search.chosen()
    part = X[chosen]
    matrix = xgb.DMatrix(part, nthread=1)
    engine = TreeEngine(forest)
    ours = engine.contributions(part).values
    plain = booster.predict(matrix, output_margin=True)
    return Verification(
        rows=int(chosen.size),
        leaves=search.reached,
        leaves_of_model=forest.leaf.size,
        predictions_off=int((~(np.abs(engine.predict(part) - plain) <= np.spacing(np.abs(plain)))).sum()),
        from_xgboost=_difference(ours, booster.predict(matrix, pred_contribs=True)[:, :-1]),
        from_shap=_from_shap(engine, booster, X),
        additivity=float(
            np.abs(engine.base + ours.sum(axis=1) - engine.predict_exactly(part)).max(initial=0.0)
        ),
    )


def _from_shap(engine: TreeEngine, booster: Any, X: Array) -> float:
    """Of 200 rows against 16 others: shap's own code. (Path-dependent, shap asks XGBoost itself.)"""
    rows, reference = (
        X[np.linspace(0, len(X) - 1, count).astype(np.int64)] for count in (min(EVENLY, len(X)), _REFERENCES)
    )
    explainer = shap.TreeExplainer(booster, reference, feature_perturbation="interventional")
    theirs = np.asarray(explainer.shap_values(rows, check_additivity=False))
    return _difference(engine.contributions(rows, reference).values, theirs)


def _difference(ours: Array, theirs: Array) -> float:
    """Largest difference of a contribution, relative to its row's sum of |contributions|.

    Rows that they leave without a number do not count: XGBoost 3.2 gives NaN where no training row reached a node.
    """
    known = np.isfinite(theirs).all(axis=1)
    if not known.any():
        return float("nan")
    size = np.maximum(np.abs(ours[known]).sum(axis=1, keepdims=True), _TINY)
    return float((np.abs(ours[known] - theirs[known]) / size).max())


def main() -> int:
    """Answers until its input ends; what libraries print goes where errors go."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(_answer(Path(line.rstrip("\n")))), file=answers, flush=True)
    return 0


def _answer(folder: Path) -> dict[str, Any]:
    try:
        model = (folder / "model.ubj").read_bytes()
        return asdict(verify(model, np.load(folder / "rows.npy", allow_pickle=False)))
    except Exception as error:  # whoever asked gets it, and the next may ask
        return {"fault": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    sys.exit(main())
