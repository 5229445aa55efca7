"""Models in odd forms, held against XGBoost's own forecasts and contributions; rows in odd forms, taken or refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
import xgboost as xgb

from explain import TreeEngine
from explain.errors import RowsError
from explain.formats.ensemble import Array

RNG = np.random.default_rng(3)
ROWS = 300
X = RNG.normal(size=(ROWS, 5)).astype(np.float32)
X[RNG.random(X.shape) < 0.1] = np.nan
Y = np.nan_to_num(X[:, 0]) * 2 + np.nan_to_num(X[:, 1]) ** 2 + RNG.normal(size=ROWS) / 3
POSITIVE, CLASS = np.exp(Y / 3), np.digitize(Y, [0, 1])
CODES = np.where(np.arange(5) == 2, RNG.integers(0, 900, (ROWS, 1)), X).astype(np.float32)
UNKNOWN = np.where(np.arange(5) == 3, np.nan, X).astype(np.float32)
WIDE = RNG.normal(size=(ROWS, 2_000)).astype(np.float32)
FORMS = ["q", "q", "c", "q", "q"]
FIXED = {"nthread": 1, "max_depth": 4, "verbosity": 0}


def fit(
    params: dict[str, Any], rows: Array = X, label: Array = Y, rounds: int = 6, **data: Any
) -> xgb.Booster:
    """A booster; `data`: of its DMatrix."""
    return xgb.train({**FIXED, **params}, xgb.DMatrix(rows, label, nthread=1, **data), rounds)


def refreshed() -> xgb.Booster:
    """Whose leaves were made anew for other outcomes."""
    params = {**FIXED, "process_type": "update", "updater": "refresh", "refresh_leaf": True}
    return xgb.train(params, xgb.DMatrix(X, -Y, nthread=1), 4, xgb_model=fit({}))


def codes(onehot: int) -> Callable[[], xgb.Booster]:
    """A split by many codes, one by one or in sets."""
    params = {"max_cat_to_onehot": onehot, "max_cat_threshold": 64}
    label = Y + 3 * (CODES[:, 2] % 7 == 0)
    return lambda: fit(params, CODES, label, feature_types=FORMS, enable_categorical=True)


SEVERAL = {"objective": "multi:softprob", "num_class": 3}
MODELS: dict[str, tuple[Callable[[], xgb.Booster], Array]] = {
    "900 codes in sets": (codes(1), CODES),
    "900 codes one by one": (codes(2_000), CODES),
    "a feature that is always missing": (lambda: fit({}, UNKNOWN), UNKNOWN),
    "the same, seen for the first time": (lambda: fit({}, UNKNOWN), X),
    "trees of one leaf": (lambda: fit({"gamma": 1e9}), X),
    "no tree": (lambda: fit({}, rounds=0), X),
    "several quantiles": (
        lambda: fit({"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}),
        X,
    ),
    "several outcomes": (lambda: fit({"objective": "reg:absoluteerror"}, label=np.c_[Y, 2 * Y, -Y]), X),
    "dropped trees by weight": (
        lambda: fit(
            {"booster": "dart", "rate_drop": 0.4, "sample_type": "weighted", "normalize_type": "forest"}
        ),
        X,
    ),
    "dropped trees of classes": (
        lambda: fit({"booster": "dart", "rate_drop": 0.4, **SEVERAL}, label=CLASS),
        X,
    ),
    "a random forest": (
        lambda: fit({"num_parallel_tree": 12, "subsample": 0.6, "colsample_bynode": 0.6, "eta": 1}, rounds=1),
        X,
    ),
    "random forests of classes": (
        lambda: fit({"num_parallel_tree": 3, "subsample": 0.6, **SEVERAL}, label=CLASS),
        X,
    ),
    "constraints, leaf by leaf": (
        lambda: fit(
            {
                "monotone_constraints": "(1,-1,0,0,0)",
                "interaction_constraints": "[[0,1],[2,3,4]]",
                "grow_policy": "lossguide",
                "max_leaves": 20,
                "max_depth": 0,
            }
        ),
        X,
    ),
    "counts with a margin": (
        lambda: fit({"objective": "count:poisson"}, label=np.round(POSITIVE), base_margin=Y / 2),
        X,
    ),
    "tweedie": (lambda: fit({"objective": "reg:tweedie", "tweedie_variance_power": 1.2}, label=POSITIVE), X),
    "depth 12": (lambda: fit({"max_depth": 12, "min_child_weight": 0}, rounds=3), X),
    "rounds cut out": (lambda: fit({}, rounds=8)[2:6], X),
    "leaves refreshed": (refreshed, X),
    "rows of no weight": (lambda: fit({}, weight=np.where(np.arange(ROWS) % 2, 0.0, 1.0)), X),
    "exact splits": (lambda: fit({"tree_method": "exact"}), X),
    "one feature": (lambda: fit({}, X[:, :1].copy()), X[:, :1].copy()),
    "2,000 features": (lambda: fit({}, WIDE, WIDE[:, 5] + Y, rounds=2), WIDE[:20]),
}


@pytest.mark.parametrize("name", MODELS)
def test_an_odd_model_is_forecast_and_explained_as_by_xgboost(name: str) -> None:
    """To the last bit; contributions are XGBoost's to the rounding of its float32, and add up."""
    make, rows = MODELS[name]
    booster = make()
    categories = {"feature_types": FORMS, "enable_categorical": True} if "codes" in name else {}
    data = xgb.DMatrix(rows, nthread=1, **categories)
    engine = TreeEngine.load(bytes(booster.save_raw("ubj")), threads=1)
    np.testing.assert_array_equal(engine.predict(rows), booster.predict(data, output_margin=True))
    found = engine.contributions(rows)
    added = np.asarray(found.base + found.values.sum(axis=-1))
    np.testing.assert_allclose(added, engine.predict_exactly(rows), atol=1e-10)
    theirs = booster.predict(data, pred_contribs=True)[..., :-1]
    size = np.maximum(np.abs(found.values).sum(axis=-1, keepdims=True), 1e-9)
    assert (np.abs(theirs - found.values) / size).max(initial=0.0) < 1e-5


