"""The bodies that applications send.

Rows of the contracts are validated once, by `hospital.contracts.request_models`; the models here give the envelope
around them and declare the rows for the OpenAPI document and BentoML's schema. Every fault of a body is named at once.
"""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from hospital.contracts.request_models import model_of
from hospital.contracts.tables import TABLES
from hospital.contracts.text_cleaning import clean_text, is_said
from serving.messages.explain_options import PREDICTION_ID, Explain

__all__ = [
    "HINDSIGHT",
    "MAX_ROWS",
    "MAX_VISITS",
    "BedDemandRequest",
    "ClockRequest",
    "DecisionRequest",
    "EdStateSent",
    "ObservationsRequest",
    "Sent",
    "VisitToForecast",
    "WaitTimeRequest",
    "words_of_person",
]

MAX_VISITS, MAX_UNITS, MAX_HORIZONS, MAX_ROWS = 1_000, 100, 20, 10_000
MAX_HORIZON_HOURS = 24 * 366
HINDSIGHT = tuple(c.name for c in TABLES["visits"].columns if c.hindsight)


class Sent(BaseModel):
    """Base of all that is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_SAME = 1e-9
Count = Annotated[float, Field(strict=True, ge=0, le=100_000, allow_inf_nan=False)]


TriageLevel = Literal["1", "2", "3A", "3", "3B", "4", "5"]
_BY_TRIAGE = "Of those who wait, how many have each triage level; together they are `waiting`."


class EdStateSent(Sent):
    """What the sender sees of its emergency department now, laid over what is stored."""

    waiting: Count | None = None
    boarding: Count | None = None
    staff: Count | None = None
    waiting_by_triage: Annotated[dict[TriageLevel, Count] | None, Field(description=_BY_TRIAGE)] = None

    @model_validator(mode="after")
    def _every_patient_once(self) -> "EdStateSent":
        levels = self.waiting_by_triage
        if levels is not None and (self.waiting is None or abs(sum(levels.values()) - self.waiting) > _SAME):
            raise PydanticCustomError("not_the_sum", "{words}", {"words": ""})
        return self


def _visit_model() -> type[BaseModel]:
    row = model_of("visits")
    fields: dict[str, Any] = {n: (f.annotation, f) for n, f in row.model_fields.items() if n not in HINDSIGHT}
    model: type[BaseModel] = create_model(
        "VisitToForecast", __config__=row.model_config, **fields, ed_state=(EdStateSent | None, None)
    )
    model.__doc__ = "A visit as known when it is forecast: nothing of what comes after triage."
    return model


VisitToForecast = _visit_model()


_Visits: Any = Annotated[list[VisitToForecast], Field(min_length=1, max_length=MAX_VISITS)]  # type: ignore[valid-type]
_Rows: dict[str, Any] = {
    name: Annotated[list[model_of(name)], Field(max_length=MAX_ROWS)] | None  # type: ignore[misc]
    for name in TABLES
}
_CensusRows: Any = _Rows["census"]


class WaitTimeRequest(Sent):
    """POST /v1/wait-time"""

    visits: _Visits
    explain: Explain | None = None


_UNITS = "At least one, unless the hospital total is asked for."
_HOSPITAL = "Whether to forecast the hospital total too: all units together, with intervals of its own."
Unit = Annotated[str, Field(strict=True, min_length=1, max_length=64), AfterValidator(clean_text)]
Horizon = Annotated[float, Field(strict=True, gt=0, le=MAX_HORIZON_HOURS, allow_inf_nan=False)]


class BedDemandRequest(Sent):
    """POST /v1/bed-demand"""

    units: Annotated[list[Unit], Field(max_length=MAX_UNITS, description=_UNITS)]
    horizons_hours: Annotated[list[Horizon], Field(min_length=1, max_length=MAX_HORIZONS)]
    at: datetime | None = None
    observations: _CensusRows = None
    hospital: Annotated[bool, Field(strict=True, description=_HOSPITAL)] = False
    explain: Explain | None = None


_listed_rows: dict[str, Any] = {name: (rows, None) for name, rows in _Rows.items()}
ObservationsRequest: type[BaseModel] = create_model(
    "ObservationsRequest",
    __base__=Sent,
    __doc__="POST /v1/observations: rows of the contracts by table, all or nothing.",
    **_listed_rows,
)


def words_of_person(value: str) -> str:
    """Words that say something, without control characters; for pydantic."""
    if not is_said(value):
        raise PydanticCustomError("blank", "{words}", {"words": ""})
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in value):
        raise PydanticCustomError("control_character", "{words}", {"words": ""})
    return value


class DecisionRequest(Sent):
    """POST /v1/decisions: what a person decided, and why; with an override, `value`: what they expect."""

    prediction_id: Annotated[str, Field(strict=True, pattern=PREDICTION_ID)]
    decision: Literal["accept", "override", "reject"]
    reason: Annotated[str, Field(strict=True, max_length=2_000), AfterValidator(words_of_person)]
    value: Annotated[float, Field(strict=True, ge=0, le=1_000_000, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _value_with_override(self) -> "DecisionRequest":
        if self.value is not None and self.decision != "override":
            raise PydanticCustomError("value_without_override", "{words}", {"words": ""})
        return self


class ClockRequest(Sent):
    """POST /v1/clock: how many seconds of a simulated clock pass in a real one."""

    speed: Annotated[float, Field(strict=True, gt=0, le=3_600, allow_inf_nan=False)]
