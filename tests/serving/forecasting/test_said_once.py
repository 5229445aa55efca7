"""What every sentence of a list compares with is said above it, and once."""

from typing import Any

import pytest

from hospital.words.language import LANGUAGES, Language
from registry.components.situations import WIDENINGS
from serving.forecasting.comparison import Comparison, compared_with, comparison_words, said_once

HOUR_AND_DAY = range(0, 288, 7)


def _explanation(comparison: Comparison, language: Language, count: int = 2) -> Any:
    words = comparison_words(comparison, "typical", language)
    reasons = [f"Besoin {n} (14 {words}) : +8" for n in range(count)]
    return {"compared_with": compared_with(comparison), "reasons": (*reasons, "Autres : 1")}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("widening", range(len(WIDENINGS)))
@pytest.mark.parametrize("holiday", [False, True])
def test_it_stands_above_and_not_in_the_lines(language: Language, widening: int, holiday: bool) -> None:
    """At every hour, day and season, on holidays, too, and however wide: what is taken out stands above, whole."""
    for situation in HOUR_AND_DAY:
        comparison = Comparison(widening, 42, situation, holiday)
        why = _explanation(comparison, language)
        words = comparison_words(comparison, "typical", language)
        if (why["compared_with"]["days"], holiday) in (("weekday", True), ("saturday", True)):
            continue  # a holiday counts as a Sunday
        told = said_once(why, language)
        usually = {"fr": "d'habitude", "en": "usually"}[language]
        assert words is not None
        assert told.comparison is not None
        assert words in told.comparison
        assert "42" in told.comparison
        assert told.sentences == tuple(s.replace(words, usually) for s in why["reasons"])
        assert f"(14 {usually})" in told.sentences[0]


def test_one_line_says_it_itself() -> None:
    """And so does an answer of another language, or one that compares with nothing."""
    comparison = Comparison(0, 42, 24)
    one = _explanation(comparison, "fr", count=1)
    other = _explanation(comparison, "en")
    nothing = {**_explanation(comparison, "fr"), "compared_with": None}
    for why in (one, other, nothing):
        told = said_once(why, "fr")
        assert (told.comparison, told.sentences) == (None, why["reasons"])
