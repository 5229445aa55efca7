"""Makes the model files of one version of XGBoost that tests/explain/test_versions.py reads.

``python tests/support/old_models.py`` with that version installed (any from 1.7 on) writes, beside those tests,
``models/xgboost-VERSION.zip``: small models of our own random numbers in both formats, the rows, and the margins that
this version forecasts for them once it has read its own file again. It imports nothing of Vigie.
"""

import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

FOLDER = Path(__file__).resolve().parents[1] / "explain" / "models"
ROWS = 90

RNG = np.random.default_rng(41)
X = RNG.normal(size=(ROWS, 3)).astype(np.float32)
X[:, 0] = RNG.integers(0, 6, ROWS)
X[RNG.random(X.shape) < 0.1] = np.nan
SIGNAL = np.nan_to_num(X[:, 1]) + np.nan_to_num(X[:, 0]) % 3 + RNG.normal(size=ROWS) / 2
POSITIVE, BINARY = np.exp(SIGNAL / 3), (SIGNAL > 1).astype(float)
COUNT, CLASS = np.round(3 * POSITIVE), np.digitize(SIGNAL, [0.5, 1.5])

SMALL = {"max_depth": 2, "eta": 0.5, "nthread": 1, "verbosity": 0}


def matrix(label: Any = None, **options: Any) -> xgb.DMatrix:
    """The rows with an outcome."""
    return xgb.DMatrix(X, label, nthread=1, **options)


def survival() -> xgb.DMatrix:
    """Durations, a third of them censored."""
    found = matrix()
    found.set_float_info("label_lower_bound", POSITIVE)
    found.set_float_info("label_upper_bound", np.where(np.arange(ROWS) % 3, POSITIVE, np.inf))
    return found


def groups(label: Any) -> xgb.DMatrix:
    """Rows in groups of thirty, to be ranked."""
    found = matrix(label)
    found.set_group([30] * (ROWS // 30))
    return found


Data = Callable[[], xgb.DMatrix]
OBJECTIVES: dict[str, tuple[dict[str, Any], Data]] = {
    "reg:squarederror": ({}, lambda: matrix(SIGNAL)),
    "reg:squaredlogerror": ({}, lambda: matrix(POSITIVE)),
    "reg:logistic": ({}, lambda: matrix(BINARY)),
    "reg:pseudohubererror": ({}, lambda: matrix(SIGNAL)),
    "reg:absoluteerror": ({}, lambda: matrix(SIGNAL)),
    "reg:quantileerror": ({"quantile_alpha": [0.1, 0.9]}, lambda: matrix(SIGNAL)),
    "reg:expectileerror": ({"expectile_alpha": [0.1, 0.9]}, lambda: matrix(SIGNAL)),
    "reg:gamma": ({}, lambda: matrix(POSITIVE)),
    "reg:tweedie": ({}, lambda: matrix(POSITIVE)),
    "binary:logistic": ({}, lambda: matrix(BINARY)),
    "binary:logitraw": ({"base_score": 0.7}, lambda: matrix(BINARY)),
    "binary:hinge": ({}, lambda: matrix(BINARY)),
    "count:poisson": ({}, lambda: matrix(COUNT)),
    "survival:cox": ({}, lambda: matrix(np.where(np.arange(ROWS) % 3, POSITIVE, -POSITIVE))),
    "survival:aft": ({}, survival),
    "multi:softmax": ({"num_class": 3}, lambda: matrix(CLASS)),
    "multi:softprob": ({"num_class": 3}, lambda: matrix(CLASS)),
    "rank:ndcg": ({}, lambda: groups(np.clip(COUNT, 0, 4))),
    "rank:map": ({}, lambda: groups(BINARY)),
    "rank:pairwise": ({}, lambda: groups(np.clip(COUNT, 0, 4))),
}
KINDS = {"feature_types": ["c", "q", "q"], "enable_categorical": True}
TWO = np.column_stack([SIGNAL, -SIGNAL])
OTHERS: dict[str, tuple[dict[str, Any], Data]] = {
    "dart": ({"booster": "dart", "rate_drop": 0.5}, lambda: matrix(SIGNAL)),
    "forest": ({"num_parallel_tree": 2, "subsample": 0.6}, lambda: matrix(SIGNAL)),
    "one by one": ({"tree_method": "hist", "max_cat_to_onehot": 99}, lambda: matrix(SIGNAL, **KINDS)),
    "in two parts": ({"tree_method": "hist", "max_cat_to_onehot": 1}, lambda: matrix(SIGNAL, **KINDS)),
    "two outcomes": ({"tree_method": "hist"}, lambda: matrix(TWO)),
    "vectors": ({"tree_method": "hist", "multi_strategy": "multi_output_tree"}, lambda: matrix(TWO)),
}


def models() -> Iterator[tuple[str, xgb.Booster, xgb.DMatrix]]:
    """(name, booster, its rows) of what this version knows."""
    given = {name: ({"objective": name, **own}, data) for name, (own, data) in OBJECTIVES.items()}
    for name, (parameters, data) in (given | OTHERS).items():
        if name == "vectors" and int(xgb.__version__.partition(".")[0]) < 2:
            continue  # it would not mind the word, and grow others
        rows = data()
        try:
            yield name, xgb.train({**SMALL, **parameters}, rows, 2), rows
        except xgb.core.XGBoostError as error:
            if "Unknown objective" not in str(error):
                raise
    estimator = xgb.XGBRegressor(
        n_estimators=60, learning_rate=0.9, max_depth=2, n_jobs=1, early_stopping_rounds=2
    )
    estimator.fit(X[:60], SIGNAL[:60], eval_set=[(X[60:], SIGNAL[60:])], verbose=False)
    yield "early", estimator.get_booster(), matrix()


def main(folder: Path = FOLDER) -> None:
    """Writes the file of the version that is installed."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"xgboost-{xgb.__version__}.zip", "w", zipfile.ZIP_DEFLATED) as out:

        def put(name: str, data: bytes) -> None:
            out.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)

        def put_array(name: str, values: Any) -> None:
            buffer = io.BytesIO()
            np.save(buffer, values, allow_pickle=False)
            put(name, buffer.getvalue())

        put_array("rows.npy", X)
        for name, booster, rows in models():
            for form in ("ubj", "json"):
                raw = booster.save_raw(form)
                put(f"{name}.{form}", bytes(raw))
            again = xgb.Booster({"nthread": 1}, model_file=bytearray(raw))
            rounds = (0, int(booster.best_iteration) + 1) if name == "early" else (0, 0)
            margin = again.predict(rows, output_margin=True, iteration_range=rounds)
            put_array(f"{name}.npy", np.asarray(margin, np.float32))


if __name__ == "__main__":
    sys.exit(main())
