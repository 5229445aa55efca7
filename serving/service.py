"""The BentoML service, built over the routes that it is handed: what is run stands above, in `assembly.service`.

The two forecast routes are BentoML's own API methods with declared types, so that its client and schema know
them; the gate has validated their bodies, and BentoML does not do it again (docs/adr). Everything else the
gate answers itself: nothing of BentoML's own pages, probes, metrics or access log is reachable.

BentoML loads what it runs twice: in its supervisor, which never answers, and in the worker. So what answers is loaded
when the worker starts, and the first answer waits for it once, not twice.
"""

import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

os.environ["BENTOML_DO_NOT_TRACK"] = "true"  # only this word counts, and only before the import

import bentoml
from _bentoml_sdk.io_models import IODescriptor  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.request_log import write_one_form
from serving.limits.connection_limits import install
from serving.limits.door import open_door
from serving.messages.answer_bodies import BedDemandAnswer, WaitTimeAnswer
from serving.messages.request_bodies import BedDemandRequest, WaitTimeRequest
from serving.orphan_watch import end_with_supervisor

if TYPE_CHECKING:
    from serving.gateway.endpoint import Endpoint
    from serving.gateway.request_gate import Gate
    from serving.gateway.service_parts import Parts

__all__ = ["build_service"]

write_one_form()  # of BentoML's own lines about this worker's start, too
install()  # BentoML loads this module before it starts its server, which has no limits of its own


_TASK_SECONDS = 2.0
Tasks = Mapping[str, Callable[[datetime], None]]


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

    def __init__(
        self,
        factory: "Callable[[], Parts]",
        endpoints: "Callable[[], Sequence[Endpoint]]",
        tasks: "Callable[[Parts], Tasks]",
    ) -> None:
        self._factory, self._endpoints, self._tasks = factory, endpoints, tasks
        self._gate: Gate | None = None
        self._answer: Callable[[], Awaitable[Response]] | None = None
        self.app = Starlette(lifespan=self._lifespan)  # BentoML runs a mounted Starlette's lifespan

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        from serving.gateway.request_gate import Gate, answer_current
        from serving.gateway.upkeep import Upkeep
        from serving.http.request_log import configure

        configure()
        end_with_supervisor()
        parts = self._factory()
        await parts.workers.run(parts.releases.refresh)
        self._gate, self._answer = Gate(parts, self._endpoints()), answer_current
        open_door(self._gate.shedder.door)
        gc.collect()
        gc.freeze()  # what is loaded now stays; p99 fell from 104 to 0.3 ms where it was measured
        beside = [Upkeep({n: task}, {}, _TASK_SECONDS) for n, task in self._tasks(parts).items()]
        for one in beside:
            one.start()
        try:
            yield
        finally:
            open_door(None)
            self._gate = None
            for one in beside:
                await parts.workers.run(one.stop)
            parts.readiness.close()
            parts.workers.close()
            parts.forecast_workers.close()
            parts.close()

    async def answered(self) -> Response:
        """The answer to the call that came through the gate."""
        if self._answer is None:
            raise RuntimeError("No call comes here before the worker has started.")
        return await self._answer()

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


def _served() -> "Sequence[Endpoint]":
    from serving.application import ENDPOINTS

    return ENDPOINTS


def _real_parts() -> "Parts":
    from serving.composition import real_parts

    return real_parts()


def _no_tasks(_: "Parts") -> "Tasks":
    return {}


def build_service(
    factory: "Callable[[], Parts]" = _real_parts,
    endpoints: "Callable[[], Sequence[Endpoint]]" = _served,
    tasks: "Callable[[Parts], Tasks]" = _no_tasks,
) -> Any:
    """A BentoML service over the parts and endpoints that are made when a worker starts.

    Args:
        tasks: done again and again beside answering, each in a thread of its own.
    """
    behind = _Behind(factory, endpoints, tasks)

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
            return await behind.answered()

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
            return await behind.answered()

    service: Any = Vigie
    service.add_asgi_middleware(behind.middleware())
    return service
