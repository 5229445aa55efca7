"""How uncertain a forecast is, in words: more or less than usual, and what makes it so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from hospital.words import formats
from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from registry.explanations.basis import Basis
from registry.explanations.total_basis import TotalBasis
from registry.explanations.uncertainty import RECENT_ERRORS, Uncertainty
from serving.forecasting.comparison import Comparison, compared_with, comparison_words
from serving.forecasting.feature_words import FeatureStatement, FeatureWords, sentences, subjects
from serving.forecasting.hospital.partial_values import with_unknown_units
from serving.forecasting.reason_sentences import LEAST_SHOWN, Unit, effect, rounded, sentence_of
from serving.forecasting.row_answers import nobody_waits
from serving.messages.forecast_parts import Contribution, Explanation, contribution_of
from serving.messages.question_records import ExplainOptions

__all__ = ["UncertaintyWords", "total_uncertainty_explanation", "uncertainty_explanation", "words_of"]

_SHOWN = "explanations.uncertainty"
_NOTABLE = 0.05
"""Share of the usual by which a width must differ to be called greater or smaller."""


@dataclass(frozen=True)
class _Reason:
    """One feature's: its contribution, and what is said of it."""

    contribution: Contribution
    statement: FeatureStatement


@dataclass(frozen=True)
class _Row:
    """The forecast whose number is explained.

    Attributes:
        place: in the arrays of `Uncertainty`.
        usually: with what is compared, in words; None: with nothing.
    """

    basis: Basis | TotalBasis
    place: int
    usually: str | None
    comparison: Comparison | None


@dataclass(frozen=True)
class UncertaintyWords:
    """In which words one number is explained.

    Attributes:
        scale: from the number to what is shown: a probability is shown in points.
        answered: the number's unit for applications.
    """

    of: Literal["interval", "tension"]
    unit: Unit
    scale: float
    language: Language
    answered: Literal["min", "beds", "probability"]

    def change(self, value: float) -> str | None:
        """What a contribution does, with its sign; None where that would be shown as nothing."""
        return effect(self.scale * value, self.unit, self.language)

    def value(self, value: float) -> str:
        """The number itself."""
        if self.of == "tension":
            return formats.short_probability(value, self.language)
        return formats.short_quantity(value, self.unit, self.language)

    def whole(self, base: float, changes: Sequence[float]) -> str:
        """The end of the key of the text about the start, of a probability from which more is taken than there is.

        Args:
            base: the probability at the start.
            changes: what the sentences after it add, in their order, in points.
        """
        reached = np.cumsum([self.scale * base, *changes])
        return "_whole" if self.of == "tension" and reached.min() < -LEAST_SHOWN else ""

    def covered(self, width: float) -> bool:
        """Whether a width is that of a wait whose whole interval is the wait so far, and so says nothing more."""
        return self.of == "interval" and self.answered == "min" and self.change(width) is None


def words_of(of: Literal["interval", "tension"], waits: bool, language: Language) -> UncertaintyWords:
    """The words of a width or of a tension probability, of waits or of beds."""
    if of == "tension":
        return UncertaintyWords(of, cast(Unit, "percentage_points"), 100.0, language, "probability")
    return UncertaintyWords(of, "minutes" if waits else "beds", 1.0, language, "min" if waits else "beds")


def total_uncertainty_explanation(
    basis: TotalBasis, found: Uncertainty, options: ExplainOptions
) -> Explanation:
    """The same of a hospital total, each of whose units is compared with what is usual of its own cases."""
    usually = text("reasons.start.usually", options.language) if basis.inside else None
    return _explanation(_Row(basis, 0, usually, None), found, options)


def uncertainty_explanation(basis: Basis, found: Uncertainty, options: ExplainOptions) -> Explanation:
    """The explanation of a forecast's width (`options.of` ``interval``) or tension probability."""
    explained, i = basis.answered.model, basis.place
    comparison = None
    if basis.inside and explained is not None:
        comparison = Comparison(
            int(explained.widening[i]),
            int(explained.cases[i]),
            int(explained.situation[i]),
            bool(basis.holiday[i]),
        )
    usually = comparison_words(comparison, "typical", options.language)
    return _explanation(_Row(basis, i, usually, comparison), found, options)


