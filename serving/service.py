"""The BentoML service. `bentoml serve` and `vigie serve` run it; `bentoml build` packs it.

The two forecast routes are BentoML's own API methods with declared types, so that its client and schema know
them; the gate has validated their bodies, and BentoML does not do it again (docs/adr). Everything else the
gate answers itself: nothing of BentoML's own pages, probes, metrics or access log is reachable.
"""

import gc
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

os.environ["BENTOML_DO_NOT_TRACK"] = "true"  # only this word counts, and only before the import

import bentoml
from _bentoml_sdk.io_models import IODescriptor  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.answers import BedDemandAnswer, WaitTimeAnswer
from serving.app import ENDPOINTS
from serving.endpoint import Endpoint
from serving.gate import CURRENT, Gate, answer
from serving.log import configure
from serving.main import real_parts
from serving.parts import Parts
from serving.requests import BedDemandRequest, WaitTimeRequest

__all__ = ["Vigie", "build_service"]


class _Validated(IODescriptor):  # type: ignore[misc]
    """An input that the gate validates: BentoML knows its fields, and takes what the gate let pass."""

    @classmethod
    async def from_http_request(cls, request: Request, serde: Any) -> Any:
        # BentoML reads names and values off it; reading them off a pydantic instance warns, which is slow.
        return SimpleNamespace(model_fields=tuple(cls.model_fields), **dict.fromkeys(cls.model_fields))


class WaitTimeInput(WaitTimeRequest, _Validated):
    """POST /v1/wait-time"""


class BedDemandInput(BedDemandRequest, _Validated):
    """POST /v1/bed-demand"""


class WaitTimeOutput(WaitTimeAnswer, IODescriptor):  # type: ignore[misc]
    """POST /v1/wait-time"""


class BedDemandOutput(BedDemandAnswer, IODescriptor):  # type: ignore[misc]
    """POST /v1/bed-demand"""


class _Behind:
    """The gate as BentoML's middleware, and the application it mounts: both over parts made at start."""

    def __init__(self, factory: Callable[[], Parts], endpoints: Sequence[Endpoint]) -> None:
        self._factory, self._endpoints = factory, endpoints
        self._gate: Gate | None = None
        self.app = Starlette(lifespan=self._lifespan)  # BentoML runs a mounted Starlette's lifespan

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        configure()
        parts = self._factory()
        await parts.workers.run(parts.releases.refresh)
        self._gate = Gate(parts, self._endpoints)
        gc.collect()
        gc.freeze()  # what is loaded now stays; p99 fell from 104 to 0.3 ms where it was measured
        try:
            yield
        finally:
            self._gate = None
            parts.workers.close()
            parts.close()

    def middleware(self) -> type:
        """BentoML makes an instance of it around its own application."""
        behind = self

        class GateMiddleware:
            def __init__(self, app: ASGIApp) -> None:
                self._app = app

            async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
                if scope["type"] == "lifespan" or behind._gate is None:
                    await self._app(scope, receive, send)
                else:
                    await behind._gate(scope, receive, send, native=self._app)

        return GateMiddleware


async def _answer() -> Response:
    call, endpoint = CURRENT.get()
    return await answer(call, endpoint)


def build_service(factory: Callable[[], Parts], endpoints: Sequence[Endpoint] = ENDPOINTS) -> Any:
    """A BentoML service over the parts that `factory` makes when a worker starts."""
    behind = _Behind(factory, endpoints)

    @bentoml.service(
        name="vigie",
        workers=1,
        traffic={"timeout": 25},
        metrics={"enabled": False},
        logging={"access": {"enabled": False}},
        tracing={"excluded_urls": ".*"},
    )
    @bentoml.asgi_app(behind.app, path="/")
    class Vigie:
        """Explained forecasts of bed demand and emergency wait time."""

        @bentoml.api(route="/v1/wait-time", input_spec=WaitTimeInput, output_spec=WaitTimeOutput)  # type: ignore[untyped-decorator]
        async def wait_time(self, visits: Any, explain: Any = None) -> Any:
            """Minutes from arrival to first medical contact, with the reasons."""
            return await _answer()

        @bentoml.api(route="/v1/bed-demand", input_spec=BedDemandInput, output_spec=BedDemandOutput)  # type: ignore[untyped-decorator]
        async def bed_demand(
            self,
            units: Any,
            horizons_hours: Any,
            at: Any = None,
            observations: Any = None,
            hospital: Any = None,
            explain: Any = None,
        ) -> Any:
            """Beds needed per unit, hours to days ahead, with the reasons."""
            return await _answer()

    service: Any = Vigie
    service.add_asgi_middleware(behind.middleware())
    return service


Vigie = build_service(real_parts)
