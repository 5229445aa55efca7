"""The reader of reasons sees what is wrong with a sentence, and nothing where all agrees."""

import copy
from typing import Any

import pytest

from benchmarks.reasons.agreement import disagreements
from benchmarks.reasons.sentence_reader import CAUSAL, read_sentence, subject_of

_WAIT: dict[str, Any] = {
    "unit": "min",
    "base": 30.0,
    "contributions": [
        {
            "feature": "ed_waiting",
            "label": "Patients en attente",
            "value": 23.0,
            "reference_value": 14.0,
            "contribution": 8.2,
        },
        {
            "feature": "age_years",
            "label": "Âge",
            "value": 44.0,
            "reference_value": 42.3,
            "contribution": -1.04,
        },
    ],
    "other": 0.0,
    "adjustments": [{"name": "calibration", "contribution": 0.01}],
    "reasons": [
        "Au départ, l'attente prévue d'habitude vers cette heure, pour cette urgence\u00a0: 30\u00a0min",
        "23 patients attendent déjà (14 d'habitude vers cette heure)\u00a0: +8,2\u00a0min",
        "Âge de 44\u00a0ans (42\u00a0ans d'habitude vers cette heure)\u00a0: −1\u00a0min",
    ],
}
_SERVED = 37.17


def _with(place: int, sentence: str) -> dict[str, Any]:
    changed = copy.deepcopy(_WAIT)
    changed["reasons"][place] = sentence
    return changed


def test_an_answer_whose_sentences_agree_has_no_disagreement() -> None:
    """All figures are those of the contributions, and add up to what is served."""
    assert not disagreements(_WAIT, "fr", _SERVED)


@pytest.mark.parametrize(
    ("place", "sentence", "kind"),
    [
        (1, "23 patients attendent déjà (14 d'habitude vers cette heure)\u00a0: −8,2\u00a0min", "effect"),
        (
            1,
            "23 patients attendent déjà (14 d'habitude vers cette heure)\u00a0: 8,2\u00a0min",
            "sign not written",
        ),
        (1, "22 patients attendent déjà (14 d'habitude vers cette heure)\u00a0: +8,2\u00a0min", "value"),
        (1, "23 patients attendent déjà (15 d'habitude vers cette heure)\u00a0: +8,2\u00a0min", "usual"),
        (1, "23 patients attendent déjà (14 d'habitude vers cette heure)\u00a0: +8,2\u00a0lits", "unit"),
        (1, "Beaucoup de monde\u00a0: +8,2\u00a0min", "subject not recognised"),
        (1, "Parce que 23 patients attendent déjà (14 d'habitude)\u00a0: +8,2\u00a0min", "causal verb"),
        (
            1,
            "Âge de 44\u00a0ans (42\u00a0ans d'habitude vers cette heure)\u00a0: −1\u00a0min",
            "contribution without a sentence",
        ),
        (0, "Au départ, l'attente prévue pour cette urgence\u00a0: 20\u00a0min", "start"),
        (2, "Âge de 44\u00a0ans (42\u00a0ans d'habitude vers cette heure)\u00a0: −12\u00a0min", "rank"),
    ],
)
def test_what_is_wrong_is_named(place: int, sentence: str, kind: str) -> None:
    """One sentence changed, and the reader names what no longer agrees."""
    assert kind in disagreements(_with(place, sentence), "fr", _SERVED)


def test_sentences_that_no_longer_add_up_are_seen() -> None:
    """A forecast that is not where the sentences lead."""
    assert "sum" in disagreements(_WAIT, "fr", _SERVED + 3)


def test_numbers_are_read_as_each_language_writes_them() -> None:
    """A comma is decimal in French, and parts thousands in English."""
    french = read_sentence("Calibrage\u00a0: +1\u202f234,5\u00a0min", "fr")
    english = read_sentence("Calibration: −1,234\u00a0beds", "en")
    assert french is not None
    assert english is not None
    assert (french.effect, french.unit, french.singular) == (1234.5, "min", None)
    assert (english.effect, english.unit, english.singular) == (-1234.0, "beds", False)


def test_a_subject_is_recognised_by_its_own_words_alone() -> None:
    """Sentences that look alike are of different features."""
    assert subject_of("demand is 2.3% below that of the last seven days", "en") == ("above_week_share",)
    assert subject_of("last week, demand rose by 1 bed over the same time", "en") == ("last_week_change",)
    assert subject_of("42 lits armés à l'heure visée", "fr") == ("staffed_then",)
    assert subject_of("rien de tout cela", "fr") is None


def test_minutes_since_arrival_are_no_cause() -> None:
    """A label may hold "since"; a sentence that says why may not."""
    assert CAUSAL["en"].search("Minutes since arrival, 0 min") is None
    assert CAUSAL["en"].search("longer since Monday")
