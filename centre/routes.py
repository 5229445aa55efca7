"""The routes of the command centre, each declared once; what mounts them beside serving's stands above (`assembly`)."""

from starlette.responses import Response

from centre import recommendation_routes
from centre.decision_routes import DECISIONS
from centre.flows.answers import FlowsAnswer
from centre.flows.hospital import flows_of
from centre.pages import decision_queue, history
from centre.pages.pilotage import LIVE, PILOTAGE
from centre.pages.practice_page import ENDPOINTS as PRACTICE_PAGES
from centre.pages.unit_page import UNIT
from centre.practice_routes import ENDPOINTS as PRACTICE
from centre.tension_routes import READERS, TENSION
from serving.interface.live_record import record_at
from serving.interface.requests import AS_OF, Call, Endpoint, as_of, json_response

__all__ = ["ENDPOINTS"]


def flows(call: Call) -> Response:
    """GET /v1/flows"""
    return json_response(flows_of(record_at(call.parts, as_of(call))))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/flows",
        flows,
        "The three flows as they are known: emergency, beds, theatres; null is not known",
        roles=READERS,
        scope="centre",
        answer=FlowsAnswer,
        parameters={"as_of": AS_OF},
    ),
    TENSION,
    *recommendation_routes.ENDPOINTS,
    DECISIONS,
    PILOTAGE,
    *decision_queue.ENDPOINTS,
    LIVE,
    UNIT,
    *PRACTICE,
    *PRACTICE_PAGES,
    *history.ENDPOINTS,
)
