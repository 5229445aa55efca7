"""The bodies that the service answers with. Every number is finite."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serving.messages.forecast_parts import Explanation, Finite, Quantiles, Trust, UnitShare

__all__ = [
    "Answer",
    "BedDemandAnswer",
    "BedPrediction",
    "HospitalPrediction",
    "ModelReference",
    "StoredPrediction",
    "WaitPrediction",
    "WaitTimeAnswer",
]


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WaitPrediction(Answer):
    """A wait-time forecast as given: with its id, and the visit's id as it was sent.

    Attributes:
        prediction_time: the moment that it is of: triage, or the arrival where no triage is known.
    """

    prediction_id: str
    visit_id: str
    prediction_time: datetime
    wait_minutes: Quantiles
    explanation: Explanation
    trust: Trust


class BedPrediction(Answer):
    """A bed-demand forecast as given, with its id.

    Attributes:
        width_factor: what p10 and p90 were moved away from p50 by, after how often this unit's recent intervals held.
        tension_calibrated: whether the check showed `tension_probability` to be better than how often it was before, so
            that it counts; null: there is no probability, or the answer is of before this was said.
    """

    prediction_id: str
    unit: str
    horizon_hours: Finite
    target_at: datetime
    beds: Quantiles
    staffed: Finite | None
    tension_probability: Annotated[float, Field(ge=0, le=1)] | None
    explanation: Explanation
    trust: Trust
    width_factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    tension_calibrated: bool | None = None


class HospitalPrediction(Answer):
    """A forecast of the hospital total as given, with its id; `tension_calibrated` as of a unit's."""

    prediction_id: str
    horizon_hours: Finite
    target_at: datetime
    mean: Finite
    beds: Quantiles
    staffed: Finite | None
    tension_probability: Annotated[float, Field(ge=0, le=1)] | None
    units: tuple[UnitShare, ...]
    explanation: Explanation
    trust: Trust
    tension_calibrated: bool | None = None


class ModelReference(Answer):
    """Which release answered."""

    name: str
    version: str
    digest: str
    released_at: datetime
    card: str


class WaitTimeAnswer(Answer):
    """POST /v1/wait-time: `warnings` are about the request, such as a language that is not there."""

    model: ModelReference
    predictions: tuple[WaitPrediction, ...]
    warnings: tuple[str, ...] = ()


class BedDemandAnswer(Answer):
    """POST /v1/bed-demand: `hospital`, one a horizon, where it was asked for; `warnings` are about the request."""

    model: ModelReference
    forecasts: tuple[BedPrediction, ...]
    hospital: tuple[HospitalPrediction, ...] = ()
    warnings: tuple[str, ...] = ()


class StoredPrediction(Answer):
    """GET /v1/predictions/{id}: as it was given; a visit's id is its pseudonym."""

    model: ModelReference
    made_at: datetime
    asked_by: str
    journal_entry: int
    prediction: WaitPrediction | BedPrediction | HospitalPrediction
