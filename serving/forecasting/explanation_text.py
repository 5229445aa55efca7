"""What a forecast's reasons are called, in French and English."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple

from hospital.features.feature import Feature
from hospital.words import formats, names
from hospital.words.catalogue import text
from hospital.words.language import Language
from hospital.words.names import NO_NAMES, OwnNames
from serving.forecasting.comparison import Comparison, compared_with, comparison_words
from serving.forecasting.feature_words import FeatureStatement, FeatureWords, sentences
from serving.forecasting.reason_sentences import Unit, effect, rounded, sentence_of
from serving.messages.forecast_parts import (
    Adjustment,
    Contribution,
    Explanation,
    GroupContribution,
    Interaction,
    contribution_of,
)
from serving.messages.question_records import ExplainOptions

__all__ = [
    "ExplanationTerms",
    "ExplanationText",
    "GroupTerm",
    "Partner",
    "baseline_sentence",
    "group_contributions",
    "start_sentence",
]


class GroupTerm(NamedTuple):
    """What the features of one group add to one forecast, in its unit.

    Attributes:
        total: of all of them.
        other: of those that are not shown by themselves.
    """

    group: str
    total: float
    other: float


class Partner(NamedTuple):
    """A feature that is not shown by itself and says the same as one that is: their sentence tells of both.

    Attributes:
        value, usual: NaN unknown.
        contribution: in the forecast's unit; it is a part of the explanation's `other`.
    """

    column: int
    value: float
    usual: float
    contribution: float


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
        groups: what the features of each group add.
        partners: features that are not shown, and whose sentence is that of one that is.
        interactions: (column, column, what they add together), the largest first; None: not asked for.
        of_urgency: of a wait, what it starts from is that of the patient's triage level, not that of all levels.
        nobody_waits: whether it is known that nobody waits in the emergency department.
        partly_unknown: of a total, by column: in how many of its units the value is unknown, and how many it has.
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
    groups: Sequence[GroupTerm] = ()
    partners: Sequence[Partner] = ()
    interactions: Sequence[tuple[int, int, float]] | None = None
    of_urgency: bool = False
    nobody_waits: bool = False
    partly_unknown: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def untold(self) -> float:
        """What the features add that no sentence of their own tells of."""
        return self.other - sum([p.contribution for p in self.partners])


def group_contributions(terms: Sequence[GroupTerm], language: Language) -> tuple[GroupContribution, ...]:
    """What groups add, for applications."""
    found: list[GroupContribution] = [
        {
            "group": t.group,
            "label": names.feature_group(t.group, language),
            "contribution": t.total,
            "other": t.other,
        }
        for t in terms
    ]
    return tuple(found)


def baseline_sentence(baseline: str, base: float, unit: Unit, language: Language) -> str:
    """What the baseline is that answers in the model's place, and what it says (`base`, in `unit`)."""
    answer = formats.short_quantity(base, unit, language)
    return sentence_of(text(f"reasons.baselines.{baseline}", language), answer, language)


def start_sentence(
    key: str, terms: ExplanationTerms, options: ExplainOptions, now: float, until: str | None
) -> str:
    """Where a forecast of beds starts: the patients now, and the change that is forecast of the usual cases.

    Args:
        key: under ``reasons``, the texts of a unit or of the hospital.
        now: beds.
        until: when the forecast is of, in words; None: not said.
    """
    language = options.language
    change = terms.base + terms.adjustments.get("unit_offset", 0.0) - now
    nobody = rounded(now) == 0
    present = text(
        f"reasons.{key}.{'nobody' if nobody else 'now'}", language, None if nobody else rounded(now)
    )
    until = text("reasons.until.then", language) if until is None else until
    if options.reference == "last_week" and terms.baseline is None:
        moved = formats.short_quantity(change, "beds", language, plus=True)
        return text(f"reasons.{key}.last_week", language, now=present, until=until, change=moved)
    comparison = (
        text("reasons.start.usually", language)
        if terms.baseline is not None
        else comparison_words(terms.comparison, options.reference, language)
    ) or text("reasons.start.mean", language)
    direction = "same" if effect(change, "beds", language) is None else "more" if change > 0 else "less"
    return text(
        f"reasons.{key}.{direction}",
        language,
        now=present,
        until=until,
        change=formats.short_number(abs(change), language),
        comparison=f" {comparison}",
    )


