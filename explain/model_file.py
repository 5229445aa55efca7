"""XGBoost's model files (``.ubj`` and ``.json``), read without XGBoost: what a tree ensemble is, and nothing more.

The layout is XGBoost's documented JSON schema (https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html).
Nothing in a file is believed: names, counts and shapes are checked here, the trees themselves in `explain.forest`.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain.errors import ModelFileError
from explain.links import LINKS
from explain.ubjson import read_ubjson

__all__ = ["Ensemble", "Tree", "read_model"]

Array = NDArray[Any]

_MOST_FEATURES = 100_000
_MOST_OUTPUTS = 10_000
_MOST_VALUES = 10_000_000  # of one row


@dataclass(frozen=True)
class Tree:
    """One tree as it lies in the file.

    Attributes:
        left, right: int64 [nodes], children, -1 at a leaf.
        feature: int64 [nodes].
        condition: float32 [nodes], a split's threshold or a leaf's value.
        default_left: bool [nodes], where a missing value goes.
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
        features, outputs: how many.
        base_score: float32 [outputs], of the margin.
        trees: those that are used, in the order in which they are added.
        output: which output each adds to.
        weight: float32 by tree (DART), else 1.
        rounds: the boosting rounds that the trees are of, [begin, end).
    """

    features: int
    outputs: int
    base_score: Array
    trees: tuple[Tree, ...]
    output: tuple[int, ...]
    weight: Array
    rounds: tuple[int, int] = (0, 0)


def read_model(data: bytes, iteration_range: tuple[int, int] | None = None) -> Ensemble:
    """The ensemble in the bytes of a ``.ubj`` or ``.json`` file.

    Args:
        data: the file.
        iteration_range: the boosting rounds whose trees are used, [begin, end); (0, 0): all; None: through
            the file's best_iteration, where it names one, else all.

    Raises:
        ModelFileError: it is damaged, or holds what is not supported (a linear booster, categorical splits,
        trees with a vector at each leaf, an objective whose link is not known): it says which.
    """
    learner = _learner(data)
    booster = _object(learner, "gradient_booster")
    kind = booster.get("name")
    if kind not in ("gbtree", "dart"):
        raise ModelFileError(f"A booster of the kind {_shown(kind)} is not supported: gbtree and dart are.")
    weights = booster.get("weight_drop") if kind == "dart" else None
    model = _object(_object(booster, "gbtree") if kind == "dart" else booster, "model")
    raw = model.get("trees")
    if not isinstance(raw, list) or not all(isinstance(tree, dict) for tree in raw):
        raise ModelFileError("The model file has no list of trees: it is damaged.")
    features, outputs, base_score = _dimensions(learner, fitted=bool(raw))
    trees = tuple(_tree(tree, i) for i, tree in enumerate(raw))
    output = _outputs(model, len(trees), outputs)
    weight = np.ones(len(trees), np.float32)
    if kind == "dart":
        weight = _numbers(weights, np.float32, len(trees), "weight_drop")
    first = _first_trees(model, len(trees), outputs)
    begin, end = _rounds(learner, iteration_range, len(first) - 1)
    part = slice(first[begin], first[end])
    return Ensemble(
        features, outputs, base_score, trees[part], tuple(output[part].tolist()), weight[part], (begin, end)
    )


def _learner(data: bytes) -> dict[str, Any]:
    body = _parse(data)
    if isinstance(body, dict) and {"Model", "Config"} <= set(body):
        raise ModelFileError(
            "The file is a snapshot of a booster in memory (of a pickle), not a model: write it with "
            "save_model('model.ubj')."
        )
    return _object(body, "learner")


def _outputs(model: dict[str, Any], trees: int, outputs: int) -> Array:
    """Which output each tree adds to: int64 [trees]."""
    output = _numbers(model.get("tree_info"), np.int64, trees, "tree_info")
    if ((output < 0) | (output >= outputs)).any():
        raise ModelFileError("The model file gives a tree to an output that is not there: it is damaged.")
    return output


def _first_trees(model: dict[str, Any], trees: int, outputs: int) -> list[int]:
    """Where each boosting round's trees begin, and where the last one's end: [rounds + 1]."""
    if "iteration_indptr" in model:
        stored = model["iteration_indptr"]
        size = len(stored) if isinstance(stored, list | np.ndarray) else 0
        first = _numbers(stored, np.int64, size, "iteration_indptr")
        if not size or first[0] != 0 or first[-1] != trees or (np.diff(first) < 0).any():
            raise ModelFileError(
                "The model file's rounds (iteration_indptr) are not those of its trees: it is damaged."
            )
        return [int(i) for i in first]
    # XGBoost of before 2.0 wrote none: each round is then of the same number of trees.
    parameters = _object(model, "gbtree_model_param")
    name = "num_parallel_tree"
    together = outputs * max(_whole(parameters, name, 1 << 31) if name in parameters else 1, 1)
    if trees % together:
        raise ModelFileError(
            f"The model file has {trees} trees in rounds of {together}: it is truncated or damaged."
        )
    return list(range(0, trees + 1, together))


def _rounds(learner: dict[str, Any], asked: tuple[int, int] | None, rounds: int) -> tuple[int, int]:
    """The boosting rounds that are used, [begin, end)."""
    if asked is not None:
        begin, end = asked if tuple(asked) != (0, 0) else (0, rounds)
        if not 0 <= begin <= end <= rounds:
            raise ModelFileError(
                f"The rounds {begin} to {end} are not in the model file, which has {rounds}: give an "
                f"iteration_range (begin, end) with 0 <= begin <= end <= {rounds}, or (0, 0) for all."
            )
        return begin, end
    attributes = learner.get("attributes", {})
    if not isinstance(attributes, dict):
        raise ModelFileError("The model file's attributes are no object: it is damaged.")
    best = attributes.get("best_iteration")
    if best is None:
        return 0, rounds
    try:
        end = int(best) + 1
    except (TypeError, ValueError):
        end = -1
    if not 0 <= end <= rounds:
        raise ModelFileError(
            f"The model file names the best_iteration {str(best)[:40]!r} and has {rounds} rounds: say which are used, "
            "with iteration_range (begin, end), (0, 0) for all."
        )
    return 0, end or rounds  # -1 is all, as in XGBoost's estimators


def _parse(data: bytes) -> Any:
    if data[:1] != b"{":
        raise ModelFileError(
            "The file is not a model of XGBoost (.ubj or .json): write it with save_model('model.ubj'), not with "
            "pickle or dump_model."
        )
    if data[1:2] in b"iUIlL" and data[1:2]:
        return read_ubjson(data)
    try:
        # Names of features may be in any encoding, which XGBoost does not mind and trees do not ask.
        return json.loads(data.decode("utf-8", "surrogateescape"), object_pairs_hook=_once)
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


def _dimensions(learner: dict[str, Any], *, fitted: bool) -> tuple[int, int, Array]:
    """(features, outputs, base score of the margin as float32 [outputs])."""
    parameters = _object(learner, "learner_model_param")
    features = _whole(parameters, "num_feature", _MOST_FEATURES)
    classes = _whole(parameters, "num_class", _MOST_OUTPUTS)
    targets = _whole(parameters, "num_target", _MOST_OUTPUTS) if "num_target" in parameters else 1
    outputs = max(classes, targets, 1)
    if features * outputs > _MOST_VALUES:
        raise ModelFileError(f"{features} features of {outputs} outputs are more than is supported.")
    objective = _object(learner, "objective").get("name")
    link = LINKS.get(objective) if isinstance(objective, str) else None
    if link is None:
        raise ModelFileError(f"The objective {_shown(objective)} is not supported: its link is not known.")
    if not fitted and parameters.get("boost_from_average", "1") == "1":
        link = LINKS["reg:squarederror"]  # before a first round XGBoost takes what nobody gave for a margin
    try:
        scores = json.loads(str(parameters.get("base_score")))
        with np.errstate(over="ignore"):  # what is beyond float32 is infinite, and refused below
            scores = [np.float32(s) for s in (scores if isinstance(scores, list) else [scores])]
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise ModelFileError("The model file's base_score is not a number: it is damaged.") from None
    if len(scores) not in (1, outputs):
        raise ModelFileError("The model file has not one base_score an output: it is damaged.")
    base = np.array([link(s) for s in scores] * (outputs // len(scores)), np.float32)
    if not np.isfinite(base).all():
        raise ModelFileError(
            f"The model file's base_score {_shown(str(parameters.get('base_score')))} has no finite margin under "
            f"{objective}: every forecast of it is infinite or no number, and cannot be explained."
        )
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
