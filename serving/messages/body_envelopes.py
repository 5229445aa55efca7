"""A body's envelope, and the rows in it.

What a body is declared as is validated in two steps: here the envelope, with rows and times left open; then those by
the contracts, which know every fault of them. Every fault of a body is named at once.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError, create_model

from hospital.contracts.request_models import MOST_FAULTS, model_of, validate_rows
from hospital.contracts.tables import TABLES
from hospital.errors import ContractError
from hospital.words.language import Language
from serving.errors import RequestFault
from serving.http.problems import row_faults, schema_faults
from serving.messages.request_bodies import Sent, VisitToForecast

__all__ = ["Context", "envelope_of", "listed", "read_body", "rows_of_contract"]


def _unread(annotation: Any) -> Any:
    """A field's type with rows and times as anything: those the contracts read, which know every fault of them."""
    if annotation is datetime or (isinstance(annotation, type) and annotation in _ROW_MODELS):
        return Any
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[(_unread(arguments[0]), *arguments[1:])]
    if origin is list:
        return list[_unread(arguments[0])]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return reduce(or_, (_unread(a) for a in arguments))
    return annotation


def envelope_of(body: type[BaseModel]) -> type[BaseModel]:
    """A declared body as it is validated first: rows and times are left to the contracts."""
    fields: dict[str, Any] = {}
    for name, declared in body.model_fields.items():
        field = copy(declared)
        field.annotation = _unread(declared.annotation)
        fields[name] = (field.annotation, field)
    return create_model(f"_{body.__name__}Envelope", __base__=Sent, **fields)


_ROW_MODELS = (VisitToForecast, *(model_of(name) for name in TABLES))


@dataclass(frozen=True)
class Context:
    """What a body is read with: the service's now, the language if none is asked for, the pseudonyms' key."""

    now: int
    language: Language
    key: bytes


def read_body(model: type[BaseModel], body: object) -> tuple[Any, list[RequestFault]]:
    try:
        return model.model_validate(body), []
    except ValidationError as error:
        return None, schema_faults(error)


def listed(body: object, name: str) -> list[Any]:
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, list) else []


_REPEATABLE = {("visits", "visits"), ("census", "observations")}
"""Rows that are kept when they are sent twice: each is answered, or named by its place where something is wrong."""


def rows_of_contract(
    table: str, rows: Sequence[object], context: Context, at: str, faults: list[RequestFault]
) -> list[dict[str, Any]]:
    if len(faults) >= MOST_FAULTS:
        return []
    try:
        return validate_rows(table, rows, context.now, at=at, keep_duplicates=(table, at) in _REPEATABLE)
    except ContractError as error:
        faults += row_faults(error)
        return []
