"""Two boosters as one: the mean of what each says is a sum of trees again, and its reasons add up as those of one do.

The leaves of each are weighted by its share, and the trees of one follow those of the other, so that every second tree
is half of either.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xgboost as xgb

__all__ = ["mean_of"]


def mean_of(boosters: Sequence[xgb.Booster]) -> xgb.Booster:
    """A booster whose forecast is the mean of those of several, which have the same features and objective.

    Leaves of two are halved exactly; a number of boosters that is no power of two rounds each leaf.
    """
    models = [json.loads(bytes(booster.save_raw("json"))) for booster in boosters]
    share, whole = 1 / len(models), models[0]
    trees = [tree for model in models for tree in _trees(model)]
    for number, tree in enumerate(trees):
        tree["id"] = number
        leaf = [child == -1 for child in tree["left_children"]]
        for name in ("split_conditions", "base_weights"):
            tree[name] = [v * share if at else v for v, at in zip(tree[name], leaf, strict=True)]
    inner = whole["learner"]["gradient_booster"]["model"]
    inner["trees"], inner["tree_info"] = trees, [0] * len(trees)
    inner["iteration_indptr"] = list(range(len(trees) + 1))
    inner["gbtree_model_param"]["num_trees"] = str(len(trees))
    parameters = whole["learner"]["learner_model_param"]
    parameters["base_score"] = _written(sum(_base_score(model) for model in models) * share)
    mixed = xgb.Booster()
    mixed.load_model(bytearray(json.dumps(whole).encode()))
    return mixed


def _trees(model: dict[str, Any]) -> list[dict[str, Any]]:
    trees: list[dict[str, Any]] = model["learner"]["gradient_booster"]["model"]["trees"]
    return trees


def _base_score(model: dict[str, Any]) -> float:
    return float(model["learner"]["learner_model_param"]["base_score"].strip("[]"))


def _written(score: float) -> str:
    """As XGBoost writes it: the shortest text of that float32."""
    return f"[{np.float32(score)!s}]"
