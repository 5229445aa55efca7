"""What a forecast's reasons are called, in French and English."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hospital.features.feature import Feature
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from serving.forecasting.comparison import Comparison, compared_with, comparison_words
from serving.forecasting.feature_words import FeatureWords, sentences
from serving.forecasting.reason_sentences import Unit, effect, rounded, sentence_of
from serving.messages.answer_bodies import Adjustment, Contribution, Explanation
from serving.messages.forecast_protocol import ExplainOptions

__all__ = ["ExplanationTerms", "ExplanationText"]


@dataclass(frozen=True)
class ExplanationTerms:
    """One forecast's explanation in numbers.

    Attributes:
        columns: of the features shown, the largest contribution first.
        values, usual, contributions: theirs; NaN unknown.
        other: the sum of the contributions not shown.
        adjustments: by name.
        baseline: the one that answers in the model's place; None: the model does.
        comparison: the cases that `usual` is of; None: of none that are called usual.
    """

    columns: Sequence[int]
    values: Sequence[float]
    usual: Sequence[float]
    contributions: Sequence[float]
    other: float
    base: float
    adjustments: Mapping[str, float]
    baseline: str | None = None
    comparison: Comparison | None = None


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
        if options.reference == "last_week":
            return self._explanation(
                terms, options, [text("reasons.wait_last_week", self._language, start=start)]
            )
        comparison = comparison_words(terms.comparison, options.reference, self._language)
        key = "reasons.wait_start_alone" if comparison is None else "reasons.wait_start"
        first = text(key, self._language, start=start, comparison=comparison)
        return self._explanation(terms, options, [first])

    def bed(
        self, terms: ExplanationTerms, options: ExplainOptions, now: float, until: str | None = None
    ) -> Explanation:
        """The explanation of a bed demand, which starts from the patients now and their usual change.

        Args:
            now: beds.
            until: when the forecast is of, in words (`until_words`); None: not said.
        """
        if terms.baseline not in (None, "usual_change"):
            return self._explanation(terms, options, self._baseline(terms))
        return self._explanation(terms, options, [self._start(terms, options, now, until)])

    def _start(self, terms: ExplanationTerms, options: ExplainOptions, now: float, until: str | None) -> str:
        """Where a unit's forecast starts: the patients now, and the change that is forecast of the usual cases."""
        language = self._language
        change = terms.base + terms.adjustments.get("unit_offset", 0.0) - now
        until = text("reasons.until.then", language) if until is None else until
        if options.reference == "last_week" and terms.baseline is None:
            signed = formats.signed(change, language, formats.decimals(change))
            return text("reasons.start.last_week", language, rounded(now), until=until, change=signed)
        comparison = (
            text("reasons.start.usually", language)
            if terms.baseline is not None
            else comparison_words(terms.comparison, options.reference, language)
        )
        direction = "same" if effect(change, "beds", language) is None else "more" if change > 0 else "less"
        return text(
            f"reasons.start.{direction}",
            language,
            rounded(now),
            until=until,
            change=formats.short_number(abs(change), language),
            comparison="" if comparison is None else f" {comparison}",
        )

    def _baseline(self, terms: ExplanationTerms) -> list[str]:
        """What the baseline is, where it answers."""
        if terms.baseline is None:
            return []
        baseline = text(f"reasons.baselines.{terms.baseline}", self._language)
        answer = formats.short_quantity(terms.base, self._quantity, self._language)
        return [sentence_of(baseline, answer, self._language)]

    def _explanation(
        self, terms: ExplanationTerms, options: ExplainOptions, reasons: list[str]
    ) -> Explanation:
        language, comparison = self._language, terms.comparison
        said = comparison_words(comparison, options.reference, language)
        contributions: list[Contribution] = []
        abouts: list[str] = []
        for column, value, usual, contribution in zip(
            terms.columns, terms.values, terms.usual, terms.contributions, strict=True
        ):
            words = self._words[column]
            now, then, about = words.compared(value, usual, said)
            abouts.append(about)
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
        told = sentences(contributions, abouts, self._quantity, language)
        rest = self._rest(terms)
        if terms.columns and not told and effect(terms.other, self._quantity, language) is None:
            told = [self._nothing(said)]
        adjustments: list[Adjustment] = [
            {"name": name, "contribution": value} for name, value in terms.adjustments.items()
        ]
        return {
            "of": "p50",
            "unit": self._unit,
            "reference": options.reference,
            "compared_with": compared_with(comparison),
            "base": terms.base,
            "contributions": tuple(contributions),
            "other": terms.other,
            "adjustments": tuple(adjustments),
            "reasons": (*reasons, *told, *rest),
        }

    def _nothing(self, comparison: str | None) -> str:
        if comparison is None:
            return text("reasons.nothing_notable", self._language)
        return text("reasons.nothing_unusual", self._language)

    def _rest(self, terms: ExplanationTerms) -> list[str]:
        """What the reasons shown lack of the forecast: the features not shown, then each step after the trees."""
        rest = {"other": terms.other, **terms.adjustments}
        out, floor = [], "floor" if self._unit == "min" else "floor_beds"
        for name, value in rest.items():
            change = effect(value, self._quantity, self._language)
            if change is not None and name != "unit_offset":  # of a unit it is a part of the start
                key = floor if name == "floor" else name
                about = text(f"reasons.rest.{key}", self._language)
                out.append(sentence_of(about, change, self._language))
        return out
