"""Alarms in words, in French and English: for answers, pages and the terminal."""

import math
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from hospital.words.language import Language
from registry.monitoring.alarms import StandingAlarm

__all__ = ["change_in_words", "stopped_in_words", "warning_of", "what_of"]

_RELATIVE = frozenset({"arrivals", "error_ratio"})
_LOG_OR_SHARE = frozenset({"errors", "fairness"})
_POINTS = frozenset({"missing", "coverage", "explanations"})
_POINTS_WORD = {"fr": "points", "en": "points"}


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files("registry.monitoring").joinpath("words.toml").read_text("utf-8"))


def what_of(family: str, name: str, language: Language) -> str:
    """What a figure is."""
    text = str(_words()[language]["what"][family])
    return text.replace(" ({name})", "") if name == "all" else text.format(name=name)


def change_in_words(family: str, change: float, language: Language) -> str:
    """A change in the unit of its family: per cent, points, or on the figure's own scale."""
    if family in _RELATIVE | _LOG_OR_SHARE:
        text = f"{100 * math.expm1(change):+.0f} %"
    elif family in _POINTS:
        text = f"{100 * change:+.0f} {_POINTS_WORD[language]}"
    else:
        text = f"{change:+.2g}"
    return text.replace(".", ",") if language == "fr" else text


def warning_of(alarm: StandingAlarm, language: Language) -> str:
    """The sentence that stands in every answer while the alarm does."""
    since = alarm.since.strftime("%d/%m/%Y" if language == "fr" else "%Y-%m-%d")
    change = change_in_words(alarm.family, float(alarm.evidence["change"]), language)
    what = what_of(alarm.family, alarm.name, language)
    return str(_words()[language]["warning"]).format(date=since, what=what, change=change)


def stopped_in_words(language: Language) -> str:
    """Said beside it where the policy has the baseline answer."""
    return str(_words()[language]["stopped"])
