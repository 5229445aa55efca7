"""POST /v1/wait-time and /v1/bed-demand: from a body to `ForecastService`, and from what it gives to an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from registry.record.request_keys import RepeatedError, earlier
from serving.errors import Problem
from serving.forecasting.forecast_service import RecordedForecasts
from serving.forecasting.prediction_record import as_answered, model_reference
from serving.gateway.endpoint import Call, Endpoint, Link
from serving.http.workers import Written
from serving.http.write_outcome import REPEATED
from serving.messages.answer_bodies import BedDemandAnswer, WaitTimeAnswer
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.forecast_questions import Asked, bed_question, language_warnings, wait_question
from serving.messages.request_bodies import BedDemandRequest, WaitTimeRequest

__all__ = ["BED_DEMAND", "ENDPOINTS", "WAIT_TIME"]

_ROLES = frozenset({"application", "operator", "admin"})
MEGABYTE = 1_048_576


def wait_time(call: Call) -> Response:
    """POST /v1/wait-time"""
    before = _before(call)
    if before is not None:
        return _waits_again(call, before)
    try:
        (answer,) = _wait_times([call])
    except Written as error:
        if isinstance(error.cause, RepeatedError):
            return _waits_again(call, error.cause.answer)
        raise error.cause from error
    if isinstance(answer, Exception):
        raise answer
    return answer


def _before(call: Call) -> Mapping[str, Any] | None:
    """What finds the answer again of a request that was sent before."""
    if call.key is None:
        return None
    with call.parts.engine.connect() as connection:
        return earlier(connection, call.key)


def _waits_again(call: Call, before: Mapping[str, Any]) -> Response:
    """The same body has the same visits, in the same order."""
    visit_ids = wait_question(call.body, call.parts.context()).visit_ids
    with call.parts.engine.connect() as connection:
        model, made = as_answered(connection, before["predictions"])
    predictions = [{**p, "visit_id": v} for p, v in zip(made, visit_ids, strict=True)]
    body = to_json({"model": model, "predictions": predictions, **_warnings(call)})
    return Response(body, media_type="application/json", headers=REPEATED)


def _beds_again(call: Call, before: Mapping[str, Any]) -> Response:
    with call.parts.engine.connect() as connection:
        model, made = as_answered(connection, before["predictions"])
    lists = {"forecasts": [p for p in made if "unit" in p]}
    if bed_question(call.body, call.parts.context()).hospital:
        lists["hospital"] = [p for p in made if "unit" not in p]
    return Response(
        to_json({"model": model, **lists, **_warnings(call)}), media_type="application/json", headers=REPEATED
    )


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
        recorded = parts.forecasts.wait_times(
            questions, context.now, calls[0].key if len(calls) == 1 else None
        )
        for (i, one), made in zip(asked.items(), recorded, strict=True):
            out[i] = made if isinstance(made, Problem) else _wait_answer(made, one.visit_ids, calls[i])
    return [out[i] for i in range(len(calls))]


def _wait_answer(made: RecordedForecasts[Any], visit_ids: Sequence[str], call: Call) -> Response:
    """Predictions with the visits' ids as they were sent; their record has pseudonyms."""
    triples = zip(made.ids, visit_ids, made.forecasts, strict=True)
    return _answer(
        made.model,
        predictions=[{"prediction_id": i, "visit_id": v, **f.body()} for i, v, f in triples],
        **_warnings(call),
    )


def bed_demand(call: Call) -> Response:
    """POST /v1/bed-demand"""
    parts, context = call.parts, call.parts.context()
    parts.releases.current("bed-demand")
    question = bed_question(call.body, context)
    before = _before(call)
    if before is not None:
        return _beds_again(call, before)
    try:
        units, hospital = parts.forecasts.bed_demand(call.caller, question, context.now, call.key)
    except RepeatedError as repeated:
        return _beds_again(call, repeated.answer)
    whole = {"hospital": _predictions(hospital)} if question.hospital else {}
    return _answer(units.model, forecasts=_predictions(units), **whole, **_warnings(call))


def _warnings(call: Call) -> dict[str, Sequence[str]]:
    """What is to be said of the request itself; no field of it where there is nothing."""
    warnings = language_warnings(call.body)
    return {"warnings": warnings} if warnings else {}


def _predictions(made: RecordedForecasts[Any]) -> list[dict[str, Any]]:
    return [{"prediction_id": i, **f.body()} for i, f in zip(made.ids, made.forecasts, strict=True)]


def _answer(model: LoadedModel, **lists: Sequence[Mapping[str, Any] | str]) -> Response:
    return Response(to_json({"model": model_reference(model), **lists}), media_type="application/json")


def _links(place: str) -> tuple[Link, ...]:
    """What can be asked about the first forecast of an answer, whose id stands in this place."""
    read = ("prediction", "explanation_html", "explanation_svg")
    asked = ("decide", "explanation", "counterfactual")
    of = {"prediction_id": place}
    return (*(Link(name, parameters=of) for name in read), *(Link(name, body=of) for name in asked))


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
    keyed=True,
    bulk=True,
    links=_links("/predictions/0/prediction_id"),
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
    keyed=True,
    bulk=True,
    links=_links("/forecasts/0/prediction_id"),
)
ENDPOINTS = (WAIT_TIME, BED_DEMAND)
