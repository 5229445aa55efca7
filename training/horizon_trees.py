"""The median of bed demand: a weighted sum of trees of all horizons and of each horizon alone, in one model file.

A booster that learns all horizons at once is weak at the shortest one; one for each horizon has less to learn from.
Together they were better than either (docs/forecasts.md). The trees of one round, one for each horizon, are put under
splits that ask for the horizon: a row comes to the tree of its own. So the sum is a forest like any other: it is
predicted, explained and verified as one.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xgboost as xgb

from hospital.arrays import Array
from hospital.features.feature import Feature
from training.trees import DEFAULT_HYPERPARAMETERS, Hyperparameters, fit_median, share_of_rows

__all__ = [
    "HORIZON_TREES",
    "OWN_SHARE",
    "SHARED_ROUNDS",
    "fit_bed_median",
    "horizon_column",
    "rounds_of",
    "under_splits",
]

_MOST_STEP = 0.3
_NO_NODE, _NO_PARENT = -1, 2147483647  # as XGBoost writes them

HORIZON_TREES = Hyperparameters(rounds=60, depth=5, step=0.12, least_weight=10.0, columns=0.5, rows_share=0.8)
"""Of the trees of each horizon."""
SHARED_ROUNDS = 0.6
"""Of the rounds that are asked for, those of all horizons, in larger steps, so that the others cost next to nothing."""


OWN_SHARE = 0.5
"""What the trees of a row's horizon count for, beside those of all horizons: docs/forecasts.md."""


def rounds_of(hyperparameters: Hyperparameters, horizons: int) -> int:
    """How often `fit_bed_median` reports progress."""
    return _shared(hyperparameters).rounds + _own(hyperparameters).rounds * horizons


def _shared(asked: Hyperparameters) -> Hyperparameters:
    """Of the trees of all horizons."""
    return _fewer(asked, round(SHARED_ROUNDS * asked.rounds))


def _own(asked: Hyperparameters) -> Hyperparameters:
    """Of the trees of a horizon: where fewer are asked for than usual, they are as many times fewer."""
    share = min(asked.rounds / DEFAULT_HYPERPARAMETERS.rounds, 1.0)
    return _fewer(HORIZON_TREES, round(share * HORIZON_TREES.rounds))


def _fewer(hyperparameters: Hyperparameters, rounds: int) -> Hyperparameters:
    """Fewer trees, each of which counts for as much more, up to a limit."""
    fewer = max(rounds, 1)
    step = hyperparameters.step * hyperparameters.rounds / fewer
    return replace(hyperparameters, rounds=fewer, step=min(step, max(_MOST_STEP, hyperparameters.step)))


def horizon_column(features: Sequence[Feature]) -> int:
    """Where the rows of a bed-demand model have their horizon."""
    return [f.name for f in features].index("horizon_hours")


def fit_bed_median(
    X: Array,
    y: Array,
    weight: Array,
    *,
    column: int,
    seed: int,
    threads: int = 1,
    progress: Callable[[], None],
    hyperparameters: Hyperparameters,
) -> bytes:
    """Fits y (float64 [n], in units of the row's scale) with weights: the bytes of a ``.ubj`` file.

    Where no row has a known horizon, the trees of all horizons are the whole median.

    Args:
        column: of X, the horizon.
        progress: called after each tree, `rounds_of` times.
        hyperparameters: of the trees of all horizons, before they make room for the others.
    """
    known = weight > 0
    X, y, weight = X[known], y[known], weight[known]
    shared = fit_median(
        X, y, weight, seed=seed, threads=threads, progress=progress, hyperparameters=_shared(hyperparameters)
    )
    hours = np.unique(X[:, column][~np.isnan(X[:, column])])
    if not hours.size:
        return shared
    parameters = _own(hyperparameters)  # together they see as many rows as one booster of all
    parameters = replace(parameters, rows_share=share_of_rows(parameters.rows_share, len(X)))
    own = []
    for hour in hours:
        mine = X[:, column] == hour
        fitted = fit_median(
            X[mine],
            y[mine],
            weight[mine],
            seed=seed,
            threads=threads,
            progress=progress,
            hyperparameters=parameters,
            start=0.0,
        )
        own.append(_body(fitted))
    return _together(shared, own, hours, column)


