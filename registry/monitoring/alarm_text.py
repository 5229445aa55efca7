"""Alarms in words, in French and English: for answers, pages and the terminal."""

import math
from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from hospital.features.bed_list import ALL_BED_FEATURES
from hospital.features.wait import WAIT_FEATURES
from hospital.words import formats, names
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from registry.monitoring.alarms import OVERRULED, StandingAlarm

__all__ = ["change_in_words", "stopped_in_words", "warning_of", "what_of"]

_LOGARITHMS = frozenset({"arrivals", "error_ratio", "errors", "fairness"})
_POINTS = frozenset({"missing", "coverage", "explanations"})


def what_of(family: str, name: str, language: Language, own: names.OwnNames = names.NO_NAMES) -> str:
    """What a figure is.

    Args:
        own: what the hospital calls its groups and attributes.
    """
    if name == "all" and has_text(f"alarms.all.{family}"):
        return text(f"alarms.all.{family}", language)
    named = (
        names.feature_group(name, language)
        if family == "explanations"
        else names.group(name, language, _labels(language), own)
    )
    return text(f"alarms.what.{family}", language, name=named)


@cache
def _labels(language: Language) -> Mapping[str, str]:
    """Of every input its label, by name; of one that both models have, that of bed demand, which names the place."""
    return {f.name: f.label(language) for f in (*WAIT_FEATURES, *ALL_BED_FEATURES)}


def change_in_words(family: str, change: float, language: Language) -> str:
    """A change in the unit of its family: per cent, points, or on the figure's own scale."""
    if family in _LOGARITHMS:
        return formats.percent(math.expm1(change), language, plus=True)
    if family in _POINTS:
        return formats.quantity(100 * change, "percentage_points", language, 0, plus=True)
    two_digits = Decimal(f"{change:.2g}")
    return formats.signed(two_digits, language, max(-int(two_digits.as_tuple().exponent), 0))


def warning_of(alarm: StandingAlarm, language: Language, own: names.OwnNames = names.NO_NAMES) -> str:
    """The sentence that stands in every answer while the alarm does.

    Args:
        own: what the hospital calls its groups and attributes.
    """
    if alarm.family == OVERRULED:
        known, right = (formats.number(alarm.evidence[n], language) for n in ("known", "right"))
        group = names.value("unit_group", alarm.name, language, own)
        return text("alarms.overruled", language, name=group, known=known, right=right)
    return text(
        "alarms.warning",
        language,
        date=formats.date(alarm.since, language),
        what=what_of(alarm.family, alarm.name, language, own),
        change=change_in_words(alarm.family, float(alarm.evidence["change"]), language),
    )


def stopped_in_words(language: Language) -> str:
    """Said beside it where the policy has the baseline answer."""
    return text("alarms.stopped", language)
