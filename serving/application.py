"""The service without BentoML: every route behind the gate, as a Starlette application."""

import json
from collections.abc import Sequence
from functools import cache

from starlette.applications import Starlette
from starlette.responses import Response

from serving.gateway.endpoint import Call, Endpoint
from serving.gateway.openapi import build_document
from serving.gateway.request_gate import Gate
from serving.gateway.service_parts import Parts
from serving.pages import (
    change_page,
    decision_page,
    explanation_page,
    first_steps,
    monitoring_page,
    rendering,
    sign_in,
    start_page,
)
from serving.pages.api_page import api_page
from serving.pages.rendering import LANGUAGE
from serving.routes import clock, explanations, forecasts, health, models, records

__all__ = ["ENDPOINTS", "SERVED", "build_app", "with_document"]

SERVED: tuple[Endpoint, ...] = (
    *forecasts.ENDPOINTS,
    *records.ENDPOINTS,
    *explanations.ENDPOINTS,
    *clock.ENDPOINTS,
    *models.ENDPOINTS,
    *health.ENDPOINTS,
    *start_page.ENDPOINTS,
    *decision_page.ENDPOINTS,
    *explanation_page.ENDPOINTS,
    *change_page.ENDPOINTS,
    *sign_in.ENDPOINTS,
    *rendering.ENDPOINTS,
    *monitoring_page.ENDPOINTS,
    *first_steps.ENDPOINTS,
)
"""Serving's own routes."""


def with_document(endpoints: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """These routes, and those of the document that describes them all: GET /docs.json, and as a page GET /docs."""

    @cache
    def text() -> str:
        return json.dumps(build_document(every), ensure_ascii=False)

    def document(_: Call) -> Response:
        return Response(text(), media_type="application/json")

    def document_page(call: Call) -> Response:
        return api_page(call, json.loads(text()))

    page = Endpoint(
        "GET",
        "/docs",
        document_page,
        "This document as a page",
        roles=None,
        parameters=LANGUAGE,
        documented=False,
    )
    every = (Endpoint("GET", "/docs.json", document, "This document", roles=None), page, *endpoints)
    return every


ENDPOINTS = with_document(SERVED)
"""All that serving answers by itself; what stands above adds its own (`with_document`)."""


def build_app(parts: Parts, endpoints: Sequence[Endpoint] = ENDPOINTS) -> Starlette:
    """The whole service over these parts."""
    app = Starlette()
    app.router.default = Gate(parts, endpoints)  # and not a mount: a path with a line break matches no route
    return app
