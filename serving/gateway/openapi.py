"""The OpenAPI document, from the declared routes."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.gateway.endpoint import IN_PATH, Endpoint, Link
from serving.http.problems import PROBLEM_JSON, ProblemBody

__all__ = ["build_document", "document_text"]

_REFERENCE = "#/components/schemas/{model}"
_COMMON = (400, 404, 405, 431, 500)
_INTRODUCTION = """Explained forecasts of bed demand and emergency wait time. Vigie informs; people decide.

Every response has `x-request-id`. Every failure is a problem detail (RFC 9457) with a stable `code` and every
fault at once, by path; a value that was sent is never repeated. Unknown fields, keys sent twice, NaN and
other content types are refused. Times carry a zone. An unknown value is left out or null, never 0."""


def build_document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The document of all routes for applications."""
    shown = [e for e in endpoints if e.documented]
    models = {m for e in shown for m in (e.body,) if m is not None}
    answers = {m for e in shown for m in (e.answer,) if m is not None} | {ProblemBody}
    inputs: list[tuple[type[BaseModel], Any]] = [(m, "validation") for m in models]
    outputs: list[tuple[type[BaseModel], Any]] = [(m, "serialization") for m in answers]
    ordered = sorted(inputs + outputs, key=lambda pair: pair[0].__name__)
    references, schemas = models_json_schema(ordered, ref_template=_REFERENCE)
    names: dict[Any, str] = {model: reference["$ref"] for (model, _), reference in references.items()}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in shown:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vigie",
            "version": "1",
            "description": _INTRODUCTION,
            "license": {"name": "EUPL-1.2"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def document_text(endpoints: Sequence[Endpoint]) -> str:
    """The document as it is committed."""
    return json.dumps(build_document(endpoints), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _operation(endpoint: Endpoint, names: Mapping[Any, str]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": endpoint.handler.__name__,
        "responses": _responses(endpoint, names),
    }
    if endpoint.roles is not None:
        operation["description"] = f"Roles: {', '.join(sorted(endpoint.roles))}."
        operation["security"] = [{"token": []}] + ([{}] if endpoint.local else [])
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _IN_PATH}
        for name in endpoint.pattern.groupindex
    ] + [
        {"name": name, "in": "query", "required": False, "description": p.words, "schema": dict(p.schema)}
        for name, p in endpoint.parameters.items()
    ]
    if endpoint.keyed:
        parameters.append(_KEY)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        schema = {"$ref": names[endpoint.body]}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _responses(endpoint: Endpoint, names: Mapping[Any, str]) -> dict[str, Any]:
    if endpoint.answer is not None:
        content = {"application/json": {"schema": {"$ref": names[endpoint.answer]}}}
    elif endpoint.media_type:
        content = {endpoint.media_type: {"schema": {"type": "string"}}}
    else:
        content = {"application/json": {"schema": {"type": "object"}}}
        if endpoint.path.endswith("/card"):
            content["text/html"] = {"schema": {"type": "string"}}
    if endpoint.parameters.get("format") is not None:
        content["text/csv"] = {"schema": {"type": "string"}}
    written = endpoint.method == "POST" and endpoint.path.endswith(("/decisions", "/outcomes"))
    status = "201" if written else "200"
    links = {link.operation: _link(link) for link in endpoint.links}
    asked = {"description": "As asked", "content": content, "headers": _HEADER}
    responses: dict[str, Any] = {status: {**asked, **({"links": links} if links else {})}}
    codes = {*_COMMON, *endpoint.problems}
    codes |= {401, 403, 503} if endpoint.roles is not None else set()  # the record may not answer
    codes |= {408, 413, 415, 422, 429, 503} if endpoint.body is not None else {422, 429}
    for code in sorted(codes):
        problem = {PROBLEM_JSON: {"schema": {"$ref": names[ProblemBody]}}}
        if endpoint.path == "/readyz" and code == 503:
            problem = {"application/json": {"schema": {"type": "object"}}}
        responses[str(code)] = {
            "description": HTTPStatus(code).phrase,
            "content": problem,
            "headers": _HEADER,
        }
    return responses


def _link(link: Link) -> dict[str, Any]:
    values = {"parameters": link.parameters, "requestBody": link.body}
    found = {
        kind: {name: f"$response.body#{pointer}" for name, pointer in of.items()}
        for kind, of in values.items()
        if of
    }
    return {"operationId": link.operation, **found}


_IN_PATH = {"type": "string", "pattern": f"^{IN_PATH}$"}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A random text of your own for this request. Sent again with the same key and body within 24 hours, "
    "it is answered as it was and not written again; with another body it is refused (422). After a 503 with the code "
    "`outcome_unknown`, send the request again with the same key.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_HEADER = {"x-request-id": {"schema": {"type": "string"}, "description": "To tell whoever runs the service"}}
