"""What is said of a forecast names what goes with it, never a cause: a contribution is none."""

import re

import pytest

from hospital.words.catalogue import entries
from hospital.words.language import LANGUAGES, Language

CAUSES: dict[Language, str] = {
    "fr": (
        r"parce qu|\bcar\b|à cause|en raison|grâce|du fait|puisqu|étant donné|par conséquent|donc\b|"
        r"entra[iî]n(?!ement)|provoqu|caus[eé]|due?s? à|dû à|résult(?!ats?\b)|engendr|génèr|indui|conduit|mène à|"
        r"expliqu|influenc|imput|responsable|attribu|fait (?:monter|baisser|augmenter|diminuer)|conséquence"
    ),
    "en": (
        r"\bbecause\b|\bdue to\b|\bowing to\b|\bthanks to\b|\bcaus(?:e|es|ed|ing)\b|\bleads? to\b|\bled to\b|"
        r"\bresult(?:s|ed)? (?:in|from)\b|\bdriv(?:e|es|en|ing)\b|\bhence\b|\btherefore\b|\bthus\b|\bsince\b|"
        r"\bmakes? (?:it|the)\b|\bbrings? about\b|\binduc|\bexplain|\binfluenc|\battribut|\bresponsible\b|"
        r"\bconsequence|\bas a result\b|\bowes\b|\bproduc(?:e|es|ed)\b|\bimpact"
    ),
}
"""Words that claim a cause. "Since" is one in English, whatever it means where it stands."""
SUBJECTS = ("about", "explanations", "reasons", "quantities")
"""What the sentences of a forecast are put together from; warnings are below."""
_OF_TIME = {"trust.late", "explanations.page.changed"}
"""What has happened since a forecast: there "since" is a time."""


def _texts(subject: str) -> list[tuple[str, Language, str]]:
    return [
        (f"{subject}.{key}", language, words)
        for key, by_language in entries(subject).items()
        for language in LANGUAGES
        for words in by_language[language].values()
    ]


def _claims_a_cause(key: str, language: Language, words: str) -> bool:
    if key in _OF_TIME and language == "en":
        words = re.sub(r"\bsince\b", "", words, flags=re.IGNORECASE)
    return re.search(CAUSES[language], words, re.IGNORECASE) is not None


@pytest.mark.parametrize("subject", SUBJECTS)
def test_no_sentence_of_a_reason_claims_a_cause(subject: str) -> None:
    """Every text, in every plural, of either language."""
    texts = _texts(subject)
    assert len(texts) > 20
    claimed = [(key, words) for key, language, words in texts if _claims_a_cause(key, language, words)]
    assert claimed == []


def test_no_warning_claims_a_cause() -> None:
    """They say what is known against a forecast, not what it comes from."""
    claimed = [key for key, language, words in _texts("trust") if _claims_a_cause(key, language, words)]
    assert claimed == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "23 patients attendent parce que trois médecins sont absents"),
        ("fr", "Trois médecins sont absents, car c'est dimanche"),
        ("fr", "L'affluence entraîne 8 min de plus"),
        ("fr", "À cause de l'affluence"),
        ("fr", "Grâce à deux médecins de plus"),
        ("fr", "Ce qui provoque une attente"),
        ("fr", "Hausse due à l'affluence"),
        ("en", "Because 23 patients are waiting"),
        ("en", "Longer due to three absent doctors"),
        ("en", "Crowding causes 8 more minutes"),
        ("en", "Which leads to a longer wait"),
        ("en", "Thanks to two more doctors"),
    ],
)
def test_causes_are_found_where_they_are_claimed(language: Language, words: str) -> None:
    """The list finds the common ways of saying so."""
    assert re.search(CAUSES[language], words, re.IGNORECASE)


@pytest.mark.parametrize(
    "words", ["Durée de garde", "par carte", "nouveaux cars", "entraînement du modèle", "dans le carnet"]
)
def test_words_that_only_look_like_causes_are_not(words: str) -> None:
    """A word inside another is not a claim."""
    assert not re.search(CAUSES["fr"], words, re.IGNORECASE)
