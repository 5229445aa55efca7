"""The reader of reasons sees a wrong side, a missing "and yet", and counts nobody's sentence once."""

import copy
from typing import Any

import pytest

from benchmarks.reasons.agreement import disagreements
from benchmarks.reasons.sentence_reader import read_sentence


def answer(
    contributions: list[tuple[str, float, float, float]], reasons: list[str], unit: str
) -> dict[str, Any]:
    """An answer whose contributions are (feature, value, usual, what it adds), from 30."""
    first = {"min": "To start with, the wait forecast: 30\u00a0min", "beds": "30 patients now; 0 beds: 0"}[
        unit
    ]
    listed = [
        {"feature": f, "label": f, "value": v, "reference_value": u, "contribution": c}
        for f, v, u, c in contributions
    ]
    return {
        "unit": unit,
        "base": 30.0,
        "contributions": listed,
        "other": 0.0,
        "adjustments": [],
        "reasons": [first, *reasons],
    }


@pytest.mark.parametrize(("said", "right"), [("fallen", True), ("risen", False)])
def test_a_wrong_side_is_a_wrong_value(said: str, right: bool) -> None:
    """What fell by six beds has not risen by six."""
    reason = f"Demand has {said} by 6 beds in 24 hours (−1.8 beds usually): +0.4\u00a0beds"
    found = disagreements(answer([("demand_change_24h", -6.0, -1.8, 0.4)], [reason], "beds"), "en", 30.4)
    assert ("value" not in found) == right


@pytest.mark.parametrize(
    ("words", "adds", "right"),
    [
        ("6 patients are already waiting (4 usually), and yet", -1.2, True),
        ("6 patients are already waiting (4 usually)", -1.2, False),
        ("6 patients are already waiting (4 usually)", 1.2, True),
        ("6 patients are already waiting (4 usually), and yet", 1.2, False),
    ],
)
def test_what_goes_against_what_is_expected_must_say_so(words: str, adds: float, right: bool) -> None:
    """And nothing else may."""
    sign = "+" if adds > 0 else "−"
    reason = f"{words}: {sign}{abs(adds)}\u00a0min"
    found = disagreements(answer([("ed_waiting", 6.0, 4.0, adds)], [reason], "min"), "en", 30.0 + adds)
    assert ("against" not in found) == right


def test_nobody_waiting_is_one_sentence_for_every_kind() -> None:
    """Its effect is that of all of them."""
    reason = "No patient is waiting (14 usually): −9.5\u00a0min"
    parts = [("ed_waiting", 0.0, 14.0, -6.0), ("ed_waiting_ahead", 0.0, 3.0, -3.5)]
    right = answer(parts, [reason], "min")
    assert not disagreements(right, "en", 20.5)
    wrong = copy.deepcopy(right)
    wrong["reasons"][1] = "No patient is waiting (14 usually): −6\u00a0min"
    assert "effect" in disagreements(wrong, "en", 20.5)


def test_what_nobody_adds_in_all_may_be_nothing() -> None:
    """Two kinds of nobody that cancel each other out are no sentence, and lack none."""
    parts = [("ed_waiting_ahead", 0.0, 0.3, -0.45), ("ed_waiting", 0.0, 0.7, 0.41)]
    assert not disagreements(answer(parts, [], "min"), "en", 29.96)
    parts[1] = ("ed_waiting", 0.0, 0.7, 0.1)
    assert "contribution without a sentence" in disagreements(answer(parts, [], "min"), "en", 29.65)


def test_an_empty_unit_starts_from_nobody() -> None:
    """The number of patients that is not written is 0."""
    empty = answer([], [], "beds")
    empty["reasons"] = ["No patient now, neither present nor waiting for a bed; until then the unit gains 3"]
    empty["base"] = 3.0
    assert not disagreements(empty, "en", 3.0)
    assert "start" in disagreements({**empty, "base": 5.0}, "en", 5.0)


def test_and_yet_is_no_part_of_what_is_so() -> None:
    """What stands before it is read as always."""
    read = read_sentence("5 médecins présents (4 d'habitude), et pourtant\u00a0: +1,2\u00a0min", "fr")
    assert read is not None
    assert (read.about, read.usual, read.effect, read.against) == (
        "5 médecins présents",
        "4 d'habitude",
        1.2,
        True,
    )


def test_the_mean_wait_of_nobody_is_in_the_sentence_on_nobody() -> None:
    """It has no value, and its effect is in the sum; where patients wait it has a sentence of its own."""
    reason = "No patient waiting for the doctors on duty (2 usually): −7.5\u00a0min"
    parts = [("waiting_per_doctor", 0.0, 2.0, -5.0), ("ed_mean_wait_so_far", None, 30.0, -2.5)]
    found = disagreements(answer(parts, [reason], "min"), "en", 22.5)  # type: ignore[arg-type]
    assert not found
    parts[1] = ("ed_mean_wait_so_far", 12.0, 30.0, -2.5)
    found = disagreements(answer(parts, [reason], "min"), "en", 22.5)  # type: ignore[arg-type]
    assert "effect" in found
