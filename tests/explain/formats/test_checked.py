"""What a file says, held against what it must be: at the very ends of what is taken."""

import numpy as np
import pytest

from explain import ModelFileError
from explain.formats.checked import numbers, object_in, shown, whole


def test_a_whole_number_is_at_most_what_is_supported() -> None:
    assert whole({"a": "7"}, "a", 7) == 7
    assert whole({"a": "000000000007"}, "a", 7) == 7
    with pytest.raises(ModelFileError, match=r"a is 8: more than 7 are not supported"):
        whole({"a": "8"}, "a", 7)
    for text in ("0000000000007", "", "-1", "1.0", "²", "٣", 7, None):
        with pytest.raises(ModelFileError, match="a is not a whole number"):
            whole({"a": text}, "a", 7)


def test_numbers_are_of_their_kind_and_as_many_as_there_must_be() -> None:
    assert numbers([1, 2.5], np.float32, 2, "x").tolist() == [1.0, 2.5]
    assert numbers([1, 2], np.int64, 2, "x").dtype == np.int64
    assert numbers(np.array([1, 2], np.uint8), np.int64, 2, "x").tolist() == [1, 2]
    assert numbers(np.array([1.5], np.float64), np.float32, 1, "x").dtype == np.float32
    assert numbers([], np.int64, 0, "x").size == 0
    for value, kind, said in (
        ([1.5, 2], np.int64, "not all numbers of their kind"),
        (["1", 2], np.float32, "not all numbers of their kind"),
        ([1 << 70, 1], np.int64, "out of range"),
        ([1 << 2000, 1], np.float32, "out of range"),
        ([1], np.int64, "has not 2 x"),
        ([1, 2, 3], np.float32, "has not 2 x"),
        (np.zeros(3), np.float32, "has not 2 x"),
        (np.zeros((2, 1)), np.float32, "has not 2 x"),
        (None, np.float32, "has not 2 x"),
        (np.array([1.0, 2.0]), np.int64, "not whole numbers"),
    ):
        with pytest.raises(ModelFileError, match=said):
            numbers(value, kind, 2, "x")


def test_an_object_is_one_and_what_is_shown_is_its_beginning() -> None:
    assert object_in({"a": {"b": 1}}, "a") == {"b": 1}
    for parent in ({"a": 1}, {}, [], None):
        with pytest.raises(ModelFileError, match="has no a: it is damaged"):
            object_in(parent, "a")
    assert shown("x" * 41) == repr("x" * 40)
    assert shown(3) == "without a name"
