"""What XGBoost's file says of trees and names, damaged one entry at a time."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from explain import ModelFileError, TreeEngine

RNG = np.random.default_rng(4)
X = np.column_stack([RNG.integers(0, 12, 300), RNG.normal(size=300)]).astype(np.float32)
Y = X[:, 0] % 3 + X[:, 1]
CATEGORICAL = {"feature_types": ["c", "q"], "enable_categorical": True, "nthread": 1}
FIXED = {"nthread": 1, "max_depth": 3, "max_cat_to_onehot": 1}


def body_of(booster: xgb.Booster) -> dict[str, Any]:
    """Its file as JSON."""
    found: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))
    return found


def model_of(body: dict[str, Any]) -> dict[str, Any]:
    """Its trees and what is said of all of them."""
    found: dict[str, Any] = body["learner"]["gradient_booster"]["model"]
    return found


def load(body: dict[str, Any]) -> TreeEngine:
    """Read from its bytes."""
    return TreeEngine.load(json.dumps(body).encode(), threads=1)


def test_a_split_whose_categories_are_there_twice_is_refused() -> None:
    """Its second set would take the place of the first, and the forecast with it."""
    body = body_of(xgb.train(FIXED, xgb.DMatrix(X, Y, **CATEGORICAL), 1))
    tree = model_of(body)["trees"][0]
    load(body)
    for name in ("categories_nodes", "categories_segments", "categories_sizes"):
        tree[name].append(tree[name][-1])
    with pytest.raises(ModelFileError, match="not those of its splits"):
        load(body)


def test_names_that_are_not_one_text_a_feature_are_no_names() -> None:
    """Too few texts, or a number among them: rows are then taken in their order."""
    body = body_of(xgb.train(FIXED, xgb.DMatrix(X, Y, nthread=1), 1))
    for stored, names in ((["a", "b"], ("a", "b")), (["a"], ()), (["a", 2], ()), (None, ())):
        body["learner"]["feature_names"] = stored
        assert load(body).names == names


def test_a_tree_of_vectors_belongs_to_no_output_beyond_the_first() -> None:
    """It adds to every output by itself: a file that gives it to the second is damaged."""
    data = xgb.DMatrix(X, np.column_stack([Y, -Y]), nthread=1)
    several = {"tree_method": "hist", "multi_strategy": "multi_output_tree", **FIXED}
    body = body_of(xgb.train(several, data, 2))
    load(body)
    model_of(body)["tree_info"][1] = 1
    with pytest.raises(ModelFileError, match="output that is not there"):
        load(body)


LONG: dict[str, Callable[[dict[str, Any]], dict[str, str]]] = {
    "num_nodes": lambda body: model_of(body)["trees"][0]["tree_param"],
    "num_feature": lambda body: body["learner"]["learner_model_param"],
}


@pytest.mark.parametrize("name", LONG)
def test_a_number_of_more_than_twelve_digits_is_none(name: str) -> None:
    """Of twelve it is too large, of thirteen it is not read at all."""
    body = body_of(xgb.train(FIXED, xgb.DMatrix(X, Y, nthread=1), 1))
    for digits, words in ((12, "more than .* are not supported"), (13, f"{name} is not a whole number")):
        LONG[name](body)[name] = "9" * digits
        with pytest.raises(ModelFileError, match=words):
            load(body)
