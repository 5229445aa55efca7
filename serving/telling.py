"""What a forecast's reasons are called, in French and English."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from explain.reasons import number, select, sentence
from hospital.events import Array
from hospital.features.feature import TRIAGE_RANK, Feature
from serving.answers import Adjustment, Contribution, Explanation
from serving.protocol import ExplainOptions

__all__ = ["Telling", "told_bed", "told_wait"]

_DAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_YES_NO = {"fr": ("non", "oui"), "en": ("no", "yes")}
_UNITS = {"min": {"fr": "min", "en": "min"}, "beds": {"fr": "lits", "en": "beds"}}
_SHOWN = {
    "fr": {"beds": "lits", "patients": "patients", "years": "ans", "days": "jours"},
    "en": {"beds": "beds", "patients": "patients", "years": "years", "days": "days"},
}
_RANK = {rank: level for level, rank in TRIAGE_RANK.items()}
_WAYS = {
    "fr": {
        "walk_in": "à pied",
        "ambulance": "ambulance",
        "smur": "SMUR",
        "transfer": "transfert",
        "other": "autre",
    },
    "en": {
        "walk_in": "walked in",
        "ambulance": "ambulance",
        "smur": "mobile ICU",
        "transfer": "transfer",
        "other": "other",
    },
}
_SAID = {
    "fr": {
        "now": "{} lits demandés maintenant ; évolution habituelle d'ici là : {}",
        "usual": "Ce que le modèle a appris d'habituel pour l'unité → {}",
    },
    "en": {
        "now": "{} beds needed now; usual change until then: {}",
        "usual": "What the model has learned as usual for the unit → {}",
    },
}


@dataclass(frozen=True)
class Telling:
    """One forecast's explanation in numbers.

    Attributes:
        values, usual, contributions: float64 [features]. adjustments: by name. inside: the model answers, not the
        baseline. unit: ``min`` or ``beds``.
    """

    features: tuple[Feature, ...]
    values: Array
    usual: Array
    base: float
    contributions: Array
    adjustments: Mapping[str, float]
    inside: bool
    options: ExplainOptions
    unit: str


def told_wait(telling: Telling) -> Explanation:
    """The explanation of a wait time."""
    return _told(telling, [])


def told_bed(telling: Telling, now: float) -> Explanation:
    """The explanation of a bed demand, which starts from the patients now and their usual change."""
    language = telling.options.language
    words = _SAID[language]
    first = [words["now"].format(number(now, language), _signed(telling.base - now, language))]
    departure = telling.adjustments.get("usual_departure", 0.0)
    if abs(departure) >= 0.05:
        first.append(words["usual"].format(f"{_signed(departure, language)} {_UNITS['beds'][language]}"))
    return _told(telling, first)


def _told(telling: Telling, reasons: list[str]) -> Explanation:
    language = telling.options.language
    top = min(telling.options.top, telling.contributions.size) if telling.inside else 0
    chosen, other = select(telling.contributions, top)
    contributions = []
    for reason in chosen:
        feature = telling.features[reason.index]
        value = _value(feature, float(telling.values[reason.index]))
        usual = _value(feature, float(telling.usual[reason.index]))
        label = feature.label(language)
        words = sentence(
            label,
            _words(feature, value, language),
            None if feature.group == "calendar" else _words(feature, usual, language),
            reason.contribution,
            _UNITS[telling.unit][language],
            language,
        )
        if words is not None:
            reasons.append(words)
        contributions.append(
            Contribution(
                feature=feature.name,
                group=feature.group,
                label=label,
                value=value,
                reference_value=usual,
                contribution=reason.contribution,
            )
        )
    return Explanation(
        unit="min" if telling.unit == "min" else "beds",
        reference=telling.options.reference,
        base=telling.base,
        contributions=tuple(contributions),
        other=other,
        adjustments=tuple(Adjustment(name=n, contribution=v) for n, v in telling.adjustments.items()),
        reasons=tuple(reasons),
    )


def _value(feature: Feature, value: float) -> float | str | None:
    """A feature's value as applications get it: a level's name, a triage level, a number; None unknown."""
    if np.isnan(value):
        return None
    if feature.levels:
        return feature.levels[int(value)] if float(value).is_integer() else None
    if feature.name == "triage":
        return _RANK.get(value, round(value, 1))
    return float(str(np.float32(value)))  # the shortest decimal that is this very float32


def _words(feature: Feature, value: float | str | None, language: str) -> str | None:
    """A value as a sentence tells it; None where it is unknown or would say nothing."""
    if value is None:
        return None
    if isinstance(value, str):
        return _WAYS[language].get(value, value)
    if feature.name in ("season_cos", "season_sin"):
        return ""
    if feature.name.endswith("weekday"):
        return _DAYS[language][round(value) % 7]
    if feature.name.endswith("holiday"):
        return _YES_NO[language][round(value) > 0]
    if feature.name in ("hour", "target_hour"):
        hours = int(value) % 24
        return (
            f"{hours} h {round((value % 1) * 60) % 60:02d}"
            if language == "fr"
            else f"{hours}:{round((value % 1) * 60) % 60:02d}"
        )
    unit = _SHOWN[language].get(feature.unit, feature.unit)
    text = number(value, "fr" if language == "fr" else "en")
    return f"{text} {unit}".strip()


def _signed(value: float, language: str) -> str:
    sign = "+" if value >= 0 else "−"
    return f"{sign}{number(abs(value), 'fr' if language == 'fr' else 'en')}"
