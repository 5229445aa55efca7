"""One sentence a reason: what is so, compared with what is usual, and what that does to the forecast."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from hospital.times import moment
from hospital.words import formats, names
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from hospital.words.numbers import short
from registry.components.familiarity import situation
from registry.components.stability import FIRST
from serving.messages.forecast_parts import Reliability

__all__ = [
    "LEAST_SHOWN",
    "Unit",
    "about_key",
    "clock",
    "compared",
    "effect",
    "measure",
    "reliability_of",
    "rounded",
    "sentence_of",
    "until_words",
]

Unit = Literal["minutes", "beds"]

_WEEK = timedelta(days=7)
_HOUR, _DAY = 60, 24 * 60
_ANY_DAY = date(2024, 1, 1)
_CELSIUS, _MINUTES = "°C", "min"
_SECOND = 1 / 60  # minutes: an hour as a float32 may lie a little below its minute
LEAST_SHOWN = 0.05  # a contribution that would be shown as 0 says nothing


def compared(about: str, value: str, usual: str | None, comparison: str | None, language: Language) -> str:
    """What is so, beside what is usual.

    Args:
        about: what is so, in words.
        value, usual: as they are written; `usual` None: not known.
        comparison: with what is compared; None: with nothing.
    """
    if usual is None or comparison is None:
        return about
    if usual == value:
        return text("reasons.as_usual", language, about=about, comparison=comparison)
    return text("reasons.usual", language, about=about, value=usual, comparison=comparison)


def effect(contribution: float, unit: Unit, language: Language) -> str | None:
    """What a contribution does to the forecast, with its sign; None where that would be shown as nothing."""
    if abs(contribution) < LEAST_SHOWN:
        return None
    return formats.short_quantity(contribution, unit, language, plus=True)


def sentence_of(about: str, effect: str, language: Language) -> str:
    """A reason, from what it is about and what it does."""
    return _beginning(about, language) + effect


@lru_cache(maxsize=4096)
def _beginning(about: str, language: Language) -> str:
    """What a reason is about, as a label: most reasons say again what others said."""
    return formats.label(about[:1].upper() + about[1:], language)


def rounded(value: float) -> Decimal:
    """A number with the decimals that people are shown, as its plural needs it."""
    return Decimal(short(value))


@lru_cache(maxsize=1024)
def until_words(at: int, target: int, zone: ZoneInfo, language: Language) -> str:
    """Until when a forecast made `at` is (both instants), by the hospital's clock: "by tomorrow 23:00"."""
    then, now = moment(target).astimezone(zone), moment(at).astimezone(zone)
    ahead, clock = then.date() - now.date(), formats.time(then, language)
    if ahead <= timedelta(days=1):
        key = "today" if not ahead else "tomorrow"
        return text(f"reasons.until.{key}", language, time=clock)
    if ahead < _WEEK:
        return text("reasons.until.weekday", language, day=formats.weekday(then.date(), language), time=clock)
    return text("reasons.until.date", language, day=formats.date(then.date(), language), time=clock)


def reliability_of(
    ratio: float | None, stable: int | None, oldest: tuple[str, float] | None, language: Language
) -> Reliability:
    """How far to rely on a forecast, in a word and in figures.

    Args:
        ratio: of the situation (`registry.components.familiarity`); None: no model answers.
        stable: of the first reasons, those that either half of the trees gives; None: not asked.
        oldest: the table of which nothing was received for longest, and since when (minutes); None: nothing was.
    """
    kind = None if ratio is None else situation(ratio)
    words = [text(f"trust.situation.{kind or 'baseline'}", language)]
    figures = []
    if ratio is not None:
        share = formats.percent(ratio, language)
        figures.append(text("trust.situation.figures", language, share=share))
    if stable is not None:
        words.append(
            text("trust.stability.steady" if stable == FIRST else "trust.stability.unsteady", language)
        )
        key = "none" if not stable else "all" if stable == FIRST else "figures"
        figures.append(text(f"trust.stability.{key}", language, stable, all=FIRST))
    if oldest is not None:
        table, age = oldest
        named = names.table(table, language)
        figures.append(text("trust.oldest_input", language, table=_within(named), age=_age(age, language)))
    return {
        "situation": kind,
        "situation_ratio": ratio,
        "stable_reasons": stable,
        "oldest_input": None if oldest is None else oldest[0],
        "oldest_input_age_minutes": None if oldest is None else oldest[1],
        "word": ", ".join(words),
        "figures": tuple(figures),
    }


def _within(name: str) -> str:
    """A name as it is written within a sentence: "effectifs et lits armés", and "RPU" as it is."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def _age(minutes: float, language: Language) -> str:
    if minutes < 2 * _HOUR:
        return formats.quantity(minutes, "minutes", language, 0)
    if minutes < 2 * _DAY:
        return formats.quantity(minutes / _HOUR, "hours", language, 0)
    return formats.quantity(minutes / _DAY, "days", language, 0)


def measure(value: float, unit: str, language: Language, *, plus: bool) -> str:
    """A value with its unit, in the plural that it takes; units of medicine and of a hospital stand as they are.

    A body's temperature has its tenth: 38.4 and 37.6 °C are not the same. Long times are in hours.
    """
    if unit == _MINUTES:
        return formats.duration(value, language)
    if unit == _CELSIUS:
        return f"{formats.number(value, language, 1)}\u00a0{unit}"
    if has_text(f"quantities.{unit}"):
        return formats.short_quantity(value, unit, language, plus=plus)
    written = formats.short_number(value, language)
    return f"{written}\u00a0{unit}" if unit else written


def clock(value: float, language: Language) -> str:
    """An hour of the day (0 to 24) as a time: 11:01 until it is 11:02, as clocks and `until_words` say it."""
    minutes = int(value * _HOUR + _SECOND) % _DAY
    return formats.time(datetime.combine(_ANY_DAY, time(minutes // _HOUR, minutes % _HOUR)), language)


def about_key(
    feature: str, kind: Literal["", "none", "more", "less", "unknown"], *, total: bool
) -> str | None:
    """The key of the text about a feature, or of one kind of its values; None: it has none."""
    tail = f"{kind}.{feature}" if kind else feature
    keys = (f"about.total.{tail}", f"about.{tail}") if total else (f"about.{tail}",)
    return next((key for key in keys if has_text(key)), None)
