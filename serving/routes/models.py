"""What is served, what waits for the board, and the cards."""

from typing import cast

from starlette.responses import Response

from hospital.words.language import Language
from registry.cards.card_page import render_html
from registry.digests import canonical_json
from registry.package.manifest import MODELS
from serving.errors import Problem
from serving.gateway.content_security import policy_with_styles
from serving.gateway.endpoint import EVERY_ROLE, Call, Endpoint, Link, Parameter, json_response
from serving.http.content_negotiation import preferred_type
from serving.messages.forecast_protocol import LoadedModel
from serving.messages.record_bodies import Models, ReleaseOverrides
from serving.releases.release_overrides import release_overrides
from serving.releases.version_overview import models

__all__ = ["ENDPOINTS"]

_SEES_CANDIDATES = frozenset({"data_scientist", "board", "auditor", "admin"})
_FORMS = ("application/json", "text/html")
_VARIES = {"vary": "Accept"}
_LANGUAGE = Parameter({"type": "string", "enum": ["fr", "en"]}, "of texts for people")


def list_models(call: Call) -> Response:
    """GET /v1/models"""
    catalogue = call.parts.catalogue
    listed = catalogue.candidates if call.caller.roles & _SEES_CANDIDATES else None
    return json_response(models(call.parts.releases, listed, call.parts.clock.now(), call.language))


def card(call: Call) -> Response:
    """GET /v1/models/{name}/card, as the page where the sender prefers HTML (a browser), else as JSON."""
    name = call.path["name"]
    if name not in MODELS:
        raise Problem(404, "unknown_model", "problems.unknown_model", models=tuple(MODELS))
    released = call.parts.releases.states[name].loaded
    version = call.query.get("version") or (released.version if released else None)
    if version is None:
        raise Problem(404, "no_release", "problems.no_version_released", model=name)
    is_released = released is not None and released.version == version
    if not is_released and not call.caller.roles & _SEES_CANDIDATES:
        raise Problem(404, "no_card", "problems.no_card_to_see")
    body = call.parts.catalogue.card(name, version, released)
    if call.query.get("format", preferred_type(call.accept, _FORMS)) in ("json", "application/json"):
        return Response(canonical_json(body), headers=_VARIES, media_type="application/json")
    language = cast(Language, call.query.get("language", call.parts.language))
    decided = _overrides(call, released).model_dump() if released is not None and is_released else None
    page = render_html(body, language, overrides=decided)
    headers = {"content-security-policy": policy_with_styles(page), **_VARIES}
    return Response(page, headers=headers, media_type="text/html")


def list_overrides(call: Call) -> Response:
    """GET /v1/models/{name}/overrides"""
    name = call.path["name"]
    if name not in MODELS:
        raise Problem(404, "unknown_model", "problems.unknown_model", models=tuple(MODELS))
    return json_response(_overrides(call, call.parts.releases.current(name)))


def _overrides(call: Call, released: LoadedModel) -> ReleaseOverrides:
    rules = call.parts.catalogue.monitor_rules(released)
    with call.parts.engine.connect() as connection:
        return release_overrides(connection, released, rules)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/models",
        list_models,
        "Releases in use, and candidates for who may see them",
        scope="models",
        answer=Models,
        page=True,
        links=tuple(
            Link(name, parameters={"name": "/released/0/name"}) for name in ("card", "list_overrides")
        ),
    ),
    Endpoint(
        "GET",
        "/v1/models/{name}/card",
        card,
        "A version's model card: of the release, or of a candidate",
        roles=EVERY_ROLE - {"application"},
        scope="models",
        parameters={
            "version": Parameter({"type": "string", "maxLength": 18}, "the version in use if left out"),
            "format": Parameter(
                {"type": "string", "enum": ["html", "json"]},
                "the card's form; if left out, what Accept prefers: HTML for a browser, else JSON",
            ),
            "language": _LANGUAGE,
        },
        problems=(404, 503),
        page=True,
    ),
    Endpoint(
        "GET",
        "/v1/models/{name}/overrides",
        list_overrides,
        "What people decided against the release in use, by group, unit and reason, and how often they were right",
        roles=EVERY_ROLE - {"application"},
        scope="models",
        answer=ReleaseOverrides,
        problems=(404, 503),
    ),
)