def _explanation(row: _Row, found: Uncertainty, options: ExplainOptions) -> Explanation:
    basis, i, usually = row.basis, row.place, row.usually
    of = options.uncertainty
    words = words_of(of, basis.model.name == "wait-time", options.language)
    reasons = _reasons(row, found, options.language) if basis.inside else []
    shown, hidden = reasons[: options.top], reasons[options.top :]
    other = float(found.other[i]) + sum(r.contribution["contribution"] for r in hidden)
    errors, base = float(found.adjustments[RECENT_ERRORS][i]), float(found.base[i])
    served = base + sum(r.contribution["contribution"] for r in reasons) + float(found.other[i]) + errors
    changes = [change for _, change in subjects(_statements(words, shown), words.unit, words.language)]
    whole = words.whole(base, [*changes, words.scale * other, words.scale * errors])
    start: list[str] = [_start(words, base, basis, usually, whole)]
    rest = _sentences(words, shown, other, errors)
    if words.covered(served):
        lead = [text(f"{_SHOWN}.covered", options.language)]
        start = start if rest or not words.covered(base) else []  # what adds up starts from somewhere
    else:
        more = served - base
        lead = _lead(words, base, more, reasons, errors, usually) if usually is not None else []
    return {
        "of": of,
        "unit": words.answered,
        "reference": options.reference,
        "compared_with": compared_with(row.comparison),
        "base": base,
        "contributions": tuple(r.contribution for r in shown),
        "other": other,
        "adjustments": ({"name": RECENT_ERRORS, "contribution": errors},),
        "reasons": (*lead, *start, *rest),
    }


def _reasons(row: _Row, found: Uncertainty, language: Language) -> list[_Reason]:
    out, i, model = [], row.place, row.basis.model
    total = isinstance(row.basis, TotalBasis)
    nobody = not isinstance(row.basis, TotalBasis) and nobody_waits(model.features, row.basis.row.X)[0]
    for column, value, usual, contribution in zip(
        found.columns[i].tolist(),
        found.values[i].tolist(),
        found.usual[i].tolist(),
        found.contributions[i].tolist(),
        strict=True,
    ):
        words = FeatureWords(model.features[column], language, total=total, own=model.manifest.names)
        now, then, said = words.statement(value, usual, row.usually, contribution, nobody_waits=nobody)
        reason = contribution_of(words.feature, words.label, now, then, contribution)
        about = _fewer(words.feature.name, usual - value, language) or said.about
        if isinstance(row.basis, TotalBasis):
            unknown = row.basis.partly_unknown
            reason, about = with_unknown_units(reason, about, column, unknown, language)
        out.append(_Reason(reason, said._replace(about=about, expected=0)))
    return out


def _fewer(name: str, lacking: float, language: Language) -> str | None:
    """That so many people or beds are missing; None: none is, or it is of something else."""
    n = rounded(float(round(lacking))) if lacking >= 0.5 else None
    if n is None or not has_text(f"{_SHOWN}.fewer.{name}"):
        return None
    return text(f"{_SHOWN}.fewer.{name}", language, n)


def _lead(
    words: UncertaintyWords, base: float, more: float, reasons: list[_Reason], errors: float, usually: str
) -> list[str]:
    """Whether there is more of it than usual, and what most makes it so: what says the same twice counts as one.

    What is written as usual does not lead, however little sets it apart.
    """
    if words.change(more) is None or (words.of == "interval" and abs(more) < _NOTABLE * base):
        return [text(f"{_SHOWN}.{words.of}_usual", words.language)]
    as_usual = text("reasons.as_usual", words.language, about="", comparison=usually)
    said = subjects(_statements(words, reasons), words.unit, words.language)
    abouts = {about: change for about, change in said if not about.endswith(as_usual)}
    abouts[text(f"{_SHOWN}.recent_errors", words.language)] = words.scale * errors
    sign = 1.0 if more > 0 else -1.0
    about, most = max(abouts.items(), key=lambda entry: sign * entry[1])
    if sign * most <= 0 or effect(most, words.unit, words.language) is None:
        about = text(f"{_SHOWN}.others", words.language)
    key = f"{_SHOWN}.{words.of}_{'more' if more > 0 else 'less'}"
    return [text(key, words.language, about=about[:1].lower() + about[1:])]


def _statements(words: UncertaintyWords, reasons: list[_Reason]) -> list[FeatureStatement]:
    return [r.statement._replace(contribution=words.scale * r.statement.contribution) for r in reasons]


def _start(
    words: UncertaintyWords, base: float, basis: Basis | TotalBasis, usually: str | None, whole: str
) -> str:
    kind = "_baseline" if not basis.inside else f"_alone{whole}" if usually is None else whole
    return text(f"{_SHOWN}.start_{words.of}{kind}", words.language, value=words.value(base))


def _sentences(words: UncertaintyWords, shown: list[_Reason], other: float, errors: float) -> list[str]:
    out = sentences(_statements(words, shown), words.unit, words.language)
    for name, value in (("other", other), (RECENT_ERRORS, errors)):
        change = words.change(value)
        if change is not None:
            out.append(sentence_of(text(f"{_SHOWN}.{name}", words.language), change, words.language))
    return out
