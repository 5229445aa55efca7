"""The bodies about a prediction that was given: explained in another way, and what the model would say otherwise."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from hospital.words.language import Language, spoken
from registry.explanations.levers import LEVERS
from serving.errors import RequestFault
from serving.http.problems import invalid, schema_faults
from serving.messages.answer_bodies import Answer, ModelReference
from serving.messages.explain_options import PREDICTION_ID, Explain, option_faults
from serving.messages.forecast_parts import Explanation, Finite, Quantiles

__all__ = [
    "AnsweredLever",
    "CounterfactualRequest",
    "CounterfactualsAnswer",
    "ExplanationAnswer",
    "ExplanationRequest",
    "LeverChange",
    "OtherCounts",
    "counterfactual_request",
    "explanation_request",
]

PredictionId = Annotated[str, Field(strict=True, pattern=PREDICTION_ID)]
Number = Annotated[float, Field(strict=True, ge=0, le=1_000_000, allow_inf_nan=False)]
LeverName = Literal["doctors", "nurses", "staffed_beds", "operations"]


class ExplanationRequest(BaseModel):
    """POST /v1/explanations: a prediction that was given, explained as asked; nothing is recorded."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    prediction_id: PredictionId
    explain: Explain | None = None


class ExplanationAnswer(Answer):
    """POST /v1/explanations: `warnings` are about the request, such as a language that is not there."""

    prediction_id: str
    model: ModelReference
    explanation: Explanation
    warnings: tuple[str, ...] = ()


class CounterfactualRequest(BaseModel):
    """POST /v1/counterfactuals: with which other counts the model's number would be at most, or at least, so much.

    Attributes:
        of: the p50 (beds or minutes), or the tension probability (0 to 1).
        levers: that may stand elsewhere; None: all that the model reads.
        language: as ``fr`` or ``en-GB``; one that Vigie does not speak is answered in French, with a warning.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    prediction_id: PredictionId
    of: Literal["p50", "tension"] = "p50"
    at_most: Number | None = None
    at_least: Number | None = None
    levers: Annotated[list[LeverName], Field(min_length=1, max_length=len(LEVERS))] | None = None
    language: Annotated[str, Field(strict=True, min_length=1, max_length=35)] | None = None

    def spoken(self, otherwise: Language) -> tuple[Language, bool]:
        """The language of the answer, and whether it is the one asked for; `otherwise`: where none is."""
        return (otherwise, True) if self.language is None else spoken(self.language)

    @model_validator(mode="after")
    def _one_goal(self) -> "CounterfactualRequest":
        if (self.at_most is None) == (self.at_least is None):
            raise PydanticCustomError("one_goal", "{words}", {"words": ""})
        return self


class AnsweredLever(Answer):
    """A lever that the model reads.

    Attributes:
        now: its count in the prediction; None: unknown, and no other is tried.
        least, most: between which it was tried, as it has been seen; None: it was not.
    """

    lever: str
    label: str
    now: Finite | None
    least: Finite | None
    most: Finite | None


class LeverChange(Answer):
    """A lever's count in place of the one that there is."""

    lever: str
    count: Finite
    now: Finite


class OtherCounts(Answer):
    """What the model says where levers stand elsewhere; the sentence says the same.

    Attributes:
        forecast: minutes or beds.
        tension_probability: None for waits, and where the staffed beds are unknown.
    """

    changes: tuple[LeverChange, ...]
    forecast: Quantiles
    tension_probability: Annotated[float, Field(ge=0, le=1)] | None
    sentence: str


class CounterfactualsAnswer(Answer):
    """POST /v1/counterfactuals: what the model would say; not what a change would do, and no advice.

    Attributes:
        served: the number of the prediction that the goal is about.
        outcome: ``reached`` by the counterfactuals; ``already`` as it is; ``out_of_reach`` of all counts that have been
            seen; ``no_lever`` that the answer reads.
        complete: whether the time was enough to try all counts of two levers.
        sentences: what is to be known of all of them.
        warnings: about the request, such as a language that is not there.
    """

    prediction_id: str
    model: ModelReference
    of: Literal["p50", "tension"]
    unit: Literal["min", "beds", "probability"]
    served: Finite
    outcome: Literal["reached", "already", "out_of_reach", "no_lever"]
    complete: bool
    levers: tuple[AnsweredLever, ...]
    counterfactuals: tuple[OtherCounts, ...]
    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def explanation_request(body: object, now: int) -> ExplanationRequest:
    """The request in a body; `now`: the service's instant.

    Raises:
        Problem: 422 with every fault.
    """
    try:
        request = ExplanationRequest.model_validate(body)
    except ValidationError as error:
        raise invalid([_fault(f) for f in schema_faults(error)]) from None
    faults = option_faults(request.explain, now)
    if faults:
        raise invalid(faults)
    return request


def counterfactual_request(body: object) -> CounterfactualRequest:
    """The request in a body.

    Raises:
        Problem: 422 with every fault.
    """
    try:
        request = CounterfactualRequest.model_validate(body)
    except ValidationError as error:
        raise invalid([_fault(f) for f in schema_faults(error)]) from None
    faults = []
    for name, value in (("at_most", request.at_most), ("at_least", request.at_least)):
        if request.of == "tension" and value is not None and value > 1:
            faults.append(RequestFault(name, "out_of_range", "problems.faults.not_a_probability"))
    if request.levers is not None and len(set(request.levers)) < len(request.levers):
        faults.append(RequestFault("levers", "repeated", "problems.faults.repeated"))
    if faults:
        raise invalid(faults)
    return request


def _fault(fault: RequestFault) -> RequestFault:
    if fault.code == "one_goal":
        return RequestFault("at_most", fault.code, "problems.faults.one_goal")
    if fault.code == "string_pattern_mismatch":
        return RequestFault(fault.path, "not_an_id", "problems.faults.not_an_id")
    return fault
