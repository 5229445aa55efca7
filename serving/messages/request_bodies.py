"""The bodies that applications send.

Rows of the contracts are validated once, by `hospital.contracts.request_models`; the models here give the envelope
around them and declare the rows for the OpenAPI document and BentoML's schema. Every fault of a body is named at once.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from hospital.contracts.request_models import model_of, validate_rows
from hospital.contracts.tables import TABLES
from hospital.contracts.text_cleaning import clean_text
from hospital.errors import ContractError
from hospital.times import DAY, TimeError, instant, parse_time
from hospital.words.catalogue import text
from hospital.words.language import Language, spoken
from serving.errors import RequestFault
from serving.http.problems import invalid, row_faults, schema_faults
from serving.messages.explain_options import (
    PREDICTION_ID,
    Explain,
    explain_options,
    option_faults,
    wait_option_faults,
)
from serving.messages.forecast_protocol import BedQuestion, EdState, ExplainOptions, WaitQuestion
from serving.messages.request_pseudonyms import pseudonymised

__all__ = [
    "BedDemandRequest",
    "ClockRequest",
    "DecisionRequest",
    "ObservationsRequest",
    "VisitToForecast",
    "WaitTimeRequest",
    "bed_question",
    "clock_request",
    "decision_request",
    "language_warnings",
    "observed_rows",
    "wait_question",
    "words_of_person",
]

MAX_VISITS, MAX_UNITS, MAX_HORIZONS, MAX_ROWS = 1_000, 100, 20, 10_000
MAX_HORIZON_HOURS = 24 * 366
_LONGEST_WAIT_DAYS = 7
HINDSIGHT = tuple(c.name for c in TABLES["visits"].columns if c.hindsight)


class Sent(BaseModel):
    """Base of all that is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Count = Annotated[float, Field(strict=True, ge=0, le=100_000, allow_inf_nan=False)]


class EdStateSent(Sent):
    """What the sender sees of its emergency department now, laid over what is stored."""

    waiting: Count | None = None
    boarding: Count | None = None
    staff: Count | None = None


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


_FILLERS = "\u115f\u1160\u3164\uffa0"
"""Letters of Unicode that nobody sees."""


def words_of_person(value: str) -> str:
    """Words that say something, without control characters; for pydantic.

    A letter or digit that is seen must be in them: blanks without width, a dash or a full stop are no reason.
    """
    if not any(c.isalnum() and c not in _FILLERS for c in value):
        raise PydanticCustomError("blank", "{words}", {"words": ""})
    if any(ord(c) < 32 and c not in "\n\t" for c in value):
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


def _unread(annotation: Any) -> Any:
    """A field's type with rows and times as anything: those the contracts read, which know every fault of them."""
    if annotation is datetime or (isinstance(annotation, type) and annotation in _ROW_MODELS):
        return Any
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[(_unread(arguments[0]), *arguments[1:])]
    if origin is list:
        return list[_unread(arguments[0])]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return reduce(or_, (_unread(a) for a in arguments))
    return annotation


def _envelope_of(body: type[BaseModel]) -> type[BaseModel]:
    """A declared body as it is validated first: rows and times are left to the contracts."""
    fields: dict[str, Any] = {}
    for name, declared in body.model_fields.items():
        field = copy(declared)
        field.annotation = _unread(declared.annotation)
        fields[name] = (field.annotation, field)
    return create_model(f"_{body.__name__}Envelope", __base__=Sent, **fields)


_ROW_MODELS = (VisitToForecast, *(model_of(name) for name in TABLES))
_WaitEnvelope = _envelope_of(WaitTimeRequest)
_BedEnvelope = _envelope_of(BedDemandRequest)
_ObservationsEnvelope = _envelope_of(ObservationsRequest)


@dataclass(frozen=True)
class Context:
    """What a body is read with: the service's now, the language if none is asked for, the pseudonyms' key."""

    now: int
    language: Language
    key: bytes


