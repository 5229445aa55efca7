"""LightGBM's models as JSON (``json.dumps(booster.dump_model())``), read without LightGBM."""

from typing import Any

import numpy as np

from explain.errors import ModelFileError
from explain.formats.checked import object_in
from explain.formats.ensemble import Ensemble, Tree
from explain.formats.lightgbm_text import categories_by_feature
from explain.formats.lightgbm_trees import CATEGORY, DEFAULT_LEFT, Header, Parts, ensemble_of, tree_of

__all__ = ["read_lightgbm_json"]

_MISSING = {"None": 0, "Zero": 4, "NaN": 8}
_MOST_CATEGORY = 1 << 31
_INFINITE = 1e300  # what LightGBM writes for an infinite threshold, which JSON has none for


def read_lightgbm_json(body: dict[str, Any], iteration_range: tuple[int, int] | None = None) -> Ensemble:
    """The ensemble of a model as JSON.

    Args:
        body: what the file holds.
        iteration_range: as in `read_model`; LightGBM writes no rounds beyond its best one.

    Raises:
        ModelFileError: it is damaged, or holds what is not supported (linear trees): it says which.
    """
    raw = body.get("tree_info")
    if not isinstance(raw, list):
        raise ModelFileError("The model file has no list of trees: it is damaged.")
    names = body.get("feature_names")
    features = _whole(body, "max_feature_idx") + 1
    if not isinstance(names, list) or len(names) != features:
        raise ModelFileError("The model file does not name its features: it is damaged.")
    infos = body.get("feature_infos")
    infos = infos if isinstance(infos, dict) else {}
    by_sets = [
        i for i, name in enumerate(names) if isinstance(infos.get(name), dict) and infos[name].get("values")
    ]
    return ensemble_of(
        Header(
            features=features,
            outputs=_whole(body, "num_tree_per_iteration"),
            averaged=body.get("average_output") is True,
            names=tuple(str(name) for name in names),
            categories=categories_by_feature(by_sets, body.get("pandas_categorical")),
        ),
        [_tree(tree, f"tree {i}") for i, tree in enumerate(raw)],
        iteration_range,
    )


def _tree(raw: Any, where: str) -> Tree:
    splits: list[dict[str, Any]] = []
    leaves: list[dict[str, Any]] = []
    children: list[list[int]] = []
    todo: list[tuple[dict[str, Any], int, int]] = [(object_in(raw, "tree_structure"), -1, 0)]
    while todo:
        node, parent, side = todo.pop()
        if "leaf_value" in node:
            leaves.append(node)
            number = -len(leaves)  # ~(its place)
        else:
            splits.append(node)
            number = len(splits) - 1
            children.append([0, 0])
            todo += [
                (object_in(node, name), number, s) for s, name in enumerate(("left_child", "right_child"))
            ]
        if parent >= 0:
            children[parent][side] = number
    if any("leaf_const" in leaf or "leaf_coeff" in leaf for leaf in leaves):
        raise ModelFileError(
            "Linear trees are not supported: their leaves are no numbers. Train without linear_tree."
        )
    decisions = [_decision(split, where) for split in splits]
    by_set = [i for i, decision in enumerate(decisions) if decision & CATEGORY]
    threshold = np.array(
        [0.0 if d & CATEGORY else _number(s, "threshold") for s, d in zip(splits, decisions, strict=True)]
    )
    sides = np.array(children, np.int64).reshape(-1, 2)
    parts = Parts(
        feature=np.array([_whole(split, "split_feature") for split in splits], np.int64),
        threshold=np.where(threshold >= _INFINITE, np.inf, threshold),
        decision=np.array(decisions, np.int64),
        left=sides[:, 0],
        right=sides[:, 1],
        split_cover=np.array([_number(split, "internal_count") for split in splits]),
        value=np.array([_number(leaf, "leaf_value") for leaf in leaves]),
        leaf_cover=np.array([_number(leaf, "leaf_count") if splits else 1.0 for leaf in leaves]),
        sets={i: _set(splits[i].get("threshold"), where) for i in by_set},
    )
    return tree_of(parts, where)


def _decision(split: dict[str, Any], where: str) -> int:
    kind, missing, left = (split.get(name) for name in ("decision_type", "missing_type", "default_left"))
    if kind not in ("<=", "==") or missing not in _MISSING or not isinstance(left, bool):
        raise ModelFileError(f"{where} of the model file has a split of an unknown kind: it is damaged.")
    return (CATEGORY if kind == "==" else 0) | (DEFAULT_LEFT if left else 0) | _MISSING[missing]


def _set(text: object, where: str) -> Any:
    words = text.split("||") if isinstance(text, str) and text else []
    if not words or not all(w.isascii() and w.isdigit() and len(w) <= 10 for w in words):
        raise ModelFileError(f"{where} of the model file has categories that are none: it is damaged.")
    return np.unique(np.array([min(int(word), _MOST_CATEGORY) for word in words], np.int64))


def _whole(parent: dict[str, Any], name: str) -> int:
    value = parent.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise ModelFileError(f"The model file's {name} is not a whole number: it is damaged.")
    return value


def _number(parent: dict[str, Any], name: str) -> float:
    value = parent.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelFileError(f"The model file's {name} is not a number: it is damaged.")
    try:
        return float(value)
    except OverflowError:
        raise ModelFileError(f"The model file's {name} is out of range: it is damaged.") from None
