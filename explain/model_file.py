"""XGBoost's model files (``.ubj`` and ``.json``), read without XGBoost: what a tree ensemble is, and nothing more.

The layout is XGBoost's documented JSON schema (https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html).
Nothing in a file is believed: names, counts and shapes are checked here, the trees themselves in `explain.forest`.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain.errors import ModelFileError
from explain.ubjson import read_ubjson

__all__ = ["Ensemble", "Tree", "read_model"]

Array = NDArray[Any]

_MOST_FEATURES = 100_000
_MOST_OUTPUTS = 10_000
_MOST_VALUES = 10_000_000  # of one row


def _logit(p: float) -> float:
    one, share = (
        np.float32(1),
        np.float32(p),
    )  # in float32, as XGBoost does: its rounding is in its predictions
    return float(-np.log(one / share - one)) if 0 < p < 1 else math.nan


def _log(x: float) -> float:
    return math.log(x) if x > 0 else math.nan


def _same(x: float) -> float:
    return x


# From the base score, which is in the units of the outcome, to the margin that trees add to.
_LINKS: dict[str, Callable[[float], float]] = {
    "reg:squarederror": _same,
    "reg:squaredlogerror": _same,
    "reg:absoluteerror": _same,
    "reg:quantileerror": _same,
    "reg:pseudohubererror": _same,
    "multi:softmax": _same,
    "multi:softprob": _same,
    "rank:ndcg": _same,
    "rank:map": _same,
    "rank:pairwise": _same,
    "binary:logistic": _logit,
    "binary:logitraw": _logit,
    "reg:logistic": _logit,
    "count:poisson": _log,
    "reg:gamma": _log,
    "reg:tweedie": _log,
}


@dataclass(frozen=True)
class Tree:
    """One tree as it lies in the file.

    Attributes:
        left, right: int64 [nodes], children, -1 at a leaf. feature: int64 [nodes]. condition: float32 [nodes],
        a split's threshold or a leaf's value. default_left: bool [nodes], where a missing value goes.
        cover: float64 [nodes], the training rows' weight.
    """

    left: Array
    right: Array
    feature: Array
    condition: Array
    default_left: Array
    cover: Array


@dataclass(frozen=True)
class Ensemble:
    """Trees that are added up.

    Attributes:
        features, outputs: how many. base_score: float32 [outputs], of the margin. trees: in the order in which
        they are added. output: which output each adds to. weight: float32 by tree (DART), else 1.
    """

    features: int
    outputs: int
    base_score: Array
    trees: tuple[Tree, ...]
    output: tuple[int, ...]
    weight: Array


def read_model(data: bytes) -> Ensemble:
    """The ensemble in the bytes of a ``.ubj`` or ``.json`` file.

    Raises:
        ModelFileError: it is damaged, or holds what is not supported (a linear booster, categorical splits,
        trees with a vector at each leaf, an objective whose link is not known): it says which.
    """
    learner = _object(_parse(data), "learner")
    booster = _object(learner, "gradient_booster")
    kind = booster.get("name")
    if kind not in ("gbtree", "dart"):
        raise ModelFileError(f"A booster of the kind {_shown(kind)} is not supported: gbtree and dart are.")
    weights = booster.get("weight_drop") if kind == "dart" else None
    model = _object(_object(booster, "gbtree") if kind == "dart" else booster, "model")
    features, outputs, base_score = _dimensions(learner)
    raw = model.get("trees")
    if not isinstance(raw, list) or not all(isinstance(tree, dict) for tree in raw):
        raise ModelFileError("The model file has no list of trees: it is damaged.")
    trees = tuple(_tree(tree, i) for i, tree in enumerate(raw))
    output = _numbers(model.get("tree_info"), np.int64, len(trees), "tree_info")
    if ((output < 0) | (output >= outputs)).any():
        raise ModelFileError("The model file gives a tree to an output that is not there: it is damaged.")
    weight = np.ones(len(trees), np.float32)
    if kind == "dart":
        weight = _numbers(weights, np.float32, len(trees), "weight_drop")
    return Ensemble(features, outputs, base_score, trees, tuple(output.tolist()), weight)


def _parse(data: bytes) -> Any:
    if data[:1] != b"{":
        raise ModelFileError("The file is not a model of XGBoost (.ubj or .json).")
    if data[1:2] in b"iUIlL" and data[1:2]:
        return read_ubjson(data)
    try:
        return json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ModelFileError("The model file is not whole JSON: it is truncated or damaged.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ModelFileError("The model file has an entry twice: it is damaged.")
    return out


def _object(parent: Any, name: str) -> dict[str, Any]:
    value = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(value, dict):
        raise ModelFileError(f"The model file has no {name}: it is damaged, or not a model of XGBoost.")
    return value


def _dimensions(learner: dict[str, Any]) -> tuple[int, int, Array]:
    """(features, outputs, base score of the margin as float32 [outputs])."""
    parameters = _object(learner, "learner_model_param")
    features = _whole(parameters, "num_feature", _MOST_FEATURES)
    classes = _whole(parameters, "num_class", _MOST_OUTPUTS)
    targets = _whole(parameters, "num_target", _MOST_OUTPUTS) if "num_target" in parameters else 1
    outputs = max(classes, targets, 1)
    if features * outputs > _MOST_VALUES:
        raise ModelFileError(f"{features} features of {outputs} outputs are more than is supported.")
    objective = _object(learner, "objective").get("name")
    link = _LINKS.get(objective) if isinstance(objective, str) else None
    if link is None:
        raise ModelFileError(f"The objective {_shown(objective)} is not supported: its link is not known.")
    try:
        scores = json.loads(str(parameters.get("base_score")))
        with np.errstate(over="ignore"):  # what is beyond float32 is infinite, and refused below
            scores = [float(np.float32(s)) for s in (scores if isinstance(scores, list) else [scores])]
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise ModelFileError("The model file's base_score is not a number: it is damaged.") from None
    if len(scores) not in (1, outputs):
        raise ModelFileError("The model file has not one base_score an output: it is damaged.")
    base = np.array([link(s) for s in scores] * (outputs // len(scores)), np.float32)
    if not np.isfinite(base).all():
        raise ModelFileError("The model file's base_score is out of its objective's range: it is damaged.")
    return features, outputs, base


def _tree(raw: dict[str, Any], index: int) -> Tree:
    where = f"tree {index}"
    parameters = _object(raw, "tree_param")
    nodes = _whole(parameters, "num_nodes", 1 << 31)
    vector = _whole(parameters, "size_leaf_vector", 1 << 31) if "size_leaf_vector" in parameters else 1
    if vector > 1:
        raise ModelFileError("Trees with a vector at each leaf (multi_output_tree) are not supported.")
    if nodes < 1:
        raise ModelFileError(f"{where} of the model file has no node: it is damaged.")

    def read(name: str, kind: Any) -> Array:
        return _numbers(raw.get(name), kind, nodes, f"{name} of {where}")

    kinds = raw.get("split_type")
    if (
        not (kinds is None or (isinstance(kinds, list) and not kinds))
        and _numbers(kinds, np.int64, nodes, f"split_type of {where}").any()
    ):
        raise ModelFileError("Categorical splits are not supported: encode categories as numbers.")
    return Tree(
        left=read("left_children", np.int64),
        right=read("right_children", np.int64),
        feature=read("split_indices", np.int64),
        condition=read("split_conditions", np.float32),
        default_left=read("default_left", np.int64).astype(bool),
        cover=read("sum_hessian", np.float64),
    )


def _whole(parent: dict[str, Any], name: str, most: int) -> int:
    text = parent.get(name)
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ModelFileError(f"The model file's {name} is not a whole number: it is damaged.")
    if int(text) > most:
        raise ModelFileError(f"The model file's {name} is {text}: more than {most} are not supported.")
    return int(text)


def _numbers(value: Any, dtype: Any, count: int, name: str) -> Array:
    """`value` as an array of `count` numbers of a type that holds each of them."""
    if isinstance(value, list) and len(value) == count:
        wanted = (int, float) if np.dtype(dtype).kind == "f" else int
        if not all(isinstance(x, wanted) for x in value):
            raise ModelFileError(f"The model file's {name} are not all numbers of their kind: it is damaged.")
        try:
            value = np.array(value, np.float64 if np.dtype(dtype).kind == "f" else dtype)
        except (OverflowError, ValueError):
            raise ModelFileError(f"The model file's {name} are out of range: it is damaged.") from None
    if not isinstance(value, np.ndarray) or value.shape != (count,):
        raise ModelFileError(f"The model file has not {count} {name}: it is truncated or damaged.")
    if np.dtype(dtype).kind == "i" and value.dtype.kind not in "iu":
        raise ModelFileError(f"The model file's {name} are not whole numbers: it is damaged.")
    with np.errstate(over="ignore"):
        return value.astype(dtype)


def _shown(value: object) -> str:
    return repr(value[:40]) if isinstance(value, str) else "without a name"
