"""The languages that Vigie speaks."""

from typing import Literal

__all__ = ["FALLBACK", "LANGUAGES", "Language", "spoken"]

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