class ExplanationText:
    """Puts the explanations of one model into words; what does not change from one to the next is made once.

    Args:
        unit: of the forecast.
        own: what the hospital calls its departments.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        unit: Literal["min", "beds"],
        language: Language,
        own: OwnNames = NO_NAMES,
    ) -> None:
        self._words = tuple(FeatureWords(f, language, own=own) for f in features)
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
        moment = text("reasons.all_hours", self._language) if comparison is None else comparison
        key = "reasons.wait_start" if terms.of_urgency else "reasons.wait_start_any"
        first = text(key, self._language, start=start, comparison=moment)
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
        return self._explanation(terms, options, [start_sentence("start", terms, options, now, until)])

    def _baseline(self, terms: ExplanationTerms) -> list[str]:
        """What the baseline is, where it answers."""
        if terms.baseline is None:
            return []
        return [baseline_sentence(terms.baseline, terms.base, self._quantity, self._language)]

    def _explanation(
        self, terms: ExplanationTerms, options: ExplainOptions, reasons: list[str]
    ) -> Explanation:
        language, comparison = self._language, terms.comparison
        said = comparison_words(comparison, options.reference, language)
        contributions: list[Contribution] = []
        statements: list[FeatureStatement] = []
        for column, value, usual, contribution in zip(
            terms.columns, terms.values, terms.usual, terms.contributions, strict=True
        ):
            words = self._words[column]
            now, then, statement = words.statement(
                value, usual, said, contribution, nobody_waits=terms.nobody_waits
            )
            statements.append(statement)
            contributions.append(contribution_of(words.feature, words.label, now, then, contribution))
        for p in terms.partners:
            statements.append(self._words[p.column].statement(p.value, p.usual, said, p.contribution)[2])
        why = sentences(statements, self._quantity, language)
        rest = self._rest(terms)
        if terms.columns and not why and effect(terms.untold, self._quantity, language) is None:
            why = [self._nothing(said)]
        adjustments: list[Adjustment] = [
            {"name": name, "contribution": value} for name, value in terms.adjustments.items()
        ]
        out: Explanation = {
            "of": "p50",
            "unit": self._unit,
            "reference": options.reference,
            "compared_with": compared_with(comparison),
            "base": terms.base,
            "contributions": tuple(contributions),
            "other": terms.other,
            "groups": group_contributions(terms.groups, self._language),
            "adjustments": tuple(adjustments),
            "reasons": (*reasons, *why, *rest),
        }
        if terms.interactions is not None:
            out["interactions"] = tuple(self._interaction(*pair) for pair in terms.interactions)
        return out

    def _interaction(self, one: int, other: int, together: float) -> Interaction:
        a, b = self._words[one], self._words[other]
        about = text("reasons.together", self._language, one=a.label, other=b.label)
        change = formats.short_quantity(together, self._quantity, self._language, plus=True)
        return {
            "features": (a.feature.name, b.feature.name),
            "contribution": together,
            "sentence": sentence_of(about, change, self._language),
        }

    def _nothing(self, comparison: str | None) -> str:
        if comparison is None:
            return text("reasons.nothing_notable", self._language)
        return text("reasons.nothing_unusual", self._language)

    def _rest(self, terms: ExplanationTerms) -> list[str]:
        """What the reasons shown lack of the forecast: the features not shown, then each step after the trees."""
        out = []
        for name, value in (("other", terms.untold), *terms.adjustments.items()):
            change = effect(value, self._quantity, self._language)
            if change is not None and name != "unit_offset":  # of a unit it is a part of the start
                out.append(sentence_of(_rest_words(name, self._unit, self._language), change, self._language))
        return out


@cache
def _rest_words(name: str, unit: Literal["min", "beds"], language: Language) -> str:
    """What a step after the trees is called, or all features that are not shown."""
    key = "floor_beds" if name == "floor" and unit == "beds" else name
    return text(f"reasons.rest.{key}", language)
