"""XGBoost's model files (``.ubj`` and ``.json``), read without XGBoost: rounds, base score, names; its trees apart.

The layout is XGBoost's documented JSON schema (https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html).
Nothing in a file is believed: names, counts and shapes are checked here, the trees themselves in `explain.forest`.
"""

import json
from typing import Any

import numpy as np

from explain.errors import ModelFileError
from explain.formats.checked import numbers, object_in, shown, whole
from explain.formats.ensemble import Array, Ensemble
from explain.formats.links import LINKS
from explain.formats.xgboost_trees import category_names, feature_names, trees_of

__all__ = ["read_xgboost"]

_MOST_FEATURES = 100_000
_MOST_OUTPUTS = 10_000
_MOST_VALUES = 10_000_000  # of one row


def read_xgboost(body: Any, iteration_range: tuple[int, int] | None = None) -> Ensemble:
    """The ensemble of a ``.ubj`` or ``.json`` file, parsed.

    Args:
        body: what the file holds.
        iteration_range: the boosting rounds whose trees are used, [begin, end); (0, 0): all; None: through
            the file's best_iteration, where it names one, else all.

    Raises:
        ModelFileError: it is damaged, or holds what is not supported (a linear booster, an objective whose link is
        not known): it says which.
    """
    learner = _learner(body)
    booster = object_in(learner, "gradient_booster")
    kind = booster.get("name")
    if kind not in ("gbtree", "dart"):
        raise ModelFileError(f"A booster of the kind {shown(kind)} is not supported: gbtree and dart are.")
    model = object_in(object_in(booster, "gbtree") if kind == "dart" else booster, "model")
    raw = model.get("trees")
    if not isinstance(raw, list) or not all(isinstance(tree, dict) for tree in raw):
        raise ModelFileError("The model file has no list of trees: it is damaged.")
    features, outputs, base_score = _dimensions(learner, fitted=bool(raw))
    made = [trees_of(tree, i, outputs) for i, tree in enumerate(raw)]
    several = bool(made) and len(made[0]) > 1
    output, weight = _outputs(model, len(raw), 1 if several else outputs), np.ones(len(raw), np.float32)
    if kind == "dart":
        weight = numbers(booster.get("weight_drop"), np.float32, len(raw), "weight_drop")
    first = _first_trees(model, len(raw), 1 if several else outputs)
    begin, end = _rounds(learner, iteration_range, len(first) - 1)
    used = slice(first[begin], first[end])
    return Ensemble(
        features=features,
        outputs=outputs,
        base_score=base_score,
        trees=tuple(tree for copies in made[used] for tree in copies),
        # Of a tree with a vector at each leaf there is one for each output.
        output=tuple(
            o + copy
            for o, copies in zip(output[used].tolist(), made[used], strict=True)
            for copy in range(len(copies))
        ),
        weight=np.repeat(weight[used], np.array([len(copies) for copies in made[used]], np.int64)),
        rounds=(begin, end),
        names=feature_names(learner, features),
        categories=category_names(model, features),
    )


def _learner(body: Any) -> dict[str, Any]:
    if isinstance(body, dict) and {"Model", "Config"} <= set(body):
        raise ModelFileError(
            "The file is a snapshot of a booster in memory (of a pickle), not a model: write it with "
            "save_model('model.ubj')."
        )
    return object_in(body, "learner")


def _outputs(model: dict[str, Any], trees: int, outputs: int) -> Array:
    """Which output each tree adds to: int64 [trees]."""
    output = numbers(model.get("tree_info"), np.int64, trees, "tree_info")
    if ((output < 0) | (output >= outputs)).any():
        raise ModelFileError("The model file gives a tree to an output that is not there: it is damaged.")
    return output


def _first_trees(model: dict[str, Any], trees: int, outputs: int) -> list[int]:
    """Where each boosting round's trees begin, and where the last one's end: [rounds + 1]."""
    if "iteration_indptr" in model:
        stored = model["iteration_indptr"]
        size = len(stored) if isinstance(stored, list | np.ndarray) else 0
        first = numbers(stored, np.int64, size, "iteration_indptr")
        if not size or first[0] != 0 or first[-1] != trees or (np.diff(first) < 0).any():
            raise ModelFileError(
                "The model file's rounds (iteration_indptr) are not those of its trees: it is damaged."
            )
        return [int(i) for i in first]
    # XGBoost of before 2.0 wrote none: each round is then of the same number of trees.
    parameters = object_in(model, "gbtree_model_param")
    name = "num_parallel_tree"
    together = outputs * max(whole(parameters, name, 1 << 31) if name in parameters else 1, 1)
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


def _dimensions(learner: dict[str, Any], *, fitted: bool) -> tuple[int, int, Array]:
    """(features, outputs, base score of the margin as float32 [outputs])."""
    parameters = object_in(learner, "learner_model_param")
    features = whole(parameters, "num_feature", _MOST_FEATURES)
    classes = whole(parameters, "num_class", _MOST_OUTPUTS)
    targets = whole(parameters, "num_target", _MOST_OUTPUTS) if "num_target" in parameters else 1
    outputs = max(classes, targets, 1)
    if features * outputs > _MOST_VALUES:
        raise ModelFileError(f"{features} features of {outputs} outputs are more than is supported.")
    objective = object_in(learner, "objective").get("name")
    link = LINKS.get(objective) if isinstance(objective, str) else None
    if link is None:
        raise ModelFileError(f"The objective {shown(objective)} is not supported: its link is not known.")
    if not fitted and parameters.get("boost_from_average", "1") == "1":
        link = LINKS["reg:squarederror"]  # before a first round XGBoost takes what nobody gave for a margin
    try:
        scores = json.loads(str(parameters.get("base_score")))
        with np.errstate(over="ignore"):  # what is beyond float32 is infinite, and refused below
            scores = [np.float32(float(s)) for s in (scores if isinstance(scores, list) else [scores])]
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise ModelFileError("The model file's base_score is not a number: it is damaged.") from None
    if len(scores) not in (1, outputs):
        raise ModelFileError("The model file has not one base_score an output: it is damaged.")
    base = np.array([link(s) for s in scores] * (outputs // len(scores)), np.float32)
    if not np.isfinite(base).all():
        raise ModelFileError(
            f"The model file's base_score {shown(str(parameters.get('base_score')))} has no finite margin under "
            f"{objective}: every forecast of it is infinite or no number, and cannot be explained."
        )
    return features, outputs, base
