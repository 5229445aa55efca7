"""FINESS numbers: their form and their key digit."""

import pytest

from hospital.finess import is_finess, key_digit_fits


@pytest.mark.parametrize("number", ["350000006", "2A0000006", "2B0000012", "970000006"])
def test_a_department_and_seven_digits(number: str) -> None:
    """Corsica's departments have a letter."""
    assert is_finess(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "35000000",
        "3500000061",
        "2C0000006",
        "A20000006",
        "35000000A",
        "350 00000",
        "٣٥٠٠٠٠٠٠٦",
        "350000006\n",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    """Eight or ten characters, another letter, a space, digits of other scripts, a line break."""
    assert not is_finess(text)


@pytest.mark.parametrize("number", ["350000006", "970000006"])
def test_one_key_digit_fits(number: str) -> None:
    """Each other digit in its place does not; two neighbours that changed places are seen."""
    assert [d for d in range(10) if key_digit_fits(number[:8] + str(d))] == [int(number[8])]
    assert not key_digit_fits(number[1] + number[0] + number[2:])


def test_of_letters_nothing_is_known() -> None:
    """A number of Corsica is not held against the formula."""
    assert key_digit_fits("2A0000000")
