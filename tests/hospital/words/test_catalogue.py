"""The catalogue of words: both languages hold the same, and a number takes its plural."""

import re
from decimal import Decimal

import pytest

from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.features.wait import WAIT_FEATURES
from hospital.words import catalogue
from hospital.words.catalogue import CatalogueError, entries, has_text, subjects, text, unbroken
from hospital.words.language import LANGUAGES, Language

ENTRIES = [(subject, key) for subject in subjects() for key in entries(subject)]


def _places(words: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", words))


@pytest.mark.parametrize("subject", subjects())
def test_both_languages_say_the_same_things(subject: str) -> None:
    """Every entry has a text in each language, none is empty, and a place in one is a place in all."""
    assert entries(subject)
    for key, by_language in entries(subject).items():
        assert set(by_language) == set(LANGUAGES), key
        texts = [words for entry in by_language.values() for words in entry.values()]
        assert all(words.strip() for words in texts), key
        # A text that counts one may say "one" in place of its number.
        places = [_places(words) - {"n", "number"} for words in texts]
        assert all(found == places[0] for found in places), key
        if all("" in entry for entry in by_language.values()):
            assert len({frozenset(_places(words)) for words in texts}) == 1, key


def test_braces_hold_names_and_nothing_else() -> None:
    """No place is numbered or formatted in a text: `formats` writes numbers."""
    for subject, key in ENTRIES:
        for entry in entries(subject)[key].values():
            for words in entry.values():
                assert re.sub(r"{[a-z_]+}", "", words).count("{") == 0, (subject, key)


def test_no_line_ends_before_a_french_sign() -> None:
    """Every space before a double sign and within quotation marks is a no-break one, in French alone."""
    for subject, key in ENTRIES:
        by_language = entries(subject)[key]
        for words in by_language["fr"].values():
            assert not re.search(r"[^\S\n\u00a0\u202f][:;?!»]|«[^\S\u00a0\u202f]", words), (
                subject,
                key,
                words,
            )
        assert not any(re.search("\u00a0[:;?!]", words) for words in by_language["en"].values()), (
            subject,
            key,
        )


def test_no_line_ends_before_a_french_sign_in_the_name_of_an_input() -> None:
    """Their French stands with the features, and is read as the catalogue's."""
    labels = [f.label("fr") for f in (*WAIT_FEATURES, *ALL_BED_FEATURES)]
    assert any("\u00a0:" in label for label in labels)
    assert not [label for label in labels if re.search(r" [:;?!»]|« ", label)]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("{path} : {message}", "{path}\u00a0: {message}"),
        ("Quoi ? Rien ! Voir « ici » ; fin", "Quoi\u00a0? Rien\u00a0! Voir «\u00a0ici\u00a0»\u00a0; fin"),
        ("à 15:00, https://x ; y", "à 15:00, https://x\u00a0; y"),
        (" : au début", "\u00a0: au début"),
    ],
)
def test_french_signs_keep_what_is_before_them(written: str, shown: str) -> None:
    """Times and addresses stay; one that is unbroken already stays as it is."""
    assert unbroken(written) == shown
    assert unbroken(shown) == shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_key_raises(language: Language) -> None:
    """A name without words is never shown in their place."""
    with pytest.raises(CatalogueError, match=r"quantities\.nothing"):
        text("quantities.nothing", language)
    with pytest.raises(CatalogueError, match="nowhere"):
        text("nowhere.beds", language)
    assert has_text("quantities.beds")
    assert not has_text("quantities.nothing")


def test_a_place_without_a_value_and_a_plural_without_a_number_raise() -> None:
    """Neither braces nor a wrong plural reach a reader."""
    with pytest.raises(CatalogueError, match="number"):
        text("quantities.hours", "fr")
    with pytest.raises(CatalogueError, match="needs n"):
        text("quantities.beds", "fr", number="2")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('a = { fr = "un" }', "a needs fr and en"),
        ('a = { fr = "un", en = "one", de = "eins" }', "a needs fr and en"),
        ('a = "un"', "a is no entry"),
        ('a = { fr = { one = "un" }, en = "one" }', "one each for one and other"),
    ],
)
def test_an_entry_that_lacks_something_is_refused(content: str, fault: str) -> None:
    """As the file is read, not when somebody first needs the text."""
    with pytest.raises(CatalogueError, match=fault):
        catalogue.read(content, "subject")


@pytest.mark.parametrize(
    ("n", "fr", "en"),
    [
        (0, "0 jour", "0 days"),
        (1, "1 jour", "1 day"),
        (1.5, "1,5 jour", "1.5 days"),
        (2, "2 jours", "2 days"),
        (Decimal("1.0"), "1,0 jour", "1.0 days"),
        (Decimal("-0.1"), "−0,1 jour", "−0.1 days"),
        (1_000_000, "1\u202f000\u202f000 jours", "1,000,000 days"),
    ],
)
def test_a_number_takes_its_plural(n: float | Decimal, fr: str, en: str) -> None:
    """French takes the singular below two; English for one alone, and not for 1.0."""
    read = catalogue.read(
        'd = { fr = { one = "{n} jour", other = "{n} jours" }, en = { one = "{n} day", other = "{n} days" } }',
        "subject",
    )
    assert catalogue.chosen(read["d"]["fr"], "d", "fr", n, {}) == fr
    assert catalogue.chosen(read["d"]["en"], "d", "en", n, {}) == en
