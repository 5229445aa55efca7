"""A text file of LightGBM by hand: its categories as LightGBM itself reads them, and what is refused of them."""

import lightgbm as lgb
import numpy as np
import pytest

from explain import ModelFileError, TreeEngine
from explain.formats.lightgbm_text import categories_by_feature

TEXT = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=0
objective=regression
feature_names=a
feature_infos=0:1:2
tree_sizes=400

Tree=0
num_leaves=3
num_cat=2
split_feature=0 0
split_gain=1 1
threshold=0 1
decision_type=1 1
left_child=-1 -2
right_child=1 -3
leaf_value=1 2 4
leaf_weight=5 3 2
leaf_count=5 3 2
internal_value=0 0
internal_weight=10 5
internal_count=10 5
cat_boundaries=0 1 2
cat_threshold=3 4
is_linear=0
shrinkage=1


end of trees
"""
"""Left at the first split: categories 0 and 1 (bits 3); at the second: 2 (bits 4)."""


def test_sets_of_categories_are_bits_as_lightgbm_reads_them() -> None:
    """0 and 1 have 1, 2 has 2, and what is in no set 4: by hand, and by LightGBM."""
    rows = np.array([[0], [1], [2], [3], [40]], np.float32)
    found = TreeEngine.load(TEXT.encode(), threads=1).predict(rows)
    assert found.tolist() == [1.0, 1.0, 2.0, 4.0, 4.0]
    np.testing.assert_array_equal(found, lgb.Booster(model_str=TEXT).predict(rows, raw_score=True))


@pytest.mark.parametrize("number", ["2", "-1", "0.5"])
def test_a_split_by_a_set_that_is_not_there_is_refused(number: str) -> None:
    """Two sets are 0 and 1: there is none after them, none before, and none between."""
    changed = TEXT.replace("threshold=0 1", f"threshold=0 {number}")
    with pytest.raises(ModelFileError, match="a split without its categories"):
        TreeEngine.load(changed.encode())


@pytest.mark.parametrize("words", ["3 -1", "3 4294967296"])
def test_bits_that_are_no_32_of_them_are_refused(words: str) -> None:
    """Below 0, and 2 to the 32."""
    changed = TEXT.replace("cat_threshold=3 4", f"cat_threshold={words}")
    with pytest.raises(ModelFileError, match="categories that are none"):
        TreeEngine.load(changed.encode())


@pytest.mark.parametrize("bounds", ["0 2 1", "0 -1 1"])
def test_sets_that_end_before_they_begin_are_refused(bounds: str) -> None:
    """Or that begin before the first."""
    changed = TEXT.replace("cat_boundaries=0 1 2", f"cat_boundaries={bounds}").replace(
        "cat_threshold=3 4", "cat_threshold=3"
    )
    with pytest.raises(ModelFileError, match="categories that are none"):
        TreeEngine.load(changed.encode())


def test_a_single_leaf_may_lack_its_count_and_several_may_not() -> None:
    """There is nothing to share out by it: every row has 7, and no feature adds anything."""
    head = TEXT[: TEXT.index("num_leaves=")]
    one = f"{head}num_leaves=1\nnum_cat=0\nleaf_value=7\nis_linear=0\nshrinkage=1\n\n\nend of trees\n"
    found = TreeEngine.load(one.encode(), threads=1).contributions(np.zeros((2, 1), np.float32))
    assert (float(found.base), found.values.tolist()) == (7.0, [[0.0], [0.0]])
    with pytest.raises(ModelFileError, match="has not 3 leaf_count"):
        TreeEngine.load(TEXT.replace("leaf_count=5 3 2\n", "").encode())


@pytest.mark.parametrize("name", ["num_class", "max_feature_idx", "leaf_value", "shrinkage"])
def test_an_entry_that_comes_again_is_refused(name: str) -> None:
    """Of the head, and of a tree: which of the two is meant, nobody knows."""
    (line,) = (line for line in TEXT.splitlines() if line.startswith(f"{name}="))
    with pytest.raises(ModelFileError, match=f"two entries '{name}'"):
        TreeEngine.load(TEXT.replace(line, f"{line}\n{line}").encode())


@pytest.mark.parametrize("sizes", ["400 300", ""])
def test_a_file_with_more_or_fewer_trees_than_it_says_is_refused(sizes: str) -> None:
    """It was cut, or put together: what the trees that are there would say is nobody's model."""
    with pytest.raises(ModelFileError, match="truncated or damaged"):
        TreeEngine.load(TEXT.replace("tree_sizes=400", f"tree_sizes={sizes}").encode())


@pytest.mark.parametrize("stored", [None, [], [["a"], ["b"]], {"0": ["a"]}])
def test_names_of_categories_for_another_number_of_features_are_not_taken(stored: object) -> None:
    """The file does not say whose they are: the categories stay without names."""
    assert categories_by_feature([0], stored) == {}
    assert categories_by_feature([3], [["a", "b"]]) == {3: ("a", "b")}
