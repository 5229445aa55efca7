"""Whether a sentence says the value and the usual value that its contribution has, and on which side of it."""

import math
import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

from benchmarks.reasons.sentence_reader import FALL, RISE, Read, durations_in, number_of, numbers_in

__all__ = ["LONGER", "Language", "against", "rounds_to", "step", "values"]

Language = Literal["fr", "en"]
_NOT_A_NUMBER = {"hour", "target_hour", "weekday", "target_weekday", "season_cos", "season_sin", "triage"}
_TIMES = frozenset(
    {
        "minutes_since_arrival",
        "ed_mean_wait_so_far",
        "recent_wait_triage",
        "last_wait_triage",
        "recent_wait_all",
    }
)
"""In minutes; long ones are said in hours."""
_WHETHER = re.compile(r"\b(pas|hors|no|outside)\b")


def values(read: Read, contribution: Mapping[str, Any] | None, language: Language) -> list[str]:
    """What is so and what is usual, as written and as given."""
    if contribution is None or contribution["feature"] in _NOT_A_NUMBER:
        return []
    value, usual = contribution["value"], contribution["reference_value"]
    out = []
    lacking = _LACKING[language].match(read.about)
    if lacking is not None:
        said = 1.0 if lacking["number"] in ("un", "one") else number_of(lacking["number"], language)
        return [] if usual - value > 0 and abs(usual - value - said) <= 0.5 + 1e-5 else ["value"]
    if contribution["feature"].endswith("holiday"):
        return [] if bool(_WHETHER.search(read.about)) == (value == 0) else ["value"]
    times = contribution["feature"] in _TIMES
    if isinstance(value, (int, float)):
        written = numbers_in(read.about, language)
        said = rounds_to(value, 0.0) if _none_said(read.about, language) else _any_says(written, value)
        said = _times_say(read.about, value, language, said) if times else said
        if not said or _other_side(read.about, value, language):
            out.append("value")
    if read.usual is not None and isinstance(usual, (int, float)) and isinstance(value, (int, float)):
        first = numbers_in(read.usual, language)[:1]
        if _same_said(read.usual, language):
            said = abs(_written(value) - _written(usual)) <= step(value)
        elif _none_said(read.usual, language):
            said = rounds_to(usual, 0.0)
        else:
            said = _any_says(first, usual)
        said = _times_say(read.usual, usual, language, said) if times else said
        if not said:
            out.append("usual")
    return out


_LACKING = {
    "fr": re.compile(
        r"^(?P<number>\S+) (médecins?|infirmi(er|ère)(·e)?s?|lits? armés?) de moins que d'habitude"
    ),
    "en": re.compile(r"^(?P<number>\S+) (doctors?|nurses?|staffed beds?) fewer than usual"),
}
"""Sentences of how much more there is usually: whole people or beds."""
_NONE = {
    "fr": re.compile(
        r"\b(aucune?|ne|n'a|n'attend|autant|(est|était) celui de.*|dès l'arrivée|moins d'un an)\b"
    ),
    "en": re.compile(r"\b(no|not|as many|(is|was) that of|on arrival|under one year)\b"),
}


def _other_side(about: str, value: float, language: Language) -> bool:
    """Whether words say that something rises where it falls, or lies above where it lies below."""
    wrong = FALL if value > 0 else RISE
    return bool(wrong[language].search(about)) and not rounds_to(value, 0.0)


LONGER = frozenset(
    {
        "ed_waiting",
        "ed_waiting_urgent",
        "ed_waiting_ahead",
        "ed_waiting_over_1h",
        "ed_waiting_over_2h",
        "ed_mean_wait_so_far",
        "ed_present",
        "ed_boarding",
        "ed_arrivals_1h",
        "ed_arrivals_3h",
        "recent_wait_triage",
        "last_wait_triage",
        "recent_wait_all",
        "waiting_per_doctor",
    }
)
_SHORTER = frozenset({"ed_doctors", "ed_nurses"})
"""Of which people expect a longer, or a shorter wait where there is more."""


def against(read: Read, contribution: Mapping[str, Any] | None, *, expected: bool) -> list[str]:
    """A queue that is longer than usual and a shorter wait: the sentence says "and yet", and no other does."""
    says = {} if contribution is None else contribution
    value, usual, feature = says.get("value"), says.get("reference_value"), says.get("feature")
    towards = 0.0
    # Nobody expects of beds what is expected of a wait, nor of how uncertain it is.
    compared = expected and read.unit == "min" and read.usual is not None and not _same_said_of(read)
    if compared and isinstance(value, (int, float)) and isinstance(usual, (int, float)):
        more = value - usual
        towards = more if feature in LONGER else -more if feature in _SHORTER else 0.0
    return [] if (towards * read.effect < 0) == read.against else ["against"]


def _same_said_of(read: Read) -> bool:
    return read.usual is not None and read.usual.startswith(("comme ", "the same "))


def _none_said(written: str, language: Language) -> bool:
    """Whether words without a number say that there is none of something."""
    return bool(_NONE[language].search(written))


def _same_said(usual: str, language: Language) -> bool:
    return usual.startswith("comme " if language == "fr" else "the same ")


def rounds_to(value: float, shown: float) -> bool:
    """Whether a number is shown with the decimals that people are shown; a tie may go either way."""
    return abs(value - shown) <= 0.5 * float(step(shown)) + 1e-5


def _any_says(written: Sequence[float], value: float) -> bool:
    return any(rounds_to(abs(value), abs(n)) and (n * value >= 0 or n > 0) for n in written)


def _times_say(written: str, value: float, language: Language, said: bool) -> bool:
    """Whether hours say so many minutes, to half of the least unit that is said; `said`: whether numbers alone do."""
    found = durations_in(written, language)
    return any(abs(value - minutes) <= least / 2 + 1e-3 for minutes, least in found) if found else said


def step(value: float) -> Decimal:
    """The last decimal that is shown of a number: whole numbers from ten on, else tenths."""
    return Decimal("1") if abs(value) >= 10 else Decimal("0.1")


def _written(value: float) -> Decimal:
    """A number with the decimals that people are shown, rounded on the binary value."""
    if not math.isfinite(value):
        return Decimal("NaN")
    exact = Decimal(value)
    return exact.quantize(step(value), rounding=ROUND_HALF_EVEN) + 0
