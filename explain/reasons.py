"""From contributions to reasons that people read: one template sentence a contribution, French or English."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from explain.model_file import Array

__all__ = ["Language", "Reason", "number", "select", "sentence"]

Language = Literal["fr", "en"]

_TOLD = 0.05  # a contribution that would be shown as 0 says nothing


@dataclass(frozen=True)
class Reason:
    """One contribution: the feature's column, and what it adds, in the forecast's unit."""

    index: int
    contribution: float


def select(contributions: Array, top: int) -> tuple[list[Reason], float]:
    """The `top` contributions (float64 [features]) of the largest size, and the sum of the others.

    The others are added up by themselves: never what is left of a total.
    """
    order = np.lexsort((np.arange(contributions.size), -np.abs(contributions)))
    shown, others = order[:top], order[top:]
    reasons = [Reason(int(i), float(contributions[i])) for i in shown]
    return reasons, float(contributions[np.sort(others)].sum())


def sentence(
    label: str, value: str | None, usual: str | None, contribution: float, unit: str, language: Language
) -> str | None:
    """A reason in words, or None where its effect would be shown as nothing."""
    if abs(contribution) < _TOLD:
        return None
    effect = f"{'+' if contribution > 0 else '−'}{number(abs(contribution), language)} {unit}"
    if value is None:
        unknown = "inconnu" if language == "fr" else "unknown"
        return f"{label}{_colon(language)}{unknown} → {effect}"
    told = f"{label}{_colon(language)}{value}" if value else label
    if usual is not None and usual != value:
        told += f" (d'habitude {usual})" if language == "fr" else f" (usually {usual})"
    return f"{told} → {effect}"


def number(value: float, language: Language) -> str:
    """A number as people write it: whole from ten on, else with one decimal where there is one."""
    text = f"{abs(value):.0f}" if abs(value) >= 10 else f"{abs(value):.1f}".removesuffix(".0")
    sign = "−" if value < 0 and text.strip("0.") else ""
    return sign + (text.replace(".", ",") if language == "fr" else text)


def _colon(language: Language) -> str:
    return " : " if language == "fr" else ": "
