"""What is wrong with tables and mappings, in a language: by the code of the fault, from the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeGuard

from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from hospital.words.messages import InWords
from hospital.words.recognition import recognised

__all__ = ["FaultText", "Places", "has_words", "message_of", "translated"]

Places = Mapping[str, object]


@dataclass(frozen=True)
class FaultText:
    """What is wrong with a table or mapping, by its text of the catalogue.

    Attributes:
        case: the code of the fault, or code and case (``no_file/pattern``) where a code has several texts.
        places: what fills the text's places: texts, numbers, days, what has its own words, or several of them.
    """

    case: str
    places: Places = field(default_factory=dict, hash=False)

    @property
    def code(self) -> str:
        """The stable word for what is wrong."""
        return self.case.partition("/")[0]

    def words(self, language: Language) -> str:
        """It, in a language."""
        return message_of(self.case, language, **self.places)

    def __str__(self) -> str:
        return self.words("en")


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


def translated(message: str, language: Language) -> str:
    """What a package or card has of a fault, recognised by its English; what the catalogue has not, as it is."""
    seen = recognised(message, "faults", "of", language)
    return message if seen is None else seen.words.format_map(seen.places)


def _written(value: object, language: Language) -> str:
    from hospital.words import formats  # late: Babel's dates are not waited for by what has no fault

    if isinstance(value, InWords):
        return value.words(language)
    if isinstance(value, date):
        return formats.date(value, language)
    if isinstance(value, int | float):
        return formats.number(value, language, 0 if float(value).is_integer() else 2)
    return ", ".join(_written(v, language) for v in value) if _is_several(value) else str(value)


def _is_several(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)
