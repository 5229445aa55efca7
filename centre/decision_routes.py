"""GET /v1/decisions: decisions on predictions and on recommendations, filtered, as JSON or as a table."""

from starlette.responses import Response

from centre.recommendations.decision_filter import FILTERS, filter_of, table_of
from centre.recommendations.history import DecisionsAnswer, decisions_of
from serving.interface.forms import WORDS_IN
from serving.interface.requests import Call, Endpoint, Parameter, json_response

__all__ = ["DECISIONS"]

_PAGE = 100


def list_decisions(call: Call) -> Response:
    """GET /v1/decisions"""
    wanted = filter_of(call)
    if call.query.get("format") == "csv":
        return table_of(call, wanted)
    after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", _PAGE))
    return json_response(decisions_of(call, wanted, after, limit))


DECISIONS = Endpoint(
    "GET",
    "/v1/decisions",
    list_decisions,
    "Decisions on predictions and on recommendations in the order of the journal, as JSON or as a table",
    roles=frozenset({"operator", "board", "auditor", "admin"}),
    scope="decisions",
    answer=DecisionsAnswer,
    parameters={
        "prediction_id": Parameter({"type": "string", "maxLength": 64}, "only those on this prediction"),
        **FILTERS,
        "format": Parameter({"type": "string", "enum": ["json", "csv"]}, "csv: all of them as a table"),
        "after": Parameter(
            {"type": "integer", "minimum": 0, "maximum": 10**18, "default": 0},
            "only those after this one: `next` of the page before",
        ),
        **WORDS_IN,
        "limit": Parameter(
            {"type": "integer", "minimum": 1, "maximum": 1_000, "default": _PAGE}, "how many at most"
        ),
    },
)
