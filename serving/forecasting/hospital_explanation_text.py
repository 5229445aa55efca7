"""What the reasons of the hospital total's forecast are called, in French and English."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hospital.features.bed_list import of_all_units
from hospital.features.feature import Feature
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from serving.forecasting.comparison import compared_with, comparison_words
from serving.forecasting.explanation_text import ExplanationTerms
from serving.forecasting.feature_words import FeatureWords, sentences
from serving.forecasting.reason_sentences import effect, rounded, sentence_of
from serving.messages.answer_bodies import Adjustment, Contribution, Explanation
from serving.messages.forecast_protocol import ExplainOptions

__all__ = ["HospitalExplanationText", "Relied", "units_with_patients"]

_MOST_NAMED = 5
_ADJUSTMENTS = frozenset({"unit_offset", "mean_above_p50"})


@dataclass(frozen=True)
class Relied:
    """What a hospital total rests on.

    Attributes:
        units: in the sum.
        by_baseline: of them, answered by the baseline.
        share_by_baseline: of the mean, 0 to 1.
        out_of_range, missing: units with inputs beyond training; with unknown ones that training (nearly)
            always knew.
        silent, closed, unlearned: units that are not in the sum, as
            `serving.forecasting.hospital_total.PresentUnits` has them.
        stale: nothing was received of any unit for too long.
    """

    units: int
    by_baseline: int
    share_by_baseline: float
    out_of_range: int
    missing: int
    silent: int
    closed: int
    unlearned: Mapping[str, float | None]
    stale: bool

    @property
    def degraded(self) -> bool:
        """Whether inputs are old, missing or unlike anything that the model has seen."""
        return self.stale or bool(self.unlearned) or self.out_of_range + self.missing + self.silent > 0

    def warnings(self, language: Language) -> tuple[str, ...]:
        """In words."""
        units = formats.number(self.units, language)
        out = [text("trust.stale", language)] if self.stale else []
        if self.by_baseline:
            share = formats.percent(self.share_by_baseline, language)
            out.append(text("trust.total.by_baseline", language, self.by_baseline, all=units, share=share))
        for name, count in (("out_of_range", self.out_of_range), ("missing", self.missing)):
            if count:
                out.append(text(f"trust.total.{name}", language, count, all=units))
        for name, count in (("silent", self.silent), ("closed", self.closed)):
            if count:
                out.append(text(f"trust.total.{name}", language, count))
        if self.unlearned:
            out.append(
                text("trust.total.unlearned", language, names=units_with_patients(self.unlearned, language))
            )
        return tuple(out)


def units_with_patients(units: Mapping[str, float | None], language: Language) -> str:
    """The units with their patients (None: unknown), those with most first; of many the rest together."""
    ordered = sorted(units.items(), key=lambda item: (-(item[1] or 0.0), item[0]))
    names = [_with_patients(unit, patients, language) for unit, patients in ordered[:_MOST_NAMED]]
    rest = ordered[_MOST_NAMED:]
    if rest:
        others = text("trust.total.other_units", language, len(rest))
        known = [patients for _, patients in rest if patients is not None]
        names.append(_with_patients(others, sum(known) if known else None, language))
    return ", ".join(names)


def _with_patients(unit: str, patients: float | None, language: Language) -> str:
    if patients is None:
        return text("trust.total.unit_unknown", language, unit=unit)
    count = formats.short_quantity(patients, "patients", language)
    return text("trust.total.unit_patients", language, unit=unit, patients=count)


class HospitalExplanationText:
    """Puts the explanations of the total into words."""

    def __init__(self, features: Sequence[Feature], language: Language) -> None:
        self._words = tuple(FeatureWords(f, language) for f in features)
        self._of_all = tuple(of_all_units(f) for f in features)
        self._language = language

    def explanation(self, terms: ExplanationTerms, options: ExplainOptions, now: float) -> Explanation:
        """The explanation of a hospital total, which starts from the patients now; `now`: beds."""
        language = self._language
        said = comparison_words(terms.comparison, options.reference, language)
        start = formats.short_number(terms.base, language)
        reasons = [text("reasons.total.start", language, rounded(now), start=start)]
        steps = {name: beds for name, beds in terms.adjustments.items() if name in _ADJUSTMENTS}
        reasons += self._steps(steps, "total")
        pairs = [self._contribution(terms, i, column, said) for i, column in enumerate(terms.columns)]
        contributions = [contribution for contribution, _ in pairs]
        reasons += sentences(contributions, [about for _, about in pairs], "beds", language)
        rest = {name: beds for name, beds in terms.adjustments.items() if name not in _ADJUSTMENTS}
        reasons += self._steps({"other": terms.other, **rest}, "rest")
        return Explanation(
            of="p50",
            unit="beds",
            reference=options.reference,
            compared_with=compared_with(terms.comparison),
            base=terms.base,
            contributions=tuple(contributions),
            other=terms.other,
            adjustments=tuple(Adjustment(name=n, contribution=v) for n, v in terms.adjustments.items()),
            reasons=tuple(reasons),
        )

    def _steps(self, steps: Mapping[str, float], where: str) -> list[str]:
        """A sentence for each step that is seen in the number."""
        out = []
        for name, beds in steps.items():
            change = effect(beds, "beds", self._language)
            if change is not None:
                about = text(f"reasons.{where}.{'floor_beds' if name == 'floor' else name}", self._language)
                out.append(sentence_of(about, change, self._language))
        return out

    def _contribution(
        self, terms: ExplanationTerms, i: int, column: int, comparison: str | None
    ) -> tuple[Contribution, str]:
        words = self._words[column]
        now, then, about = words.compared(terms.values[i], terms.usual[i], comparison)
        if self._of_all[column] == "none":  # not unknown: there is nothing that all units have of it
            about = words.label
        contribution = Contribution(
            feature=words.feature.name,
            group=words.feature.group,
            label=words.label,
            value=now,
            reference_value=then,
            contribution=terms.contributions[i],
        )
        return contribution, about
