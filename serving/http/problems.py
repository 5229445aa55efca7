"""Problem details (RFC 9457) as responses: every fault with its path, never a value that was sent."""

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import Response

from hospital.contracts.column_faults import fault_code
from hospital.contracts.request_models import MOST_FAULTS
from hospital.contracts.tables import TABLES
from hospital.errors import ContractError, Fault
from hospital.words.catalogue import has_text, text
from hospital.words.fault_texts import FaultText
from hospital.words.language import Language
from hospital.words.messages import InWords
from serving.errors import Problem, RequestFault, by_cause

__all__ = [
    "PROBLEM_JSON",
    "ProblemBody",
    "invalid",
    "problem_response",
    "row_faults",
    "schema_faults",
    "title_of",
]

_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_KNOWN_NAMES = {c.name for table in TABLES.values() for c in table.columns} | {
    *TABLES,
    "covariates",
    "received_at",
}
"""Names that a path may show wherever they were sent. Any other key is the sender's word: it may be a person's name."""
_NEAR = 0.75
"""How alike two names are of which one is probably meant for the other (`difflib`)."""
_MOST_LOOKED_UP = 50
"""Names of one request for which the one that was meant is looked for: it takes as long as reading fifty of them."""
PROBLEM_JSON = "application/problem+json"
_OWN_WORDS = frozenset(
    {"too_short", "too_many", "not_a_list", "not_a_reference", "unknown_field", "not_true_or_false"}
)
"""Codes of a body's shape that have a text of their own; others have those of the tables."""
_OF_REQUESTS = {
    "naive_time": "no_zone",
    "not_a_time": "not_a_time",
    "year_of_never": "year_of_never",
    "not_a_number": "not_a_number",
}
"""Texts of codes that speak of a mapping where tables have them: a request has none."""
_LIMITS = {"ge": "at_least", "gt": "above", "le": "at_most", "lt": "below"}
"""Texts of a number's limit, by what pydantic calls it."""
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
    """One fault of a request; what is wrong alike in more than three rows stands once, at the first, with its count."""

    model_config = ConfigDict(extra="forbid")
    path: str
    code: str
    message: str


class ProblemBody(BaseModel):
    """A problem detail (RFC 9457); `code` is stable, `errors` has everything that is wrong at once."""

    model_config = ConfigDict(extra="forbid")
    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[FaultBody]


def problem_response(problem: Problem, request_id: str, language: Language = "en") -> Response:
    """A problem's response: title, detail and messages in a language, codes and paths as they are in all."""
    body = {
        "type": f"urn:vigie:problem:{problem.code}",
        "title": title_of(problem, language),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.words(language),
        "request_id": request_id,
        "errors": [{"path": f.path, "code": f.code, "message": f.words(language)} for f in problem.faults],
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    return Response(content, problem.status, problem.headers, media_type=PROBLEM_JSON)


def title_of(problem: Problem, language: Language) -> str:
    """What kind of problem it is, by its status."""
    title = f"problems.titles.{problem.status}"
    return text(title if has_text(title) else "problems.titles.other", language)


def invalid(faults: Iterable[RequestFault]) -> Problem:
    """The problem of a request that breaks its contract."""
    every = list(faults)
    if len(every) >= MOST_FAULTS:
        cut = {"n": MOST_FAULTS}
        every.append(RequestFault("", "too_many_faults", "problems.faults.too_many_faults", cut))
    found = by_cause(every)
    return Problem(422, "invalid_request", "problems.invalid_request", faults=found, n=len(found))


def row_faults(error: ContractError) -> list[RequestFault]:
    """The faults of rows that break a table's contract."""
    meant = _Meant()
    return [_row_fault(f, meant) for f in error.faults]


def _row_fault(fault: Fault, meant: "_Meant") -> RequestFault:
    row, dot, names = fault.path.partition("].")
    shown = ".".join(name if name in _KNOWN_NAMES else "?" for name in names.split("."))
    path = f"{row}{dot}{shown}" if dot else row
    if fault.code in _OF_REQUESTS:
        return RequestFault(path, fault.code, f"problems.faults.{_OF_REQUESTS[fault.code]}")
    if fault.code.startswith("before_"):
        earlier = {"earlier": fault.code.removeprefix("before_")}
        return RequestFault(path, fault.code, "problems.faults.before", earlier)
    if fault.code == "unknown_column":
        return RequestFault(path, fault.code, *_unknown("unknown_column", names, meant))
    return RequestFault(path, fault.code, fault)


class _Meant:
    """The names that were probably meant by those of one request, each looked for once, and of few alone."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def by(self, sent: str) -> str:
        """One of ours, never the sender's word; "": none, or too many were asked for."""
        if sent not in self._found and len(self._found) < _MOST_LOOKED_UP:
            self._found[sent] = "".join(get_close_matches(sent, _KNOWN_NAMES, 1, _NEAR))
        return self._found.get(sent, "")


def _unknown(key: str, sent: str, meant: _Meant) -> tuple[str, Mapping[str, object]]:
    """The text of a name that is none, with the one that was probably meant."""
    if sent in _KNOWN_NAMES:
        return "problems.faults.unknown_here", {}
    near = meant.by(sent)
    return (f"problems.faults.{key}_near", {"name": near}) if near else (f"problems.faults.{key}", {})


def schema_faults(error: ValidationError) -> list[RequestFault]:
    """The faults of a body that breaks its pydantic model."""
    found, meant = [], _Meant()
    for entry in error.errors(include_url=False, include_input=False):
        code = entry["type"]
        code = _CODES.get(code) or fault_code(code)
        loc, sent = entry["loc"], str(entry["loc"][-1]) if entry["loc"] else ""
        if code == "unknown_field" and sent not in _KNOWN_NAMES:
            loc = (*loc[:-1], "?")
        found.append(RequestFault(_path(loc), code, *_words_of(code, sent, entry.get("ctx", {}), meant)))
    return found


def _words_of(
    code: str, sent: str, limits: Mapping[str, object], meant: _Meant
) -> tuple[str | InWords, Mapping[str, object]]:
    """What a code means: of a body's shape, with its limits, or as tables have it.

    Args:
        sent: the name that the fault is of.
        limits: of the field, as pydantic has them.
        meant: what was probably meant by names of this request.
    """
    if code == "unknown_field":
        return _unknown(code, sent, meant)
    if code == "too_many" and "max_length" in limits:
        return "problems.faults.too_many_of", {"n": limits["max_length"]}
    if code == "not_a_choice" and "expected" in limits:
        return "problems.faults.not_a_choice", {"choices": _choices(str(limits["expected"]))}
    if code == "out_of_range":
        for name, key in _LIMITS.items():
            if name in limits:
                return f"problems.faults.{key}", {"limit": limits[name]}
    if code in _OWN_WORDS:
        return f"problems.faults.{code}", {}
    return FaultText(code), {}


def _choices(expected: str) -> tuple[str, ...]:
    """The choices that pydantic names: ``'a', 'b' or 'c'``."""
    return tuple(re.findall(r"'([^']*)'", expected))


def _path(loc: tuple[int | str, ...]) -> str:
    path = ""
    for part in loc:
        name = part if isinstance(part, int) or _FIELD.fullmatch(part) else "?"
        path += f"[{name}]" if isinstance(part, int) else f".{name}" if path else str(name)
    return path
