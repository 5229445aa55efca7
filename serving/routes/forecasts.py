"""POST /v1/wait-time and /v1/bed-demand: from a body to `ForecastService`, and from what it gives to an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from serving.errors import Problem
from serving.forecasting.forecast_service import RecordedForecasts
from serving.forecasting.prediction_record import model_reference
from serving.gateway.endpoint import Call, Endpoint
from serving.http.workers import Written
from serving.messages.answer_bodies import BedDemandAnswer, WaitTimeAnswer
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.request_bodies import (
    Asked,
    BedDemandRequest,
    WaitTimeRequest,
    bed_question,
    wait_question,
)

__all__ = ["BED_DEMAND", "ENDPOINTS", "WAIT_TIME"]

_ROLES = frozenset({"application", "operator", "admin"})
MEGABYTE = 1_048_576


def wait_time(call: Call) -> Response:
    """POST /v1/wait-time"""
    try:
        (answer,) = _wait_times([call])
    except Written as error:
        raise error.cause from error
    if isinstance(answer, Exception):
        raise answer
    return answer


def _wait_times(calls: Sequence[Call]) -> list[Response | Exception]:
    """The answers of several calls, computed and recorded together; who asks wrongly hears so alone."""
    parts = calls[0].parts
    context = parts.context()
    parts.releases.current("wait-time")  # nothing to say to the best of bodies without a release
    asked: dict[int, Asked] = {}
    out: dict[int, Response | Exception] = {}
    for i, call in enumerate(calls):
        try:
            asked[i] = wait_question(call.body, context)
        except Problem as problem:
            out[i] = problem
    if asked:
        questions = [(calls[i].caller, a.question) for i, a in asked.items()]
        recorded = parts.forecasts.wait_times(questions, context.now)
        for (i, one), made in zip(asked.items(), recorded, strict=True):
            out[i] = made if isinstance(made, Problem) else _wait_answer(made, one.visit_ids)
    return [out[i] for i in range(len(calls))]


def _wait_answer(made: RecordedForecasts[Any], visit_ids: Sequence[str]) -> Response:
    """Predictions with the visits' ids as they were sent; their record has pseudonyms."""
    triples = zip(made.ids, visit_ids, made.forecasts, strict=True)
    return _answer(
        made.model,
        predictions=[{"prediction_id": i, "visit_id": v, **f.body()} for i, v, f in triples],
    )


def bed_demand(call: Call) -> Response:
    """POST /v1/bed-demand"""
    parts, context = call.parts, call.parts.context()
    parts.releases.current("bed-demand")
    question = bed_question(call.body, context)
    units, hospital = parts.forecasts.bed_demand(call.caller, question, context.now)
    whole = {"hospital": _predictions(hospital)} if question.hospital else {}
    return _answer(units.model, forecasts=_predictions(units), **whole)


def _predictions(made: RecordedForecasts[Any]) -> list[dict[str, Any]]:
    return [{"prediction_id": i, **f.body()} for i, f in zip(made.ids, made.forecasts, strict=True)]


def _answer(model: LoadedModel, **lists: Sequence[Mapping[str, Any]]) -> Response:
    return Response(to_json({"model": model_reference(model), **lists}), media_type="application/json")


WAIT_TIME = Endpoint(
    "POST",
    "/v1/wait-time",
    wait_time,
    "Minutes from arrival to first medical contact, with the reasons",
    roles=_ROLES,
    scope="wait-time",
    body=WaitTimeRequest,
    answer=WaitTimeAnswer,
    problems=(503,),
    max_bytes=2 * MEGABYTE,
    native=True,
    together=_wait_times,
)
BED_DEMAND = Endpoint(
    "POST",
    "/v1/bed-demand",
    bed_demand,
    "Beds needed per unit, hours to days ahead, with the reasons",
    roles=_ROLES,
    scope="bed-demand",
    body=BedDemandRequest,
    answer=BedDemandAnswer,
    problems=(503,),
    max_bytes=2 * MEGABYTE,
    native=True,
)
ENDPOINTS = (WAIT_TIME, BED_DEMAND)
