"""What a fault says, in French and English: by its code, from the catalogue."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from hospital.errors import Fault
from hospital.words.fault_texts import FaultText, has_words, message_of
from hospital.words.language import Language
from hospital.words.messages import Foreign, InWords

__all__ = ["fault", "has_words", "lines", "message_of", "refusal", "refused_as", "said"]


def fault(path: str, case: str, rows: int = 1, /, **places: object) -> Fault:
    """A fault by its code, or by code and case (``no_file/pattern``).

    Args:
        places: what fills the text's places: texts, whole numbers, days, or several of them.
    """
    says = FaultText(case, places)
    return Fault(path, says.code, says, rows)


def refusal(case: str, /, **places: object) -> PydanticCustomError:
    """What a validator raises of a value that a mapping cannot have; `refused_as` says it in a language."""
    says = FaultText(case, places)
    return PydanticCustomError(says.code, "{words}", {"words": str(says), "says": says})


def refused_as(error: Mapping[str, Any]) -> InWords:
    """What one of pydantic's errors says: our own words where a `refusal` raised it, else the library's."""
    says = error.get("ctx", {}).get("says")
    return says if isinstance(says, FaultText) else Foreign(error["msg"], "commands", "constraints")


def said(one: Fault, language: Language) -> str:
    """What a fault says in a language."""
    return one.words(language)


def lines(faults: Iterable[Fault], language: Language) -> list[str]:
    """One line for each fault: where, what and how many rows."""
    return [one.line(language) for one in faults]
