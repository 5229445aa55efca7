"""Who reads what the command line says: the language of the help, of wrong usage, of errors and of what verbs print."""

import os
import sys
from typing import TextIO

from hospital.words.language import Language, named_language
from hospital.words.messages import in_words, written

__all__ = ["note", "said", "say", "spoken_language"]


def spoken_language() -> Language:
    """The language that VIGIE_LANGUAGE names, before the settings are read; French where it names none."""
    return named_language(os.environ)


def said(key: str, language: Language | None = None, /, **values: object) -> str:
    """What a verb says, by the key of its text below ``verbs.``, in the reader's language where none is given."""
    return in_words(f"verbs.{key}", values, language or spoken_language())


def say(key: str, language: Language | None = None, /, *, to: TextIO | None = None, **values: object) -> None:
    """Prints what a verb says (see `said`), on standard output where no stream is given."""
    print(said(key, language, **values), file=to or sys.stdout)


def note(what: object, language: Language | None = None, /, *, to: TextIO | None = None) -> None:
    """Prints what a person should know: a message, an error, or words that are known in one language only."""
    spoken = language or spoken_language()
    print(said("note", spoken, what=written(what, spoken)), file=to or sys.stdout)
