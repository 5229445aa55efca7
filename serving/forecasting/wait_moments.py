"""The moment that a wait's forecast is of, and what is to be known where it lies before that of the question."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from hospital.arrays import Array
from hospital.features.wait import WaitQuery
from hospital.times import moment
from hospital.words import formats
from hospital.words.catalogue import text
from hospital.words.language import Language
from serving.messages.forecast_parts import Quantiles

__all__ = ["WaitMoments"]

_MINUTE = 60e6


@dataclass(frozen=True)
class WaitMoments:
    """The moments of the visits of a question.

    Attributes:
        query: of the visits.
        triaged: bool [n], the forecast is of triage, not of the arrival.
        now: instant of the question.
        late_after: microseconds after which a moment is long ago.
        zone: the hospital's.
    """

    query: WaitQuery
    triaged: Array
    now: int
    late_after: int
    zone: ZoneInfo

    def warnings(
        self, i: int, adjustments: Mapping[str, float], quantiles: Quantiles, language: Language
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Why a visit's forecast says nothing, and why it says less than it seems to.

        Args:
            adjustments: of its explanation; a ``floor`` says that the median is the wait so far.
            quantiles: of its forecast, minutes: where even the p90 is the wait so far, nothing is forecast.
        """
        at = int(self.query.prediction_time[i])
        nothing, less = [], []
        if self.now - at > self.late_after:
            less.append(text("trust.late", language, moment=self._moment(i, language)))
        if adjustments.get("floor", 0.0) > 0:
            waited = (max(self.now, at) - int(self.query.arrived_at[i])) / _MINUTE
            words = formats.duration(waited, language)
            moment_words = self._moment(i, language)
            if quantiles["p90"] > quantiles["p50"]:
                if (
                    self.now > at
                ):  # at triage the median is the model's own, which has learned of the wait so far
                    less.append(text("trust.waited_longer", language, waited=words, moment=moment_words))
            else:
                nothing.append(text("trust.waited_longest", language, waited=words, moment=moment_words))
        return tuple(nothing), tuple(less)

    def _moment(self, i: int, language: Language) -> str:
        return _words(int(self.query.prediction_time[i]), bool(self.triaged[i]), self.zone, language)


@lru_cache(maxsize=1024)
def _words(at: int, triaged: bool, zone: ZoneInfo, language: Language) -> str:
    """A moment (an instant) in words: who waits is asked about again and again."""
    when = formats.date_time(moment(at).astimezone(zone), language)
    return text("trust.of_triage" if triaged else "trust.of_arrival", language, at=when)