@dataclass(frozen=True)
class Asked:
    """A wait-time question, and the visits' ids as they were sent."""

    question: WaitQuestion
    visit_ids: tuple[str, ...]


def wait_question(body: object, context: Context) -> Asked:
    """The wait-time question in a body.

    Raises:
        Problem: 422 with every fault.
    """
    envelope, faults = _read(_WaitEnvelope, body)
    sent = _listed(body, "visits") if envelope is None else envelope.visits
    states: list[EdState | None] = []
    rows: list[object] = []
    for number, visit in enumerate(sent[:MAX_VISITS]):
        row, state, more = _visit(number, visit)
        rows.append(row)
        states.append(state)
        faults += more
    visits = _rows("visits", rows, context, "visits", faults)
    faults += _long_ago(visits, context.now)
    if envelope is not None:
        faults += option_faults(envelope.explain, context.now)
        faults += wait_option_faults(envelope.explain, len(sent))
    if faults or envelope is None:
        raise invalid(faults)
    ids = tuple(_id_as_sent(row) for row in rows)
    question = WaitQuestion(
        [pseudonymised(v, context.key) for v in visits], states, _options(envelope.explain, context)
    )
    return Asked(question, ids)


def _long_ago(visits: Sequence[Mapping[str, Any]], now: int) -> list[RequestFault]:
    """Arrivals of which nobody still waits: a forecast no shorter than the wait so far would be of days or years."""
    key = "problems.faults.long_ago"
    return [
        RequestFault(f"visits[{i}].arrived_at", "long_ago", key, {"n": _LONGEST_WAIT_DAYS})
        for i, visit in enumerate(visits)
        if now - int(visit["arrived_at"]) > _LONGEST_WAIT_DAYS * DAY
    ]


def _id_as_sent(row: object) -> str:
    """A valid visit's id before it is cleaned: the answer gives back what was sent."""
    return str(row["visit_id"]) if isinstance(row, dict) else ""


def _visit(number: int, visit: object) -> tuple[object, EdState | None, list[RequestFault]]:
    if not isinstance(visit, dict):
        return visit, None, []
    row, faults = dict(visit), []
    for name in HINDSIGHT:
        if row.pop(name, None) is not None:
            words = "problems.faults.hindsight_column"
            faults.append(RequestFault(f"visits[{number}].{name}", "hindsight_column", words))
    sent = row.pop("ed_state", None)
    if sent is None:
        return row, None, faults
    state, more = _read(EdStateSent, sent)
    faults += [
        RequestFault(_join(f"visits[{number}].ed_state", f.path), f.code, f.message, f.values) for f in more
    ]
    return row, None if state is None else EdState(state.waiting, state.boarding, state.staff), faults


def bed_question(body: object, context: Context) -> BedQuestion:
    """The bed-demand question in a body.

    Raises:
        Problem: 422 with every fault.
    """
    envelope, faults = _read(_BedEnvelope, body)
    sent = _listed(body, "observations") if envelope is None else envelope.observations or []
    at = _moment(body, context, faults)
    rows = _rows("census", sent[:MAX_ROWS], context, "observations", faults)
    if envelope is not None:
        if not envelope.units and not envelope.hospital:
            faults.append(RequestFault("units", "too_short", "problems.faults.no_unit"))
        faults += option_faults(envelope.explain, context.now)
        if envelope.hospital and _options(envelope.explain, context).further:
            faults.append(RequestFault("hospital", "of_units_only", "problems.faults.of_units_only"))
        faults += _repeats("units", envelope.units) + _repeats("horizons_hours", envelope.horizons_hours)
    if faults or envelope is None:
        raise invalid(faults)
    options = _options(envelope.explain, context)
    horizons = tuple(envelope.horizons_hours)
    return BedQuestion(tuple(envelope.units), horizons, at, rows, options, envelope.hospital)


