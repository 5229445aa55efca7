"""One sentence a contribution: what it is about, its value beside the usual one, and what it does to the forecast."""

from decimal import Decimal
from typing import Literal

from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.numbers import short

__all__ = ["Unit", "effect", "rounded", "sentence", "sentence_of", "subject"]

Unit = Literal["minutes", "beds"]

_LEAST_SHOWN = 0.05  # a contribution that would be shown as 0 says nothing


def subject(label: str, value: str | None, usual: str | None, language: Language) -> str:
    """What a reason is about: the feature, its value (None unknown, "" not said) and what is usual."""
    if value is None:
        return text("reasons.unknown", language, label=formats.label(label, language))
    about = formats.label(label, language) + value if value else label
    if usual is not None and usual != value:
        return text("reasons.usual", language, about=about, value=usual)
    return about


def effect(contribution: float, unit: Unit, language: Language) -> str | None:
    """What a contribution does to the forecast, with its sign; None where that would be shown as nothing."""
    if abs(contribution) < _LEAST_SHOWN:
        return None
    return formats.short_quantity(contribution, unit, language, plus=True)


def sentence_of(about: str, effect: str) -> str:
    """A reason, from what it is about and what it does."""
    return f"{about} → {effect}"


def sentence(
    label: str, value: str | None, usual: str | None, contribution: float, unit: Unit, language: Language
) -> str | None:
    """A reason from its parts: `subject` and `effect`; None where its effect would be shown as nothing."""
    change = effect(contribution, unit, language)
    return None if change is None else sentence_of(subject(label, value, usual, language), change)


def rounded(value: float) -> Decimal:
    """A number with the decimals that people are shown, as its plural needs it."""
    return Decimal(short(value))
