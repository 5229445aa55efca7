"""Whether an answer's sentences say what its figures say: rank, sign, value and unit, and that they add up."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Any, Literal

from benchmarks.reasons.sentence_reader import (
    CAUSAL,
    FALL,
    REST,
    RISE,
    Read,
    number_of,
    numbers_in,
    read_sentence,
    subject_of,
)

__all__ = ["disagreements"]

Language = Literal["fr", "en"]
_SHOWN = Decimal("0.05")
"""What would be written as 0.0 is left out."""
_ROUND_ROOM = 1e-9
_NOT_A_NUMBER = {"hour", "target_hour", "weekday", "target_weekday", "season_cos", "season_sin", "triage"}
_WHETHER = re.compile(r"\b(pas|hors|no|outside)\b")


def disagreements(answer: Mapping[str, Any], language: Language, served: float) -> Counter[str]:
    """What the sentences of one answer get wrong, by kind; empty: all agrees.

    Args:
        answer: the explanation of one forecast, as served.
        served: the p50 that it explains, in its unit.
    """
    found: Counter[str] = Counter()
    sentences = list(answer["reasons"])
    for sentence in sentences:
        if CAUSAL[language].search(sentence):
            found["causal verb"] += 1
    first, rest = sentences[0], sentences[1:]
    reads = [read_sentence(s, language) for s in rest]
    quiet = [s for s, r in zip(rest, reads, strict=True) if r is None]
    if len(quiet) > 1 or (quiet and len([r for r in reads if r and not REST[language].match(r.about)]) > 0):
        found["sentence without an effect"] += 1
    told = [r for r in reads if r is not None]
    unit = answer["unit"]
    for read in told:
        found.update(_form(read, unit, language))
    own = [r for r in told if not REST[language].match(r.about)]
    found.update(_order(own))
    found.update(_subjects(own, answer, language))
    found.update(_sum(first, told, answer, language, served))
    return found


def _form(read: Read, unit: str, language: Language) -> list[str]:
    """Unit, sign and plural of one sentence."""
    out = []
    if read.unit != unit:
        out.append("unit")
    if not read.signed:
        out.append("sign not written")
    if abs(read.effect) < float(_SHOWN):
        out.append("shown as nothing")
    if read.singular is not None:
        one = abs(read.effect) < 2 if language == "fr" else abs(read.effect) == 1
        if read.singular != one:
            out.append("plural")
    return out


def _order(own: Sequence[Read]) -> list[str]:
    """The largest first."""
    sizes = [abs(r.effect) for r in own]
    return ["rank"] if any(b > a for a, b in pairwise(sizes)) else []


def _subjects(own: Sequence[Read], answer: Mapping[str, Any], language: Language) -> list[str]:
    """Each sentence held against the contributions that it speaks of; each contribution has its sentence."""
    listed = {c["feature"]: c for c in answer["contributions"]}
    hidden = Decimal(answer["other"]) != 0
    nobody = _nobody(listed)
    out: list[str] = []
    named: set[str] = set()
    for read in own:
        features = subject_of(read.about, language)
        if features is None:
            features = _by_label(read.about, listed)
        if features is None:
            out.append("subject not recognised")
            continue
        if features[0] in nobody:
            features = nobody
        there = [f for f in features if f in listed]
        if not there:
            out.append("subject not in the answer")
            continue
        named.update(features)
        if len(there) == len(features) or not hidden or features is nobody:
            total = sum(listed[f]["contribution"] for f in there)
            if not _rounds_to(total, read.effect):
                out.append("effect")
            if total * read.effect < 0:
                out.append("sign")
        out += _values(read, listed[there[0]] if there[0] == features[0] else None, language)
    for feature in listed:
        alone = not any(feature in f for f in _shared()) or not hidden
        if alone and feature not in named and _alone(feature, listed) >= _SHOWN:
            out.append("contribution without a sentence")
    return out


def _nobody(listed: Mapping[str, Any]) -> tuple[str, ...]:
    """Where nobody waits, the features that say so of some kind of patients: one sentence says it for all."""
    none = [f for f in _LONGER if "wait" in f and f in listed and listed[f]["value"] == 0]
    kinds = [f for f in none if f.startswith("ed_waiting") or f == "waiting_per_doctor"]
    return ("ed_waiting", *sorted(set(kinds) - {"ed_waiting"})) if "ed_waiting" in kinds else ()


def _shared() -> tuple[tuple[str, ...], ...]:
    return (
        ("season_cos", "season_sin"),
        ("demand_change_24h", "change_24h_share"),
        ("demand_change_7d", "change_7d_share"),
        ("above_usual", "above_usual_share"),
        ("usual_then", "usual_then_share"),
        ("seasonal_profile", "seasonal_profile_share"),
    )


def _alone(feature: str, listed: Mapping[str, Any]) -> Decimal:
    """The size of what a subject adds, of those of its features that are listed."""
    features = next((s for s in _shared() if feature in s), (feature,))
    return abs(Decimal(sum(listed[f]["contribution"] for f in features if f in listed)))


def _by_label(about: str, listed: Mapping[str, Any]) -> tuple[str, ...] | None:
    """A sentence that begins with the label of a contribution."""
    found = [
        f
        for f, c in listed.items()
        if about.lower() == c["label"].lower() or about.lower().startswith(c["label"].lower() + ",")
    ]
    return (found[0],) if len(found) == 1 else None


def _values(read: Read, contribution: Mapping[str, Any] | None, language: Language) -> list[str]:
    """What is so and what is usual, as written and as given."""
    if contribution is None or contribution["feature"] in _NOT_A_NUMBER:
        return []
    value, usual = contribution["value"], contribution["reference_value"]
    out = []
    if contribution["feature"].endswith("holiday"):
        return [] if bool(_WHETHER.search(read.about)) == (value == 0) else ["value"]
    if isinstance(value, (int, float)):
        written = numbers_in(read.about, language)
        said = _rounds_to(value, 0.0) if _none_said(read.about, language) else _any_says(written, value)
        if not said or _other_side(read.about, value, language):
            out.append("value")
        if isinstance(usual, (int, float)) and read.usual is not None:
            out += _against(read, contribution["feature"], value - usual)
    if read.usual is not None and isinstance(usual, (int, float)) and isinstance(value, (int, float)):
        first = numbers_in(read.usual, language)[:1]
        if _same_said(read.usual, language):
            said = abs(_written(value) - _written(usual)) <= _step(value)
        elif _none_said(read.usual, language):
            said = _rounds_to(usual, 0.0)
        else:
            said = _any_says(first, usual)
        if not said:
            out.append("usual")
    return out


_NONE = {
    "fr": re.compile(r"\b(aucune?|ne|n'a|n'attend|autant|(est|était) celui de.*|dès l'arrivée)\b"),
    "en": re.compile(r"\b(no|not|as many|(is|was) that of|on arrival)\b"),
}


def _other_side(about: str, value: float, language: Language) -> bool:
    """Whether words say that something rises where it falls, or lies above where it lies below."""
    wrong = FALL if value > 0 else RISE
    return bool(wrong[language].search(about)) and not _rounds_to(value, 0.0)


_LONGER = frozenset(
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


def _against(read: Read, feature: str, more: float) -> list[str]:
    """A queue that is longer than usual and a shorter wait: the sentence says "and yet", and no other does."""
    waits = read.unit == "min"  # nobody expects of beds what is expected of a wait
    expected = 0.0 if not waits else more if feature in _LONGER else -more if feature in _SHORTER else 0.0
    goes_against = expected * read.effect < 0 and not _same_said_of(read)
    return [] if goes_against == read.against else ["against"]


def _same_said_of(read: Read) -> bool:
    return read.usual is not None and read.usual.startswith(("comme ", "the same "))


def _none_said(written: str, language: Language) -> bool:
    """Whether words without a number say that there is none of something."""
    return bool(_NONE[language].search(written))


def _same_said(usual: str, language: Language) -> bool:
    return usual.startswith("comme " if language == "fr" else "the same ")


def _sum(
    first: str, told: Sequence[Read], answer: Mapping[str, Any], language: Language, served: float
) -> list[str]:
    """Where it starts and what is added is the forecast, as far as rounded figures tell."""
    start, room = _start(first, language)
    if start is None:
        return ["no start"]
    offset = [a["contribution"] for a in answer["adjustments"] if a["name"] == "unit_offset"]
    exact = answer["base"] + (sum(offset) if answer["unit"] == "beds" else 0.0)
    if abs(start[1] + (start[0] or 0.0) - exact) > room:
        return ["start"]
    total = exact + sum(r.effect for r in told)
    steps = 0.5 * sum(float(_step(r.effect)) for r in told)
    silent = max(len(answer["contributions"]) + len(answer["adjustments"]) + 1 - len(told), 0)
    return [] if abs(total - served) <= steps + float(_SHOWN) * silent + _ROUND_ROOM else ["sum"]


_CHANGE = {
    "fr": re.compile(r" en (?P<verb>gagne|perd|gagnent|perdent) (?P<number>[\d,\u00a0\u202f]*\d)"),
    "en": re.compile(r"(?P<verb>gains?|loses?) (?P<number>[\d.,]*\d)"),
}
_NO_CHANGE = {"fr": "n'en gagne", "en": "neither gain"}
_NOW = {
    "fr": re.compile(r"^(?P<number>[\d,\u00a0\u202f]+) patients? maintenant"),
    "en": re.compile(r"^(?P<number>[\d.,]+) patients? now"),
}


def _start(first: str, language: Language) -> tuple[tuple[float | None, float] | None, float]:
    """((patients now, None: not named; what is added, or where it starts), how far rounding moves it)."""
    now = _NOW[language].match(first)
    if now is None and first.startswith(("Aucun patient maintenant", "No patient now")):
        return _start(
            "0 patients maintenant" + first if language == "fr" else "0 patients now" + first, language
        )
    ends = re.search(r": (?P<number>[+−]?[\d.,\u00a0\u202f]*\d)(\u00a0(min|lits?|beds?))?$", first)
    if now is None:
        if ends is None:
            return None, 0.0
        start = number_of(ends["number"], language)
        return (None, start), 0.5 * float(_step(start)) + 1e-6
    patients = number_of(now["number"], language)
    room = 0.5 * float(_step(patients)) + 1e-6
    change = _CHANGE[language].search(first)
    if change is not None:
        size = number_of(change["number"], language)
        moved = -size if change["verb"].startswith(("perd", "lose")) else size
    elif _NO_CHANGE[language] in first:
        moved = 0.0
    elif ends is not None:
        moved = number_of(ends["number"], language)
    else:
        return None, 0.0
    return (patients, moved), room + max(0.5 * float(_step(moved)), float(_SHOWN))


def _rounds_to(value: float, shown: float) -> bool:
    """Whether a number is shown with the decimals that people are shown; a tie may go either way."""
    return abs(value - shown) <= 0.5 * float(_step(shown)) + 1e-5


def _any_says(written: Sequence[float], value: float) -> bool:
    return any(_rounds_to(abs(value), abs(n)) and (n * value >= 0 or n > 0) for n in written)


def _step(value: float) -> Decimal:
    """The last decimal that is shown of a number: whole numbers from ten on, else tenths."""
    return Decimal("1") if abs(value) >= 10 else Decimal("0.1")


def _written(value: float) -> Decimal:
    """A number with the decimals that people are shown, rounded on the binary value."""
    if not math.isfinite(value):
        return Decimal("NaN")
    exact = Decimal(value)
    return exact.quantize(_step(value), rounding=ROUND_HALF_EVEN) + 0
