"""The API as a page: every operation with its fields, made from the same document as /docs.json."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from hospital.words.catalogue import has_text, text
from hospital.words.language import Language
from serving.gateway.endpoint import Call
from serving.pages.rendering import language_of, render

__all__ = ["api_page"]

_LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "pattern": "{}",
}
"""How a limit of JSON schema is written that is a number or a pattern."""
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength")
"""Limits that count entries or characters: the catalogue has their words."""

Words = list[tuple[str, str]]
"""Text in parts, each with the name of the schema that it links to, or ""."""


def api_page(call: Call, document: Mapping[str, Any]) -> Response:
    """The page of an OpenAPI document."""
    language = language_of(call)
    operations = [
        _operation(method, path, operation, language)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = document["components"]["schemas"]
    return render(
        "api.html",
        language,
        say=lambda key: text(f"api.{key}", language),
        introduction=document["info"]["description"],
        operations=operations,
        schemas=[_schema(name, schema, language) for name, schema in schemas.items()],
        path="/docs",
    )


def _operation(method: str, path: str, operation: Mapping[str, Any], language: Language) -> dict[str, Any]:
    name = operation["operationId"]
    words = f"api.operation.{name}"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return {
        "id": f"{name}-{method}",
        "method": method.upper(),
        "path": path,
        "summary": text(words, language) if has_text(words) else operation.get("summary", name),
        "roles": operation.get("description", "").removeprefix("Roles: ").removesuffix("."),
        "parameters": [
            {**p, "type": _type(p["schema"]), "limits": _limits(p["schema"], language)}
            for p in operation.get("parameters", ())
        ],
        "body": None if body is None else _type(body),
        "answers": [
            {"status": status, "words": answer["description"], "types": _answer_types(answer)}
            for status, answer in operation["responses"].items()
        ],
    }


def _answer_types(answer: Mapping[str, Any]) -> list[tuple[str, Words]]:
    return [(media, _type(content["schema"])) for media, content in answer.get("content", {}).items()]


def _schema(name: str, schema: Mapping[str, Any], language: Language) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    return {
        "name": name,
        "description": schema.get("description", ""),
        "fields": [
            {
                "name": field,
                "type": _type(of),
                "limits": _limits(of, language),
                "required": field in required,
                "description": of.get("description", ""),
            }
            for field, of in schema.get("properties", {}).items()
        ],
    }


def _type(schema: Mapping[str, Any]) -> Words:
    """What a value may be, in words of JSON."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return [(name, name)]
    if "anyOf" in schema:
        return _separated([_type(one) for one in schema["anyOf"]])
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return [(" | ".join(str(value) for value in values), "")]
    if schema.get("type") == "array":
        return [*_type(schema.get("items", {})), ("[]", "")]
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return [("{…: ", ""), *_type(schema["additionalProperties"]), ("}", "")]
    words = str(schema.get("type", "any"))
    return [(f"{words} ({schema['format']})" if "format" in schema else words, "")]


def _separated(several: list[Words]) -> Words:
    out: Words = []
    for words in several:
        out += [*([(" | ", "")] if out else []), *words]
    return out


def _limits(schema: Mapping[str, Any], language: Language) -> str:
    """The limits of a value, and of what it may be instead or holds."""
    own = [text(f"api.limit.{key}", language, schema[key]) for key in _COUNTS if key in schema]
    own += [words.format(schema[key]) for key, words in _LIMITS.items() if key in schema]
    parts = (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else []))
    inner = [_limits(one, language) for one in parts]
    return ", ".join(dict.fromkeys([*own, *(one for one in inner if one)]))
