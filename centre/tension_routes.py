"""GET /v1/tension, declared once."""

from starlette.responses import Response

from centre.tension.answers import TensionAnswer
from centre.tension.exceedance import hospital_exceedances, unit_exceedances
from centre.tension.indices import crowding_indices
from serving.interface.bed_forecasts import bed_forecasts
from serving.interface.live_record import record_at
from serving.interface.requests import Call, Endpoint, json_response, moment

__all__ = ["READERS", "TENSION"]

READERS = frozenset({"application", "operator", "board", "auditor", "admin"})


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


TENSION = Endpoint(
    "GET",
    "/v1/tension",
    tension,
    "How probably more beds are needed than have staff, and indices of crowding now; every forecast is recorded",
    roles=READERS,
    scope="centre",
    answer=TensionAnswer,
    once=True,
)