def observed_rows(body: object, context: Context) -> dict[str, list[dict[str, Any]]]:
    """The rows in a body of observations by table, ids as pseudonyms.

    Raises:
        Problem: 422 with every fault.
    """
    envelope, faults = _read(_ObservationsEnvelope, body)
    found: dict[str, list[dict[str, Any]]] = {}
    total = 0
    for name in TABLES:
        sent = _listed(body, name)
        total += len(sent)
        if sent and total <= MAX_ROWS:
            found[name] = _rows(name, sent, context, name, faults)
    if total > MAX_ROWS:
        faults.append(RequestFault("", "too_many", "problems.faults.too_many_rows", {"n": MAX_ROWS}))
    if not total and not faults:
        faults.append(RequestFault("", "too_short", "problems.faults.no_row"))
    if faults or envelope is None:
        raise invalid(faults)
    return {name: [pseudonymised(r, context.key) for r in rows] for name, rows in found.items()}


def decision_request(body: object) -> DecisionRequest:
    """The decision in a body.

    Raises:
        Problem: 422 with every fault.
    """
    found, faults = _read(DecisionRequest, body)
    request: DecisionRequest | None = found
    if faults or request is None:
        raise invalid([_decision_fault(f) for f in faults])
    return request


def clock_request(body: object) -> ClockRequest:
    """The speed in a body.

    Raises:
        Problem: 422 with every fault.
    """
    found, faults = _read(ClockRequest, body)
    request: ClockRequest | None = found
    if faults or request is None:
        raise invalid(faults)
    return request


def _decision_fault(fault: RequestFault) -> RequestFault:
    if fault.code == "value_without_override":
        return RequestFault("value", fault.code, "problems.faults.value_without_override")
    if fault.code == "string_pattern_mismatch":
        return RequestFault(fault.path, "not_an_id", "problems.faults.not_an_id")
    return fault


def _read(model: type[BaseModel], body: object) -> tuple[Any, list[RequestFault]]:
    try:
        return model.model_validate(body), []
    except ValidationError as error:
        return None, schema_faults(error)


def _listed(body: object, name: str) -> list[Any]:
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, list) else []


_REPEATABLE = {("visits", "visits"), ("census", "observations")}
"""Rows that are kept when they are sent twice: each is answered, or named by its place where something is wrong."""


def _rows(
    table: str, rows: Sequence[object], context: Context, at: str, faults: list[RequestFault]
) -> list[dict[str, Any]]:
    try:
        return validate_rows(table, rows, context.now, at=at, keep_duplicates=(table, at) in _REPEATABLE)
    except ContractError as error:
        faults += row_faults(error)
        return []


def _moment(body: object, context: Context, faults: list[RequestFault]) -> int:
    sent = body.get("at") if isinstance(body, dict) else None
    if sent is None:
        return context.now
    try:
        at = instant(parse_time(sent)) if isinstance(sent, str) else None
    except TimeError as error:
        faults.append(RequestFault("at", error.code, "problems.faults.not_a_time"))
        return context.now
    if at is None:
        faults.append(RequestFault("at", "not_a_time", "problems.faults.not_a_time"))
    elif at > context.now:
        faults.append(RequestFault("at", "after_now", "problems.faults.after_now"))
    else:
        return at
    return context.now


def _repeats(name: str, values: Sequence[object]) -> list[RequestFault]:
    words = "problems.faults.repeated"
    return [
        RequestFault(f"{name}[{number}]", "repeated", words)
        for number, value in enumerate(values)
        if value in values[:number]
    ]


def _options(explain: Explain | None, context: Context) -> ExplainOptions:
    return explain_options(explain, context.language)


def language_warnings(body: object) -> tuple[str, ...]:
    """What is said to who asked, in a body that is right, for a language that is not there; empty for others."""
    explain = body.get("explain") if isinstance(body, dict) else None
    tag = explain.get("language") if isinstance(explain, dict) else None
    if not isinstance(tag, str):
        return ()
    language, known = spoken(tag)
    return () if known else (text("trust.language", language),)


def _join(path: str, rest: str) -> str:
    return f"{path}.{rest}" if rest else path
