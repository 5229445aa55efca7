"""How an application asks for reasons: of what, compared with what, how many, in which language."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator
from pydantic_core import PydanticCustomError

from hospital.times import TimeError, instant, parse_time
from hospital.words.language import Language, spoken
from serving.errors import RequestFault
from serving.messages.question_records import Against, ExplainOptions

__all__ = [
    "DEFAULT_TOP",
    "PREDICTION_ID",
    "Explain",
    "explain_options",
    "option_faults",
    "total_option_faults",
    "wait_option_faults",
]

DEFAULT_TOP = 6
PREDICTION_ID = r"^[0-9a-f]{24}$"
MAX_CONTRASTS = 32
_EXACTLY = ConfigDict(extra="forbid", frozen=True)


class OtherForecast(BaseModel):
    """Another forecast to compare with: as it was given (`prediction_id`), or as the release makes it for a time."""

    model_config = _EXACTLY
    prediction_id: Annotated[str, Field(strict=True, pattern=PREDICTION_ID)] | None = None
    at: (
        Annotated[str, Field(strict=True, max_length=64, json_schema_extra={"format": "date-time"})] | None
    ) = None


def _reference(value: Any, handler: Any) -> Any:
    """One fault, and not one for each way in which a reference may be given."""
    try:
        found = handler(value)
    except ValidationError:
        raise PydanticCustomError("not_a_reference", "{words}", {"words": ""}) from None
    if isinstance(found, OtherForecast) and (found.prediction_id is None) == (found.at is None):
        raise PydanticCustomError("not_a_reference", "{words}", {"words": ""})
    return found


Reference = Annotated[Literal["typical", "last_week"] | OtherForecast, WrapValidator(_reference)]


_STABILITY = (
    "Whether to tell how far to rely on each answer: its situation, its reasons, its oldest input; slow."
)
_INTERACTIONS = (
    "Whether to tell which two reasons shown count together by more than the smaller of them; slow."
)


class Explain(BaseModel):
    """How to explain: contributions shown (0: none, all in `other`), compared with what, the language (as fr or en-GB).

    A language that Vigie does not speak is answered in French, with a warning.

    `of`: the median, the width of the interval (p90 − p10), or the tension probability.
    """

    model_config = _EXACTLY
    top: Annotated[int, Field(strict=True, ge=0, le=1_000)] = DEFAULT_TOP
    reference: Reference = "typical"
    of: Literal["p50", "interval", "tension"] = "p50"
    language: Annotated[str, Field(strict=True, min_length=1, max_length=35)] | None = None
    stability: Annotated[bool, Field(strict=True, description=_STABILITY)] = False
    interactions: Annotated[bool, Field(strict=True, description=_INTERACTIONS)] = False


def explain_options(explain: Explain | None, language: Language) -> ExplainOptions:
    """The options in a body without `option_faults`; `language`: where none is asked for."""
    chosen = explain or Explain()
    language = language if chosen.language is None else spoken(chosen.language)[0]
    if isinstance(chosen.reference, str):
        return ExplainOptions(
            chosen.top, chosen.reference, language, chosen.stability, chosen.interactions, chosen.of
        )
    at = chosen.reference.at
    against = Against(chosen.reference.prediction_id, None if at is None else instant(parse_time(at)))
    return ExplainOptions(
        chosen.top, "typical", language, chosen.stability, chosen.interactions, chosen.of, against
    )


def option_faults(explain: Explain | None, now: int) -> list[RequestFault]:
    """What is wrong with options whose fields are right by themselves; `now`: the service's instant."""
    if explain is None:
        return []
    text = explain.reference.at if isinstance(explain.reference, OtherForecast) else None
    if text is None:
        return []
    try:
        at = instant(parse_time(text))
    except TimeError as error:
        return [RequestFault("explain.reference.at", error.code, "problems.faults.not_a_time")]
    ahead = RequestFault("explain.reference.at", "after_now", "problems.faults.not_of_the_past")
    return [ahead] if at > now else []


def total_option_faults(explain: Explain | None) -> list[RequestFault]:
    """What cannot be explained of the hospital total: how uncertain it is, against another forecast."""
    if explain is None or explain.of == "p50" or explain.reference == "typical":
        return []
    return [RequestFault("hospital", "of_the_median_only", "problems.faults.of_the_median_only")]


def wait_option_faults(explain: Explain | None, visits: int) -> list[RequestFault]:
    """What is asked of waits and cannot be explained, or not of so many at once."""
    if explain is None:
        return []
    if explain.of == "tension":
        return [RequestFault("explain.of", "of_beds_only", "problems.faults.of_beds_only")]
    another = not isinstance(explain.reference, str) or (explain.of, explain.reference) == (
        "interval",
        "last_week",
    )
    if another and visits > MAX_CONTRASTS:
        key = "problems.faults.too_many_contrasts"
        return [RequestFault("visits", "too_many", key, {"n": MAX_CONTRASTS})]
    return []
