"""One peer of the explanation benchmark, in a process of its own:
``python -m benchmarks.explain.peer_process LIBRARY``.

It reads JSON lines {model, rows, what, repeats} and answers {"ms": by the clock, "processor_ms": of all its threads
together}, the best of the repeats each, or {"error": ...}. Where "values" is asked, it writes what it computed there.
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
    if library.startswith("shapiq"):
        import shapiq

        mode = "interventional" if reference else "pathdependent"
        order = {"max_order": 1, "min_order": 1, "index": "SV"}
        return shapiq.TreeExplainer(model=booster, mode=mode, reference_dataset=background, **order)
    import shap

    return shap.TreeExplainer(booster, background, feature_perturbation=how)


def _call(library: str, what: str, model: str, X: Any, reference: str) -> Callable[[], object]:
    import xgboost as xgb

    booster = _booster(model)
    if what == "predict":
        return lambda: booster.inplace_predict(X)
    if library.startswith("xgboost"):
        kind = "pred_interactions" if what == "interactions" else "pred_contribs"
        return lambda: booster.predict(xgb.DMatrix(X, nthread=THREADS), **{kind: True})
    explainer = _explainer(library, model, reference)
    if library.startswith("shapiq"):
        return lambda: explainer.explain_X(X)
    if library == "woodelf":
        import pandas as pd

        frame = pd.DataFrame(X)
        return lambda: explainer.shap_values(frame)
    return lambda: explainer.shap_values(X, check_additivity=False)


def _values(library: str, what: str, found: Any, shape: tuple[int, ...]) -> Any:
    """What a call returned as float64 [rows, features], or [rows, features, features] for interactions."""
    if library.startswith("xgboost"):
        return found[:, :-1, :-1] if what == "interactions" else found[:, :-1]
    if library.startswith("shapiq"):
        values = np.zeros(shape)
        for (feature,), column in found.values.items():
            values[:, feature] = column
        return values
    return found


def main(library: str) -> int:
    """Answers until its input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # some libraries print
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            X = np.ascontiguousarray(_rows(asked["rows"])[: asked["count"]])
            call = _call(library, asked["what"], asked["model"], X, asked.get("reference", ""))
            best = processor = float("inf")
            for _ in range(asked["repeats"]):
                start, busy = time.perf_counter(), time.process_time()
                found = call()
                best = min(best, time.perf_counter() - start)
                processor = min(processor, time.process_time() - busy)
            answer: dict[str, object] = {"ms": best * 1e3, "processor_ms": processor * 1e3}
            if "values" in asked:
                np.save(asked["values"], np.asarray(_values(library, asked["what"], found, X.shape), float))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(answer), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main(sys.argv[1]))
