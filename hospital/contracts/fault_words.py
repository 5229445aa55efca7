"""What a fault says, in French and English: by its code, from the catalogue."""

from collections.abc import Iterable

from hospital.errors import Fault
from hospital.words.fault_texts import has_words, message_of, translated
from hospital.words.language import Language

__all__ = ["fault", "has_words", "lines", "message_of", "said", "translated"]


def fault(path: str, case: str, rows: int = 1, /, **places: object) -> Fault:
    """A fault by its code, or by code and case (``no_file/pattern``).

    Args:
        places: what fills the text's places: texts, whole numbers, days, or several of them.
    """
    return Fault(path, case.partition("/")[0], message_of(case, **places), rows, case, places)


def said(one: Fault, language: Language) -> str:
    """What a fault says in a language; in English where it has no words of that language."""
    return one.words(language)


def lines(faults: Iterable[Fault], language: Language) -> list[str]:
    """One line for each fault: where, what and how many rows."""
    return [one.line(language) for one in faults]
