"""The routes of the command centre, each declared once; what mounts them beside serving's stands above (`assembly`)."""

from starlette.responses import Response

from centre.flows.answers import FlowsAnswer
from centre.flows.hospital import flows_of
from centre.tension.answers import TensionAnswer
from centre.tension.exceedance import hospital_exceedances, unit_exceedances
from centre.tension.indices import crowding_indices
from serving.interface.bed_forecasts import bed_forecasts
from serving.interface.live_record import record_at
from serving.interface.requests import AS_OF, Call, Endpoint, as_of, json_response, moment

__all__ = ["ENDPOINTS"]

_READERS = frozenset({"application", "operator", "board", "auditor", "admin"})


def flows(call: Call) -> Response:
    """GET /v1/flows"""
    return json_response(flows_of(record_at(call.parts, as_of(call))))


def tension(call: Call) -> Response:
    """GET /v1/tension"""
    now = call.parts.clock.now()
    forecasts = bed_forecasts(call.parts, call.caller, now)
    return json_response(
        TensionAnswer(
            at=moment(now),
            unavailable=forecasts.unavailable,
            units=unit_exceedances(forecasts),
            hospital=hospital_exceedances(forecasts),
            indices=crowding_indices(record_at(call.parts, now)),
        )
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/flows",
        flows,
        "The three flows as they are known: emergency, beds, theatres; null is not known",
        roles=_READERS,
        scope="centre",
        answer=FlowsAnswer,
        parameters={"as_of": AS_OF},
    ),
    Endpoint(
        "GET",
        "/v1/tension",
        tension,
        "How probably more beds are needed than have staff, and indices of crowding now; every forecast is recorded",
        roles=_READERS,
        scope="centre",
        answer=TensionAnswer,
        once=True,
    ),
)
