"""POST /v1/wait-time and /v1/bed-demand: question, forecasts, do they add up, the record, the answer.

Wait times that are asked for at the same moment are computed and recorded together: one look at the hospital, one
pass over the trees, one durable commit. Each caller's answer is the one it would have had alone.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from registry.record.database import writing_on
from registry.record.journal import Draft, append_all
from registry.record.tokens import Caller
from serving.errors import Problem
from serving.forecasting.prediction_record import (
    Forecast,
    Made,
    does_not_add_up,
    model_reference,
    new_id,
    record,
)
from serving.gateway.endpoint import Call, Endpoint
from serving.gateway.service_parts import Parts
from serving.http.clock import system_time
from serving.http.workers import Written
from serving.messages.answer_bodies import (
    BedDemandAnswer,
    BedForecast,
    HospitalForecast,
    WaitForecast,
    WaitTimeAnswer,
)
from serving.messages.forecast_protocol import BedQuestion, LoadedModel, WaitQuestion
from serving.messages.request_bodies import (
    Asked,
    BedDemandRequest,
    WaitTimeRequest,
    bed_question,
    wait_question,
)
from serving.releases.monitored_alarms import degraded

__all__ = ["BED_DEMAND", "ENDPOINTS", "WAIT_TIME", "forecast_beds", "forecast_waits"]

_ROLES = frozenset({"application", "operator", "admin"})
MEGABYTE = 1_048_576
_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True)
class _Forecasts:
    """What was computed for one caller: forecasts, the heads of their record, and the question as it is kept."""

    caller: Caller
    forecasts: Sequence[Forecast]
    heads: Sequence[str]
    asked: Mapping[str, Any]


@dataclass(frozen=True)
class _Kept:
    """Recorded forecasts: their ids, and each as JSON without its opening brace."""

    ids: Sequence[str]
    tails: Sequence[str]


def forecast_waits(
    parts: Parts, caller: Caller, question: WaitQuestion, now: int
) -> tuple[LoadedModel, list[WaitForecast], Sequence[str]]:
    """Forecasts of visits, checked and recorded, with their ids."""
    model = parts.releases.current("wait-time")
    with parts.engine.connect() as connection:
        (forecasts,) = _compute_waits(parts, connection, model, [question], now)
        (kept,) = _keep(parts, connection, model, [_of_waits(caller, question, forecasts)], now)
    return model, forecasts, _or_raise(kept).ids


def forecast_beds(
    parts: Parts, caller: Caller, question: BedQuestion, now: int
) -> tuple[LoadedModel, list[BedForecast], Sequence[str]]:
    """Forecasts of units and horizons, checked and recorded, with their ids."""
    model, forecasts, _, kept = _beds(parts, caller, question, now)
    return model, forecasts, kept.ids[: len(forecasts)]


def _beds(
    parts: Parts, caller: Caller, question: BedQuestion, now: int
) -> tuple[LoadedModel, list[BedForecast], list[HospitalForecast], _Kept]:
    """The units' forecasts and those of the whole hospital, recorded in this order."""
    model = parts.releases.current("bed-demand")
    forecasts: list[BedForecast] = []
    hospital: list[HospitalForecast] = []
    asked = {
        "units": list(question.units),
        "horizons_hours": list(question.horizons_hours),
        "at": question.at,
        "observations": [_known(r) for r in question.observations],
        "hospital": question.hospital,
        "explain": dict(vars(question.explain)),
    }
    with parts.engine.connect() as connection:
        language = question.explain.language
        if question.units:
            forecasts = degraded(
                parts.forecaster.bed_demand(model, connection, question, now), model.alarms, language
            )
        if question.hospital:
            hospital = degraded(
                parts.forecaster.hospital(model, connection, question, now), model.alarms, language
            )
        both: list[Forecast] = [*forecasts, *hospital]
        found = _Forecasts(caller, both, [""] * len(both), asked)
        (kept,) = _keep(parts, connection, model, [found], now)
    return model, forecasts, hospital, _or_raise(kept)


def _compute_waits(
    parts: Parts, connection: Connection, model: LoadedModel, questions: Sequence[WaitQuestion], now: int
) -> list[list[WaitForecast]]:
    """The forecasts of each question; those that want the same reasons are asked as one."""
    out: list[list[WaitForecast]] = [[] for _ in questions]
    for explain in dict.fromkeys(q.explain for q in questions):
        mine = [i for i, q in enumerate(questions) if q.explain == explain]
        visits = [v for i in mine for v in questions[i].visits]
        ed_states = list(chain.from_iterable(questions[i].ed_states for i in mine))
        whole = WaitQuestion(visits, ed_states, explain)
        made = parts.forecaster.wait_time(model, connection, whole, now)
        forecasts = iter(degraded(made, model.alarms, explain.language))
        for i in mine:
            out[i] = [next(forecasts) for _ in questions[i].visits]
    return out


