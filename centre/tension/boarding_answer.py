"""Boarding ahead as GET /v1/tension answers it."""

from datetime import datetime

from pydantic import BaseModel

from centre.tension.boarding import BoardingAhead
from serving.interface.emergency.boarding import BoardingForecast

__all__ = ["BoardingAnswer", "BoardingAtHorizon", "BoardingInput", "at_horizon", "boarding_answer"]


class BoardingInput(BaseModel):
    """What one input adds to the log odds.

    Attributes:
        input: ``shortage`` (beds that units are expected to need beyond those with staff, in all), ``boarders`` and
            ``present`` (patients now), ``hour`` (of the target).
        usual: as it was on average on the calibration days; null: nothing is usual of an hour.
        effect: in log odds.
    """

    input: str
    value: float
    usual: float | None
    effect: float


class BoardingAtHorizon(BaseModel):
    """At one horizon.

    Attributes:
        probability: of more patients than the threshold; its log odds are `base` and the effects, added up.
        calibrated: whether the check showed it to be better than how often it was before: else it reaches no level.
        events: times that the threshold was exceeded, which it was learned from.
    """

    horizon_hours: float
    target_at: datetime
    probability: float
    calibrated: bool
    base: float
    contributions: tuple[BoardingInput, ...]
    events: int


class BoardingAnswer(BaseModel):
    """How probably patients will wait in the emergency departments for a bed.

    Attributes:
        threshold: patients, as the policy of levels named it before the training; null: the release has not learned it.
        horizons: the nearest first.
        missing: why there is none; empty: there is.
    """

    threshold: float | None
    horizons: tuple[BoardingAtHorizon, ...]
    missing: tuple[str, ...]


def boarding_answer(boarding: BoardingAhead) -> BoardingAnswer:
    """Boarding as it is answered."""
    return BoardingAnswer(
        threshold=boarding.threshold,
        horizons=tuple(at_horizon(one) for one in boarding.horizons),
        missing=boarding.missing,
    )


def at_horizon(one: BoardingForecast) -> BoardingAtHorizon:
    """One horizon as it is answered."""
    return BoardingAtHorizon(
        horizon_hours=one.horizon_hours,
        target_at=one.target_at,
        probability=one.probability,
        calibrated=one.counts,
        base=one.base,
        contributions=tuple(BoardingInput(**vars(c)) for c in one.contributions),
        events=one.events,
    )
