"""What a fault says, in French and English: by its code, from the catalogue."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeGuard

from hospital.errors import Fault
from hospital.words import formats
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from hospital.words.recognition import recognised

__all__ = ["fault", "has_words", "lines", "message_of", "said", "translated"]

Places = Mapping[str, object]


def fault(path: str, case: str, rows: int = 1, /, **places: object) -> Fault:
    """A fault by its code, or by code and case (``no_file/pattern``).

    Args:
        places: what fills the text's places: texts, whole numbers, days, or several of them.
    """
    return Fault(path, case.partition("/")[0], message_of(case, **places), rows, case, places)


def has_words(code: str) -> bool:
    """Whether a code has a text."""
    return has_text(f"faults.of.{code}")


def message_of(case: str, language: Language = "en", /, **places: object) -> str:
    """What a code means and what to do; ``before_…`` codes name the earlier column themselves."""
    if case.startswith("before_"):
        return text("faults.of.before", language, earlier=case.removeprefix("before_"))
    if not has_words(case):
        return case.replace("_", " ")
    shown = {name: _written(value, language) for name, value in places.items()}
    return text(f"faults.of.{case}", language, None, **shown)


def said(one: Fault, language: Language) -> str:
    """What a fault says in a language; in English where it has no words of that language."""
    if language == "en":
        return one.message
    if one.case:
        return message_of(one.case, language, **one.places)
    return translated(one.message, language)


def lines(faults: Iterable[Fault], language: Language) -> list[str]:
    """One line for each fault: where, what and how many rows."""
    return [
        text("faults.line", language, n=one.rows, path=one.path, message=said(one, language))
        for one in faults
    ]


def translated(message: str, language: Language) -> str:
    """A message of the catalogue, recognised by its English; any other as it is."""
    seen = recognised(message, "faults", "messages", language) or recognised(
        message, "faults", "of", language
    )
    return message if seen is None else seen.words.format_map(seen.places)


def _written(value: object, language: Language) -> str:
    if isinstance(value, date):
        return formats.date(value, language)
    if isinstance(value, int | float):
        return formats.number(value, language, 0 if float(value).is_integer() else 2)
    return ", ".join(_written(v, language) for v in value) if _is_several(value) else str(value)


def _is_several(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)