def test_values_beyond_all_thresholds_are_forecast_as_by_xgboost() -> None:
    """Infinities are on one side of every split."""
    rows = X.copy()
    rows[:6, 0], rows[6:12, 0], rows[12, 1] = np.inf, -np.inf, 3.4e38
    booster = fit({})
    engine = TreeEngine.load(booster, threads=1)
    np.testing.assert_array_equal(engine.predict(rows), booster.inplace_predict(rows, predict_type="margin"))


def nullable(values: Array, kind: str) -> Any:
    """A column of pandas in which a fifth is unknown."""
    return pd.array(np.where(np.arange(ROWS) % 5 == 0, None, values), dtype=kind)


FRAME = pd.DataFrame(
    {
        "u8": RNG.integers(0, 250, ROWS).astype("uint8"),
        "yes": RNG.random(ROWS) < 0.5,
        "whole": nullable(RNG.integers(-5, 5, ROWS), "Int32"),
        "yes or unknown": nullable(RNG.random(ROWS) < 0.5, "boolean"),
        "u64": RNG.integers(0, 2**63, ROWS, dtype="uint64"),
        "float": nullable(RNG.normal(size=ROWS), "Float64"),
    }
)


def test_columns_of_every_kind_are_read_as_by_xgboost() -> None:
    """Unsigned, logical, with unknowns, in any order, and of Arrow."""
    booster = xgb.train(FIXED, xgb.DMatrix(FRAME, Y, nthread=1), 8)
    engine = TreeEngine.load(booster, threads=1)
    wanted = booster.predict(xgb.DMatrix(FRAME, nthread=1), output_margin=True)
    np.testing.assert_array_equal(engine.predict(FRAME[FRAME.columns[::-1]]), wanted)
    arrow = FRAME.astype({name: pd.ArrowDtype(pa.Array.from_pandas(FRAME[name]).type) for name in FRAME})
    np.testing.assert_array_equal(engine.predict(arrow), wanted)


def test_rows_that_are_no_frame_are_refused_with_what_to_do() -> None:
    """A sparse matrix does not say what it lacks; a table of Arrow becomes a DataFrame."""
    engine = TreeEngine.load(fit({}), threads=1)
    for rows, said in (
        (scipy.sparse.csr_matrix(np.nan_to_num(X)), r"rows\.toarray\(\) with NaN"),
        (pa.table({name: X[:, i] for i, name in enumerate("abcde")}), r"rows\.to_pandas\(\)"),
        (X.astype(np.float64), r"numpy\.asarray\(rows, numpy\.float32\)"),
    ):
        with pytest.raises(RowsError, match=said):
            engine.predict(rows)


def test_names_of_categories_that_xgboost_cuts_are_not_taken_for_names() -> None:
    """Of names beyond ASCII its file holds parts: no name of them is believed, and their numbers are taken."""
    names = pd.Categorical(RNG.choice(["éa", "b", "a", "z"], ROWS), categories=["éa", "b", "a", "z"])
    frame = pd.DataFrame({"code": names, "x": X[:, 0]})
    data = xgb.DMatrix(frame, Y, enable_categorical=True, nthread=1)
    booster = xgb.train(FIXED, data, 8)
    engine = TreeEngine.load(booster, threads=1)
    with pytest.raises(RowsError, match="does not hold which number each category is"):
        engine.predict(frame)
    numbers = np.column_stack([names.codes, X[:, 0]]).astype(np.float32)
    coded = xgb.DMatrix(numbers, feature_types=["c", "q"], enable_categorical=True, nthread=1)
    coded.feature_names = ["code", "x"]
    np.testing.assert_array_equal(engine.predict(numbers), booster.predict(coded, output_margin=True))
