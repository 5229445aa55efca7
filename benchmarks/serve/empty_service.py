"""Vigie's service with nothing behind the gate: the same settings and authorisation, an answer of ``{}``."""

from dataclasses import replace

from starlette.responses import Response

from serving.application import ENDPOINTS
from serving.composition import real_parts
from serving.gateway.endpoint import Call
from serving.routes.forecasts import WAIT_TIME
from serving.service import build_service

__all__ = ["Empty"]


def _nothing(_: Call) -> Response:
    return Response("{}", media_type="application/json")


_ENDPOINTS = tuple(replace(e, handler=_nothing, together=None) if e is WAIT_TIME else e for e in ENDPOINTS)

Empty = build_service(real_parts, lambda: _ENDPOINTS)
