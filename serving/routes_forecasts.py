"""POST /v1/wait-time and /v1/bed-demand: question, forecasts, do they add up, the record, the answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from registry.database import writing
from registry.journal import append
from registry.tokens import Caller
from serving.answers import BedDemandAnswer, BedForecast, WaitForecast, WaitTimeAnswer
from serving.clock import system_time
from serving.endpoint import Call, Endpoint
from serving.errors import Problem
from serving.parts import Parts
from serving.predictions import does_not_add_up, model_reference, new_id, record
from serving.protocol import BedQuestion, LoadedModel, WaitQuestion
from serving.requests import BedDemandRequest, WaitTimeRequest, bed_question, wait_question

__all__ = ["BED_DEMAND", "ENDPOINTS", "WAIT_TIME", "forecast_beds", "forecast_waits"]

_ROLES = frozenset({"application", "operator", "admin"})
MEGABYTE = 1_048_576


def forecast_waits(
    parts: Parts, caller: Caller, question: WaitQuestion, now: int
) -> tuple[LoadedModel, list[WaitForecast], list[str]]:
    """Forecasts of visits, checked and recorded, with their ids."""
    model = parts.releases.current("wait-time")
    with parts.engine.connect() as connection:
        forecasts = parts.forecaster.wait_time(model, connection, question, now)
    pseudonyms = [json.dumps(v["visit_id"], ensure_ascii=False) for v in question.visits]
    heads = [f'"visit_id":{p},' for p in pseudonyms]
    asked = {
        "visits": [_known(v) for v in question.visits],
        "ed_states": [None if s is None else asdict(s) for s in question.ed_states],
        "explain": asdict(question.explain),
    }
    return model, forecasts, _keep(parts, caller, model, forecasts, heads, asked, now)


def forecast_beds(
    parts: Parts, caller: Caller, question: BedQuestion, now: int
) -> tuple[LoadedModel, list[BedForecast], list[str]]:
    """Forecasts of units and horizons, checked and recorded, with their ids."""
    model = parts.releases.current("bed-demand")
    with parts.engine.connect() as connection:
        forecasts = parts.forecaster.bed_demand(model, connection, question, now)
    asked = {
        "units": list(question.units),
        "horizons_hours": list(question.horizons_hours),
        "at": question.at,
        "observations": [_known(r) for r in question.observations],
        "explain": asdict(question.explain),
    }
    return model, forecasts, _keep(parts, caller, model, forecasts, [""] * len(forecasts), asked, now)


def _keep(
    parts: Parts,
    caller: Caller,
    model: LoadedModel,
    forecasts: Sequence[WaitForecast | BedForecast],
    heads: Sequence[str],
    asked: Mapping[str, Any],
    now: int,
) -> list[str]:
    wrong = does_not_add_up(forecasts)
    if wrong:
        _refuse(parts, caller, model, len(wrong), len(forecasts))
    ids = [new_id() for _ in forecasts]
    texts = [_text(i, head, f) for i, head, f in zip(ids, heads, forecasts, strict=True)]
    with writing(parts.engine) as connection:
        made = dict(zip(ids, texts, strict=True))
        record(connection, model, made, actor=caller.name, made_at=now, question=asked)
    for forecast in forecasts:
        parts.metrics.forecasts.labels(model.name, forecast.trust.status).inc()
    return ids


def _refuse(parts: Parts, caller: Caller, model: LoadedModel, wrong: int, total: int) -> None:
    subjects = {
        "model": model.name,
        "version": model.version,
        "digest": model.digest,
        "wrong": f"{wrong} of {total}",
    }
    with writing(parts.engine) as connection:
        append(
            connection,
            actor=caller.name,
            action="refuse to answer",
            subjects=subjects,
            reason="an explanation does not add up to the number it explains",
            now=system_time(),
        )
    raise Problem(
        500,
        "explanation_does_not_add_up",
        "An explanation does not add up to its forecast, so neither is served; the journal has an entry. "
        "Tell whoever runs the service; roll the model back.",
    )


def _text(prediction_id: str, head: str, forecast: WaitForecast | BedForecast) -> str:
    return f'{{"prediction_id":"{prediction_id}",{head}{forecast.model_dump_json()[1:]}'


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _answer(model: LoadedModel, name: str, texts: Sequence[str]) -> Response:
    content = f'{{"model":{model_reference(model).model_dump_json()},"{name}":[{",".join(texts)}]}}'
    return Response(content, media_type="application/json")


def wait_time(call: Call) -> Response:
    """POST /v1/wait-time"""
    parts, context = call.parts, call.parts.context()
    parts.releases.current("wait-time")  # nothing to say to the best of bodies without a release
    asked = wait_question(call.body, context)
    model, forecasts, ids = forecast_waits(parts, call.caller, asked.question, context.now)
    heads = [f'"visit_id":{json.dumps(v, ensure_ascii=False)},' for v in asked.visit_ids]
    texts = [_text(i, head, f) for i, head, f in zip(ids, heads, forecasts, strict=True)]
    return _answer(model, "predictions", texts)


def bed_demand(call: Call) -> Response:
    """POST /v1/bed-demand"""
    parts, context = call.parts, call.parts.context()
    parts.releases.current("bed-demand")
    question = bed_question(call.body, context)
    model, forecasts, ids = forecast_beds(parts, call.caller, question, context.now)
    return _answer(model, "forecasts", [_text(i, "", f) for i, f in zip(ids, forecasts, strict=True)])


WAIT_TIME = Endpoint(
    "POST",
    "/v1/wait-time",
    wait_time,
    "Minutes from arrival to first medical contact, with the reasons",
    roles=_ROLES,
    body=WaitTimeRequest,
    answer=WaitTimeAnswer,
    problems=(503,),
    max_bytes=2 * MEGABYTE,
    native=True,
)
BED_DEMAND = Endpoint(
    "POST",
    "/v1/bed-demand",
    bed_demand,
    "Beds needed per unit, hours to days ahead, with the reasons",
    roles=_ROLES,
    body=BedDemandRequest,
    answer=BedDemandAnswer,
    problems=(503,),
    max_bytes=2 * MEGABYTE,
    native=True,
)
ENDPOINTS = (WAIT_TIME, BED_DEMAND)
