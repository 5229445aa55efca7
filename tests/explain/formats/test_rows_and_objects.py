"""Models in memory and DataFrames: taken as their own libraries take them, or refused in words."""

import json
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from explain import ModelFileError, RowsError, TreeEngine
from explain.verify import as_shap

RNG = np.random.default_rng(3)
X = RNG.normal(size=(200, 3)).astype(np.float32)
X[RNG.random(X.shape) < 0.1] = np.nan
Y = np.nan_to_num(X[:, 0]) + RNG.normal(size=200) / 3
NAMES = ["age", "height", "weight"]
FRAME = pd.DataFrame(X, columns=NAMES)
WARD = np.array(["north", "south", "east", "west"])[RNG.integers(0, 4, 200)]
WITH_WARD = FRAME.assign(ward=pd.Categorical(WARD))
OUTCOME = Y + 2 * (WARD == "east")


@pytest.fixture(scope="module")
def booster() -> xgb.Booster:
    """Trained on a DataFrame."""
    return xgb.train({"nthread": 1, "max_depth": 3}, xgb.DMatrix(FRAME, Y), 5)


def test_a_booster_in_memory_is_its_file(booster: xgb.Booster, tmp_path: Path) -> None:
    """It forecasts as its own predict does; so does its file, as a path or as text of one."""
    expected = booster.predict(xgb.DMatrix(FRAME), output_margin=True)
    booster.save_model(tmp_path / "m.json")
    for source in (booster, tmp_path / "m.json", str(tmp_path / "m.json"), booster.save_raw("ubj")):
        engine = TreeEngine.load(source)
        np.testing.assert_array_equal(engine.predict(X), expected)
        assert engine.names == tuple(NAMES)


@pytest.mark.parametrize("dart", [False, True])
def test_a_fit_that_stopped_early_is_read_as_each_object_forecasts(dart: bool) -> None:
    """A Booster with all its rounds, an estimator through its best one; a range that is given counts for both."""
    own: dict[str, Any] = {"booster": "dart", "rate_drop": 0.1} if dart else {}
    estimator = xgb.XGBRegressor(
        n_estimators=100, learning_rate=0.9, early_stopping_rounds=3, n_jobs=1, **own
    )
    estimator.fit(X[:140], Y[:140], eval_set=[(X[140:], Y[140:])], verbose=False)
    booster, best = estimator.get_booster(), estimator.best_iteration + 1
    rounds = booster.num_boosted_rounds()
    assert rounds > best
    assert TreeEngine.load(estimator).rounds == (0, best)
    assert TreeEngine.load(booster).rounds == (0, rounds)
    assert TreeEngine.load(booster, iteration_range=(0, 2)).rounds == (0, 2)
    assert TreeEngine.load(estimator, iteration_range=(0, 0)).rounds == (0, rounds)
    np.testing.assert_allclose(
        TreeEngine.load(estimator).predict(X), estimator.predict(X), rtol=1e-5, atol=1e-6
    )
    expected = booster.predict(xgb.DMatrix(X), output_margin=True)
    np.testing.assert_array_equal(TreeEngine.load(booster).predict(X), expected)


def test_estimators_of_all_kinds_are_read() -> None:
    """Classes, ranks, forests; and LightGBM's."""
    kind = np.digitize(Y, [-0.5, 0.5])
    fits = [
        xgb.XGBClassifier(n_estimators=3, n_jobs=1).fit(X, kind),
        xgb.XGBRFRegressor(n_estimators=3, n_jobs=1).fit(X, Y),
    ]
    for fit in fits:
        margin = fit.get_booster().predict(xgb.DMatrix(X), output_margin=True)
        np.testing.assert_array_equal(TreeEngine.load(fit).predict(X), margin)
    light = lgb.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(X, kind)
    for source in (light, light.booster_, light.booster_.model_to_string()):
        np.testing.assert_array_equal(TreeEngine.load(source).predict(X), light.predict(X, raw_score=True))


