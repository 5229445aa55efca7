"""With what a forecast's values are compared: which cases, how many, and what that is called."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from hospital.arrays import Array
from hospital.calendar import local_day, weekday
from hospital.holidays.place import Place
from hospital.holidays.public_holidays import holidays_known, is_holiday
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.components.situations import KINDS_OF_DAY, SEASONS, WIDENINGS, kind_of_day, season_of
from registry.components.usual_cases import NO_COMPARISON
from serving.messages.forecast_parts import ComparedWith, Explanation

__all__ = [
    "Comparison",
    "SaidOnce",
    "compared_with",
    "comparison_of",
    "comparison_words",
    "holidays",
    "said_once",
]

_SUNDAY = 6
_PER_HOUR = 12  # kinds of day x seasons


@dataclass(frozen=True, slots=True)
class Comparison:
    """The cases that one forecast is compared with.

    Attributes:
        widening: place in `registry.components.situations.WIDENINGS`, or `NO_COMPARISON`.
        cases: how many.
        situation: the forecast's own (`registry.components.situations`).
        holiday: public holidays are among the cases: the forecast's day is one, or a Sunday where they are known.
    """

    widening: int
    cases: int
    situation: int
    holiday: bool = False


@dataclass(frozen=True)
class SaidOnce:
    """Sentences that say "usually", and above them what that is.

    Attributes:
        comparison: what they compare with, as a sentence; None: they say so themselves, or compare with nothing.
        sentences: the explanation's.
    """

    comparison: str | None
    sentences: tuple[str, ...]


def holidays(times: Array, place: Place) -> Array:
    """Whether each instant (int64 [n]) lies on a day that is compared with public holidays: bool [n].

    That is one of them, or a Sunday where they are known: both are one kind of day (`situations`).
    """
    days = local_day(times, place.zone)
    return is_holiday(days, place) | ((weekday(days) == _SUNDAY) & holidays_known(place))


def comparison_words(
    comparison: Comparison | None, reference: Literal["typical", "last_week"], language: Language
) -> str | None:
    """With what is compared, in words ("usually around this hour on a Sunday"); None: with nothing."""
    if reference == "last_week":
        return text("reasons.compared.last_week", language)
    if comparison is None or comparison.widening == NO_COMPARISON:
        return None
    return _words(comparison.widening, comparison.situation, comparison.holiday, language)


@lru_cache(maxsize=2048)
def _words(widening: int, situation: int, holiday: bool, language: Language) -> str:
    kind = "holiday" if holiday else kind_of_day(situation)
    day = text(f"reasons.compared.day.{kind}", language)
    if widening < WIDENINGS.index("seasons"):
        season = text(f"reasons.compared.season.{season_of(situation)}", language)
        day = text("reasons.compared.day_of_season", language, day=day, season=season)
    return text(f"reasons.compared.{WIDENINGS[widening]}", language, day=day)


def comparison_of(found: ComparedWith | None) -> Comparison | None:
    """The comparison that an answer names, which does not say whether public holidays are known."""
    if found is None:
        return None
    days = 0 if found["days"] == "all" else KINDS_OF_DAY.index(found["days"])
    season = 0 if found["season"] == "all" else SEASONS.index(found["season"])
    wide = (found["hours_around"] > 0, found["season"] == "all", found["days"] == "all")
    situation = found["hour"] * _PER_HOUR + days * len(SEASONS) + season
    return Comparison(sum(wide), found["cases"], situation, holiday=found["days"] == "sunday")


def compared_with(comparison: Comparison | None) -> ComparedWith | None:
    """The same for applications; None: with nothing that is usual."""
    if comparison is None or comparison.widening == NO_COMPARISON:
        return None
    widening, situation = comparison.widening, comparison.situation
    return {
        "cases": comparison.cases,
        "hour": situation // _PER_HOUR,
        "hours_around": 0 if widening == 0 else 1,
        "days": "all" if widening >= WIDENINGS.index("days") else kind_of_day(situation),
        "season": "all" if widening >= WIDENINGS.index("seasons") else season_of(situation),
    }


def said_once(why: Explanation, language: Language) -> SaidOnce:
    """The sentences of an explanation for a list; what several of them compare with is said above it, and once.

    Answers of another language than `language` stay as they are.
    """
    sentences, found = tuple(why["reasons"]), comparison_of(why.get("compared_with"))
    if found is None:
        return SaidOnce(None, sentences)
    for holiday in (found.holiday, False):  # an answer does not say whether they are known
        words = comparison_words(replace(found, holiday=holiday), "typical", language)
        if words is not None and sum(words in sentence for sentence in sentences) > 1:
            usually = text("reasons.start.usually", language)
            about = text("reasons.compared.once", language, found.cases, comparison=words)
            return SaidOnce(about, tuple(sentence.replace(words, usually) for sentence in sentences))
    return SaidOnce(None, sentences)
