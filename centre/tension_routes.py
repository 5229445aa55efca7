"""GET /v1/tension, declared once."""

from datetime import datetime

from pydantic import BaseModel
from starlette.responses import Response

from centre.levels.answers import LevelsAnswer, levels_answer
from centre.levels.levels_now import levels_now
from centre.tension.answers import CrowdingIndex, Exceedance, GroupExceedance
from centre.tension.boarding_answer import BoardingAnswer, boarding_answer
from centre.tension.exceedance import group_exceedances
from centre.tension.on_its_way import OnItsWay, demand_on_its_way, with_those_present
from serving.interface.bed_forecasts import bed_forecasts, unit_groups
from serving.interface.group_forecasts import group_forecasts
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
        groups: the unit groups', by group and horizon.
        on_its_way: admissions expected of those now in the emergency department.
        boarding: how probably more patients will wait there for a bed than the threshold that was learned.
        indices: of the emergency department now.
        levels: of the hospital and of its units, now and ahead, by the hospital's policy.
    """

    at: datetime
    unavailable: str | None
    units: tuple[Exceedance, ...]
    hospital: tuple[Exceedance, ...]
    groups: tuple[GroupExceedance, ...]
    on_its_way: OnItsWay
    boarding: BoardingAnswer
    indices: tuple[CrowdingIndex, ...]
    levels: LevelsAnswer


def tension(call: Call) -> Response:
    """GET /v1/tension"""
    now = call.parts.clock.now()
    forecasts = bed_forecasts(call.parts, call.caller, now)
    seen = levels_now(call.parts, forecasts, now)
    way = demand_on_its_way(call.parts, seen.record)
    return json_response(
        TensionAnswer(
            at=moment(now),
            unavailable=forecasts.unavailable,
            units=with_those_present(seen.units, way),
            hospital=with_those_present(seen.hospital, way),
            groups=group_exceedances(forecasts, unit_groups(call.parts), group_forecasts(call.parts)),
            on_its_way=way,
            boarding=boarding_answer(seen.levels.boarding),
            indices=seen.indices,
            levels=levels_answer(seen.levels),
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
