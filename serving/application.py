"""The service without BentoML: every route behind the gate, as a Starlette application."""

import json
from functools import cache

from starlette.applications import Starlette
from starlette.responses import Response

from serving.gateway.endpoint import Call, Endpoint
from serving.gateway.openapi import build_document
from serving.gateway.request_gate import Gate
from serving.gateway.service_parts import Parts
from serving.pages import decision_page, first_steps, monitoring_page, rendering, sign_in, start_page
from serving.routes import forecasts, health, models, records

__all__ = ["ENDPOINTS", "build_app"]


def document(_: Call) -> Response:
    """GET /docs.json"""
    return Response(_document(), media_type="application/json")


@cache
def _document() -> str:
    return json.dumps(build_document(ENDPOINTS), ensure_ascii=False)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/docs.json", document, "This document", roles=None),
    *forecasts.ENDPOINTS,
    *records.ENDPOINTS,
    *models.ENDPOINTS,
    *health.ENDPOINTS,
    *start_page.ENDPOINTS,
    *decision_page.ENDPOINTS,
    *sign_in.ENDPOINTS,
    *rendering.ENDPOINTS,
    *monitoring_page.ENDPOINTS,
    *first_steps.ENDPOINTS,
)


def build_app(parts: Parts) -> Starlette:
    """The whole service over these parts."""
    app = Starlette()
    app.router.default = Gate(parts, ENDPOINTS)  # and not a mount: a path with a line break matches no route
    return app
