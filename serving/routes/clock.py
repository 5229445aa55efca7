"""The service's clock: what time it is for it, and how fast a simulated one runs. The real time is never set."""

from datetime import datetime

from pydantic import BaseModel
from starlette.responses import Response

from hospital.times import moment
from serving.errors import Problem
from serving.gateway.endpoint import Call, Endpoint, json_response
from serving.http.clock import Clock, DemoClock
from serving.messages.record_requests import clock_request
from serving.messages.request_bodies import ClockRequest

__all__ = ["ENDPOINTS"]

_FEEDERS = frozenset({"application", "operator", "admin"})
"""Who may send observations: a replay needs the time that they are received at."""


class ClockAnswer(BaseModel):
    """The service's clock.

    Attributes:
        now: the present, for the service.
        simulated: whether it is another time than the real one (VIGIE_CLOCK_START).
        speed: how many seconds of it pass in a real one.
    """

    now: datetime
    simulated: bool
    speed: float


def _answer(clock: Clock) -> Response:
    speed = clock.speed if isinstance(clock, DemoClock) else 1.0
    return json_response(ClockAnswer(now=moment(clock.now()), simulated=clock.simulated, speed=speed))


def clock(call: Call) -> Response:
    """GET /v1/clock"""
    return _answer(call.parts.clock)


def set_speed(call: Call) -> Response:
    """POST /v1/clock"""
    speed = clock_request(call.body).speed
    if not isinstance(call.parts.clock, DemoClock):
        raise Problem(
            409,
            "real_clock",
            "problems.real_clock",
        )
    call.parts.clock.run_at(speed)
    return _answer(call.parts.clock)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/clock",
        clock,
        "The service's time, and how fast it runs",
        roles=_FEEDERS,
        scope="observations",
        answer=ClockAnswer,
    ),
    Endpoint(
        "POST",
        "/v1/clock",
        set_speed,
        "How fast a simulated clock runs; the real time is never set",
        roles=_FEEDERS,
        scope="observations",
        body=ClockRequest,
        answer=ClockAnswer,
        problems=(409,),
        max_bytes=4_096,
    ),
)
