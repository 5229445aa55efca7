"""The languages that Vigie speaks."""

from collections.abc import Mapping
from typing import Literal

__all__ = ["FALLBACK", "LANGUAGES", "Language", "named_language", "spoken"]

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
FALLBACK: Language = "fr"
"""What is spoken to who asks for a language that is not there."""


def spoken(tag: str) -> tuple[Language, bool]:
    """The language that is spoken to who asks for one by its tag (``en``, ``fr-CA``, ``EN_gb``); whether that one.

    A region, a script or a variant is no other language.
    """
    wanted = tag.strip().lower().replace("_", "-").partition("-")[0]
    for language in LANGUAGES:
        if wanted == language:
            return language, True
    return FALLBACK, False


def named_language(environment: Mapping[str, str]) -> Language:
    """The language that VIGIE_LANGUAGE names, before the settings are read; French where it names none."""
    named = next((value for name, value in environment.items() if name.upper() == "VIGIE_LANGUAGE"), "")
    return next((language for language in LANGUAGES if language == named), FALLBACK)
