"""What the reasons of the hospital total's forecast are called, in French and English."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hospital.features.feature import Feature
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.model.trust_limits import worst
from serving.forecasting.comparison import compared_with, comparison_words
from serving.forecasting.explanation_text import (
    ExplanationTerms,
    baseline_sentence,
    group_contributions,
    start_sentence,
)
from serving.forecasting.feature_words import FeatureStatement, FeatureWords, sentences
from serving.forecasting.hospital.partial_values import with_unknown_units
from serving.forecasting.reason_sentences import effect, sentence_of
from serving.messages.forecast_parts import Adjustment, Contribution, Explanation, contribution_of
from serving.messages.question_records import ExplainOptions

__all__ = ["HospitalExplanationText", "Relied", "units_with_patients"]

_MOST_NAMED = 5
_ABOVE = "mean_above_p50"


@dataclass(frozen=True)
class Relied:
    """What a hospital total rests on.

    Attributes:
        units: in the sum.
        by_baseline: of them, answered by the baseline.
        share_by_baseline: of the mean, 0 to 1.
        out_of_range, missing: units with inputs beyond training; with unknown ones that training (nearly)
            always knew.
        unheld: units whose recent outcomes fell outside their intervals too often.
        silent, closed, unlearned: units that are not in the sum, as
            `serving.forecasting.hospital.hospital_forecasts.PresentUnits` has them.
        quiet: units in the sum of which nobody was received as coming or leaving for far longer than usual.
        closed_then: units in the sum that are closed at the hour forecast, by the table of units.
        stale: nothing was received of any unit for too long.
        uncounted: units in the sum of which only those count as present who came since the record began.
    """

    units: int
    by_baseline: int
    share_by_baseline: float
    out_of_range: int
    missing: int
    unheld: int
    silent: int
    closed: int
    unlearned: Mapping[str, float | None]
    quiet: int
    closed_then: int
    stale: bool
    uncounted: int = 0

    @property
    def degraded(self) -> bool:
        """Whether inputs are old, missing or unlike anything that the model has seen."""
        return (
            self.stale
            or bool(self.unlearned)
            or self.out_of_range + self.missing + self.unheld + self.silent + self.quiet + self.closed_then
            > 0
            or self.uncounted > 0
        )

    def warnings(self, language: Language) -> tuple[str, ...]:
        """In words, the worst first: of patients in no sum nothing is forecast."""
        units = formats.number(self.units, language)
        out = [text("trust.stale", language)] if self.stale else []
        if self.unlearned:
            out.append(
                text("trust.total.unlearned", language, names=units_with_patients(self.unlearned, language))
            )
        if self.silent:
            out.append(text("trust.total.silent", language, self.silent))
        against = {"closed_then": self.closed_then, "uncounted": self.uncounted, "quiet": self.quiet}
        out += self._of_units(against, language)
        if self.by_baseline:
            share = formats.percent(self.share_by_baseline, language)
            key = "all_by_baseline" if self.by_baseline == self.units else "by_baseline"
            out.append(text(f"trust.total.{key}", language, self.by_baseline, all=units, share=share))
        limits = {"unheld": self.unheld, "missing": self.missing, "out_of_range": self.out_of_range}
        out += self._of_units(limits, language)
        if self.closed:
            out.append(text("trust.total.closed", language, self.closed))
        return worst(out)

    def _of_units(self, counts: Mapping[str, int], language: Language) -> list[str]:
        """Of how many units, or of every one, something holds that holds of any."""
        units = formats.number(self.units, language)
        return [
            text(f"trust.total.every.{name}", language)
            if 1 < count == self.units
            else text(f"trust.total.{name}", language, count, all=units)
            for name, count in counts.items()
            if count
        ]


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
        self._words = tuple(FeatureWords(f, language, total=True) for f in features)
        self._language = language

    def explanation(
        self, terms: ExplanationTerms, options: ExplainOptions, now: float, until: str | None = None
    ) -> Explanation:
        """The explanation of a hospital total, which starts from the patients now and their usual change.

        Args:
            now: beds.
            until: when the forecast is of, in words; None: not said.
        """
        language = self._language
        said = comparison_words(terms.comparison, options.reference, language)
        reasons = [self._start(terms, options, now, until)]
        pairs = [self._contribution(terms, i, column, said) for i, column in enumerate(terms.columns)]
        contributions = [contribution for contribution, _ in pairs]
        statements = [statement for _, statement in pairs]
        statements += [
            self._words[p.column].statement(p.value, p.usual, said, p.contribution)[2] for p in terms.partners
        ]
        why = sentences(statements, "beds", language)
        if terms.columns and not why and effect(terms.untold, "beds", language) is None:
            why = [text("reasons.nothing_unusual" if said else "reasons.nothing_notable", language)]
        rest = {name: beds for name, beds in terms.adjustments.items() if name not in ("unit_offset", _ABOVE)}
        reasons += [*why, *self._steps({"other": terms.untold, **rest}, "rest")]
        reasons += self._steps({_ABOVE: terms.adjustments.get(_ABOVE, 0.0)}, "total")
        return Explanation(
            of="p50",
            unit="beds",
            reference=options.reference,
            compared_with=compared_with(terms.comparison),
            base=terms.base,
            contributions=tuple(contributions),
            other=terms.other,
            groups=group_contributions(terms.groups, self._language),
            adjustments=tuple(Adjustment(name=n, contribution=v) for n, v in terms.adjustments.items()),
            reasons=tuple(reasons),
        )

    def _start(self, terms: ExplanationTerms, options: ExplainOptions, now: float, until: str | None) -> str:
        if terms.baseline in (None, "usual_change"):
            return start_sentence("total", terms, options, now, until)
        return baseline_sentence(terms.baseline, terms.base, "beds", self._language)

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
    ) -> tuple[Contribution, FeatureStatement]:
        words = self._words[column]
        now, then, statement = words.statement(
            terms.values[i], terms.usual[i], comparison, terms.contributions[i]
        )
        shown = contribution_of(words.feature, words.label, now, then, terms.contributions[i])
        shown, about = with_unknown_units(
            shown, statement.about, column, terms.partly_unknown, self._language
        )
        return shown, statement._replace(about=about)
