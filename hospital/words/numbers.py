"""Numbers and shares as people of a language write them, and which plural a number takes: Babel's data (CLDR).

Rounding is Python's own on the binary value, as everywhere in Vigie; Babel then writes the decimals that are left. A
minus is U+2212 in both languages. What comes again and again is written once: an answer holds hundreds of numbers.
"""

import math
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from hospital.words.language import Language

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

__all__ = [
    "UNKNOWN",
    "category",
    "decimals",
    "number",
    "percent",
    "power_of_ten",
    "short",
    "short_number",
    "signed",
]

UNKNOWN = "–"
"""Stands where a number is not known."""

_MINUS, _FIXED = "\u2212", "\u00a0"
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(value: float | Decimal | None, language: Language, digits: int = 0) -> str:
    """A number with so many decimals; a dash where it is None or NaN."""
    if value is None or value != value:
        return UNKNOWN
    return _written(_rounded(value, digits), "number", language)


def signed(value: float | Decimal | None, language: Language, digits: int = 0) -> str:
    """A number with its sign; what rounds to zero has none."""
    return _with_plus(number(value, language, digits))


def percent(share: float | None, language: Language, digits: int = 0, *, plus: bool = False) -> str:
    """A share (1.0 is all) as a percentage; `plus`: with its sign, as a difference has."""
    if share is None or share != share:
        return UNKNOWN
    text = _written(_rounded(100 * share, digits), "percent", language)
    return _with_plus(text) if plus else text


def short_number(value: float, language: Language) -> str:
    """A number as people say it: whole from ten on, else with one decimal where there is one."""
    return number(Decimal(short(value)), language, decimals(value))


def short(value: float) -> str:
    """The decimals of `short_number`, not yet written in a language: "12", "9.9", "-3"."""
    if not -10 < value < 10:
        return f"{value:.0f}"
    return f"{value:.1f}".removesuffix(".0")


def decimals(value: float) -> int:
    """How many decimals `short_number` writes: 0 or 1."""
    return len(short(value).partition(".")[2])


def power_of_ten(value: float, language: Language) -> str:
    """A number (not zero) too small or large to write out, as in 1.6 × 10⁻⁵."""
    exponent = math.floor(math.log10(abs(value)))
    raised = str(exponent).translate(_RAISED)
    return f"{number(value / 10**exponent, language, 1)}{_FIXED}×{_FIXED}10{raised}"


def category(count: float | Decimal, language: Language) -> str:
    """The plural that a number takes with the decimals it is written with: ``one`` or ``other``.

    French takes the singular below two, English for 1 alone, and not for 1.0.
    """
    return _category(_plain(count), language)


def _plain(count: float | Decimal) -> str:
    whole = isinstance(count, float) and count.is_integer()
    return str(int(count)) if whole else str(count)


@lru_cache(maxsize=4096)
def _category(plain: str, language: Language) -> str:
    # French has a third for millions ("un million de lits"), which no text of Vigie's needs.
    return "one" if _locale(language).plural_form(Decimal(plain)) == "one" else "other"


def _rounded(value: float | Decimal, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text if any(c in "123456789" for c in text) or "inf" in text else text.lstrip("-")


@lru_cache(maxsize=4096)
def _written(rounded: str, kind: str, language: Language) -> str:
    from babel.numbers import format_decimal

    if "inf" in rounded:
        return rounded.replace("inf", "∞").replace("-", _MINUS)
    places = len(rounded.partition(".")[2])
    value = Decimal(rounded) / 100 if kind == "percent" else Decimal(rounded)
    pattern = _pattern(kind, places, language)
    return str(format_decimal(value, pattern, locale=_locale(language))).replace("-", _MINUS)


@cache
def _pattern(kind: str, places: int, language: Language) -> "NumberPattern":
    from babel.numbers import parse_pattern

    formats = _locale(language).percent_formats if kind == "percent" else _locale(language).decimal_formats
    pattern = parse_pattern(formats[None].pattern)
    pattern.frac_prec = (places, places)
    return pattern


@cache
def _locale(language: Language) -> "Locale":
    from babel import Locale  # late: a text without a number, such as the help, does not wait for it

    return Locale(language)


def _with_plus(text: str) -> str:
    return f"+{text}" if text[0] not in (_MINUS, UNKNOWN) and any(c in "123456789∞" for c in text) else text
