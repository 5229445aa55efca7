"""One tree of XGBoost's model files, and what the file calls features and categories."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from explain.errors import ModelFileError
from explain.formats.checked import numbers, object_in, whole
from explain.formats.ensemble import Array, Tree

__all__ = ["category_names", "feature_names", "trees_of"]

_MOST_CATEGORY = 1 << 24  # what XGBoost takes for one: beyond it float32 skips whole numbers


def trees_of(raw: dict[str, Any], index: int, outputs: int) -> tuple[Tree, ...]:
    """The tree, once; of one with a vector at each leaf (multi_output_tree) a tree for each output.

    Raises:
        ModelFileError: it is damaged, or has no covers.
    """
    where = f"tree {index}"
    parameters = object_in(raw, "tree_param")
    nodes = whole(parameters, "num_nodes", 1 << 31)
    vector = whole(parameters, "size_leaf_vector", 1 << 31) if "size_leaf_vector" in parameters else 1
    if nodes < 1:
        raise ModelFileError(f"{where} of the model file has no node: it is damaged.")

    def read(name: str, kind: Any, count: int = nodes) -> Array:
        return numbers(raw.get(name), kind, count, f"{name} of {where}")

    if vector > 1 and "sum_hessian" not in raw:
        raise ModelFileError(
            "Trees with a vector at each leaf (multi_output_tree) have no covers in files of XGBoost before 3.2, so "
            "that nothing can be explained by them: train the model again with 3.2 or newer, or with "
            "multi_strategy='one_output_per_tree'."
        )
    left, right = read("left_children", np.int64), read("right_children", np.int64)
    tree = Tree(
        left=left,
        right=np.where(left == -1, -1, right) if vector > 1 else right,
        feature=read("split_indices", np.int64),
        condition=read("split_conditions", np.float32),
        default_left=read("default_left", np.int64).astype(bool),
        cover=read("sum_hessian", np.float64),
        sets=_sets(raw, nodes, where),
    )
    if vector <= 1:
        return (tree,)
    if vector != outputs:
        raise ModelFileError(
            f"{where} of the model file has leaves of {vector} values for {outputs} outputs: it is damaged."
        )
    leaves = np.flatnonzero(left == -1)
    if 2 * leaves.size <= nodes:
        raise ModelFileError(f"{where} of the model file has too few leaves: it is damaged.")
    weights = read("leaf_weights", np.float32, leaves.size * vector).reshape(-1, vector)
    at = right[leaves]  # a leaf has the number of its vector in the place of its child
    if ((at < 0) | (at >= leaves.size)).any():
        raise ModelFileError(f"{where} of the model file has a leaf without its vector: it is damaged.")
    conditions = np.repeat(tree.condition[None], vector, axis=0)
    conditions[:, leaves] = weights[at].T
    return tuple(replace(tree, condition=condition) for condition in conditions)


def _sets(raw: dict[str, Any], nodes: int, where: str) -> dict[int, Array]:
    """By categorical split, the categories that go right."""
    kinds = raw.get("split_type")
    if kinds is None or (isinstance(kinds, list) and not kinds):
        return {}
    kind = numbers(kinds, np.int64, nodes, f"split_type of {where}")
    if not kind.any():
        return {}

    def read(name: str, count: int | None = None) -> Array:
        value = raw.get(name)
        size = len(value) if isinstance(value, list | np.ndarray) else 0
        return numbers(value, np.int64, size if count is None else count, f"{name} of {where}")

    at, members = read("categories_nodes"), read("categories")
    begin, size = read("categories_segments", at.size), read("categories_sizes", at.size)
    sound = (begin >= 0) & (size > 0) & (size <= members.size - begin)  # XGBoost refuses an empty set, too
    if (
        not sound.all()
        or not np.array_equal(np.unique(at), np.flatnonzero(kind))
        or np.diff(at).min(initial=1) < 1
    ):
        raise ModelFileError(
            f"The model file's categories of {where} are not those of its splits: it is damaged."
        )
    if ((members < 0) | (members >= _MOST_CATEGORY)).any():
        raise ModelFileError(f"The model file has a category of {where} that is out of range: it is damaged.")
    sets = zip(at.tolist(), begin.tolist(), (begin + size).tolist(), strict=True)
    return {node: np.unique(members[first:last]) for node, first, last in sets}


def feature_names(learner: dict[str, Any], features: int) -> tuple[str, ...]:
    """What the file calls the features; empty where it does not."""
    names = learner.get("feature_names")
    if not isinstance(names, list) or len(names) != features or not all(isinstance(n, str) for n in names):
        return ()
    return tuple(names)


def category_names(model: dict[str, Any], features: int) -> dict[int, tuple[object, ...]]:
    """By feature, what its categories 0, 1, … are called, where the file holds it (XGBoost from 3.1 on).

    Of names beyond ASCII it does not: XGBoost counts their characters and cuts so many bytes, so that a name and those
    after it are parts of others.

    Raises:
        ModelFileError: it is damaged.
    """
    stored = model.get("cats")
    encodings = stored.get("enc") if isinstance(stored, dict) else None
    if not isinstance(encodings, list) or not encodings:
        return {}
    if len(encodings) != features or not all(isinstance(e, dict) for e in encodings):
        raise ModelFileError("The model file names categories of other features than it has: it is damaged.")
    named = {feature: _names(encoding) for feature, encoding in enumerate(encodings)}
    return {feature: names for feature, names in named.items() if names}


def _names(encoding: dict[str, Any]) -> tuple[object, ...]:
    values = _plain(encoding.get("values"))
    if "offsets" not in encoding:
        return tuple(values)
    offsets = _plain(encoding["offsets"])
    try:
        text = bytes(int(v) & 0xFF for v in values)
        return tuple(text[int(a) : int(b)].decode() for a, b in pairwise(offsets)) if text.isascii() else ()
    except (TypeError, ValueError):
        raise ModelFileError("The model file's names of categories are no texts: it is damaged.") from None


def _plain(values: object) -> Sequence[Any]:
    if isinstance(values, np.ndarray):
        return values.tolist()
    return values if isinstance(values, list) else []
