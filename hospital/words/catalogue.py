"""Every text that people read, by its key, in French and English.

A key is the name of a file in ``texts/`` and the path of an entry in it, as in ``card.measures.coverage``. An entry is

    key = { fr = "…", en = "…" }

or, where a number decides, one text for each plural, of which Babel's rules choose:

    key = { fr = { one = "{n} jour", other = "{n} jours" }, en = { one = "{n} day", other = "{n} days" } }

Places in braces are filled by name. French is read with no-break spaces before its double signs and within its
quotation marks, however it is written there: no line ends before a colon. What has no text is a mistake of ours: it
raises, and is never shown as its key.
"""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from hospital.words.language import LANGUAGES, Language
from hospital.words.numbers import category, number

__all__ = ["CatalogueError", "Entry", "chosen", "entries", "has_text", "read", "subjects", "text", "unbroken"]

_FOLDER = Path(__file__).with_name("texts")
_PLURALS = {"one", "other"}
_BEFORE_SIGN = re.compile(r" (?=[:;?!»])|(?<=«) ")
_NO_BREAK = "\N{NO-BREAK SPACE}"

Entry = Mapping[str, str]
"""The text of one language by plural; a text without a plural stands under ""."""


class CatalogueError(LookupError):
    """A text that is not there, lacks a language or a plural, or has a place that nothing fills."""


def text(key: str, language: Language, /, n: float | Decimal | None = None, **values: object) -> str:
    """The text of a key in a language.

    Args:
        n: the number that decides the plural, with the decimals it is shown with (a `Decimal` keeps them); it fills
            ``{n}`` unless `values` does.
        values: what fills the other places.

    Raises:
        CatalogueError: there is no such text, it needs `n`, or a place is left without a value.
    """
    subject, _, name = key.partition(".")
    try:
        entry = _subject(subject)[name][language]
    except KeyError:
        raise CatalogueError(f"no text {key!r} in hospital/words/texts ({language}): add it") from None
    return chosen(entry, key, language, n, values)


def chosen(
    entry: Entry, key: str, language: Language, n: float | Decimal | None, values: Mapping[str, object]
) -> str:
    """The text of an entry that `n` decides, its places filled; `key` is for errors (see `text`)."""
    if n is not None:
        values = {"n": number(n, language, _places(n)), **values}
    words = entry[""] if "" in entry else entry[category(_counted(n, key), language)]
    try:
        return words.format_map(values) if "{" in words else words
    except KeyError as missing:
        raise CatalogueError(f"text {key!r} ({language}) has a place {missing} that nothing fills") from None


def has_text(key: str) -> bool:
    """Whether there is such a text: for names that a policy or a hospital may have of its own."""
    subject, _, name = key.partition(".")
    return name in _subject(subject)


def subjects() -> tuple[str, ...]:
    """The files of the catalogue, by name."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in _FOLDER.iterdir() if f.name.endswith(".toml")))


def entries(subject: str) -> Mapping[str, Mapping[Language, Entry]]:
    """All entries of a file, by the rest of their keys.

    Raises:
        CatalogueError: there is no such file, or an entry lacks a language or a plural.
    """
    return _subject(subject)


@cache
def _subject(subject: str) -> Mapping[str, Mapping[Language, Entry]]:
    try:
        content = _FOLDER.joinpath(f"{subject}.toml").read_text("utf-8")
    except FileNotFoundError:
        raise CatalogueError(f"no file {subject}.toml in hospital/words/texts") from None
    return read(content, subject)


def read(content: str, subject: str) -> Mapping[str, Mapping[Language, Entry]]:
    """The entries of a file's text.

    Raises:
        CatalogueError: an entry lacks a language or a plural.
    """
    found: dict[str, Mapping[Language, Entry]] = {}
    _gather(tomllib.loads(content), subject, "", found)
    return found


def _gather(
    table: Mapping[str, Any], subject: str, path: str, found: dict[str, Mapping[Language, Entry]]
) -> None:
    """Adds the entries of a table and of those in it."""
    for name, value in table.items():
        key = f"{path}{name}"
        if not isinstance(value, dict):
            raise CatalogueError(f"{subject}.{key} is no entry: it needs " + " and ".join(LANGUAGES))
        if set(value) == set(LANGUAGES):
            entry = {language: _entry(value[language], f"{subject}.{key}") for language in LANGUAGES}
            found[key] = {**entry, "fr": {name: unbroken(words) for name, words in entry["fr"].items()}}
        elif set(value) & set(LANGUAGES):
            raise CatalogueError(f"{subject}.{key} needs " + " and ".join(LANGUAGES) + ", and nothing else")
        else:
            _gather(value, subject, f"{key}.", found)


def unbroken(words: str) -> str:
    """French with no-break spaces where a line must not end."""
    return _BEFORE_SIGN.sub(_NO_BREAK, words)


def _entry(value: Any, key: str) -> Entry:
    if isinstance(value, str):
        return {"": value}
    if not isinstance(value, dict) or set(value) != _PLURALS:
        raise CatalogueError(f"{key} needs one text, or one each for " + " and ".join(sorted(_PLURALS)))
    return value


def _counted(n: float | Decimal | None, key: str) -> float | Decimal:
    if n is None:
        raise CatalogueError(f"text {key!r} has a plural and needs n")
    return n


def _places(n: float | Decimal) -> int:
    if isinstance(n, Decimal):
        return max(-int(n.as_tuple().exponent), 0)
    return 0 if isinstance(n, int) or n.is_integer() else len(repr(n).partition(".")[2])
