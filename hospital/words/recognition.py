"""Messages of which there is the English alone, recognised by it in the catalogue.

It is for what has no key: the words of a library (click, pydantic, the system, the engine, which installs alone), of
the journal's audit and of training's steps, and what a package keeps of what reading found. What is wrong with tables
and mappings, and what reading finds, carries its case and takes its words from the catalogue.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from hospital.words.catalogue import Entry, entries
from hospital.words.language import Language
from hospital.words.numbers import category

__all__ = ["Recognised", "recognised"]


class Recognised(NamedTuple):
    """A message that was recognised.

    Attributes:
        words: the text of the language, its places not yet filled.
        places: what stood in the message's places.
    """

    words: str
    places: Mapping[str, str]


def recognised(message: str, subject: str, table: str, language: Language) -> Recognised | None:
    """The entry of a table whose English the message is, in a language; the first of those in the file's order.

    Args:
        subject: the file of the catalogue.
        table: where the entries stand in it, as in ``usage``.
    """
    for pattern, words in _messages(subject, table, language):
        match = pattern.fullmatch(message)
        if match is not None:
            places = match.groupdict()
            return Recognised(_form(words, places.get("n", ""), language), places)
    return None


def _form(words: Entry, n: str, language: Language) -> str:
    if "" in words:
        return words[""]
    return words[category(int(n), language) if n.isdecimal() else "other"]


@cache
def _messages(subject: str, table: str, language: Language) -> tuple[tuple[re.Pattern[str], Entry], ...]:
    """What each message is recognised by (of texts with a plural, that of many), and its words in a language."""
    return tuple(
        (_pattern(entry["en"].get("", entry["en"].get("other", ""))), entry[language])
        for key, entry in entries(subject).items()
        if key.startswith(f"{table}.")
    )


def _pattern(words: str) -> re.Pattern[str]:
    """A text as what matches it, whatever its places hold."""
    parts, places, pattern = re.split(r"{([a-z_]+)}", words), set[str](), ""
    for n, part in enumerate(parts):
        if n % 2 == 0:
            pattern += re.escape(part)
        else:  # a place that comes twice holds the same twice
            pattern += f"(?P={part})" if part in places else f"(?P<{part}>.*?)"
            places.add(part)
    return re.compile(pattern, re.DOTALL)
