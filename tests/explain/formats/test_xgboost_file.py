"""What XGBoost's file says of rounds and sizes, at the ends of what is taken, by files of a few leaves."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from explain import ModelFileError
from explain.formats.ensemble import Ensemble
from explain.formats.xgboost_file import read_xgboost

ROUND = {"gbtree_model_param": {"num_parallel_tree": "1"}}


def leaf(value: float, outputs: int = 1) -> dict[str, Any]:
    """A tree that says one thing of every row; or one thing an output."""
    flat = {name: [0] for name in ("split_indices", "default_left")}
    weights = {"leaf_weights": [value + j for j in range(outputs)]} if outputs > 1 else {}
    return {
        "tree_param": {"num_nodes": "1", "size_leaf_vector": str(outputs)},
        "left_children": [-1],
        "right_children": [0 if outputs > 1 else -1],
        "split_conditions": [value],
        "sum_hessian": [4.0],
        **flat,
        **weights,
    }


def body_of(trees: list[dict[str, Any]], model: dict[str, Any], **learner: Any) -> dict[str, Any]:
    """A file of trees: gbtree of three features and one output."""
    parts = {"tree_info": [0] * len(trees), **ROUND, **model, "trees": trees}
    sizes = {"num_feature": "3", "num_class": "0", "num_target": "1", "base_score": "0.5"}
    found = {
        "gradient_booster": {"name": "gbtree", "model": parts},
        "learner_model_param": sizes | learner.pop("sizes", {}),
        "objective": {"name": learner.pop("objective", "reg:squarederror")},
        **learner,
    }
    return {"learner": copy.deepcopy(found)}


FOUR = [leaf(float(i)) for i in range(4)]


def values_of(ensemble: Ensemble) -> list[float]:
    """What each of its trees says."""
    return [float(tree.condition[0]) for tree in ensemble.trees]


@pytest.mark.parametrize(
    ("together", "asked", "used"),
    [
        (None, None, [0, 1, 2, 3]),
        ("0", None, [0, 1, 2, 3]),
        ("1", (0, 1), [0]),
        ("1", (3, 4), [3]),
        ("1", (4, 4), []),
        ("2", (0, 1), [0, 1]),
        ("2", (1, 2), [2, 3]),
        ("4", (0, 0), [0, 1, 2, 3]),
        ("4", (0, 1), [0, 1, 2, 3]),
    ],
)
def test_rounds_that_the_file_does_not_say_have_as_many_trees_each(
    together: str | None, asked: tuple[int, int] | None, used: list[int]
) -> None:
    """Files of XGBoost before 2.0: as many as are trained at once, one where that is 0 or not said."""
    body = body_of(FOUR, {"gbtree_model_param": {} if together is None else {"num_parallel_tree": together}})
    assert values_of(read_xgboost(body, asked)) == used


def test_a_round_of_vectors_is_one_tree_for_all_outputs() -> None:
    """And with classes it is one tree a class."""
    body = body_of([leaf(10.0, 2), leaf(20.0, 2)], {}, sizes={"num_target": "2"})
    found = read_xgboost(body, (1, 2))
    assert (values_of(found), found.output, found.rounds) == ([20.0, 21.0], (0, 1), (1, 2))
    assert found.weight.tolist() == [1.0, 1.0]
    classes = body_of(FOUR, {"tree_info": [0, 1, 0, 1]}, sizes={"num_class": "2"})
    found = read_xgboost(classes, (1, 2))
    assert (values_of(found), found.output) == ([2.0, 3.0], (0, 1))
    with pytest.raises(ModelFileError, match="4 trees in rounds of 3"):
        read_xgboost(body_of(FOUR, {}, sizes={"num_class": "3"}))


@pytest.mark.parametrize(
    ("starts", "sound"),
    [
        ([0, 1, 4], True),
        ([0, 4], True),
        ([0, 2, 2, 4], True),
        ([0, 1, 3], False),
        ([1, 4], False),
        ([0, 3, 1, 4], False),
        ([], False),
        ([4], False),
        (None, False),
    ],
)
def test_rounds_that_the_file_says_are_those_of_its_trees(starts: list[int] | None, sound: bool) -> None:
    body = body_of(FOUR, {"iteration_indptr": starts})
    if sound:
        assert starts is not None
        found = read_xgboost(body)
        assert (values_of(found), found.rounds) == ([0, 1, 2, 3], (0, len(starts) - 1))
    else:
        with pytest.raises(ModelFileError, match="iteration_indptr"):
            read_xgboost(body)


@pytest.mark.parametrize(
    ("best", "end"),
    [("0", 1), ("2", 3), ("3", 4), ("-1", 4), (None, 4), ("4", None), ("-2", None), ("x", None)],
)
def test_the_best_round_is_the_last_one_that_is_used(best: str | None, end: int | None) -> None:
    attributes = {} if best is None else {"best_iteration": best}
    body = body_of(FOUR, {}, attributes=attributes)
    if end is None:
        with pytest.raises(ModelFileError, match=f"names the best_iteration '{best}' and has 4 rounds"):
            read_xgboost(body)
    else:
        assert read_xgboost(body).rounds == (0, end)
    assert read_xgboost(body, (0, 0)).rounds == (0, 4)


def test_a_best_round_that_is_none_is_named_by_its_beginning() -> None:
    with pytest.raises(ModelFileError, match=f"best_iteration '{'n' * 40}' and"):
        read_xgboost(body_of(FOUR, {}, attributes={"best_iteration": "n" * 41}))
    with pytest.raises(ModelFileError, match=r"best_iteration '\[\]' and has 4 rounds"):
        read_xgboost(body_of(FOUR, {}, attributes={"best_iteration": []}))
    with pytest.raises(ModelFileError, match="attributes are no object"):
        read_xgboost(body_of(FOUR, {}, attributes=[]))


@pytest.mark.parametrize("asked", [(0, 5), (-1, 2), (3, 2), (5, 5)])
def test_rounds_that_are_asked_for_are_there(asked: tuple[int, int]) -> None:
    with pytest.raises(ModelFileError, match=f"rounds {asked[0]} to {asked[1]} are not in the model file"):
        read_xgboost(body_of(FOUR, {}), asked)


def test_weights_are_those_of_dropped_trees_alone() -> None:
    body = body_of(FOUR, {})
    assert read_xgboost(body).weight.tolist() == [1.0] * 4
    booster = body["learner"]["gradient_booster"]
    body["learner"]["gradient_booster"] = {
        "name": "dart",
        "gbtree": {"name": "gbtree", "model": booster["model"]},
        "weight_drop": [0.5, 0.25, 1.0, 2.0],
    }
    assert read_xgboost(body, (1, 3)).weight.tolist() == [0.25, 1.0]
    body["learner"]["gradient_booster"]["weight_drop"].pop()
    with pytest.raises(ModelFileError, match="has not 4 weight_drop"):
        read_xgboost(body)


@pytest.mark.parametrize(
    ("sizes", "outputs"),
    [
        ({}, 1),
        ({"num_target": "0"}, 1),
        ({"num_class": "3"}, 3),
        ({"num_target": "4"}, 4),
        ({"num_class": "2", "num_target": "3"}, 3),
        ({"num_target": None}, 1),
    ],
)
def test_outputs_are_classes_or_targets_and_one_at_least(sizes: dict[str, str | None], outputs: int) -> None:
    body = body_of([], {}, sizes=sizes)
    given = body["learner"]["learner_model_param"]
    if given["num_target"] is None:
        del given["num_target"]
    assert read_xgboost(body).outputs == outputs
    assert read_xgboost(body).base_score.tolist() == [0.5] * outputs


@pytest.mark.parametrize(
    ("name", "most"), [("num_feature", 100_000), ("num_class", 10_000), ("num_target", 10_000)]
)
def test_sizes_are_supported_up_to_a_limit(name: str, most: int) -> None:
    read_xgboost(body_of([], {}, sizes={name: str(most)}))
    with pytest.raises(ModelFileError, match=f"{name} is {most + 1}: more than {most} are not supported"):
        read_xgboost(body_of([], {}, sizes={name: str(most + 1)}))


HALF: dict[str, Callable[[dict[str, Any]], object]] = {
    "an output beyond the last": lambda m: m["tree_info"].__setitem__(0, 1),
    "an output before the first": lambda m: m["tree_info"].__setitem__(0, -1),
}


@pytest.mark.parametrize("name", HALF)
def test_a_tree_adds_to_an_output_that_is_there(name: str) -> None:
    body = body_of(FOUR, {})
    HALF[name](body["learner"]["gradient_booster"]["model"])
    with pytest.raises(ModelFileError, match="to an output that is not there"):
        read_xgboost(body)


@pytest.mark.parametrize(
    ("score", "base"),
    [
        ("0.25", [0.25, 0.25]),
        ("[0.25,0.5]", [0.25, 0.5]),
        ("[0.25]", [0.25, 0.25]),
        ("[1,2,3]", None),
        ("[]", None),
    ],
)
def test_a_base_score_is_one_or_one_an_output(score: str, base: list[float] | None) -> None:
    body = body_of(
        [leaf(0.0), leaf(0.0)], {"tree_info": [0, 1]}, sizes={"num_class": "2", "base_score": score}
    )
    if base is None:
        with pytest.raises(ModelFileError, match="not one base_score an output"):
            read_xgboost(body)
    else:
        assert read_xgboost(body).base_score.tolist() == base


@pytest.mark.parametrize("score", ["", "no", "{}", "[[1]]", "null", "9" * 5000])
def test_a_base_score_is_a_number(score: str) -> None:
    with pytest.raises(ModelFileError, match=r"base_score"):
        read_xgboost(body_of(FOUR, {}, sizes={"base_score": score}))


def test_before_a_first_round_a_score_that_nobody_gave_is_a_margin() -> None:
    """Given, or once there is a tree, it is in the units of the outcome."""
    for said, trees, margin in (
        ({}, [], 0.25),
        ({"boost_from_average": "1"}, [], 0.25),
        ({"boost_from_average": "0"}, [], -np.log(3)),
        ({"boost_from_average": "1"}, FOUR, -np.log(3)),
    ):
        body = body_of(trees, {}, objective="binary:logistic", sizes={"base_score": "0.25", **said})
        assert read_xgboost(body).base_score[0] == pytest.approx(margin, abs=1e-6)
    with pytest.raises(ModelFileError, match="base_score '-1' has no finite margin under count:poisson"):
        read_xgboost(body_of(FOUR, {}, objective="count:poisson", sizes={"base_score": "-1"}))
    with pytest.raises(ModelFileError, match="objective 'mine' is not supported"):
        read_xgboost(body_of(FOUR, {}, objective="mine"))
    with pytest.raises(ModelFileError, match="objective without a name is not supported"):
        read_xgboost(body_of(FOUR, {}, objective=3))
