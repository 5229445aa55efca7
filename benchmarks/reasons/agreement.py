"""Whether an answer's sentences say what its figures say: rank, sign, value and unit, and that they add up."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from benchmarks.reasons.contribution_values import LONGER, Language, against, rounds_to, step, values
from benchmarks.reasons.sentence_reader import (
    CAUSAL,
    NOTE,
    REST,
    Read,
    number_of,
    read_sentence,
    subject_of,
)

__all__ = ["causal", "disagreements", "effect_of", "in_sentences"]

_SHOWN = Decimal("0.05")
"""What would be written as 0.0 is left out."""
_ROUND_ROOM = 1e-9


def disagreements(answer: Mapping[str, Any], language: Language, served: float) -> Counter[str]:
    """What the sentences of one answer get wrong, by kind; empty: all agrees.

    Args:
        answer: the explanation of one forecast, as served.
        served: the p50 that it explains, in its unit.
    """
    sentences = list(answer["reasons"])
    return causal(sentences, language) + in_sentences(answer, sentences[0], sentences[1:], language, served)


def causal(sentences: Sequence[str], language: Language) -> Counter[str]:
    """The sentences that say why something happens."""
    return Counter(
        {"causal verb": n} if (n := sum(bool(CAUSAL[language].search(s)) for s in sentences)) else {}
    )


def in_sentences(
    answer: Mapping[str, Any],
    first: str,
    rest: Sequence[str],
    language: Language,
    served: float,
    *,
    expected: bool = True,
) -> Counter[str]:
    """What is wrong in the sentence of where a number starts, and in those of what is added, until it is served.

    Args:
        expected: whether a sentence is to say that it goes against what people expect of it.
    """
    found: Counter[str] = Counter()
    added = [s for s in rest if not NOTE[language].match(s)]
    if any(NOTE[language].match(s) for s in rest[: len(added)]):
        found["note among the reasons"] += 1
    reads = [read_sentence(s, language) for s in added]
    quiet = [s for s, r in zip(added, reads, strict=True) if r is None]
    if len(quiet) > 1 or (quiet and len([r for r in reads if r and not REST[language].match(r.about)]) > 0):
        found["sentence without an effect"] += 1
    told = [r for r in reads if r is not None]
    for read in told:
        found.update(_form(read, answer["unit"], language))
    own = [r for r in told if not REST[language].match(r.about)]
    found.update(_order(own))
    found.update(_subjects(own, answer, language, expected=expected))
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


def _subjects(
    own: Sequence[Read], answer: Mapping[str, Any], language: Language, *, expected: bool
) -> list[str]:
    """Each sentence held against the contributions that it speaks of; each contribution has its sentence."""
    listed = {c["feature"]: c for c in answer["contributions"]}
    # Of what says the same twice both are in the sentence, also where one is not shown; of other games' players not.
    hidden = Decimal(answer["other"]) != 0 and _adds_hidden(answer)
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
            if not rounds_to(total, read.effect):
                out.append("effect")
            if total * read.effect < 0:
                out.append("sign")
        contribution = listed[there[0]] if there[0] == features[0] else None
        out += values(read, contribution, language)
        if contribution is not None or read.against:
            out += against(read, contribution, expected=expected)
    for feature in listed:
        alone = not any(feature in f for f in _shared()) or not hidden
        if alone and feature not in named and _alone(feature, listed, nobody) >= _SHOWN:
            out.append("contribution without a sentence")
    return out


def _adds_hidden(answer: Mapping[str, Any]) -> bool:
    return answer.get("of", "p50") == "p50" and answer.get("reference", "typical") in ("typical", "last_week")


def _nobody(listed: Mapping[str, Any]) -> tuple[str, ...]:
    """Where nobody waits, the features that say so of some kind of patients: one sentence says it for all."""
    none = [f for f in LONGER if "wait" in f and f in listed and listed[f]["value"] == 0]
    kinds = [f for f in none if f.startswith("ed_waiting") or f == "waiting_per_doctor"]
    first = next((f for f in ("ed_waiting", "waiting_per_doctor") if f in kinds), None)
    if first is None:
        return ()
    mean = "ed_mean_wait_so_far"  # of nobody there is none
    own = [mean] if mean in listed and listed[mean]["value"] is None else []
    return (first, *sorted(set(kinds) - {first}), *own)


def _shared() -> tuple[tuple[str, ...], ...]:
    return (
        ("season_cos", "season_sin"),
        ("demand_change_24h", "change_24h_share"),
        ("demand_change_7d", "change_7d_share"),
        ("above_usual", "above_usual_share"),
        ("usual_then", "usual_then_share"),
        ("seasonal_profile", "seasonal_profile_share"),
    )


def _alone(feature: str, listed: Mapping[str, Any], nobody: tuple[str, ...]) -> Decimal:
    """The size of what a subject adds, of those of its features that are listed."""
    features = next((s for s in (nobody, *_shared()) if feature in s), (feature,))
    return abs(Decimal(sum(listed[f]["contribution"] for f in features if f in listed)))


def _by_label(about: str, listed: Mapping[str, Any]) -> tuple[str, ...] | None:
    """A sentence that begins with the label of a contribution."""
    found = [
        f
        for f, c in listed.items()
        if about.lower() == c["label"].lower() or about.lower().startswith(c["label"].lower() + ",")
    ]
    return (found[0],) if len(found) == 1 else None


def effect_of(sentence: str, language: Language) -> float | None:
    """What a sentence says that is added, with its sign; None: it does not end with that."""
    read = read_sentence(sentence, language)
    return None if read is None else read.effect


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
    steps = 0.5 * sum(float(step(r.effect)) for r in told)
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
    ends = re.search(
        r": (?P<bound>(moins|plus) de |under |over )?"
        r"(?P<number>[+−]?[\d.,\u00a0\u202f]*\d)(\u00a0?(min|lits?|beds?|%))?$",
        first,
    )
    if now is None:
        if ends is None:
            return None, 0.0
        start = number_of(ends["number"], language)
        if ends["bound"]:  # of a probability near 0 or 100, which lies beyond it
            return (None, start), min(start, 100 - start) + 1e-6
        return (None, start), 0.5 * float(step(start)) + 1e-6
    patients = number_of(now["number"], language)
    room = 0.5 * float(step(patients)) + 1e-6
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
    return (patients, moved), room + max(0.5 * float(step(moved)), float(_SHOWN))
