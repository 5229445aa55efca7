"""What BentoML runs: `vigie serve` and `bentoml serve assembly.service:Vigie` start it; `bentoml build` packs it.

BentoML loads this module in its supervisor, too, which never answers: the routes are loaded when the worker starts.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from serving.service import build_service

if TYPE_CHECKING:
    from serving.gateway.endpoint import Endpoint
    from serving.gateway.service_parts import Parts

__all__ = ["Vigie"]


def _routes() -> "Sequence[Endpoint]":
    from assembly.routes import ENDPOINTS

    return ENDPOINTS


def _tasks(parts: "Parts") -> Mapping[str, Callable[[datetime], None]]:
    from centre.upkeep import tasks

    return tasks(parts)


Vigie = build_service(endpoints=_routes, tasks=_tasks)
