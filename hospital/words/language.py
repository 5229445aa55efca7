"""The languages that Vigie speaks."""

from typing import Literal

__all__ = ["LANGUAGES", "Language"]

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