def _of_waits(caller: Caller, question: WaitQuestion, forecasts: Sequence[WaitForecast]) -> _Forecasts:
    asked = {
        "visits": [_known(v) for v in question.visits],
        "ed_states": [None if s is None else dict(vars(s)) for s in question.ed_states],
        "explain": dict(vars(question.explain)),
    }
    return _Forecasts(caller, forecasts, [_visit(v["visit_id"]) for v in question.visits], asked)


def _keep(
    parts: Parts, connection: Connection, model: LoadedModel, found: Sequence[_Forecasts], now: int
) -> list[_Kept | Problem]:
    """Records what each caller gets, all in one transaction; who would get a sum that is off gets none."""
    out: list[_Kept | Problem] = []
    made, refusals = [], []
    for one in found:
        wrong = does_not_add_up(one.forecasts)
        if wrong:
            refusals.append(_refusal(one, model, len(wrong)))
            out.append(_does_not_add_up())
            continue
        kept = _Kept([new_id() for _ in one.forecasts], [f.json()[1:] for f in one.forecasts])
        texts = map(_text, kept.ids, one.heads, kept.tails)
        made.append(Made(dict(zip(kept.ids, texts, strict=True)), one.caller.name, one.asked))
        out.append(kept)
    with writing_on(connection):
        append_all(connection, refusals, now=system_time())
        record(connection, model, made, made_at=now)
    told = Counter(
        f.trust["status"]
        for one, kept in zip(found, out, strict=True)
        if isinstance(kept, _Kept)
        for f in one.forecasts
    )
    for status, number in told.items():
        parts.metrics.forecasts.labels(model.name, status).inc(number)
    return out


def _or_raise(kept: _Kept | Problem) -> _Kept:
    if isinstance(kept, Problem):
        raise kept
    return kept


def _refusal(found: _Forecasts, model: LoadedModel, wrong: int) -> Draft:
    subjects = {
        "model": model.name,
        "version": model.version,
        "digest": model.digest,
        "wrong": f"{wrong} of {len(found.forecasts)}",
    }
    reason = "an explanation does not add up to the number it explains"
    return Draft(found.caller.name, "refuse to answer", subjects, reason)


def _does_not_add_up() -> Problem:
    return Problem(
        500,
        "explanation_does_not_add_up",
        "An explanation does not add up to its forecast, so neither is served; the journal has an entry. "
        "Tell whoever runs the service; roll the model back.",
    )


def _text(prediction_id: str, head: str, tail: str) -> str:
    return f'{{"prediction_id":"{prediction_id}",{head}{tail}'


def _visit(visit_id: str) -> str:
    return f'"visit_id":{_AS_JSON(visit_id)},'


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _answer(model: LoadedModel, **texts: Sequence[str]) -> Response:
    lists = "".join(f',"{name}":[{",".join(found)}]' for name, found in texts.items())
    content = f'{{"model":{model_reference(model)}{lists}}}'
    return Response(content, media_type="application/json")


def wait_time(call: Call) -> Response:
    """POST /v1/wait-time"""
    try:
        (answered,) = _wait_times([call])
    except Written as error:
        raise error.cause from error
    if isinstance(answered, Exception):
        raise answered
    return answered


def _wait_times(calls: Sequence[Call]) -> list[Response | Exception]:
    """The answers of several calls, computed and recorded together; who asks wrongly is told so alone."""
    parts = calls[0].parts
    context = parts.context()
    model = parts.releases.current("wait-time")  # nothing to say to the best of bodies without a release
    asked: dict[int, Asked] = {}
    out: dict[int, Response | Exception] = {}
    for i, call in enumerate(calls):
        try:
            asked[i] = wait_question(call.body, context)
        except Problem as problem:
            out[i] = problem
    if asked:
        questions = [a.question for a in asked.values()]
        with parts.engine.connect() as connection:
            computed = _compute_waits(parts, connection, model, questions, context.now)
            found = [
                _of_waits(calls[i].caller, q, f) for i, q, f in zip(asked, questions, computed, strict=True)
            ]
            try:
                recorded = _keep(parts, connection, model, found, context.now)
            except Exception as error:
                raise Written(error) from error
        for (i, one), kept in zip(asked.items(), recorded, strict=True):
            if isinstance(kept, Problem):
                out[i] = kept
            else:
                heads = map(_visit, one.visit_ids)
                out[i] = _answer(model, predictions=list(map(_text, kept.ids, heads, kept.tails)))
    return [out[i] for i in range(len(calls))]


def bed_demand(call: Call) -> Response:
    """POST /v1/bed-demand"""
    parts, context = call.parts, call.parts.context()
    parts.releases.current("bed-demand")
    question = bed_question(call.body, context)
    model, forecasts, _, kept = _beds(parts, call.caller, question, context.now)
    texts = [_text(i, "", t) for i, t in zip(kept.ids, kept.tails, strict=True)]
    whole = {"hospital": texts[len(forecasts) :]} if question.hospital else {}
    return _answer(model, forecasts=texts[: len(forecasts)], **whole)


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
    together=_wait_times,
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