def _body(content: bytes) -> dict[str, Any]:
    booster = xgb.Booster()
    booster.load_model(bytearray(content))
    body: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))
    return body


def _together(shared: bytes, own: Sequence[dict[str, Any]], hours: Array, column: int) -> bytes:
    """The booster of all horizons and those of each, which start from 0: the weighted sum as one booster."""
    body = _body(shared)
    model, parameters = body["learner"]["gradient_booster"]["model"], body["learner"]["learner_model_param"]
    (start,) = json.loads(parameters["base_score"])
    parameters["base_score"] = json.dumps([float(np.float32((1 - OWN_SHARE) * start))])
    rounds = zip(*(b["learner"]["gradient_booster"]["model"]["trees"] for b in own), strict=True)
    trees = [_scaled(tree, 1 - OWN_SHARE) for tree in model["trees"]]
    trees += [_scaled(under_splits(each, hours, column), OWN_SHARE) for each in rounds]
    model["trees"] = [{**tree, "id": number} for number, tree in enumerate(trees)]
    model["gbtree_model_param"]["num_trees"] = str(len(trees))
    model["iteration_indptr"], model["tree_info"] = list(range(len(trees) + 1)), [0] * len(trees)
    whole = xgb.Booster()
    whole.load_model(bytearray(json.dumps(body).encode()))
    return bytes(whole.save_raw("ubj"))


def _scaled(tree: dict[str, Any], share: float) -> dict[str, Any]:
    """The tree with leaves of so much."""
    leaf = np.array(tree["left_children"]) == _NO_NODE
    value = np.array(tree["split_conditions"], np.float32)
    return {**tree, "split_conditions": np.where(leaf, np.float32(share) * value, value).tolist()}


def under_splits(trees: Sequence[dict[str, Any]], hours: Array, column: int) -> dict[str, Any]:
    """One tree of several, as XGBoost writes trees in JSON: splits on a column, half-way between two values, lead
    to the tree of the nearest.

    Args:
        hours: floats of any type [trees], ascending, what the column has where each tree answers.
        column: of X.
    """
    if len(trees) == 1:
        return trees[0]
    middle = len(trees) // 2
    sides = [
        under_splits(trees[:middle], hours[:middle], column),
        under_splits(trees[middle:], hours[middle:], column),
    ]
    at = [_places(sides, 0), _places(sides, 1)]
    root = {
        "base_weights": 0.0,
        "default_left": 1,
        "left_children": 1,
        "loss_changes": 0.0,
        "parents": _NO_PARENT,
        "right_children": 2,
        "split_conditions": float(np.float32((hours[middle - 1] + hours[middle]) / 2)),
        "split_indices": column,
        "split_type": 0,
        "sum_hessian": sum(side["sum_hessian"][0] for side in sides),
    }
    out: dict[str, Any] = {**sides[0]}
    for name, value in root.items():
        values = [value] + [None] * sum(map(len, at))
        for side, places in zip(sides, at, strict=True):
            for node, place in zip(side[name], places, strict=True):
                values[place] = _moved(name, node, places)
        out[name] = values
    deleted = sum(int(side["tree_param"]["num_deleted"]) for side in sides)
    size = {"num_nodes": str(len(out["parents"])), "num_deleted": str(deleted)}
    return {**out, "tree_param": {**sides[0]["tree_param"], **size}}


def _places(sides: Sequence[dict[str, Any]], side: int) -> list[int]:
    """Where the nodes of a side stand in the whole: both roots after the split, as children stand side by side."""
    first, own = 3 + side * (len(sides[0]["parents"]) - 1), len(sides[side]["parents"]) - 1
    return [1 + side, *range(first, first + own)]


def _moved(name: str, value: Any, places: Sequence[int]) -> Any:
    """What a node says of itself, with other nodes where they stand now."""
    if name == "parents":
        return 0 if value == _NO_PARENT else places[value]
    if name in ("left_children", "right_children"):
        return value if value == _NO_NODE else places[value]
    return value
