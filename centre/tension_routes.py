"""GET /v1/tension, declared once."""

from datetime import datetime

from pydantic import BaseModel
from starlette.responses import Response

from centre.flows.hospital import flows_of
from centre.levels.answers import LevelsAnswer, levels_answer
from centre.levels.hospital_levels import hospital_levels, policy_in_force
from centre.tension.answers import CrowdingIndex, Exceedance
from centre.tension.exceedance import hospital_exceedances, unit_exceedances
from centre.tension.indices import crowding_indices
from serving.interface.bed_forecasts import bed_forecasts
from serving.interface.installation import levels_file
from serving.interface.live_record import record_at
from serving.interface.requests import Call, Endpoint, json_response, moment

__all__ = ["READERS", "TENSION", "TensionAnswer"]

READERS = frozenset({"application", "operator", "board", "auditor", "admin"})


class TensionAnswer(BaseModel):
    """Tension ahead, crowding now, and the levels that they reach.

    Attributes:
        at: the present.
        unavailable: the code of why there is no forecast, or null.
        units: the units' exceedances, the most probable first.
        hospital: the hospital total's, the nearest horizon first; empty where the release has none.
        indices: of the emergency department now.
        levels: of the hospital and of its units, now and ahead, by the hospital's policy.
    """

    at: datetime
    unavailable: str | None
    units: tuple[Exceedance, ...]
    hospital: tuple[Exceedance, ...]
    indices: tuple[CrowdingIndex, ...]
    levels: LevelsAnswer


def tension(call: Call) -> Response:
    """GET /v1/tension"""
    now = call.parts.clock.now()
    forecasts, record = bed_forecasts(call.parts, call.caller, now), record_at(call.parts, now)
    units, hospital = unit_exceedances(forecasts), hospital_exceedances(forecasts)
    indices = crowding_indices(record)
    in_force = policy_in_force(levels_file(call.parts))
    return json_response(
        TensionAnswer(
            at=moment(now),
            unavailable=forecasts.unavailable,
            units=units,
            hospital=hospital,
            indices=indices,
            levels=levels_answer(hospital_levels(in_force, flows_of(record), indices, units, hospital)),
        )
    )


TENSION = Endpoint(
    "GET",
    "/v1/tension",
    tension,
    "How probably more beds are needed than have staff, indices of crowding now, and levels by the hospital's policy; "
    "every forecast is recorded",
    roles=READERS,
    scope="centre",
    answer=TensionAnswer,
    once=True,
)
