"""Model files: what is read, what is refused by name, and that a hostile one costs nothing but a message."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from explain import ModelFileError, TreeEngine
from explain.formats.reading import read_model
from explain.formats.ubjson import read_ubjson
from tests.support.trees_by_hand import Shape, as_json, booster_of, random_ensemble, special_rows

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def model() -> dict[str, Any]:
    """A small model as JSON."""
    return as_json(random_ensemble(Shape(features=4, trees=4, depth=4), np.random.default_rng(2)))


def ensemble(body: dict[str, Any]) -> dict[str, Any]:
    """Its trees and what is said of all of them."""
    found: dict[str, Any] = body["learner"]["gradient_booster"]["model"]
    return found


def tree(body: dict[str, Any]) -> dict[str, Any]:
    """Its first tree."""
    found: dict[str, Any] = ensemble(body)["trees"][0]
    return found


def parameters(body: dict[str, Any]) -> dict[str, str]:
    """Its sizes."""
    found: dict[str, str] = body["learner"]["learner_model_param"]
    return found


def put(name: str, index: int, value: object) -> Change:
    """Replaces one value of the first tree."""
    return lambda body: tree(body)[name].__setitem__(index, value)


def scale(data: bytes | bytearray) -> float:
    """The largest leaf: what sums are rounded by."""
    found = read_model(bytes(data))
    return max(float(np.abs(t.condition[t.left == -1].astype(np.float64)).max()) for t in found.trees)


DAMAGE: dict[str, tuple[Change, str]] = {
    "a child out of range": (put("left_children", 0, 1000), "side by side|not in its tree"),
    "a child far out of range": (put("right_children", 0, 1 << 62), "side by side|not in its tree"),
    "a cycle": (lambda b: [put("left_children", 1, 1)(b), put("right_children", 1, 2)(b)], "two parents"),
    "the root as a child": (lambda b: [put("left_children", 1, 0)(b), put("right_children", 1, 1)(b)], "not in its"),
    "one child": (put("left_children", 0, -1), "one child"),
    "children swapped": (
        lambda b: [put("left_children", 0, 2)(b), put("right_children", 0, 1)(b)],
        "side by side",
    ),
    "a feature that is not there": (put("split_indices", 0, 4), "feature that is not there"),
    "a feature before the first": (put("split_indices", 0, -1), "feature that is not there"),
    "a threshold that is no number": (put("split_conditions", 0, float("nan")), "threshold"),
    "an infinite leaf": (put("split_conditions", -1, float("inf")), "leaf"),
    "covers that do not add up": (put("sum_hessian", 1, 7.0), "covers do not add up"),
    "a negative cover": (put("sum_hessian", 1, -1.0), "covers do not add up"),
    "text among numbers": (put("sum_hessian", 0, "1000"), "numbers of their kind"),
    "a fraction as a child": (put("left_children", 0, 1.5), "numbers of their kind"),
    "a missing array": (lambda b: tree(b).pop("sum_hessian"), "sum_hessian"),
    "a short array": (lambda b: tree(b)["default_left"].pop(), "default_left"),
    "a huge number of nodes": (lambda b: tree(b)["tree_param"].update(num_nodes="2147483647"), "2147483647"),
    "more nodes than numbers can be": (lambda b: tree(b)["tree_param"].update(num_nodes="9" * 40), "num_nodes"),
    "no nodes": (lambda b: tree(b)["tree_param"].update(num_nodes="0"), "no node|not 0"),
    "a huge number of features": (lambda b: parameters(b).update(num_feature="999999999"), "more than 100000"),
    "a huge number of outputs": (lambda b: parameters(b).update(num_target="999999999"), "more than 10000"),
    "a tree of no output": (lambda b: ensemble(b).update(tree_info=[0, 0, 0, 1]), "output"),
    "a base score that is none": (lambda b: parameters(b).update(base_score="much"), "base_score"),
    "an infinite base score": (lambda b: parameters(b).update(base_score="1e39"), "base_score"),
    "no trees": (lambda b: ensemble(b).pop("trees"), "list of trees"),
    "a split type that is no list": (lambda b: tree(b).update(split_type=5), "split_type"),
    "more values than a row may have": (
        lambda b: parameters(b).update(num_feature="100000", num_target="9999", base_score="0.5"),
        "more than is supported",
    ),
    "a split by no categories": (put("split_type", 0, 1), "categories of tree 0"),
    "vectors at no leaves": (lambda b: tree(b)["tree_param"].update(size_leaf_vector="3"), "leaves of 3 values for 1"),
    "more nodes than an index holds": (
        lambda b: tree(b)["tree_param"].update(num_nodes="3000000000"),
        "num_nodes is 3000000000: more than 2147483648 are not supported",
    ),
    "leaves of more values than there are outputs": (
        lambda b: tree(b)["tree_param"].update(size_leaf_vector="2000000000"),
        "leaves of 2000000000 values for 1",
    ),
    "no rounds": (lambda b: ensemble(b).update(iteration_indptr=[]), "iteration_indptr"),
    "rounds from the second tree": (lambda b: ensemble(b)["iteration_indptr"].__setitem__(0, 1), "iteration_indptr"),
    "rounds beyond the trees": (lambda b: ensemble(b)["iteration_indptr"].__setitem__(-1, 5), "iteration_indptr"),
    "rounds that go back": (lambda b: ensemble(b)["iteration_indptr"].__setitem__(2, 0), "iteration_indptr"),
    "rounds that end early": (lambda b: ensemble(b)["iteration_indptr"].pop(), "iteration_indptr"),
    "two base scores of one output": (lambda b: parameters(b).update(base_score="[0.5,0.5]"), "one base_score"),
    "a linear booster": (lambda b: b["learner"]["gradient_booster"].update(name="gblinear"), "gblinear"),
    "an unknown objective": (lambda b: b["learner"]["objective"].update(name="reg:tomorrow"), "reg:tomorrow"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_model_is_refused_by_name(name: str, model: dict[str, Any]) -> None:
    """Nothing is built from it; the message says what is wrong."""
    change, message = DAMAGE[name]
    body = json.loads(json.dumps(model))
    change(body)
    with pytest.raises(ModelFileError, match=message):
        TreeEngine.load(json.dumps(body).encode())


@pytest.mark.parametrize("kind", ["ubj", "json"])
def test_a_linear_booster_is_refused_by_name(kind: str) -> None:
    """As XGBoost itself writes it: it has no trees."""
    X = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    linear = xgb.train({"booster": "gblinear", "nthread": 1}, xgb.DMatrix(X, X[:, 0]), 2)
    with pytest.raises(ModelFileError, match="gblinear"):
        TreeEngine.load(bytes(linear.save_raw(kind)))


def test_a_truncated_file_is_refused_wherever_it_ends(model: dict[str, Any]) -> None:
    """Both formats, every 37th length and each of the last."""
    text = json.dumps(model).encode()
    binary = bytes(booster_of(random_ensemble(Shape(4, 4, 4), np.random.default_rng(2))).save_raw("ubj"))
    for data in (text, binary):
        for length in [*range(0, len(data), 37), *range(len(data) - 40, len(data))]:
            with pytest.raises(ModelFileError):
                TreeEngine.load(data[:length])
        with pytest.raises(ModelFileError):
            TreeEngine.load(data + b"{}")


@pytest.mark.parametrize("kind", ["ubj", "json"])
def test_a_changed_byte_is_refused_or_harmless(kind: str) -> None:
    """2,000 files with one to four bytes changed: a message, or a model that predicts and adds up."""
    rng = np.random.default_rng(7)
    raw = bytes(booster_of(random_ensemble(Shape(4, 4, 5), np.random.default_rng(2))).save_raw(kind))
    X = special_rows(5, 4, rng)
    refused = 0
    for _ in range(2000):
        data = bytearray(raw)
        for _ in range(int(rng.integers(1, 5))):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
        try:
            engine = TreeEngine.load(bytes(data), threads=1)
        except ModelFileError:
            refused += 1
            continue
        if engine.features == 4:
            with np.errstate(all="ignore"):  # leaves as large as float32 goes
                engine.predict(X)
                found = engine.contributions(X)
                engine.contributions(X, X[:2])
                engine.interactions(X)
            parts = np.abs(found.base) + np.abs(found.values).sum(axis=1) + scale(data)
            off = np.abs(found.base + found.values.sum(axis=1) - engine.predict_exactly(X))
            assert (off <= 1e-9 * parts).all()
    assert refused > 600


def test_counts_beyond_the_file_cost_nothing() -> None:
    """A length of 2^62 numbers, nesting without end, a count below nothing."""
    huge = b"{L" + struct.pack(">q", 1) + b"a[$d#L" + struct.pack(">q", 1 << 62)
    for data in (
        huge,
        b"{L" + struct.pack(">q", 1 << 40) + b"a",
        b"{L" + struct.pack(">q", -1),
        b"{i\x01a" + b"[" * 100_000,
        b"{i\x01a[#L" + struct.pack(">q", 1 << 20),
        b'{"learner":' + b"[" * 100_000,
        b'{"learner":' + b"9" * 100_000 + b"}",
    ):
        with pytest.raises(ModelFileError):
            TreeEngine.load(data)


def test_ubjson_is_read_as_it_is_defined() -> None:
    """Every kind of value, and nothing after the end."""
    data = (
        b"{i\x01aZi\x01bTi\x01cFi\x01di\xffi\x01eU\xffi\x01fI\x01\x00i\x01gSi\x02\xc3\xa9i\x01h[i\x01i\x02]"
    )
    data += b"i\x01k[$l#i\x02\x00\x00\x00\x01\xff\xff\xff\xffi\x01ld" + struct.pack(">f", 1.5) + b"}"
    found = read_ubjson(data)
    assert found.pop("k").tolist() == [1, -1]
    expected = {
        "a": None,
        "b": True,
        "c": False,
        "d": -1,
        "e": 255,
        "f": 256,
        "g": "é",
        "h": [1, 2],
        "l": 1.5,
    }
    assert found == expected
    for wrong in (
        data + b"Z",
        b"{i\x01aZi\x01aZ}",
        b"{i\x01ax}",
        b"{i\x01a[$S#i\x01x]}",
        b"{d",
    ):
        with pytest.raises(ModelFileError):
            read_ubjson(wrong)


def test_a_file_that_is_no_model_says_so(tmp_path: Path) -> None:
    """Another format, another JSON, a path that is not there."""
    with pytest.raises(ModelFileError, match="not a model of XGBoost"):
        TreeEngine.load(b"PK\x03\x04")
    with pytest.raises(ModelFileError, match="no learner"):
        TreeEngine.load(b'{"a": 1}')
    with pytest.raises(ModelFileError, match="twice"):
        TreeEngine.load(b'{"a": 1, "a": 2}')
    with pytest.raises(ModelFileError, match="cannot be read"):
        TreeEngine.load(tmp_path / "nothing.ubj")


@pytest.mark.parametrize(("together", "rounds"), [("0", 4), ("1", 4), ("2", 2), ("4", 1), ("3", None)])
def test_a_file_without_rounds_has_as_many_trees_in_each(
    together: str, rounds: int | None, model: dict[str, Any]
) -> None:
    """As XGBoost before 2.0 wrote it: one a round, or so many side by side; what does not add up is refused."""
    body = json.loads(json.dumps(model))
    del ensemble(body)["iteration_indptr"]
    ensemble(body)["gbtree_model_param"]["num_parallel_tree"] = together
    data = json.dumps(body).encode()
    if rounds is None:
        with pytest.raises(ModelFileError, match="4 trees in rounds of 3"):
            read_model(data)
        return
    assert read_model(data).rounds == (0, rounds)
    assert len(read_model(data, (0, 1)).trees) == max(int(together), 1)


@pytest.mark.parametrize("format_", ["xgboost", "lightgbm"])
@pytest.mark.parametrize(
    ("features", "outputs", "is_supported"),
    [
        (10_000, 1000, True),
        (10_001, 1000, False),
        (100_000, 100, True),
        (100_001, 1, False),
        (1, 10_001, False),
    ],
)
def test_ten_million_values_of_a_row_are_supported_and_no_more(
    format_: str, features: int, outputs: int, *, is_supported: bool, model: dict[str, Any]
) -> None:
    """The largest size is named before anything is made of it; a model of no tree yet may have it."""
    if format_ == "xgboost":
        body = json.loads(json.dumps(model))
        parameters(body).update(num_feature=str(features), num_target=str(outputs), base_score="0.5")
        ensemble(body).update(trees=[], tree_info=[], iteration_indptr=[0])
        data = json.dumps(body).encode()
    else:
        head = f"tree\nversion=v4\nnum_tree_per_iteration={outputs}\nmax_feature_idx={features - 1}\n"
        data = f"{head}tree_sizes=\n\nend of trees\n".encode()
    if not is_supported:
        with pytest.raises(ModelFileError, match=r"not supported|more than is supported|more than \d+ are"):
            read_model(data)
        return
    found = read_model(data)
    assert (found.features, found.outputs, found.trees) == (features, outputs, ())
