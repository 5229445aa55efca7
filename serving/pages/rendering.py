"""How a page is made from its template, and what every page shares: language, roles, static files."""

from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from hospital.words.language import Language
from serving.errors import Problem
from serving.gateway.endpoint import Call, Endpoint, Parameter
from serving.pages.page_texts import TEXTS, ahead, number

__all__ = ["ENDPOINTS", "LANGUAGE", "SEES_PAGES", "TEMPLATES", "language_of", "render"]

_HERE = Path(__file__).parent
TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_STATIC = {
    path.name: (path.read_bytes(), {".css": "text/css", ".svg": "image/svg+xml"}[path.suffix])
    for path in (_HERE / "static").iterdir()
    if path.suffix in (".css", ".svg")
}
SEES_PAGES = frozenset({"operator", "board", "auditor", "admin"})
LANGUAGE = {"language": Parameter({"type": "string", "enum": ["fr", "en"]}, "of the page")}


def language_of(call: Call) -> Language:
    """The language that a page is asked for in."""
    return cast(Language, call.query.get("language", call.parts.language))


def render(template: str, language: Language, status: int = 200, **values: Any) -> Response:
    """A page from its template."""
    page = TEMPLATES.get_template(template).render(
        t=TEXTS[language],
        language=language,
        other="en" if language == "fr" else "fr",
        number=lambda value, digits=0: number(value, language, digits),
        ahead=lambda hours: ahead(hours, language),
        **values,
    )
    return Response(page, status, media_type="text/html")


def static(call: Call) -> Response:
    """GET /static/{name}"""
    found = _STATIC.get(call.path["name"])
    if found is None:
        raise Problem(404, "unknown_route", "There is no such file.")
    return Response(found[0], media_type=found[1])


ENDPOINTS = (Endpoint("GET", "/static/{name}", static, "Styles and pictures", roles=None, documented=False),)
