"""Rows, read for one model: what is missing, what is a category, and in which words the rest, times too, is refused."""

import numpy as np
import pandas as pd
import pytest

from explain.errors import RowsError
from explain.formats.ensemble import Array
from explain.formats.rows import RowReader


def test_every_way_to_say_that_a_value_is_missing_is_missing() -> None:
    """None, not a number, pandas' own for any type and for times: NaN, beside a number that stays."""
    column = pd.Series([1.5, None, float("nan"), pd.NA, pd.NaT], dtype=object)
    rows = RowReader(1, (), {}).read(pd.DataFrame({"a": column}))
    np.testing.assert_array_equal(rows[:, 0], np.array([1.5, *[np.nan] * 4], np.float32))


NAMED = RowReader(2, ("a", "b"), {1: ("north", "south")})


def test_a_frame_that_lacks_columns_or_has_others_is_refused_in_these_words() -> None:
    """What is not the case is not said; of more than five names the rest are counted."""
    many = RowReader(7, tuple("abcdefg"), {})
    advice = ": give a column for each of the model's features, by its name."
    empty = pd.DataFrame({name: [1.0] for name in "abcdefg"})
    for frame, said in (
        (empty[list("abcdef")], "The DataFrame lacks 'g'"),
        (empty[["a", "b"]], "The DataFrame lacks 'c', 'd', 'e', 'f', 'g'"),
        (empty[["a"]], "The DataFrame lacks 'b', 'c', 'd', 'e', 'f' and 1 others"),
        (empty.assign(h=1.0), "The DataFrame has 'h', which the model does not know"),
        (
            empty.drop(columns="a").assign(h=1.0),
            "The DataFrame lacks 'a' and has 'h', which the model does not know",
        ),
    ):
        with pytest.raises(RowsError) as refusal:
            many.read(frame)
        assert str(refusal.value) == said + advice


@pytest.mark.parametrize(("wrong", "ending"), [(4, ""), (5, ""), (6, "; and others")])
def test_five_columns_that_do_not_fit_are_named(wrong: int, ending: str) -> None:
    names = tuple("abcdefg")
    frame = pd.DataFrame({name: ["text" if i < wrong else 1.0] for i, name in enumerate(names)}, dtype=object)
    faults = [f"column {name!r}: it holds what is no number" for name in names[: min(wrong, 5)]]
    with pytest.raises(RowsError) as refusal:
        RowReader(7, names, {}).read(frame)
    assert str(refusal.value) == "; ".join(faults) + ending + "."


def test_categories_are_numbered_by_their_names_and_strangers_counted() -> None:
    ward = pd.Series(["south", None, "north", "south"], dtype=object)
    rows = NAMED.read(pd.DataFrame({"b": ward, "a": [1.0, 2.0, 3.0, np.inf]}))
    np.testing.assert_array_equal(rows, np.array([[1, 1], [2, np.nan], [3, 0], [np.inf, 1]], np.float32))
    with pytest.raises(
        RowsError, match=r"^column 'b': 2 values are categories that the model was not trained"
    ):
        NAMED.read(pd.DataFrame({"a": 1.0, "b": ["east", "north", None, "west"]}))


def test_a_column_of_numbers_is_no_column_of_categories_unless_all_of_it_is_missing() -> None:
    nothing = pd.DataFrame({"a": [1.0, 2.0], "b": [np.nan, np.nan]})
    np.testing.assert_array_equal(NAMED.read(nothing), np.array([[1, np.nan], [2, np.nan]], np.float32))
    for numbers in ([0.0, np.nan], [0.0, 1.0]):
        with pytest.raises(RowsError, match="'b': it holds numbers"):
            NAMED.read(pd.DataFrame({"a": [1.0, 2.0], "b": numbers}))


class Column:
    """A column of another library's frame, by what it calls its type."""

    def __init__(self, dtype: str, values: list[object]) -> None:
        self.dtype, self.values = dtype, values

    def __array__(self, dtype: object = None, copy: object = None) -> Array:
        return np.array(self.values, dtype=object if isinstance(self.values[0], str) else None)


class Frame:
    """Another library's frame."""

    def __init__(self, column: Column) -> None:
        self.columns, self.column = ["a"], column

    def __len__(self) -> int:
        return len(self.column.values)

    def __getitem__(self, _: str) -> Column:
        return self.column

    def to_numpy(self) -> None:
        """A frame has it."""


@pytest.mark.parametrize(
    "kind", ["category", "Categorical", "Categorical(ordering='physical')", "Enum(['x'])"]
)
@pytest.mark.parametrize("values", [["x", "y"], [1.0, 2.0]])
def test_categories_without_names_in_the_model_are_refused(kind: str, values: list[object]) -> None:
    """Whichever library's they are; what is called otherwise and holds numbers is taken."""
    with pytest.raises(RowsError, match="does not hold which number each category is"):
        RowReader(1, (), {}).read(Frame(Column(kind, values)))
    taken = RowReader(1, (), {}).read(Frame(Column("Float64", [1.0, 2.0])))
    assert taken.tolist() == [[1.0], [2.0]]


def test_what_is_infinite_stays_and_what_gets_infinite_is_refused() -> None:
    reader = RowReader(1, (), {})
    rows = reader.read(pd.DataFrame({"a": [np.inf, -np.inf, np.nan, 3e38]}))
    np.testing.assert_array_equal(rows[:, 0], np.array([np.inf, -np.inf, np.nan, 3e38], np.float32))
    with pytest.raises(RowsError, match="beyond float32"):
        reader.read(pd.DataFrame({"a": [np.inf, 4e38]}))


@pytest.mark.parametrize("shape", [(2,), (2, 1), (2, 3), (1, 2, 2), (2, 2, 1)])
def test_an_array_has_two_axes_and_a_column_a_feature(shape: tuple[int, ...]) -> None:
    with pytest.raises(RowsError, match="The model needs rows of 2 features"):
        RowReader(2, (), {}).read(np.zeros(shape, np.float32))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("kind", ["datetime64", "timedelta64"])
def test_times_are_refused_in_every_unit(kind: str, unit: str) -> None:
    """As nanoseconds they would be numbers that no model has learned; in other units they were refused already."""
    frame = pd.DataFrame({"a": pd.Series(np.array([1, 2], f"{kind}[{unit}]"))})
    with pytest.raises(RowsError, match="column 'a': it holds times"):
        RowReader(1, (), {}).read(frame)


def test_times_with_a_zone_are_refused() -> None:
    """They come as objects of pandas'."""
    times = pd.date_range("2026-03-29", periods=2, tz="Europe/Paris")
    with pytest.raises(RowsError, match="column 'a': it holds"):
        RowReader(1, (), {}).read(pd.DataFrame({"a": times}))
