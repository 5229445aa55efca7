"""Numbers of entries as the journal names them: written in runs, read back as what was written and nothing else."""

import pytest

from registry.record.tombstones import numbers_of, ranges_of

MOST = 10**6


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([7], "7"),
        ([3, 4], "3-4"),
        ([3, 4, 5, 6, 7, 9], "3-7,9"),
        ([1, 3, 5], "1,3,5"),
        ([1, 2, 4, 5, 7], "1-2,4-5,7"),
    ],
)
def test_numbers_are_written_in_runs_and_read_back(numbers: list[int], text: str) -> None:
    """An entry explains the payloads that it names: neither one fewer nor one more."""
    assert ranges_of(numbers) == text
    assert numbers_of(text, MOST) == set(numbers)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("3-7", {3, 4, 5}), ("5", {5}), ("6", set()), ("4,6-9", {4}), ("5-900000000000", {5})],
)
def test_an_entry_explains_nothing_that_comes_after_it(text: str, numbers: set[int]) -> None:
    """Up to entry 5; and a number of ten digits in an edited entry takes neither time nor memory."""
    assert numbers_of(text, 5) == numbers


@pytest.mark.parametrize("text", ["all", "-3", "3-x", "x-3", "--", "3.5", " "])
def test_what_is_no_such_text_names_nothing(text: str) -> None:
    """An edited entry explains no erasure by words; the numbers beside them are read all the same."""
    assert numbers_of(text, MOST) == set()
    assert numbers_of(f"{text},8", MOST) == {8}
