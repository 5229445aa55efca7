"""From contributions to reasons that people read: one template sentence a contribution, French or English."""

from typing import Literal

import numpy as np

from explain.model_file import Array

__all__ = ["Language", "effect", "number", "select", "sentence", "subject"]

Language = Literal["fr", "en"]

_LEAST_SHOWN = 0.05  # a contribution that would be shown as 0 says nothing


def select(contributions: Array, top: int) -> tuple[Array, Array]:
    """Of each row (contributions: float64 [n, features]) the `top` of the largest size, and the sum of the others.

    The others are added up by themselves: never what is left of a total.

    Returns:
        Their columns, largest first (int64 [n, top]; fewer where there are not so many), and float64 [n].
    """
    columns = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :top]
    others = contributions.copy()
    others[np.arange(len(others))[:, None], columns] = 0.0
    return columns, others.sum(axis=1)


def subject(label: str, value: str | None, usual: str | None, language: Language) -> str:
    """What a reason is about, in words: the feature, its value (None unknown, "" not told) and what is usual."""
    if value is None:
        unknown = "inconnu" if language == "fr" else "unknown"
        return f"{label}{_colon(language)}{unknown}"
    told = f"{label}{_colon(language)}{value}" if value else label
    if usual is not None and usual != value:
        told += f" (d'habitude {usual})" if language == "fr" else f" (usually {usual})"
    return told


def effect(contribution: float, unit: str, language: Language) -> str | None:
    """What it does to the forecast, in words; None where that would be shown as nothing."""
    if abs(contribution) < _LEAST_SHOWN:
        return None
    return f"{'+' if contribution > 0 else '−'}{number(abs(contribution), language)} {unit}"


def sentence(
    label: str, value: str | None, usual: str | None, contribution: float, unit: str, language: Language
) -> str | None:
    """A reason in words: `subject` and `effect`; None where its effect would be shown as nothing."""
    does = effect(contribution, unit, language)
    return None if does is None else f"{subject(label, value, usual, language)} → {does}"


def number(value: float, language: Language) -> str:
    """A number as people write it: whole from ten on, else with one decimal where there is one."""
    size = abs(value)
    text = f"{size:.0f}" if size >= 10 else f"{size:.1f}".removesuffix(".0")
    if value < 0 and text.strip("0."):
        text = "−" + text
    return text.replace(".", ",") if language == "fr" else text


def _colon(language: Language) -> str:
    return " : " if language == "fr" else ": "
