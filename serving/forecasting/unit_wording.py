"""The answers to a question about units, in words, and what degrades their trust beyond the model's own warnings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from hospital.arrays import Array
from hospital.times import moment
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from registry.model.trust_limits import worst
from serving.forecasting.explanation_text import ExplanationText
from serving.forecasting.reason_sentences import until_words
from serving.forecasting.row_answers import Answers
from serving.messages.forecast_parts import Quantiles, Trust
from serving.messages.forecast_records import Wording
from serving.messages.question_records import BedQuestion
from serving.state.unit_standing import UnitStanding

__all__ = ["UnitWording", "contradicts", "standing_warnings", "warned"]

_HALF = 0.5


def contradicts(quantiles: Quantiles, staffed: float, probability: float) -> bool:
    """Whether the interval and the probability of too few staffed beds cannot both be right.

    The one follows the forecast's own errors, the other how often beds were exceeded: of a demand far from what is
    usual the interval can lie wholly above the staffed beds where the probability is under a half, or the reverse.
    """
    if quantiles["p10"] > staffed:
        return probability < _HALF
    return quantiles["p90"] < staffed and probability > _HALF


def warned(trust: Trust, warnings: Sequence[str], first: Sequence[str] = ()) -> Trust:
    """The same with further warnings, each of which degrades it: those that are worse than its own stand `first`."""
    if not warnings and not first:
        return trust
    return Trust(status="degraded", warnings=worst((*first, *trust["warnings"], *warnings)))


def standing_warnings(
    standing: UnitStanding, asked_at: int, target: int, zone: ZoneInfo, language: Language
) -> tuple[str, ...]:
    """What is known against a unit's forecast of an instant, asked for at another, in words."""
    out, open_span = [], standing.span
    if standing.opens_after(target) and open_span.opens is not None:
        out.append(text("trust.not_open_yet", language, at=_day_of(open_span.opens, zone, language)))
    elif standing.closes_by(target) and open_span.closes is not None:
        key = "trust.closed_since" if standing.closes_by(asked_at) else "trust.closes_before"
        out.append(text(key, language, at=_day_of(open_span.closes, zone, language)))
    if standing.counted_from is not None:
        began = _day_of(standing.counted_from, zone, language)
        out.append(text("trust.counted_from", language, at=began))
    if standing.silent_minutes is not None:
        span = formats.duration(standing.silent_minutes, language)
        out.append(text("trust.silent_unit", language, span=span))
    return tuple(out)


def _day_of(instant: int, zone: ZoneInfo, language: Language) -> str:
    return formats.date_time(moment(instant).astimezone(zone), language)


@dataclass(frozen=True)
class UnitWording:
    """Puts the answers to one question about units into words.

    Attributes:
        now: float64 [n], beds needed when it is asked.
        target: int64 [n], instants that the forecasts are of.
        zone: the hospital's.
        stale, oldest: of what was received, as `Answers` takes them.
        texts: the explanation text of a language.
        odd: bool by row, its interval and its tension probability exclude each other (`contradicts`).
        standing: by row, what the record says against its unit.
    """

    answers: Answers
    question: BedQuestion
    now: Array
    target: Array
    zone: ZoneInfo
    stale: bool
    oldest: tuple[str, float] | None
    texts: Callable[[Language], ExplanationText]
    odd: Sequence[bool]
    standing: Sequence[UnitStanding]

    def of(self, i: int, language: Language) -> Wording:
        """What one row's forecast says."""
        explain = replace(self.question.explain, language=language)
        until = until_words(self.question.at, int(self.target[i]), self.zone, language)
        why = self.texts(language).bed(self.answers.terms(i), explain, float(self.now[i]), until)
        if explain.stability:
            why["reliability"] = self.answers.reliability(i, self.oldest, language)
        asked = self.standing[i], self.question.at, int(self.target[i]), self.zone
        against = standing_warnings(*asked, language)
        against += (text("trust.tension_contradicted", language),) if self.odd[i] else ()
        trust = self.answers.trust(i, stale=self.stale, language=language)
        return Wording(why, warned(trust, (), first=against))

    def translations(self, i: int) -> dict[Language, Wording]:
        """The same in each language that is asked for besides."""
        return {language: self.of(i, language) for language in self.question.explain.translations}
