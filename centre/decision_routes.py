"""GET /v1/decisions: decisions on predictions and on recommendations, filtered, as JSON or as a table."""

import re
from datetime import date

from starlette.responses import Response

from centre.recommendations.history import DecisionsAnswer, Filter, decisions_csv, decisions_of
from serving.interface.forms import WORDS_IN, csv_response, spoken_to
from serving.interface.requests import Call, Endpoint, Parameter, Problem, RequestFault, json_response

__all__ = ["DECISIONS", "FILTERS", "filter_of", "table_of"]

_PAGE = 100
_DAY_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY = {"type": "string", "pattern": f"^({_DAY_TEXT.pattern})?$", "maxLength": 10}
FILTERS = {
    "on": Parameter({"type": "string", "enum": ["", "predictions", "recommendations"]}, "only those of this kind"),
    "unit": Parameter({"type": "string", "maxLength": 64}, "only on recommendations of this unit; *: of the hospital"),
    "decision": Parameter(
        {"type": "string", "enum": ["", "accepted", "overridden", "rejected"]}, "only these"
    ),
    "person": Parameter({"type": "string", "maxLength": 200}, "only those that this person decided or signed"),
    "since": Parameter(_DAY, "from this day on, by the hospital's clock, as 2026-01-31"),
    "until": Parameter(_DAY, "to this day, which is included"),
}  # fmt: skip


def list_decisions(call: Call) -> Response:
    """GET /v1/decisions"""
    wanted = filter_of(call)
    if call.query.get("format") == "csv":
        return table_of(call, wanted)
    after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", _PAGE))
    return json_response(decisions_of(call, wanted, after, limit))


def table_of(call: Call, wanted: Filter) -> Response:
    """All that a filter lets through, as a file."""
    return csv_response(
        decisions_csv(decisions_of(call, wanted, limit=100_000), spoken_to(call)), "decisions.csv"
    )


def filter_of(call: Call) -> Filter:
    """The filter in a query; an empty field of a form is none.

    Raises:
        Problem: 422, with every fault of it.
    """
    given = {name: value for name, value in call.query.items() if value}
    days: dict[str, date] = {}
    faults = []
    for name in ("since", "until"):
        try:
            if name in given:
                days[name] = _day(given[name])
        except ValueError:
            faults.append(RequestFault(f"query.{name}", "not_a_day", "problems.faults.not_a_day"))
    if len(days) == 2 and days["since"] > days["until"]:
        faults.append(RequestFault("query.until", "before_since", "problems.faults.before_since"))
    if faults:
        raise Problem(422, "invalid_request", "problems.invalid_query", faults=faults)
    names = ("prediction_id", "on", "unit", "decision", "person")
    return Filter(**{name: given.get(name) for name in names}, **days)  # type: ignore[arg-type]


def _day(text: str) -> date:
    """A day as it is documented: Python itself takes weeks and days without dashes, too; ValueError: it is none."""
    if not _DAY_TEXT.fullmatch(text):
        raise ValueError
    return date.fromisoformat(text)


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
