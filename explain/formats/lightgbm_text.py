"""LightGBM's text files (``save_model('model.txt')``, ``model_to_string()``), read without LightGBM.

A header of ``name=value`` lines, then a block of such lines for each tree, then what trees do not need.
"""

import json
from collections.abc import Sequence

import numpy as np

from explain.errors import ModelFileError
from explain.formats.ensemble import Array, Ensemble, Tree
from explain.formats.lightgbm_trees import CATEGORY, Header, Parts, ensemble_of, tree_of

__all__ = ["categories_by_feature", "read_lightgbm_text"]

_END = "end of trees"
_PANDAS = "pandas_categorical:"
_WORD_BITS = 32


def read_lightgbm_text(data: bytes, iteration_range: tuple[int, int] | None = None) -> Ensemble:
    """The ensemble of a text file.

    Args:
        data: the file.
        iteration_range: as in `read_model`; LightGBM writes no rounds beyond its best one.

    Raises:
        ModelFileError: it is damaged, or holds what is not supported (linear trees): it says which.
    """
    lines = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")
    if _END not in lines:
        raise ModelFileError("The model file of LightGBM does not end: it is truncated.")
    end = lines.index(_END)
    begins = [i for i, line in enumerate(lines[:end]) if line.startswith("Tree=")]
    header = _values(lines[1 : begins[0] if begins else end])
    trees = [
        _tree(_values(lines[first:last]), f"tree {i}")
        for i, (first, last) in enumerate(zip(begins, [*begins, end][1:], strict=True))
    ]
    sizes = header.get("tree_sizes", "").split()
    if len(sizes) != len(trees):
        raise ModelFileError(
            f"The model file has {len(trees)} trees of {len(sizes)}: it is truncated or damaged."
        )
    features = _whole(header, "max_feature_idx") + 1
    names = tuple(header.get("feature_names", "").split())
    infos = header.get("feature_infos", "").split()
    by_sets = [i for i, info in enumerate(infos) if info != "none" and not info.startswith("[")]
    stored = next((line[len(_PANDAS) :] for line in reversed(lines) if line.startswith(_PANDAS)), "null")
    return ensemble_of(
        Header(
            features=features,
            outputs=_whole(header, "num_tree_per_iteration"),
            averaged="average_output" in header,
            names=names if len(names) == features else (),
            categories=categories_by_feature(by_sets, _json(stored)),
        ),
        trees,
        iteration_range,
    )


def categories_by_feature(features: Sequence[int], stored: object) -> dict[int, tuple[object, ...]]:
    """What the categories 0, 1, … of each feature are called, where the file says of how many features it does."""
    if not isinstance(stored, list) or len(stored) != len(features):
        return {}
    return {f: tuple(names) for f, names in zip(features, stored, strict=True) if isinstance(names, list)}


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _values(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition("=")
        if name in found and name:
            raise ModelFileError(f"The model file has two entries {name[:40]!r}: it is damaged.")
        found[name] = value
    return found


def _whole(values: dict[str, str], name: str) -> int:
    text = values.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ModelFileError(f"The model file's {name} is not a whole number: it is damaged.")
    return int(text)


def _tree(values: dict[str, str], where: str) -> Tree:
    if values.get("is_linear", "0") != "0":
        raise ModelFileError(
            "Linear trees are not supported: their leaves are no numbers. Train without linear_tree."
        )
    leaves = _whole(values, "num_leaves")
    splits = leaves - 1

    def read(name: str, kind: type, count: int) -> Array:
        words = values.get(name, "").split()
        try:
            out = np.array([kind(word) for word in words], np.float64 if kind is float else np.int64)
        except (ValueError, OverflowError):
            raise ModelFileError(
                f"The model file's {name} of {where} are no numbers: it is damaged."
            ) from None
        if out.size != count:
            raise ModelFileError(
                f"The model file has not {count} {name} of {where}: it is truncated or damaged."
            )
        return out

    if leaves < 1:
        raise ModelFileError(f"{where} of the model file has no leaf: it is damaged.")
    # What has a single leaf may lack its count; there is nothing to share out by it.
    one = np.ones(1) if not splits and not values.get("leaf_count", "").split() else None
    threshold, decision = read("threshold", float, splits), read("decision_type", int, splits)
    sets: dict[int, Array] = {}
    if (decision & CATEGORY).any():
        bounds = read("cat_boundaries", int, _whole(values, "num_cat") + 1)
        words = read("cat_threshold", int, int(bounds[-1]))
        sets = _sets(threshold, np.flatnonzero(decision & CATEGORY), bounds, words, where)
    parts = Parts(
        feature=read("split_feature", int, splits),
        threshold=threshold,
        decision=decision,
        left=read("left_child", int, splits),
        right=read("right_child", int, splits),
        split_cover=read("internal_count", float, splits),
        value=read("leaf_value", float, leaves),
        leaf_cover=read("leaf_count", float, leaves) if one is None else one,
        sets=sets,
    )
    return tree_of(parts, where)


def _sets(threshold: Array, by_set: Array, bounds: Array, words: Array, where: str) -> dict[int, Array]:
    """The categories of each of these splits, whose threshold is the number of its set."""
    out: dict[int, Array] = {}
    for split in by_set.tolist():
        number = threshold[split]
        if number != np.floor(number) or not 0 <= number < bounds.size - 1:
            raise ModelFileError(
                f"{where} of the model file has a split without its categories: it is damaged."
            )
        first, last = bounds[int(number)], bounds[int(number) + 1]
        part = words[first:last]
        if not 0 <= first <= last or ((part < 0) | (part >= 1 << _WORD_BITS)).any():
            raise ModelFileError(f"{where} of the model file has categories that are none: it is damaged.")
        bits = (part[:, None] >> np.arange(_WORD_BITS)) & 1
        out[split] = np.flatnonzero(bits.ravel())
    return out
