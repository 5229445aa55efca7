"""What a person writes holds no signs that a terminal obeys, of either row of them."""

import pytest
from pydantic_core import PydanticCustomError

from serving.messages.request_bodies import words_of_person


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0)])
def test_control_characters_are_refused(code: int) -> None:
    """Those of eight bits and DEL were taken: U+009B alone begins what a terminal obeys."""
    words = f"Lits{chr(code)}31m fermés"
    if chr(code) in "\n\t":
        assert words_of_person(words) == words
        return
    with pytest.raises(PydanticCustomError, match=r"^$") as refused:
        words_of_person(words)
    assert refused.value.type == "control_character"


@pytest.mark.parametrize(
    "words", ["Deux lits fermés : gastro-entérite", "好", "a\u00a0b", "fermé ✅", "x\u0301"]
)
def test_words_are_words(words: str) -> None:
    """In any language."""
    assert words_of_person(words) == words
