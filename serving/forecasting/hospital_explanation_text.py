"""What the reasons of the hospital total's forecast are called, in French and English."""

from collections.abc import Sequence
from dataclasses import dataclass

from explain.reasons import number, sentence
from hospital.features.bed_list import of_all_units
from hospital.features.feature import Feature
from hospital.words.language import Language
from serving.forecasting.explanation_text import ExplanationTerms, FeatureWords
from serving.messages.answer_bodies import Adjustment, Contribution, Explanation
from serving.messages.forecast_protocol import ExplainOptions

__all__ = ["HospitalExplanationText", "Relied"]

_BEDS = {"fr": "lits", "en": "beds"}
_LEAST_SHOWN = 0.05
_SAID = {
    "fr": {
        "start": "{} lits demandés maintenant dans tout l'établissement ; ensemble, ses unités partent de {}",
        "unit_offset": "Part propre à ces unités, apprise par le modèle",
        "mean_above_p50": "Les moyennes des unités, que l'on additionne, au-dessus de leurs médianes",
    },
    "en": {
        "start": "{} beds needed now in the hospital in total; together its units start from {}",
        "unit_offset": "Offsets of these units, as the model has learned them",
        "mean_above_p50": "The units' means, which are added, above their medians",
    },
}
_WARNINGS = {
    "fr": {
        "stale": "Les dernières observations reçues sont trop anciennes pour s'y fier.",
        "by_baseline": "Hors du périmètre de confiance, la prévision de référence répond pour {} des {} unités "
        "({:.0f} % des lits).",
        "out_of_range": "Pour {} des {} unités, des entrées sont hors de tout ce que le modèle a appris.",
        "silent": "Unités absentes de la somme, dont rien de récent n'a été reçu : {}.",
        "closed": "Unités comptées comme fermées, dont rien n'a été reçu depuis 28 jours : {}.",
        "unlearned": "Unités absentes de la somme, que le modèle ne connaît pas : {}.",
    },
    "en": {
        "stale": "The last observations received are too old to be relied on.",
        "by_baseline": "Outside the trusted scope, the baseline answers for {} of {} units ({:.0f}% of the beds).",
        "out_of_range": "In {} of {} units, inputs lie outside all that the model has learned.",
        "silent": "Units missing from the sum, of which nothing recent was received: {}.",
        "closed": "Units that count as closed, of which nothing was received for 28 days: {}.",
        "unlearned": "Units missing from the sum, which the model does not know: {}.",
    },
}


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
        words = _WARNINGS[language]
        out = [words["stale"]] if self.stale else []
        if self.by_baseline:
            out.append(
                words["by_baseline"].format(self.by_baseline, self.units, 100 * self.share_by_baseline)
            )
        if self.out_of_range:
            out.append(words["out_of_range"].format(self.out_of_range, self.units))
        for name in ("silent", "closed", "unlearned"):
            if count := getattr(self, name):
                out.append(words[name].format(count))
        return tuple(out)


class HospitalExplanationText:
    """Puts the explanations of the total into words."""

    def __init__(self, features: Sequence[Feature], language: Language) -> None:
        self._words = tuple(FeatureWords(f, language) for f in features)
        self._of_all = tuple(of_all_units(f) for f in features)
        self._language = language

    def explanation(self, terms: ExplanationTerms, options: ExplainOptions, now: float) -> Explanation:
        """The explanation of a hospital total, which starts from the patients now; `now`: beds."""
        words, language = _SAID[self._language], self._language
        reasons = [words["start"].format(number(now, language), number(terms.base, language))]
        for name, beds in terms.adjustments.items():
            if name in words and abs(beds) >= _LEAST_SHOWN:
                told = sentence(words[name], "", None, beds, _BEDS[language], language)
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
        said = sentence(words.label, now_said, compared, beds, _BEDS[self._language], self._language)
        told = Contribution(
            feature=words.feature.name,
            group=words.feature.group,
            label=words.label,
            value=now,
            reference_value=then,
            contribution=beds,
        )
        return told, said
