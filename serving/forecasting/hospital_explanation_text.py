"""What the reasons of the hospital total's forecast are called, in French and English."""

from collections.abc import Sequence
from dataclasses import dataclass

from hospital.features.bed_list import of_all_units
from hospital.features.feature import Feature
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from serving.forecasting.explanation_text import ExplanationTerms, FeatureWords
from serving.forecasting.reason_sentences import rounded, sentence
from serving.messages.answer_bodies import Adjustment, Contribution, Explanation
from serving.messages.forecast_protocol import ExplainOptions

__all__ = ["HospitalExplanationText", "Relied"]

_ADJUSTMENTS = frozenset({"unit_offset", "mean_above_p50"})


@dataclass(frozen=True)
class Relied:
    """What a hospital total rests on.

    Attributes:
        units: in the sum. by_baseline: of them, answered by the baseline; share_by_baseline: of the mean, 0 to 1.
        out_of_range: units with inputs beyond training. silent, closed, unlearned: units that are not in the sum, as
        `serving.forecasting.hospital_total.PresentUnits` counts them. stale: nothing was received of any unit for too
        long.
    """

    units: int
    by_baseline: int
    share_by_baseline: float
    out_of_range: int
    silent: int
    closed: int
    unlearned: int
    stale: bool

    @property
    def degraded(self) -> bool:
        """Whether inputs are old, missing or unlike anything that the model has seen."""
        return self.stale or self.out_of_range + self.silent + self.unlearned > 0

    def warnings(self, language: Language) -> tuple[str, ...]:
        """In words."""
        units = formats.number(self.units, language)
        out = [text("trust.stale", language)] if self.stale else []
        if self.by_baseline:
            share = formats.percent(self.share_by_baseline, language)
            out.append(text("trust.total.by_baseline", language, self.by_baseline, all=units, share=share))
        if self.out_of_range:
            out.append(text("trust.total.out_of_range", language, self.out_of_range, all=units))
        for name in ("silent", "closed", "unlearned"):
            if count := getattr(self, name):
                out.append(text(f"trust.total.{name}", language, count))
        return tuple(out)


class HospitalExplanationText:
    """Puts the explanations of the total into words."""

    def __init__(self, features: Sequence[Feature], language: Language) -> None:
        self._words = tuple(FeatureWords(f, language) for f in features)
        self._of_all = tuple(of_all_units(f) for f in features)
        self._language = language

    def explanation(self, terms: ExplanationTerms, options: ExplainOptions, now: float) -> Explanation:
        """The explanation of a hospital total, which starts from the patients now; `now`: beds."""
        language = self._language
        start = formats.short_number(terms.base, language)
        reasons = [text("reasons.total.start", language, rounded(now), start=start)]
        for name, beds in terms.adjustments.items():
            if name in _ADJUSTMENTS:
                told = sentence(text(f"reasons.total.{name}", language), "", None, beds, "beds", language)
                reasons += [told] if told else []
        contributions = []
        for i, column in enumerate(terms.columns):
            contribution, said = self._contribution(terms, i, column)
            contributions.append(contribution)
            reasons += [said] if said else []
        return Explanation(
            of="p50",
            unit="beds",
            reference=options.reference,
            base=terms.base,
            contributions=tuple(contributions),
            other=terms.other,
            adjustments=tuple(Adjustment(name=n, contribution=v) for n, v in terms.adjustments.items()),
            reasons=tuple(reasons),
        )

    def _contribution(self, terms: ExplanationTerms, i: int, column: int) -> tuple[Contribution, str | None]:
        words, beds = self._words[column], terms.contributions[i]
        (now, now_said), (then, then_said) = words.told(terms.values[i]), words.told(terms.usual[i])
        if self._of_all[column] == "none":  # not unknown: there is nothing that all units have of it
            now_said = ""
        compared = None if words.feature.group == "calendar" else then_said
        said = sentence(words.label, now_said, compared, beds, "beds", self._language)
        told = Contribution(
            feature=words.feature.name,
            group=words.feature.group,
            label=words.label,
            value=now,
            reference_value=then,
            contribution=beds,
        )
        return told, said