class Forest:
    """An estimator of some other library."""


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (xgb.XGBRegressor(), "XGBRegressor cannot be read.*fitted"),
        (lgb.LGBMRegressor(), "LGBMRegressor cannot be read.*fitted"),
        (xgb.XGBRegressor, "class XGBRegressor is no model"),
        (Forest(), r"Forest is not supported: give a model file's path or bytes, a Booster"),
        (None, "NoneType is not supported"),
        ({"tree_info": []}, "dict is not supported"),
        ("no/such/file.ubj", "cannot be read"),
        ("a\0b", "cannot be read"),
        (b"", "not a model"),
        (b"tree\nversion=v4\n", "truncated"),
    ],
)
def test_what_is_no_model_is_refused_in_words(source: object, message: str) -> None:
    """With what is taken in its place."""
    with pytest.raises(ModelFileError, match=message):
        TreeEngine.load(source)


def test_columns_of_a_frame_are_taken_by_name(booster: xgb.Booster) -> None:
    """In any order, of any number type; missing is missing."""
    engine = TreeEngine.load(booster)
    expected, found = engine.predict(X), engine.contributions(X).values
    kinds: list[pd.DataFrame] = [
        FRAME,
        FRAME[NAMES[::-1]],
        FRAME.astype("float64"),
        FRAME.astype("Float64"),
        FRAME.astype(object).where(FRAME.notna(), None),
    ]
    for frame in kinds:
        np.testing.assert_array_equal(engine.predict(frame), expected)
        np.testing.assert_array_equal(engine.contributions(frame).values, found)
    frame = FRAME[NAMES[::-1]]
    np.testing.assert_array_equal(
        engine.contributions(frame[:5], frame[9:20]).values, engine.contributions(X[:5], X[9:20]).values
    )
    np.testing.assert_array_equal(
        engine.contrast(frame[:1], frame[1:2]).values, engine.contrast(X[0], X[1]).values
    )
    np.testing.assert_array_equal(engine.interactions(frame[:3]).values, engine.interactions(X[:3]).values)
    whole = pd.DataFrame({"age": [1, 2], "height": [True, False], "weight": pd.array([3, None], "Int64")})
    numbers = np.array([[1, 1, 3], [2, 0, np.nan]], np.float32)
    np.testing.assert_array_equal(engine.predict(whole), engine.predict(numbers))


def test_a_frame_for_a_model_without_names_is_taken_in_its_order() -> None:
    """As many columns as features."""
    engine = TreeEngine.load(xgb.train({"nthread": 1}, xgb.DMatrix(X, Y), 3))
    np.testing.assert_array_equal(engine.predict(FRAME), engine.predict(X))
    with pytest.raises(RowsError, match="2 columns and the model 3 features"):
        engine.predict(FRAME[NAMES[:2]])


BAD: dict[str, tuple[Any, str]] = {
    "a column is missing": (FRAME[NAMES[:2]], "lacks 'weight'"),
    "another column": (FRAME.assign(ward=1.0), "has 'ward', which the model does not know"),
    "both": (FRAME.rename(columns={"age": "Age"}), "lacks 'age' and has 'Age'"),
    "a column twice": (FRAME[["age", "age", "height"]], "two columns of the same name"),
    "text": (FRAME.assign(age="elderly", height="tall"), "column 'age': .*no number; column 'height'"),
    "dates": (FRAME.assign(age=pd.Timestamp("2026-01-01")), "column 'age'"),
    "categories": (FRAME.assign(age=pd.Categorical(WARD)), "'age': the model file does not hold.*cat.codes"),
    "beyond float32": (FRAME.astype("float64").assign(age=1e300), "'age': a value is beyond float32"),
    "float64": (X.astype(float), "float32 arrays or DataFrames"),
    "a list": (X.tolist(), "float32 arrays or DataFrames"),
    "a DMatrix": (xgb.DMatrix(X), "float32 arrays or DataFrames"),
    "a column too few": (X[:, :2].copy(), "rows of 3 features"),
    "one row": (X[0], "rows of 3 features"),
}


