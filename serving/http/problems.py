"""Problem details (RFC 9457) as responses: every fault with its path, never a value that was sent."""

import json
import re
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import Response

from hospital.contracts.fault_words import has_words, message_of
from hospital.contracts.request_models import fault_code
from hospital.contracts.tables import TABLES
from hospital.errors import ContractError, Fault
from serving.errors import Problem, RequestFault

__all__ = ["PROBLEM_JSON", "ProblemBody", "invalid", "problem_response", "row_faults", "schema_faults"]

_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_KNOWN_NAMES = {c.name for table in TABLES.values() for c in table.columns} | {
    *TABLES,
    "covariates",
    "received_at",
}
"""Names that a path may show wherever they were sent. Any other key is the sender's word: it may be a person's name."""
PROBLEM_JSON = "application/problem+json"
_TITLES = {
    400: "The request cannot be read",
    401: "A token is needed",
    403: "The token's roles do not allow this",
    404: "There is nothing here",
    405: "The method is not for this address",
    406: "Not in this form",
    408: "The body did not come in time",
    409: "It contradicts what is stored",
    413: "The body is too large",
    415: "The content type is not accepted",
    422: "The request breaks its contract",
    429: "Too many requests at once",
    431: "The address is too long",
    500: "The service failed",
    503: "The service cannot answer now",
}
_WORDS = {
    "too_short": "it is empty; send at least one",
    "too_many": "there are more than the limit; send fewer at a time",
    "not_a_list": "a list is expected",
    "unknown_field": "there is no such field here; remove it",
    "not_true_or_false": "true or false is expected",
}
_CODES = {
    "too_long": "too_many",
    "list_type": "not_a_list",
    "tuple_type": "not_a_list",
    "extra_forbidden": "unknown_field",
    "bool_type": "not_true_or_false",
    "int_type": "not_an_integer",
    "int_from_float": "not_an_integer",
    "greater_than": "out_of_range",
    "string_too_long": "too_long",
    "string_too_short": "blank",
}


class FaultBody(BaseModel):
    """One fault of a request."""

    model_config = ConfigDict(extra="forbid")
    path: str
    code: str
    message: str


class ProblemBody(BaseModel):
    """A problem detail (RFC 9457); `code` is stable, `errors` has every fault at once."""

    model_config = ConfigDict(extra="forbid")
    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[FaultBody]


def problem_response(problem: Problem, request_id: str) -> Response:
    """A problem's response."""
    body = {
        "type": f"urn:vigie:problem:{problem.code}",
        "title": _TITLES.get(problem.status, "The request failed"),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "request_id": request_id,
        "errors": [f.__dict__ for f in problem.faults],
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    return Response(content, problem.status, problem.headers, media_type=PROBLEM_JSON)


def invalid(faults: Iterable[RequestFault]) -> Problem:
    """The problem of a request that breaks its contract."""
    found = tuple(faults)
    words = "one fault" if len(found) == 1 else f"{len(found)} faults"
    return Problem(422, "invalid_request", f"The request has {words}, listed under errors.", faults=found)


def row_faults(error: ContractError) -> list[RequestFault]:
    """The faults of rows that break a table's contract."""
    return [_row_fault(f) for f in error.faults]


def _row_fault(fault: Fault) -> RequestFault:
    row, dot, names = fault.path.partition("].")
    shown = ".".join(name if name in _KNOWN_NAMES else "?" for name in names.split("."))
    return RequestFault(f"{row}{dot}{shown}" if dot else row, fault.code, fault.message)


def schema_faults(error: ValidationError) -> list[RequestFault]:
    """The faults of a body that breaks its pydantic model."""
    found = []
    for entry in error.errors(include_url=False, include_input=False, include_context=False):
        code = entry["type"]
        code = _CODES.get(code) or fault_code(code)
        message = _WORDS.get(code) or (message_of(code) if has_words(code) else entry_words(code))
        loc = entry["loc"]
        if code == "unknown_field" and loc[-1] not in _KNOWN_NAMES:
            loc = (*loc[:-1], "?")
        found.append(RequestFault(_path(loc), code, message))
    return found


def entry_words(code: str) -> str:
    """Words for a code that has none of its own."""
    return code.replace("_", " ")


def _path(loc: tuple[int | str, ...]) -> str:
    path = ""
    for part in loc:
        name = part if isinstance(part, int) or _FIELD.fullmatch(part) else "?"
        path += f"[{name}]" if isinstance(part, int) else f".{name}" if path else str(name)
    return path
