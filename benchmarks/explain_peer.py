"""One peer of the explanation benchmark, in a process of its own: ``python -m benchmarks.explain_peer LIBRARY``.

It reads JSON lines {model, rows, what, repeats} and answers {"ms": best of the repeats} or {"error": ...}.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

THREADS = 2


@cache
def _booster(path: str) -> Any:
    import xgboost as xgb

    return xgb.Booster({"nthread": THREADS}, model_file=path)


@cache
def _rows(path: str) -> Any:
    return np.load(path, allow_pickle=False)


@cache
def _explainer(library: str, path: str, reference: str) -> Any:
    booster = _booster(path)
    background = _rows(reference) if reference else None
    how = "interventional" if reference else "tree_path_dependent"
    if library == "woodelf":
        from woodelf.explainer import WoodelfExplainer

        return WoodelfExplainer(booster, background, feature_perturbation=how)
    if library == "fasttreeshap":
        import fasttreeshap

        return fasttreeshap.TreeExplainer(booster, background, feature_perturbation=how, n_jobs=THREADS)
    if library == "shapiq":
        import shapiq

        return shapiq.TreeExplainer(model=booster, max_order=1, min_order=1, index="SV")
    import shap

    return shap.TreeExplainer(booster, background, feature_perturbation=how)


def _call(library: str, what: str, model: str, X: Any, reference: str) -> Callable[[], object]:
    import xgboost as xgb

    booster = _booster(model)
    if what == "predict":
        return lambda: booster.inplace_predict(X)
    if library.startswith("xgboost"):
        return lambda: booster.predict(xgb.DMatrix(X, nthread=THREADS), pred_contribs=True)
    explainer = _explainer(library, model, reference)
    if library == "shapiq":
        return lambda: [explainer.explain(row) for row in X]
    if library == "woodelf":
        import pandas as pd

        frame = pd.DataFrame(X)
        return lambda: explainer.shap_values(frame)
    return lambda: explainer.shap_values(X, check_additivity=False)


def main(library: str) -> int:
    """Answers until its input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # some libraries print
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            X = np.ascontiguousarray(_rows(asked["rows"])[: asked["count"]])
            call = _call(library, asked["what"], asked["model"], X, asked.get("reference", ""))
            best = float("inf")
            for _ in range(asked["repeats"]):
                start = time.perf_counter()
                call()
                best = min(best, time.perf_counter() - start)
            answer: dict[str, object] = {"ms": best * 1e3}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(answer), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main(sys.argv[1]))