@pytest.mark.parametrize("name", BAD)
def test_rows_that_do_not_fit_are_refused_in_words(name: str, booster: xgb.Booster) -> None:
    """What is wrong with which column, and what to do; no value is shown."""
    rows, message = BAD[name]
    with pytest.raises(RowsError, match=message) as refusal:
        TreeEngine.load(booster).contributions(rows)
    assert "elderly" not in str(refusal.value)


def test_categories_of_a_frame_are_those_of_the_training_by_name() -> None:
    """Whatever number they have in the frame, in memory and from a file as JSON; both libraries' own forecasts."""
    data = xgb.DMatrix(WITH_WARD, OUTCOME, enable_categorical=True)
    booster = xgb.train({"nthread": 1, "max_cat_to_onehot": 1}, data, 4)
    light = lgb.LGBMRegressor(n_estimators=4, verbose=-1, n_jobs=1, min_data_per_group=2, cat_smooth=1).fit(
        WITH_WARD, OUTCOME
    )
    other = WITH_WARD.assign(ward=pd.Categorical(WARD, ["west", "nowhere", "east", "south", "north"]))
    text = WITH_WARD.assign(ward=WARD)
    gaps = WITH_WARD.assign(ward=WITH_WARD["ward"].where(np.arange(200) % 5 > 0))
    for source, file, predict in (
        (
            booster,
            bytes(booster.save_raw("json")),
            lambda f: booster.predict(xgb.DMatrix(f, enable_categorical=True)),
        ),
        (light, json.dumps(light.booster_.dump_model()).encode(), light.predict),
    ):
        for engine in (TreeEngine.load(source), TreeEngine.load(file)):
            for frame in (WITH_WARD, gaps):
                np.testing.assert_array_equal(engine.predict(frame), predict(frame))
            for frame in (other, text):
                np.testing.assert_array_equal(engine.predict(frame), predict(WITH_WARD))
            with pytest.raises(RowsError, match="'ward': 200 values are categories that") as refusal:
                engine.predict(WITH_WARD.assign(ward="nowhere"))
            assert "nowhere" not in str(refusal.value)
            with pytest.raises(RowsError, match=r"'ward': it holds numbers.*float32 rows"):
                engine.predict(WITH_WARD.assign(ward=WITH_WARD["ward"].cat.codes))
            codes = WITH_WARD.assign(ward=WITH_WARD["ward"].cat.codes).to_numpy(np.float32)
            np.testing.assert_array_equal(engine.predict(codes), predict(WITH_WARD))


def test_frames_are_drawn_by_shap_with_their_names(booster: xgb.Booster) -> None:
    """Names of the columns are those of the plot."""
    for frame in (FRAME, FRAME[NAMES[::-1]]):
        drawn = as_shap(TreeEngine.load(booster).contributions(frame), frame)
        assert list(drawn.feature_names) == NAMES
        np.testing.assert_array_equal(drawn.data, X)
    assert list(as_shap(TreeEngine.load(booster).contributions(X), X).feature_names) == NAMES


class Broken:
    """A model that cannot be written: it says why."""

    def __init__(self, words: str) -> None:
        self.words = words

    def save_raw(self, _: str) -> bytes:
        """As a Booster of XGBoost has it."""
        raise ValueError(self.words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("y" * 201 + "\nmore", "y" * 200),
        ("\n first\nsecond", "first"),
        ("", "ValueError"),
        (" \n", "ValueError"),
    ],
)
def test_why_a_model_cannot_be_read_is_the_first_line_of_what_it_says(words: str, said: str) -> None:
    """Two hundred characters of it at most; where it says nothing, the kind of the error."""
    with pytest.raises(ModelFileError) as refusal:
        TreeEngine.load(Broken(words))
    assert str(refusal.value).startswith(f"The Broken cannot be read ({said}): is it fitted? Give ")
