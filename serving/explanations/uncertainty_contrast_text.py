"""Why a forecast is more or less uncertain than another, in words: where the earlier stood, and what has changed."""

from zoneinfo import ZoneInfo

import numpy as np

from hospital.words.catalogue import text
from registry.explanations.contrast import Contrast
from registry.explanations.uncertainty import RECENT_ERRORS
from serving.explanations.contrast_text import Pair, contributions_of, moment_words, notes, reference_of
from serving.explanations.uncertainty_text import UncertaintyWords, words_of
from serving.forecasting.feature_words import sentences, subjects
from serving.forecasting.reason_sentences import sentence_of
from serving.messages.forecast_parts import Adjustment, Explanation
from serving.messages.question_records import ExplainOptions

__all__ = ["uncertainty_contrast_explanation"]

_SHOWN = "explanations.uncertainty"


def uncertainty_contrast_explanation(
    pair: Pair, found: Contrast, options: ExplainOptions, zone: ZoneInfo
) -> Explanation:
    """The explanation of a forecast's width, or tension probability, that starts from another forecast's."""
    language, waits = options.language, pair.later.model.name == "wait-time"
    of = options.uncertainty
    words, moment = words_of(of, waits, language), moment_words(pair.earlier_made, pair.made, zone, language)
    played = np.flatnonzero(found.contributions)
    ordered = played[np.argsort(-np.abs(found.contributions[played]), kind="stable")].tolist()
    shown = ordered[: options.top]
    contributions, statements = contributions_of(pair, found, shown, moment, language)
    other = found.adjustments["other"] + sum(float(found.contributions[c]) for c in ordered[options.top :])
    steps = {name: found.adjustments[name] for name in ("start", RECENT_ERRORS)}
    scaled = [s._replace(contribution=words.scale * s.contribution, expected=0) for s in statements]
    changes = sentences(scaled, words.unit, language)
    changes += _steps(words, {"other": other, **steps}, waits)
    more = float(found.contributions.sum()) + sum(found.adjustments.values())
    added = [change for _, change in subjects(scaled, words.unit, language)]
    whole = words.whole(found.base, [*added, *(words.scale * v for v in (other, *steps.values()))])
    first = text(f"{_SHOWN}.then_{of}{whole}", language, moment=moment, value=words.value(found.base))
    adjustments: tuple[Adjustment, ...] = tuple({"name": n, "contribution": v} for n, v in steps.items())
    return {
        "of": of,
        "unit": words.answered,
        "reference": reference_of(options),
        "compared_with": None,
        "base": found.base,
        "contributions": tuple(contributions),
        "other": other,
        "adjustments": adjustments,
        "reasons": (_lead(words, found.base, more, moment), first, *changes, *notes(pair, zone, language)),
    }


def _lead(words: UncertaintyWords, base: float, more: float, moment: str) -> str:
    """Whether there is more of it than in the other forecast; of an interval that says nothing, that it does not."""
    if words.covered(base + more):
        return text(f"{_SHOWN}.covered", words.language)
    kind = "same" if words.change(more) is None else "more" if more > 0 else "less"
    return text(f"{_SHOWN}.{words.of}_{kind}_then", words.language, moment=moment)


def _steps(words: UncertaintyWords, steps: dict[str, float], waits: bool) -> list[str]:
    out = []
    for name, value in steps.items():
        change = words.change(value)
        if change is not None:
            start = f"explanations.contrast.start_{'wait' if waits else 'beds'}"
            about = text(start if name == "start" else f"{_SHOWN}.{name}", words.language)
            out.append(sentence_of(about, change, words.language))
    return out
