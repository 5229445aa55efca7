"""A split of LightGBM's JSON that is of no kind that LightGBM has is refused, whatever is wrong with it."""

import json

import pytest

from explain import ModelFileError, TreeEngine

SPLIT = {
    "split_feature": 0,
    "threshold": 0.5,
    "decision_type": "<=",
    "missing_type": "None",
    "default_left": True,
    "internal_count": 10,
    "left_child": {"leaf_value": 1.0, "leaf_count": 6},
    "right_child": {"leaf_value": 2.0, "leaf_count": 4},
}


def file_of(split: dict[str, object]) -> bytes:
    """A model of one split."""
    tree = {"tree_structure": split}
    body = {"name": "tree", "num_tree_per_iteration": 1, "max_feature_idx": 0, "feature_names": ["a"]}
    return json.dumps({**body, "tree_info": [tree]}).encode()


@pytest.mark.parametrize(
    ("name", "value"), [("decision_type", "<"), ("missing_type", "nan"), ("default_left", 1)]
)
def test_a_split_of_an_unknown_kind_is_refused(name: str, value: object) -> None:
    """One entry that is none is enough; whole, the split is read."""
    assert TreeEngine.load(file_of(SPLIT)).trees == 1
    with pytest.raises(ModelFileError, match="tree 0 of the model file has a split of an unknown kind"):
        TreeEngine.load(file_of({**SPLIT, name: value}))
