"""A prediction's reasons as a picture, and as a part of a page with their figures: for pages of other applications."""

from zoneinfo import ZoneInfo

from starlette.responses import Response

from hospital.waterfall import Waterfall
from hospital.words.catalogue import text
from hospital.words.language import spoken
from serving.forecasting.prediction_record import find
from serving.gateway.endpoint import Call, Endpoint, Parameter
from serving.pages.explanation_waterfall import waterfall_of

__all__ = ["ENDPOINTS", "stored_waterfall"]

_LANGUAGE = Parameter(
    {"type": "string", "maxLength": 35},
    "of the words, as in fr or en-GB; French, with a warning, where Vigie does not speak it",
)
_ROLES = frozenset({"application", "operator", "auditor", "admin"})


def svg(call: Call) -> Response:
    """GET /v1/predictions/{prediction_id}/explanation.svg"""
    return _answer(call, "image/svg+xml")


def html(call: Call) -> Response:
    """GET /v1/predictions/{prediction_id}/explanation.html"""
    return _answer(call, "text/html")


def stored_waterfall(call: Call, prediction_id: str, tag: str) -> Waterfall:
    """The waterfall of a prediction that was given, in the language of a tag, or in French with a warning.

    Raises:
        Problem: 404, there is none of this id that the caller may see.
    """
    language, known = spoken(tag)
    with call.parts.engine.connect() as connection:
        stored = find(connection, prediction_id, call.caller)
    loaded = call.parts.releases.states[stored.model.name].loaded
    engine = None if loaded is None else loaded.engine
    notes = () if known else (text("trust.language", language),)
    return waterfall_of(
        stored.prediction,
        () if engine is None else engine.features,
        {u.unit: u.name_in(language) for u in loaded.units} if loaded else {},
        ZoneInfo(loaded.zone if loaded else "Europe/Paris"),
        language,
        notes,
    )


def _answer(call: Call, kind: str) -> Response:
    tag = call.query.get("language", call.parts.language)
    drawn = stored_waterfall(call, call.path["prediction_id"], tag)
    content = drawn.svg() if kind == "image/svg+xml" else drawn.html()
    return Response(content, headers={"content-language": drawn.language}, media_type=kind)


ENDPOINTS = tuple(
    Endpoint(
        "GET",
        f"/v1/predictions/{{prediction_id}}/explanation.{form}",
        handler,
        f"The reasons of a prediction as {words}, in the reader's language",
        roles=_ROLES,
        scope="predictions",
        parameters={"language": _LANGUAGE},
        problems=(404,),
        page=True,
    )
    for form, handler, words in (
        ("svg", svg, "a picture (a waterfall with a text alternative)"),
        ("html", html, "a part of a page: the picture and its figures"),
    )
)
