"""The difference of two forecasts in words: where the earlier stood, and what has changed since."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from explain.reasons import select, sums_by_group
from hospital.arrays import Array
from hospital.features.feature import in_group_order
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.explanations.basis import Basis
from registry.explanations.contrast import Contrast
from registry.explanations.total_basis import TotalBasis
from serving.forecasting.explanation_text import GroupTerm, group_contributions
from serving.forecasting.feature_words import FeatureStatement, FeatureWords, sentences
from serving.forecasting.hospital.partial_values import with_unknown_units
from serving.forecasting.reason_sentences import Unit, effect, sentence_of
from serving.forecasting.row_answers import nobody_waits
from serving.messages.forecast_parts import (
    Adjustment,
    Contribution,
    Explanation,
    GroupContribution,
    OtherReference,
    contribution_of,
)
from serving.messages.question_records import ExplainOptions

__all__ = ["Pair", "contrast_explanation", "contributions_of", "moment_words", "notes", "reference_of"]


@dataclass(frozen=True)
class Pair:
    """Two forecasts that are compared.

    Attributes:
        made, earlier_made: when each was made.
        target, earlier_target: the times that they are of; None: waits.
    """

    later: Basis | TotalBasis
    earlier: Basis | TotalBasis
    made: datetime
    earlier_made: datetime
    target: datetime | None = None
    earlier_target: datetime | None = None

    @property
    def of_totals(self) -> bool:
        """Whether they are of the hospital total."""
        return isinstance(self.later, TotalBasis)


def moment_words(then: datetime, now: datetime, zone: ZoneInfo, language: Language) -> str:
    """When something was, by the hospital's clock: at a time of the same day, else on a day."""
    local, today = then.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return text("explanations.contrast.clock", language, time=formats.time(local, language))
    return text("explanations.contrast.day", language, time=formats.date_time(local, language))


def contrast_explanation(
    pair: Pair, found: Contrast, base: float, options: ExplainOptions, zone: ZoneInfo
) -> Explanation:
    """The explanation of a forecast that starts from another.

    Args:
        base: the p50 of the earlier, as it was served.
    """
    language = options.language
    waits = pair.later.model.name == "wait-time"
    unit: Unit = "minutes" if waits else "beds"
    moment = moment_words(pair.earlier_made, pair.made, zone, language)
    columns, others = select(found.contributions[None], options.top)
    contributions, statements = contributions_of(pair, found, columns[0].tolist(), moment, language)
    start = formats.short_quantity(base, unit, language)
    changes = sentences(statements, unit, language)
    changes += _steps({"other": float(others[0]), **found.adjustments}, waits, unit, language)
    if not changes:
        changes = [text("explanations.contrast.nothing", language)]
    first = text(
        f"explanations.contrast.{'from_wait' if waits else 'from_beds'}", language, moment=moment, value=start
    )
    adjustments: list[Adjustment] = [{"name": n, "contribution": v} for n, v in found.adjustments.items()]
    return {
        "of": "p50",
        "unit": "min" if waits else "beds",
        "reference": reference_of(options),
        "compared_with": None,
        "base": base,
        "contributions": tuple(contributions),
        "other": float(others[0]),
        "groups": _groups(pair, found.contributions, columns, language),
        "adjustments": tuple(adjustments),
        "reasons": (first, *changes, *notes(pair, zone, language)),
    }


def reference_of(options: ExplainOptions) -> Literal["typical", "last_week"] | OtherReference:
    """With what is compared, as it was asked for."""
    return options.against.said if options.against else options.reference  # type: ignore[return-value]


def _groups(
    pair: Pair, contributions: Array, shown: Array, language: Language
) -> tuple[GroupContribution, ...]:
    """What the features of each group add to the difference; of baselines no feature says anything."""
    if not (pair.later.inside or pair.earlier.inside):
        return ()
    features = pair.later.model.features
    known = in_group_order(f.group for f in features)
    group = np.array([known.index(f.group) for f in features], np.int64)
    totals, others = (sums[0].tolist() for sums in sums_by_group(contributions[None], group, shown))
    terms = [GroupTerm(*one) for one in zip(known, totals, others, strict=True)]
    return group_contributions(terms, language)


def contributions_of(
    pair: Pair, found: Contrast, columns: list[int], moment: str, language: Language
) -> tuple[list[Contribution], list[FeatureStatement]]:
    """What the features of some columns add, as applications get it, and as people are."""
    contributions: list[Contribution] = []
    statements: list[FeatureStatement] = []
    if not (pair.later.inside or pair.earlier.inside):
        return contributions, statements  # of baselines no feature says anything
    model = pair.later.model
    (nobody,) = nobody_waits(model.features, found.values[None])
    for column in columns:
        words = FeatureWords(model.features[column], language, total=pair.of_totals, own=model.manifest.names)
        value, before = float(found.values[column]), float(found.earlier_values[column])
        contribution = float(found.contributions[column])
        now, then, statement = words.statement(value, before, moment, contribution, nobody_waits=nobody)
        shown = contribution_of(words.feature, words.label, now, then, contribution)
        if isinstance(pair.later, TotalBasis):
            unknown = pair.later.partly_unknown
            shown, about = with_unknown_units(shown, statement.about, column, unknown, language)
            statement = statement._replace(about=about)
        statements.append(statement)
        contributions.append(shown)
    return contributions, statements


def _steps(steps: dict[str, float], waits: bool, unit: Unit, language: Language) -> list[str]:
    out = []
    for name, value in steps.items():
        change = effect(value, unit, language)
        if change is not None:
            key = f"{name}_{'wait' if waits else 'beds'}" if name in ("start", "floor") else name
            where = "reasons.total" if key == "mean_above_p50" else "explanations.contrast"
            out.append(sentence_of(text(f"{where}.{key}", language), change, language))
    return out


def notes(pair: Pair, zone: ZoneInfo, language: Language) -> list[str]:
    """What else sets the two apart."""
    out = []
    if pair.later.inside != pair.earlier.inside and not pair.of_totals:
        out.append(
            text(f"explanations.contrast.{'to_model' if pair.later.inside else 'to_baseline'}", language)
        )
    if pair.target is not None and pair.earlier_target is not None and pair.target != pair.earlier_target:
        then, now = (
            formats.date_time(t.astimezone(zone), language) for t in (pair.earlier_target, pair.target)
        )
        out.append(text("explanations.contrast.other_time", language, then=then, now=now))
    return out
