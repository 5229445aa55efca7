"""What is said to a person before it is known in which language: a text's key with what fills it, or several of them.

Errors, their faults and notes are made of these; who shows them puts them in words, in the reader's language.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.numbers import decimals, number
from hospital.words.recognition import recognised

__all__ = [
    "Clause",
    "Foreign",
    "InWords",
    "Lines",
    "Message",
    "Names",
    "in_words",
    "is_key",
    "message",
    "written",
]

_KEY = re.compile(r"[a-z][a-z_]*(\.[a-z0-9][a-z0-9_-]*)+")


@runtime_checkable
class InWords(Protocol):
    """What can be said in a language: a message, several, an error."""

    def words(self, language: Language) -> str:
        """It, in a language."""


@dataclass(frozen=True)
class Message:
    """A text of the catalogue, and what fills its places (see `written`).

    Attributes:
        key: of the text, as in ``verbs.train.next``.
        values: by the names of its places; ``n``, a number, decides its plural.
    """

    key: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)

    def words(self, language: Language) -> str:
        """The message in a language."""
        return in_words(self.key, self.values, language)

    def __str__(self) -> str:
        return self.words("en")


@dataclass(frozen=True)
class Lines:
    """Several messages, a line for each; one that comes again stands once, with how often it came.

    Attributes:
        messages: in the order of their lines; a text is another's own words, and stays as it is.
    """

    messages: tuple[InWords | str, ...]

    def words(self, language: Language) -> str:
        """The lines, in a language."""
        counted = Counter(str(written(one, language)) for one in self.messages)
        return "\n".join(
            f"  {said}" if n == 1 else f"  {text('errors.counted', language, n=n, message=said)}"
            for said, n in counted.items()
        )

    def __str__(self) -> str:
        return self.words("en")


@dataclass(frozen=True)
class Names:
    """Several names, one after the other with commas.

    Attributes:
        messages: what each is called.
    """

    messages: tuple[InWords, ...]

    def words(self, language: Language) -> str:
        """The names, in a language."""
        return ", ".join(one.words(language) for one in self.messages)

    def __str__(self) -> str:
        return self.words("en")


@dataclass(frozen=True)
class Foreign:
    """What the system or a library says: recognised by its English, which the catalogue has with its French.

    Attributes:
        said: in its own words; what the catalogue does not have stays so.
        subject, table: where the catalogue has such words, as in ``errors`` and ``system``.
    """

    said: str
    subject: str = "errors"
    table: str = "system"

    @classmethod
    def of(cls, error: OSError) -> "Foreign":
        """Why the system refused something, without the file's name."""
        return cls(error.strerror or type(error).__name__)

    def words(self, language: Language) -> str:
        """It, in a language."""
        seen = recognised(self.said, self.subject, self.table, language)
        return self.said if seen is None else seen.words.format_map(seen.places)

    def __str__(self) -> str:
        return self.words("en")


@dataclass(frozen=True)
class Clause:
    """An error or a message as a part of a sentence: without its full stop."""

    of: InWords

    def words(self, language: Language) -> str:
        """It, in a language."""
        return self.of.words(language).rstrip(".")

    def __str__(self) -> str:
        return self.words("en")


def message(key: str, /, **values: object) -> Message:
    """A message by the key of its text, and what fills its places."""
    return Message(key, values)


def is_key(words: str) -> bool:
    """Whether a text is the key of another, and no sentence."""
    return _KEY.fullmatch(words) is not None


def in_words(key: str, values: Mapping[str, object], language: Language) -> str:
    """The text of a key, its places filled with values as `written`; a number ``n`` decides its plural."""
    count: Any = values.get("n")
    if hasattr(count, "item"):  # NumPy's numbers are no numbers of Python's
        count = count.item()
    if count is not None and not isinstance(count, int | float | Decimal):
        raise TypeError(f"{key}: n is the number that decides its plural")
    shown = {name: written(value, language) for name, value in values.items() if name != "n"}
    return text(key, language, count, **shown)


def written(value: object, language: Language) -> object:
    """A value as a text shows it: numbers, days and instants as the language writes them, messages in words.

    Several are a list: names as in ``a, b and c``, messages one after the other with semicolons.
    """
    if isinstance(value, OSError):
        value = Foreign.of(value)
    if isinstance(value, InWords):
        return value.words(language)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return number(value, language, decimals(float(value)))
    if isinstance(value, dt.date):
        return _day(value, language)
    if isinstance(value, tuple | list):
        return _several(value, language)
    return value


def _day(value: dt.date, language: Language) -> str:
    from hospital.words import formats  # late: Babel's dates are not waited for by what has none

    return (
        formats.date_time(value, language)
        if isinstance(value, dt.datetime)
        else formats.date(value, language)
    )


def _several(values: Iterable[object], language: Language) -> str:
    values = tuple(values)
    parts = [str(written(value, language)) for value in values]
    if any(isinstance(value, InWords) for value in values):
        return text("errors.between", language).join(part.removesuffix(".") for part in parts)
    from babel.lists import format_list

    return str(format_list(parts, locale=language))
