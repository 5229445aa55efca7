"""How a page is made from its template, and what every page shares: language, roles, static files."""

from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from starlette.responses import Response

from hospital.markup import templates_of
from hospital.words import formats, names
from hospital.words.catalogue import text
from hospital.words.language import LANGUAGES, Language
from serving.errors import Problem
from serving.forecasting.comparison import said_once
from serving.gateway.content_security import LIVE_POLICY
from serving.gateway.endpoint import Call, Endpoint, Parameter
from serving.pages.markdown_text import markdown

__all__ = ["ENDPOINTS", "LANGUAGE", "SEES_PAGES", "TEMPLATES", "language_of", "render"]

_HERE = Path(__file__).parent
TEMPLATES = templates_of("serving.pages")
TEMPLATES.filters["markdown"] = markdown
_TYPES = {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript"}
_STATIC = {
    path.name: (path.read_bytes(), _TYPES[path.suffix])
    for path in (_HERE / "static").iterdir()
    if path.suffix in _TYPES
}
SEES_PAGES = frozenset({"operator", "board", "auditor", "admin"})
LANGUAGE = {"language": Parameter({"type": "string", "enum": list(LANGUAGES)}, "of the page")}


def language_of(call: Call) -> Language:
    """The language that a page is asked for in."""
    return cast(Language, call.query.get("language", call.parts.language))


@cache
def _templates(folder: Path) -> Environment:
    """The templates of a folder, which may extend those of this room."""
    own = FileSystemLoader(folder)
    return TEMPLATES.overlay(loader=ChoiceLoader([own, FileSystemLoader(_HERE / "templates")]))


def render(
    template: str,
    language: Language,
    status: int = 200,
    *,
    folder: Path | None = None,
    words: str = "pages",
    live: bool = False,
    **values: Any,
) -> Response:
    """A page from its template.

    Args:
        folder: where a template lies that is not of this room.
        words: the subject of the catalogue that the template's ``w`` reads.
        live: whether it loads our script, which renews it.
    """
    templates = TEMPLATES if folder is None else _templates(folder)
    page = templates.get_template(template).render(
        w=lambda key, n=None, **named: text(f"{words}.{key}", language, n, **named),
        t=lambda key, n=None, **named: text(f"pages.{key}", language, n, **named),
        language=language,
        other="en" if language == "fr" else "fr",
        number=lambda value, digits=0: formats.number(value, language, digits),
        with_sign=lambda value, digits=1: formats.signed(value, language, digits),
        percent=lambda share: formats.percent(share, language),
        probability=lambda value: formats.probability(value, language),
        short_beds=lambda value: formats.short_quantity(value, "beds", language),
        short_minutes=lambda value: formats.short_quantity(value, "minutes", language),
        minutes=lambda value: formats.minutes(value, language, 0),
        ahead=lambda hours: formats.ahead(hours, language),
        model_name=lambda name: names.table(name, language),
        quantity=lambda value, unit, digits=1, plus=False: formats.quantity(
            value, unit, language, digits, plus=plus
        ),
        label=lambda name: formats.label(name, language),
        whole=_whole,
        of_staffed=lambda beds: _of_staffed(beds, language),
        said_once=lambda why: said_once(why, language),
        **values,
    )
    headers = {"content-security-policy": LIVE_POLICY} if live else None
    return Response(page, status, headers, media_type="text/html")


def _whole(value: float | None) -> int:
    """A number as it is shown without decimals, for the plural of its unit; one that is not known counts as several."""
    return 2 if value is None else int(f"{value:.0f}")


def _of_staffed(beds: float | None, language: Language) -> str:
    """What stands behind a number of beds needed or occupied: how many have staff, as people say it."""
    if beds is None:
        return f"({text('pages.staffed_unknown', language)})"
    if _whole(beds) == 0:
        return f"({text('pages.staffed_none', language)})"
    return f"/ {formats.number(beds, language)} {text('pages.staffed', language, _whole(beds))}"


def static(call: Call) -> Response:
    """GET /static/{name}"""
    found = _STATIC.get(call.path["name"])
    if found is None:
        raise Problem(404, "unknown_route", "problems.no_file")
    return Response(found[0], media_type=found[1])


ENDPOINTS = (Endpoint("GET", "/static/{name}", static, "Styles and pictures", roles=None, documented=False),)
