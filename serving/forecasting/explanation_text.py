"""What a forecast's reasons are called, in French and English."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from explain.reasons import effect, number, subject
from hospital.features.feature import TRIAGE_RANK, Feature
from hospital.words.language import Language
from serving.messages.answer_bodies import Adjustment, Contribution, Explanation
from serving.messages.forecast_protocol import ExplainOptions

__all__ = ["ExplanationTerms", "ExplanationText", "FeatureWords"]

Value = float | str | None

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
        "start": "{} lits demandés maintenant ; part retenue de l'évolution habituelle d'ici là : {}",
        "usual": "Part propre à l'unité, apprise par le modèle → {}",
    },
    "en": {
        "now": "{} beds needed now; usual change until then: {}",
        "start": "{} beds needed now; the share of the usual change until then that counts: {}",
        "usual": "The unit's offset, as the model has learned it → {}",
    },
}


_BASELINES = {
    "fr": {
        "last_wait": "Prévision de référence : comme le dernier patient vu d'urgence comparable",
        "recent_median": "Prévision de référence : attente médiane des derniers patients vus d'urgence comparable",
        "usual_hour": "Prévision de référence : attente habituelle de ce tri à cette heure",
        "last_value": "Prévision de référence : autant de lits demandés que maintenant",
        "same_hour_last_week": "Prévision de référence : comme à la même heure il y a une semaine",
    },
    "en": {
        "last_wait": "Baseline: as the last patient seen who was about as urgent",
        "recent_median": "Baseline: median wait of the last patients seen who were about as urgent",
        "usual_hour": "Baseline: the usual wait of this triage level at this hour",
        "last_value": "Baseline: as many beds needed as now",
        "same_hour_last_week": "Baseline: as at the same hour a week ago",
    },
}
_MOST_KNOWN = 512


@dataclass(frozen=True)
class ExplanationTerms:
    """One forecast's explanation in numbers.

    Attributes:
        columns: of the features shown, the largest contribution first. values, usual, contributions: theirs; NaN
        unknown. other: the sum of the contributions not shown. adjustments: by name. baseline: the one that
        answers in the model's place; None: the model does.
    """

    columns: Sequence[int]
    values: Sequence[float]
    usual: Sequence[float]
    contributions: Sequence[float]
    other: float
    base: float
    adjustments: Mapping[str, float]
    baseline: str | None = None


class ExplanationText:
    """Puts the explanations of one model into words; what does not change from one to the next is made once.

    Args:
        unit: of the forecast.
    """

    def __init__(self, features: Sequence[Feature], unit: Literal["min", "beds"], language: Language) -> None:
        self._words = tuple(FeatureWords(f, language) for f in features)
        self._unit, self._language = unit, language
        self._said = _UNITS[unit][language]

    def wait(self, terms: ExplanationTerms, options: ExplainOptions) -> Explanation:
        """The explanation of a wait time."""
        return self._told(terms, options, self._baseline(terms))

    def bed(self, terms: ExplanationTerms, options: ExplainOptions, now: float) -> Explanation:
        """The explanation of a bed demand, which starts from the patients now and their usual change."""
        language = self._language
        words = _SAID[language]
        if terms.baseline not in (None, "usual_change"):
            return self._told(terms, options, self._baseline(terms))
        first = [
            words["start" if terms.baseline is None else "now"].format(
                number(now, language), _signed(terms.base - now, language)
            )
        ]
        unit_offset = terms.adjustments.get("unit_offset", 0.0)
        if abs(unit_offset) >= 0.05:
            first.append(words["usual"].format(f"{_signed(unit_offset, language)} {self._said}"))
        return self._told(terms, options, first)

    def _baseline(self, terms: ExplanationTerms) -> list[str]:
        """What the baseline is, where it answers."""
        if terms.baseline is None:
            return []
        baseline = _BASELINES[self._language][terms.baseline]
        return [f"{baseline} → {number(terms.base, self._language)} {self._said}"]

    def _told(self, terms: ExplanationTerms, options: ExplainOptions, reasons: list[str]) -> Explanation:
        contributions: list[Contribution] = []
        for column, value, usual, contribution in zip(
            terms.columns, terms.values, terms.usual, terms.contributions, strict=True
        ):
            words = self._words[column]
            now, then, about = words.compared(value, usual)
            does = effect(contribution, self._said, self._language)
            if does is not None:
                reasons.append(f"{about} → {does}")
            contributions.append(
                {
                    "feature": words.feature.name,
                    "group": words.feature.group,
                    "label": words.label,
                    "value": now,
                    "reference_value": then,
                    "contribution": contribution,
                }
            )
        adjustments: list[Adjustment] = [
            {"name": name, "contribution": value} for name, value in terms.adjustments.items()
        ]
        return {
            "of": "p50",
            "unit": self._unit,
            "reference": options.reference,
            "base": terms.base,
            "contributions": tuple(contributions),
            "other": terms.other,
            "adjustments": tuple(adjustments),
            "reasons": tuple(reasons),
        }


class FeatureWords:
    """How one feature's values are given and told; most come again and again, beside the same usual ones."""

    def __init__(self, feature: Feature, language: Language) -> None:
        self.feature, self.label = feature, feature.label(language)
        self._language, self._words = language, _words_of(feature, language)
        self._known: dict[tuple[float | None, float | None], tuple[Value, Value, str]] = {}

    def compared(self, value: float, usual: float) -> tuple[Value, Value, str]:
        """A value and what is usual, as applications get them, and both in words; NaN unknown."""
        key = (value if value == value else None, usual if usual == usual else None)  # NaN is no key
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known = {}
            (now, now_said), (then, then_said) = self.told(key[0]), self.told(key[1])
            compared = None if self.feature.group == "calendar" else then_said
            found = self._known[key] = now, then, subject(self.label, now_said, compared, self._language)
        return found

    def told(self, value: float | None) -> tuple[Value, str | None]:
        """A value as applications get it, and in words: None unknown (as NaN is), "" where words would say nothing."""
        given = None if value is None or value != value else self._value(value)
        return given, None if given is None else self._words(given)

    def _value(self, value: float) -> Value:
        """A level's name, a triage level, a number; None unknown."""
        if self.feature.levels:
            return self.feature.levels[int(value)] if value.is_integer() else None
        if self.feature.name == "triage":
            return _RANK.get(value, round(value, 1))
        # The shortest decimal that is this very float32.
        return value if value.is_integer() else float(str(np.float32(value)))


def _words_of(feature: Feature, language: Language) -> Callable[[float | str], str]:
    ways, unit = _WAYS[language], _SHOWN[language].get(feature.unit, feature.unit)
    number_words = _number_words(feature.name, language) or (
        lambda v: f"{number(v, language)} {unit}".strip()
    )
    return lambda value: ways.get(value, value) if isinstance(value, str) else number_words(value)


def _number_words(name: str, language: Language) -> Callable[[float], str] | None:
    """What is said of a number that is none to people; None for those that are."""
    if name in ("season_cos", "season_sin"):
        return lambda value: ""
    if name.endswith("weekday"):
        return lambda value: _DAYS[language][round(value) % 7]
    if name.endswith("holiday"):
        return lambda value: _YES_NO[language][round(value) > 0]
    if name in ("hour", "target_hour"):
        return lambda value: _clock(value, language)
    return None


def _clock(value: float, language: Language) -> str:
    hours, minutes = int(value) % 24, round((value % 1) * 60) % 60
    return f"{hours} h {minutes:02d}" if language == "fr" else f"{hours}:{minutes:02d}"


def _signed(value: float, language: Language) -> str:
    sign = "+" if value >= 0 else "−"
    return f"{sign}{number(abs(value), language)}"
