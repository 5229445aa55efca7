"""Reads an answer's sentences as a person would, with nothing of the code that wrote them.

It knows the French and English ways of numbers, the words by which a subject is recognised (``vocabulary.toml``), and
that a reason ends with what it does. It imports nothing of Vigie.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = [
    "CAUSAL",
    "FALL",
    "NOTE",
    "REST",
    "RISE",
    "Read",
    "durations_in",
    "number_of",
    "numbers_in",
    "read_sentence",
    "subject_of",
]

Language = Literal["fr", "en"]
_NUMBER = {
    "fr": re.compile(r"[+−-]?\d+(?:[\u00a0\u202f ]\d{3})*(?:,\d+)?"),
    "en": re.compile(r"[+−-]?\d+(?:,\d{3})*(?:\.\d+)?"),
}
_EFFECT = {
    "fr": re.compile(
        r"^(?P<about>.*?)[\u00a0\u202f ]: (?P<number>[+−]?\d[\d\u00a0\u202f,]*?)"
        r"\u00a0(?P<unit>min|lits?|points?)$"
    ),
    "en": re.compile(r"^(?P<about>.*?): (?P<number>[+−]?\d[\d,.]*)\u00a0(?P<unit>min|beds?|points?)$"),
}
_AGAINST = {"fr": ", et pourtant", "en": ", and yet"}
RISE = {
    "fr": re.compile(r"\b(augment|dépass|de plus\b(?! de))"),
    "en": re.compile(r"\b(risen|rises|rose|above|more)\b"),
}
FALL = {
    "fr": re.compile(r"\b(baiss|sous celui|de moins\b)"),
    "en": re.compile(r"\b(fallen|falls|fell|below|fewer)\b"),
}
"""Words that say on which side of another a number lies, in sentences that give it without a sign."""
_COMPARED = re.compile(r"^(?P<about>.*) \((?P<usual>[^()]*)\)$")
_UNITS = {
    "min": "min",
    "lit": "beds",
    "lits": "beds",
    "bed": "beds",
    "beds": "beds",
    "point": "points",
    "points": "points",
}
CAUSAL = {
    language: re.compile(rf"\b({'|'.join(words.split(', '))})", re.I)
    for language, words in (
        (
            "fr",
            "parce qu, car\\b, à cause, grâce, en raison, du fait, puisqu, provoqu, entraîn, caus[eé], dû\\b, "
            "dues? à, donc\\b, expliqu",
        ),
        (
            "en",
            "because, due to, caus(?:e|es|ed|ing)\\b, thanks to, owing to, since\\b(?! arrival), leads? to, "
            "results? in, makes?\\b, drives?\\b, hence\\b, therefore",
        ),
    )
}
"""Words that say why something happens: a model's reasons say what goes with what."""
REST = {
    "fr": re.compile(
        r"^(tous les autres facteurs|calibrage|jamais moins|pas moins|écart entre les moyennes des unités|"
        r"écarts récents entre prévisions|patients présents et leur évolution|attente habituelle pour cette|"
        r"unités comptées dans une seule)",
        re.I,
    ),
    "en": re.compile(
        r"^(all other factors|calibration|never fewer|no less|difference between the units.? means|"
        r"recent errors of the forecasts|patients present and their usual change|usual wait for this urgency|"
        r"units counted in one of the two)",
        re.I,
    ),
}
"""Sentences of what is not a feature's own: they stand after the features'."""
NOTE = {
    "fr": re.compile(
        r"^(La prévision de référence répondait|Le modèle répondait|Les deux prévisions ne sont pas)"
    ),
    "en": re.compile(r"^(The baseline answered then|The model answered then|The two forecasts are not of)"),
}
"""Sentences of what else sets two forecasts apart: they end an answer, and add nothing."""


@dataclass(frozen=True)
class Read:
    """A reason as read.

    Attributes:
        about: what is so, without what is usual, its first letter small.
        usual: what stands in brackets; None: nothing does.
        effect: with its sign, in `unit`.
        decimals: with which the effect is written.
        unit: "min", "beds" or "points" (of a probability).
        singular: whether the unit is written in the singular; None: it has no plural.
        signed: whether the effect has its sign.
        against: whether it says that it goes against what people expect of it.
    """

    about: str
    usual: str | None
    effect: float
    decimals: int
    unit: str
    singular: bool | None
    signed: bool
    against: bool = False


def number_of(written: str, language: Language) -> float:
    """The value of a number as written in a language."""
    plain = written.replace("−", "-").replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    plain = plain.replace(",", ".") if language == "fr" else plain.replace(",", "")
    return float(plain)


def numbers_in(written: str, language: Language) -> list[float]:
    """Every number in a text, in its order."""
    return [number_of(found, language) for found in _NUMBER[language].findall(written)]


_DURATION = {
    language: re.compile(
        rf"(?:(?P<days>\d+) {day}s?(?: (?P<over>\d+) h)?|(?P<hours>\d+) h(?: (?P<minutes>\d+) min)?)(?!\w| \d)"
    )
    for language, day in (("fr", "jour"), ("en", "day"))
}


def durations_in(written: str, language: Language) -> list[tuple[float, float]]:
    """Every time that went by and is said in hours or days, in minutes, with the least unit of such times.

    A clock's (11 h 04) is none.
    """
    out = []
    for found in _DURATION[language].finditer(written.replace("\u00a0", " ").replace("\u202f", " ")):
        parts = {name: float(number or 0) for name, number in found.groupdict().items()}
        if found["days"] is not None:
            out.append((24 * 60 * parts["days"] + 60 * parts["over"], 60.0))
        else:
            out.append((60 * parts["hours"] + parts["minutes"], 1.0))
    return out


def read_sentence(sentence: str, language: Language) -> Read | None:
    """A sentence that ends with what it does; None: it does not."""
    found = _EFFECT[language].match(sentence)
    if found is None:
        return None
    about, usual = found["about"], None
    against = about.endswith(_AGAINST[language])
    about = about.removesuffix(_AGAINST[language])
    compared = _COMPARED.match(about)
    if compared is not None:
        about, usual = compared["about"], compared["usual"]
    written, unit = found["number"], found["unit"]
    point = "," if language == "fr" else "."
    return Read(
        about[:1].lower() + about[1:],
        usual,
        number_of(written, language),
        len(written.partition(point)[2]) if point in written else 0,
        _UNITS[unit],
        None if unit == "min" else not unit.endswith("s"),
        written[0] in "+−",
        against,
    )


def _vocabulary() -> tuple[Mapping[str, object], ...]:
    raw = tomllib.loads((Path(__file__).parent / "vocabulary.toml").read_text())
    return tuple(raw["subject"])


_SUBJECTS: dict[str, list[tuple[re.Pattern[str], tuple[str, ...]]]] = {
    language: [
        (re.compile(str(s[language])), tuple(str(f) for f in s["features"]))  # type: ignore[attr-defined]
        for s in _vocabulary()
    ]
    for language in ("fr", "en")
}


def subject_of(about: str, language: Language) -> tuple[str, ...] | None:
    """The features that a sentence is about; None: no word or words of more than one subject are in it."""
    about = about.replace("\u00a0", " ").replace("\u202f", " ")
    found = [features for pattern, features in _SUBJECTS[language] if pattern.search(about)]
    return found[0] if len(found) == 1 else None
