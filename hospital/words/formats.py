"""Numbers, shares, quantities, days and hours as people of a language write them: one function each.

Those of numbers are `hospital.words.numbers`'s; those that need a word take it from the catalogue, with its plural.
"""

import datetime as dt
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_datetime

from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.numbers import (
    UNKNOWN,
    decimals,
    number,
    percent,
    power_of_ten,
    short,
    short_number,
    signed,
)

__all__ = [
    "UNKNOWN",
    "ahead",
    "beds",
    "date",
    "date_range",
    "date_time",
    "day_month",
    "decimals",
    "duration",
    "horizon",
    "interval",
    "label",
    "minutes",
    "number",
    "percent",
    "points",
    "power_of_ten",
    "probability",
    "quantity",
    "short_number",
    "short_probability",
    "short_quantity",
    "signed",
    "time",
    "weekday",
    "weekday_time",
]

_DATE = {"fr": "dd/MM/y", "en": "y-MM-dd"}
_TIME = {"fr": "HH'\u00a0h\u00a0'mm", "en": "HH:mm"}
_ANY_DAY = dt.date(2024, 1, 1)
_FIXED = "\u00a0"
_LONGEST_IN_MINUTES, _SHORTEST_IN_DAYS = 3 * 60, 2 * 24 * 60


def minutes(value: float | None, language: Language, digits: int = 1) -> str:
    """A time in minutes, as in 45.6 min."""
    return quantity(value, "minutes", language, digits)


def beds(value: float | None, language: Language, digits: int = 1) -> str:
    """A number of beds: "1 lit", "−0,1 lit", "2,0 lits"; "0.1 beds"."""
    return quantity(value, "beds", language, digits)


def quantity(
    value: float | None, unit: str, language: Language, digits: int = 1, *, plus: bool = False
) -> str:
    """A number with its unit, in the plural that the number takes as it is written.

    Args:
        unit: one of ``quantities.toml``, such as ``beds`` or ``days``.
        plus: with its sign, as a difference has.
    """
    if value is None or value != value:
        return UNKNOWN
    return _quantity(f"{value:.{digits}f}", unit, language, plus)


@lru_cache(maxsize=4096)
def _quantity(rounded: str, unit: str, language: Language, plus: bool) -> str:
    count = Decimal(rounded)
    digits = len(rounded.partition(".")[2])
    written = signed(count, language, digits) if plus else number(count, language, digits)
    return text(f"quantities.{unit}", language, n=count, number=written)


def short_quantity(value: float, unit: str, language: Language, *, plus: bool = False) -> str:
    """A quantity as people say it: whole from ten on, else with one decimal where there is one (see `quantity`)."""
    return _quantity(short(value), unit, language, plus)


def duration(minutes: float, language: Language) -> str:
    """A time that went by, as people say it: under three hours in minutes, then in hours and minutes (5 h 55 min), from
    two days on in days and hours."""
    whole = round(minutes)
    if whole < _LONGEST_IN_MINUTES:
        return short_quantity(minutes, "minutes", language)
    hours = round(whole / 60) if whole >= _SHORTEST_IN_DAYS else whole // 60
    parts = (hours // 24, "days"), (hours % 24, "hours")
    if whole < _SHORTEST_IN_DAYS:
        parts = (hours, "hours"), (whole % 60, "minutes")
    return _FIXED.join(quantity(n, unit, language, 0) for n, unit in parts if n)


def points(share: float | None, language: Language, digits: int = 1, *, plus: bool = False) -> str:
    """A difference of two shares (0.01 is one), in percentage points."""
    return quantity(None if share is None else 100 * share, "points", language, digits, plus=plus)


def probability(value: float | None, language: Language) -> str:
    """A probability (0 to 1) in whole per cent; what would be written as 0 or 100 is "under 1%" or "over 99%"."""
    written = percent(value, language)
    if value is None or value != value or "0" < f"{100 * value:.0f}" != "100":
        return written
    bound = ("under", 0.01) if value < 0.5 else ("over", 0.99)
    return text(f"quantities.{bound[0]}", language, share=percent(bound[1], language))


def short_probability(value: float, language: Language) -> str:
    """A probability (0 to 1) as people say it, to a tenth below ten per cent; none is written as 0 or 100."""
    for bound, key, beyond in ((0.001, "under", value < 0.0005), (0.99, "over", value >= 0.995)):
        if beyond:
            share = percent(bound, language, 1 if key == "under" else 0)
            return text(f"quantities.{key}", language, share=share)
    return short_quantity(100 * value, "%", language)


def horizon(hours: float, language: Language) -> str:
    """How far ahead: hours, from two days on whole days in days; 0 is a wait time's, at triage."""
    if not hours:
        return text("quantities.at_triage", language)
    if hours < 48 or hours % 24:
        return quantity(hours, "hours", language, 0 if float(hours).is_integer() else 1)
    return quantity(hours / 24, "days", language, 0)


def ahead(hours: float, language: Language) -> str:
    """How far ahead, where room is scarce: hours, from two days on whole days."""
    if hours < 48 or hours % 24:
        return quantity(hours, "hours", language, 0 if float(hours).is_integer() else 1)
    return quantity(hours / 24, "short_days", language, 0)


def interval(low: str, high: str, language: Language) -> str:
    """Two written bounds as an interval."""
    return text("quantities.interval", language, low=low, high=high)


def label(name: str, language: Language) -> str:
    """A name before what is said of it: with the colon, and in French the space before it."""
    return text("quantities.label", language, name=name)


def date(when: dt.date, language: Language) -> str:
    """A day: 14/11/2023 in French, 2023-11-14 in English, where the order of day and month is not one."""
    return _dated(_day(when), _DATE[language], language)


def time(when: dt.datetime, language: Language) -> str:
    """Hour and minute of a day: 14 h 05 in French, 14:05 in English."""
    return _dated(dt.datetime.combine(_ANY_DAY, dt.time(when.hour, when.minute)), _TIME[language], language)


def date_time(when: dt.datetime, language: Language) -> str:
    """A day with hour and minute."""
    return text("quantities.date_time", language, date=date(when, language), time=time(when, language))


def weekday_time(when: dt.datetime, language: Language) -> str:
    """The day of the week with hour and minute."""
    return f"{weekday(when, language, short=True)} {time(when, language)}"


def day_month(when: dt.date, language: Language) -> str:
    """A day of the year, as a mark of an axis: 04/11 in French, 4 Nov in English."""
    return _dated(_day(when), "dd/MM" if language == "fr" else "d MMM", language)


def date_range(first: dt.date, last: dt.date, language: Language) -> str:
    """From one day to another, both included."""
    return text("quantities.from_to", language, first=date(first, language), last=date(last, language))


def weekday(when: dt.date, language: Language, *, short: bool = False) -> str:
    """The day of the week: Monday, or Mon."""
    return _dated(_day(when), "EEE" if short else "EEEE", language)


def _day(when: dt.date) -> dt.datetime:
    """Midnight of a day, without a zone: Babel then moves it to no other."""
    return dt.datetime(when.year, when.month, when.day)


@lru_cache(maxsize=8192)  # a day has 1,440 times in each language, and Babel takes 10 µs for one
def _dated(when: dt.datetime, pattern: str, language: Language) -> str:
    return str(format_datetime(when, pattern, locale=language))
