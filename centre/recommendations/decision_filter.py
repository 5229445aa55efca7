"""Which decisions a query asks for, and those as a file: the same for the API and the page Historique."""

import re
from datetime import date

from starlette.responses import Response

from centre.recommendations.history import Filter, decisions_csv, decisions_of
from serving.interface.forms import csv_response, spoken_to
from serving.interface.requests import Call, Parameter, Problem, RequestFault

__all__ = ["FILTERS", "filter_of", "table_of"]

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
