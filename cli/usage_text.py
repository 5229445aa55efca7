"""Wrong usage and wrong settings in the reader's language: what the library says, and what Vigie does."""

from typing import Any

import typer

from cli.help_text import in_capitals
from cli.reader import spoken_language
from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.recognition import recognised

__all__ = ["constraint", "refused", "usage"]


def refused(key: str, hint: str | None = None, **values: object) -> typer.BadParameter:
    """The error that refuses a value of the command line.

    Args:
        key: of the text, below ``commands.refused``.
        hint: what is wrong, where the library does not know it: names of options.
    """
    return typer.BadParameter(
        text(f"commands.refused.{key}", spoken_language(), None, **values), param_hint=hint
    )


def usage(words: str, language: Language) -> str:
    """What the library says of wrong usage, without its last full stop."""
    seen = recognised(words, "commands", "usage", language)
    if seen is None:
        return words
    places: dict[str, Any] = dict(seen.places)
    if "name" in places:
        places["name"] = in_capitals(places["name"], language)
    if "why" in places:
        places["why"] = constraint(places["why"], language)
    return seen.words.format_map(places)


def constraint(words: str, language: Language) -> str:
    """What the library says of a value; what it has never said before stays in its own words."""
    seen = recognised(words, "commands", "constraints", language)
    return words if seen is None else seen.words.format_map(seen.places)
