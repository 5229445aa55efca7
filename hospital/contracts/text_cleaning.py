"""Texts as they are compared: one writing of what looks the same, for cells, names and requests alike."""

import re
import unicodedata
from typing import Any

__all__ = ["clean_name", "clean_text", "cleaned", "is_said"]

_SPACES = "\u00a0\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""Spaces of other widths, or at which no line breaks: programs put them where people typed an ordinary one."""
_INVISIBLE = "\u00ad\u2060\ufeff\u200b\u200c\u200d\u200e\u200f" + "".join(
    map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
)
"""Signs without width, which two equal names may differ by: also where a word may break, and which way it is read."""
_BLANKS = str.maketrans(dict.fromkeys(_SPACES, " ") | dict.fromkeys(_INVISIBLE, ""))


_FILLERS = "\u115f\u1160\u3164\uffa0"
"""Letters of Unicode that nobody sees."""


def is_said(text: str) -> bool:
    """Whether words say something: a letter or digit that is seen is in them.

    Blanks without width, a dash or a full stop are no reason.
    """
    return any(c.isalnum() and c not in _FILLERS for c in text)


def clean_text(text: str) -> str:
    """A text in Unicode NFC, without spaces around it or signs without width; no-break spaces as ordinary ones."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", text.translate(_BLANKS)).strip()


def clean_name(text: str) -> str:
    """The name of a column: as `clean_text`, and in one line, with one space between its words."""
    return re.sub(r"\s+", " ", clean_text(text))


def cleaned(value: Any, but: frozenset[str] = frozenset()) -> Any:
    """A value with every text in it, and every key, cleaned; `but`: keys whose values stay as they are."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [cleaned(one, but) for one in value]
    if isinstance(value, dict):
        return {clean_text(key): one if key in but else cleaned(one, but) for key, one in value.items()}
    return value
