"""What XGBoost's file says of trees and names, damaged one entry at a time."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from explain import ModelFileError, TreeEngine
from explain.formats.xgboost_trees import category_names, trees_of

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


def single_tree(**changes: Any) -> dict[str, Any]:
    """A tree of one split: left of 0.5 there is 1, right of it 2."""
    return {
        "tree_param": {"num_nodes": "3", "size_leaf_vector": "1"},
        "left_children": [1, -1, -1],
        "right_children": [2, -1, -1],
        "split_indices": [0, 0, 0],
        "split_conditions": [0.5, 1.0, 2.0],
        "default_left": [1, 0, 0],
        "sum_hessian": [4.0, 3.0, 1.0],
        **changes,
    }


def vectors(left: list[int], right: list[int], leaves: int, outputs: int = 2) -> dict[str, Any]:
    """A tree with a vector at each leaf; the value of leaf i for output j is 10 i + j."""
    count = len(left)
    return single_tree(
        tree_param={"num_nodes": str(count), "size_leaf_vector": str(outputs)},
        left_children=left,
        right_children=right,
        leaf_weights=[float(10 * i + j) for i in range(leaves) for j in range(outputs)],
        **{name: [0] * count for name in ("split_indices", "split_conditions", "default_left")},
        sum_hessian=[1.0] * count,
    )


def test_sizes_of_a_tree_are_read_up_to_what_an_index_holds() -> None:
    """Beyond two to the 31st they are not supported; a tree without a size of its leaves has one value at each."""
    (tree,) = trees_of(single_tree(tree_param={"num_nodes": "3"}), 0, 1)
    assert tree.condition.tolist() == [0.5, 1.0, 2.0]
    assert tree.right.tolist() == [2, -1, -1]
    assert tree.default_left.tolist() == [True, False, False]
    for parameters, said in (
        ({"num_nodes": "0"}, "tree 4 of the model file has no node"),
        ({"num_nodes": str(1 << 31)}, f"has not {1 << 31} left_children of tree 4"),
        ({"num_nodes": str((1 << 31) + 1)}, "more than 2147483648 are not supported"),
        ({"num_nodes": "3", "size_leaf_vector": str(1 << 31)}, f"leaves of {1 << 31} values for 2 outputs"),
        ({"num_nodes": "3", "size_leaf_vector": str((1 << 31) + 1)}, "more than 2147483648 are not"),
    ):
        with pytest.raises(ModelFileError, match=said):
            trees_of(single_tree(tree_param=parameters), 4, 2)
    (odd,) = trees_of(single_tree(right_children=[2, 0, -1]), 0, 1)
    assert odd.right.tolist() == [2, 0, -1]
    (leaf,) = trees_of(
        {
            "tree_param": {"num_nodes": "1"},
            **{n: [-1] for n in ("left_children", "right_children")},
            **{n: [0] for n in ("split_indices", "split_conditions", "default_left", "sum_hessian")},
        },
        0,
        1,
    )
    assert leaf.left.tolist() == [-1]


def test_a_tree_without_covers_is_named_and_so_is_one_of_vectors() -> None:
    raw = single_tree()
    del raw["sum_hessian"]
    with pytest.raises(ModelFileError, match="has not 3 sum_hessian of tree 0"):
        trees_of(raw, 0, 1)
    raw["tree_param"]["size_leaf_vector"] = "2"
    with pytest.raises(ModelFileError, match="multi_output_tree"):
        trees_of(raw, 0, 2)


def test_vectors_are_found_by_the_number_at_each_leaf() -> None:
    """In any order; each output gets its own column of them."""
    first, second = trees_of(vectors([1, -1, -1], [2, 1, 0], 2), 0, 2)
    assert first.condition.tolist() == [0.0, 10.0, 0.0]
    assert second.condition.tolist() == [0.0, 11.0, 1.0]
    assert first.right.tolist() == second.right.tolist() == [2, -1, -1]
    for number in (-1, 2):
        with pytest.raises(ModelFileError, match="a leaf without its vector"):
            trees_of(vectors([1, -1, -1], [2, 1, number], 2), 0, 2)
    for left in ([1, 3, 4, -1, -1], [1, 1, -1, -1], [1, -1]):
        leaves = left.count(-1)
        with pytest.raises(ModelFileError, match="too few leaves"):
            trees_of(vectors(left, [0] * len(left), leaves), 0, 2)
    with pytest.raises(ModelFileError, match="leaves of 2 values for 3 outputs"):
        trees_of(vectors([1, -1, -1], [2, 1, 0], 2), 0, 3)


def by_sets(**changes: Any) -> dict[str, Any]:
    """A tree of one split by categories: 2 and 5 go right."""
    return single_tree(
        **{
            "split_type": [1, 0, 0],
            "categories_nodes": [0],
            "categories_segments": [0],
            "categories_sizes": [2],
            "categories": [5, 2],
            **changes,
        }
    )


def test_a_split_by_categories_has_its_own_and_others_none() -> None:
    """In any order in the file; ascending, each once."""
    (tree,) = trees_of(by_sets(), 0, 1)
    assert {node: members.tolist() for node, members in tree.sets.items()} == {0: [2, 5]}
    (tree,) = trees_of(by_sets(categories=[9, 7], categories_segments=[1], categories_sizes=[1]), 0, 1)
    assert tree.sets[0].tolist() == [7]
    for nothing in ({"split_type": [0, 0, 0]}, {"split_type": []}, {"split_type": None}):
        assert trees_of(by_sets(**nothing), 0, 1)[0].sets == {}
    assert not trees_of(single_tree(), 0, 1)[0].sets


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"categories_segments": [-1]}, "not those of its splits"),
        ({"categories_segments": [1]}, "not those of its splits"),
        ({"categories_segments": [3], "categories_sizes": [0]}, "not those of its splits"),
        ({"categories_segments": [2], "categories_sizes": [0]}, "not those of its splits"),
        ({"categories_sizes": [0]}, "not those of its splits"),
        ({"categories_sizes": [-1]}, "not those of its splits"),
        ({"categories_sizes": [3]}, "not those of its splits"),
        ({"categories_nodes": [1]}, "not those of its splits"),
        ({"split_type": [1, 1, 0]}, "not those of its splits"),
        ({"categories": [5, -1]}, "out of range"),
        ({"categories": [5, 1 << 24]}, "out of range"),
        ({"categories": 3}, "not those of its splits|has not"),
        ({"categories_sizes": [1, 1]}, "has not 1 categories_sizes"),
    ],
)
def test_categories_that_do_not_fit_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelFileError, match=said):
        trees_of(by_sets(**changes), 0, 1)


def test_the_last_category_that_float32_counts_by_ones_is_one() -> None:
    (tree,) = trees_of(by_sets(categories=[0, (1 << 24) - 1]), 0, 1)
    assert tree.sets[0].tolist() == [0, (1 << 24) - 1]


def test_a_set_that_is_empty_is_refused_as_by_xgboost() -> None:
    """In a whole file, of which the last set is emptied: XGBoost does not load it either."""
    body = body_of(xgb.train(FIXED, xgb.DMatrix(X, Y, **CATEGORICAL), 1))
    tree = model_of(body)["trees"][0]
    tree["categories_sizes"][-1] = 0
    with pytest.raises(xgb.core.XGBoostError, match="j_end - j_begin"):
        xgb.Booster({"nthread": 1}, model_file=bytearray(json.dumps(body).encode()))
    with pytest.raises(ModelFileError, match="not those of its splits"):
        load(body)


def encoded(*texts: str) -> dict[str, Any]:
    """Names as XGBoost writes them."""
    text = "".join(texts).encode()
    ends = np.cumsum([0, *(len(t.encode()) for t in texts)])
    return {"values": list(np.frombuffer(text, np.int8).tolist()), "offsets": ends.tolist()}


def test_names_of_categories_are_texts_or_numbers_or_none() -> None:
    """Texts by where each begins, numbers as they are; what is beyond ASCII is no name of anything."""

    def named(*encodings: object) -> dict[int, tuple[object, ...]]:
        return category_names({"cats": {"enc": list(encodings)}}, len(encodings))

    assert named(encoded("a", "", "bc~"), {"values": []}) == {0: ("a", "", "bc~")}
    assert named({"values": [3, 7]}, {"values": np.array([1.5])}) == {0: (3, 7), 1: (1.5,)}
    assert named(encoded("é", "b")) == {}
    assert named({"values": "ab", "offsets": [0, 1]}) == {0: ("",)}
    for model in ({}, {"cats": None}, {"cats": {}}, {"cats": {"enc": []}}, {"cats": {"enc": "ab"}}):
        assert category_names(model, 2) == {}
    for encodings in ([{}], [{}, {}, {}], [{}, 3]):
        with pytest.raises(ModelFileError, match="categories of other features than it has"):
            category_names({"cats": {"enc": encodings}}, 2)
    for damaged in ({"values": ["x"], "offsets": [0, 1]}, {"values": [None], "offsets": [0, 1]}):
        with pytest.raises(ModelFileError, match="are no texts"):
            named(damaged)
