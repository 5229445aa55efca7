"""How a route is declared: once, for the gate, the OpenAPI document and the metrics."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from starlette.responses import Response

from hospital.words.language import Language
from registry.record.request_keys import RequestKey
from registry.record.tokens import Caller
from serving.limits.admission import Place

if TYPE_CHECKING:
    from serving.gateway.service_parts import Parts

__all__ = ["ANONYMOUS", "EVERY_ROLE", "Call", "Endpoint", "Link", "Parameter", "json_response", "match"]

EVERY_ROLE = frozenset({"application", "operator", "data_scientist", "board", "auditor", "admin"})
ANONYMOUS = Caller("", frozenset())
_NAMES = re.compile(r"\{(\w+)\}")
IN_PATH = "[A-Za-z0-9._=-]{1,400}"
"""What a path may have in place of a name."""


@dataclass(frozen=True)
class Call:
    """One request that passed the gate.

    Attributes:
        body: strict JSON, or the fields of a form, or None.
        size: the body's bytes.
        secret: the token it came with, "" without one.
        secure: whether it came by https.
        accept: its Accept header, "" without one.
        cookie: the session's cookie, valid or not, "" without one.
        address: where it comes from, as the limits count it.
        key: by which it is known again when it is sent again; None without an Idempotency-Key.
        language: that a problem is written in.
        place: among those who are answered at once; None: it needs none.
    """

    parts: "Parts"
    caller: Caller
    request_id: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None
    secret: str = ""
    secure: bool = False
    size: int = 0
    accept: str = ""
    cookie: str = ""
    address: str = ""
    key: RequestKey | None = None
    language: Language = "en"
    place: Place | None = None


@dataclass(frozen=True)
class Parameter:
    """A query parameter: its JSON schema and words."""

    schema: Mapping[str, Any]
    words: str


@dataclass(frozen=True)
class Link:
    """What can be asked next with values of an answer, for the document.

    Attributes:
        operation: its operationId.
        parameters, body: JSON pointers into the answer, as ``/predictions/0/prediction_id``, by the names of the
            parameters or of the body's fields that they are for.
    """

    operation: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Endpoint:
    """A route.

    Attributes:
        path: its template.
        handler: called in a worker thread; where `direct`, in the event loop, and may be awaited.
        roles: who may; None: anybody.
        scope: which part of the interface it is (`registry.record.tokens.SCOPES`); "" where anybody may.
        body, answer: what goes in and out, for the document; None: nothing, or no JSON.
        max_bytes: of the body.
        form: the body is a browser's form.
        page: a session cookie counts too.
        native: in BentoML's service this is one of its own API methods.
        problems: codes it may answer with.
        local: who is on this machine needs no token.
        direct: answered without a worker thread and outside the rate limits: what must answer under any load.
        keyed: what it writes is written once for each Idempotency-Key.
        media_type: of an answer that is a text of its own, and no JSON, for the document.
        once: a GET that writes or uses something up: it has no HEAD, and is not fetched ahead.
        bulk: a forecast, which applications ask for by the thousand: it has room and threads of its own, so that under
            load it is these that are turned away, and never a person's decision for them.
        links: what its answer leads to.
        together: answers several small calls that wait at the same moment (`Workers.run_together`), as
            `handler` one.
    """

    method: str
    path: str
    handler: Callable[[Call], Response | Awaitable[Response]]
    summary: str
    roles: frozenset[str] | None = EVERY_ROLE
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    max_bytes: int = 0
    form: bool = False
    page: bool = False
    native: bool = False
    local: bool = False
    direct: bool = False
    once: bool = False
    keyed: bool = False
    scope: str = ""
    documented: bool = True
    bulk: bool = False
    media_type: str = ""
    links: tuple[Link, ...] = ()
    together: Callable[[Sequence[Call]], Sequence[Response | Exception]] | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        """The template as a pattern of whole paths."""
        return re.compile(_NAMES.sub(rf"(?P<\1>{IN_PATH})", self.path))


def match(
    table: Sequence[tuple[re.Pattern[str], Endpoint]], path: str
) -> tuple[list[Endpoint], dict[str, str]]:
    """The endpoints of a path, one a method, and the values in it."""
    found: list[Endpoint] = []
    values: dict[str, str] = {}
    for pattern, endpoint in table:
        fits = pattern.fullmatch(path)
        if fits is not None and (not found or endpoint.path == found[0].path):
            found.append(endpoint)
            values = fits.groupdict()
    return found, values


def json_response(answer: BaseModel, status: int = 200) -> Response:
    """An answer as JSON."""
    return Response(answer.model_dump_json(), status, media_type="application/json")
