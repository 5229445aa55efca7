"""One person has one name, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.people.person_names import is_person_name, same_person

NAME = "Ada-Marie Bertillon"


@pytest.mark.parametrize(
    "spelling",
    [
        "ada-marie bertillon",
        "ADA-MARIE BERTILLON",
        "Ada Marie Bertillon",
        "Ada_Marie.Bertillon",
        "Adamarie  Bertillon",
        "Bertillon Ada-Marie",
        "BERTILLON, Ada Marie".replace(",", ""),
        "Àda-Marïe Bértillon",
        "Ａｄａ-Ｍａｒｉｅ Ｂｅｒｔｉｌｌｏｎ",
        "Ada-Marie Bertillon 2",
        "Ada-Marie 2 Bertillon",
        "Ada-Marie Bertillon2",
        "2Ada-Marie Bertillon",
        "Ada2 Marie Bertillon",
        "BertillonAdaMarie",
        "Marie Bertillon Ada",
        "Ada-M4rie Bertillon",
        "Ada-Mari3 Bertillon",
        "Ada  -  Marie   Bertillon",
        "Ada-Marie Bert1llon",
        "Ada-Marie Bertil1on",
        "Ada-Marie BertiIIon",
        "Ada-Marie Bertill0n",
        "Ada-Marıe Bertillon",
        "Ada\u2011Marie Bertillon",
        "Ada\u00a0Marie Bertillon",
        "Ada-Marie\u2009Bertillon",
    ],
)
def test_a_spelling_makes_no_second_person(spelling: str) -> None:
    """It is the same, or no name at all: never another one's."""
    assert same_person(NAME, spelling) or not is_person_name(spelling)
    assert same_person(spelling, NAME) == same_person(NAME, spelling)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jürgen Müller", "Juergen Mueller"),
        ("Øystein Ødegård", "Oeystein Oedegaard"),
        ("Åsa Weiß", "Aasa Weiss"),
        ("Ægir Jónsson", "Aegir Jonsson"),
        ("Zoë Noël", "Zoe Noel"),
        ("Jürgen Müller", "Mueller-Jürgen 3"),
    ],
)
def test_an_accent_written_as_a_letter_makes_no_second_person(one: str, other: str) -> None:
    """Where a machine has no accents, people write the letter that stands for it."""
    assert same_person(one, other)
    assert same_person(other, one)


@pytest.mark.parametrize(
    "name",
    [
        "Аda Martin",  # a Cyrillic A
        "Ada Mаrtin",
        "Αda Martin",  # a Greek one
        "Ada Marτin",
        "ᴀda Martin",  # a small capital
        "Ada Mɑrtin",  # a phonetic one
        "Ada\u200bMartin",
        "Ada\u00adMartin",
        "Ada\u202eMartin",
        "Ada\u2060Martin",
        "Ada\ufeffMartin",
        "Ada\u200dMartin",
        "Ada\ufe0f Martin",
        "Ada\u3164Martin",
        "Ada\u2800Martin",
        "Ada\tMartin",
        "Ada Martin ",
        " Ada Martin",
        "Ada Ꮇartin",  # Cherokee
        "阿達",
        "",
        " ",
        "..",
        "a/b",
        "../ada",
        "Ada\nMartin",
        "Ada\x1b[31m",
        "x" * 66,
    ],
)
def test_other_scripts_and_what_nobody_sees_are_no_names(name: str) -> None:
    """Each script has letters that look like another's."""
    assert not is_person_name(name)


@pytest.mark.parametrize(
    "name",
    ["Zoé Marin", "Jean-Paul O'Neill", "Anne d’Œuvre", "Łukasz Ødegård", "Dr. Müller", "Nguyễn Thị Ánh", "x"],
)
def test_people_of_europe_have_names(name: str) -> None:
    """With their accents."""
    assert is_person_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Léon Martin", "Noël Martin"),
        ("Ada Martin", "Ida Marin"),
        ("Marie Petit", "Marie Petiot"),
        ("7", "8"),
        ("Samuel Petit", "Samia Petit"),
        ("Paul Roux", "Paula Roux"),
        ("Anne Dubois", "Anna Dubois"),
    ],
)
def test_different_people_are_different(one: str, other: str) -> None:
    """Folding leaves what tells them apart."""
    assert not same_person(one, other)


@given(st.text(max_size=20), st.sampled_from(["Ada Martin", "Zoé Marin", "Bob"]))
def test_what_looks_the_same_is_one_person_or_no_name(text: str, name: str) -> None:
    """Whatever is put around a name: signs that are no letters make nobody else of it."""
    spelling = f"{text} {name}"
    letters = [c for c in text if c.isalpha()]
    assert letters or same_person(spelling, name) or not is_person_name(spelling)
