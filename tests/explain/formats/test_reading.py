"""Which format a file is of, and what is said of one that is of none."""

import re

import pytest

from explain import ModelFileError, TreeEngine
from explain.formats.reading import read_model


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"tree", "LightGBM does not end"),
        (b"tree\nversion=v4\n", "LightGBM does not end"),
        (b"tree\r\nversion=v4\r\n", "LightGBM does not end"),
        (b"trees of another kind\n", "not a model of XGBoost"),
        (b'{"name": "tree"}', "no learner"),
        (b'{"tree_info": []}', "no learner"),
        (b'{"name": "tree", "tree_info": 1}', "no list of trees"),
    ],
)
def test_a_file_is_lightgbms_by_its_first_line_or_its_two_entries(data: bytes, words: str) -> None:
    """Anything else is held for a damaged model of XGBoost, or for none."""
    with pytest.raises(ModelFileError, match=words):
        read_model(data)


def test_a_path_that_cannot_be_read_is_named_by_its_beginning() -> None:
    """200 characters of it."""
    with pytest.raises(ModelFileError, match=re.escape(f"file {'x' * 200} cannot be read")):
        TreeEngine.load("x" * 300)
