"""What a forecast's reasons are called, in French and English."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hospital.features.feature import TRIAGE_RANK, Feature
from hospital.words import formats
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from serving.forecasting.reason_sentences import Unit, effect, rounded, sentence_of, subject
from serving.messages.answer_bodies import Adjustment, Contribution, Explanation
from serving.messages.forecast_protocol import ExplainOptions

__all__ = ["ExplanationTerms", "ExplanationText", "FeatureWords"]

Value = float | str | None

_RANK = {rank: level for level, rank in TRIAGE_RANK.items()}
_MOST_KNOWN = 512
_MONDAY = dt.date(2024, 1, 1)


@dataclass(frozen=True)
class ExplanationTerms:
    """One forecast's explanation in numbers.

    Attributes:
        columns: of the features shown, the largest contribution first.
        values, usual, contributions: theirs; NaN unknown.
        other: the sum of the contributions not shown.
        adjustments: by name.
        baseline: the one that answers in the model's place; None: the model does.
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
        self._quantity: Unit = "minutes" if unit == "min" else "beds"

    def wait(self, terms: ExplanationTerms, options: ExplainOptions) -> Explanation:
        """The explanation of a wait time, which starts from what is usual."""
        if terms.baseline is not None:
            return self._explanation(terms, options, self._baseline(terms))
        start = formats.short_quantity(terms.base, self._quantity, self._language)
        key = "reasons.wait_last_week" if options.reference == "last_week" else "reasons.wait_start"
        return self._explanation(terms, options, [text(key, self._language, start=start)])

    def bed(self, terms: ExplanationTerms, options: ExplainOptions, now: float) -> Explanation:
        """The explanation of a bed demand, which starts from the patients now and their usual change."""
        language = self._language
        if terms.baseline not in (None, "usual_change"):
            return self._explanation(terms, options, self._baseline(terms))
        key = "reasons.start" if terms.baseline is None else "reasons.now"
        change = terms.base - now
        first = [
            text(
                key,
                language,
                rounded(now),
                change=formats.signed(change, language, formats.decimals(change)),
            )
        ]
        offset = effect(terms.adjustments.get("unit_offset", 0.0), self._quantity, language)
        if offset is not None:
            first.append(sentence_of(text("reasons.unit_offset", language), offset))
        return self._explanation(terms, options, first)

    def _baseline(self, terms: ExplanationTerms) -> list[str]:
        """What the baseline is, where it answers."""
        if terms.baseline is None:
            return []
        baseline = text(f"reasons.baselines.{terms.baseline}", self._language)
        answer = formats.short_quantity(terms.base, self._quantity, self._language)
        return [sentence_of(baseline, answer)]

    def _explanation(
        self, terms: ExplanationTerms, options: ExplainOptions, reasons: list[str]
    ) -> Explanation:
        contributions: list[Contribution] = []
        for column, value, usual, contribution in zip(
            terms.columns, terms.values, terms.usual, terms.contributions, strict=True
        ):
            words = self._words[column]
            now, then, about = words.compared(value, usual)
            change = effect(contribution, self._quantity, self._language)
            if change is not None:
                reasons.append(sentence_of(about, change))
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
        reasons += self._rest(terms)
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

    def _rest(self, terms: ExplanationTerms) -> list[str]:
        """What the reasons shown lack of the forecast: the features not shown, then each step after the trees."""
        rest = {"other": terms.other, **terms.adjustments}
        out, floor = [], "floor" if self._unit == "min" else "floor_beds"
        for name, value in rest.items():
            change = effect(value, self._quantity, self._language)
            if change is not None and name != "unit_offset":  # of a unit it stands at the start
                key = floor if name == "floor" else name
                out.append(sentence_of(text(f"reasons.rest.{key}", self._language), change))
        return out


class FeatureWords:
    """How one feature's values are given and worded; most come again and again, beside the same usual ones."""

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
            (now, now_said), (then, then_said) = self.value_in_words(key[0]), self.value_in_words(key[1])
            compared = None if self.feature.group == "calendar" else then_said
            found = self._known[key] = now, then, subject(self.label, now_said, compared, self._language)
        return found

    def value_in_words(self, value: float | None) -> tuple[Value, str | None]:
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
    number_words = _number_words(feature, language)
    return lambda value: _level(value, language) if isinstance(value, str) else number_words(value)


def _level(level: str, language: Language) -> str:
    """A level in words; one that a hospital has of its own by its name."""
    key = f"reasons.arrival.{level}"
    return text(key, language) if has_text(key) else level


def _number_words(feature: Feature, language: Language) -> Callable[[float], str]:
    """What is said of a number: a day, a clock time, yes or no where it is one; "" where it means nothing to people."""
    name = feature.name
    if name in ("season_cos", "season_sin"):
        return lambda value: ""
    if name.endswith("weekday"):
        return lambda value: formats.weekday(_MONDAY + dt.timedelta(round(value) % 7), language)
    if name.endswith("holiday"):
        return lambda value: text("reasons.yes" if round(value) > 0 else "reasons.no", language)
    if name in ("hour", "target_hour"):
        return lambda value: _clock(value, language)
    return lambda value: _measure(value, feature.unit, language)


def _measure(value: float, unit: str, language: Language) -> str:
    """A value with its unit, in the plural that it takes; units of medicine and of a hospital stand as they are."""
    if has_text(f"quantities.{unit}"):
        return formats.short_quantity(value, unit, language)
    written = formats.short_number(value, language)
    return f"{written}\u00a0{unit}" if unit else written


def _clock(value: float, language: Language) -> str:
    hours, minutes = int(value) % 24, round((value % 1) * 60) % 60
    return text("reasons.clock", language, hours=hours, minutes=f"{minutes:02d}")
