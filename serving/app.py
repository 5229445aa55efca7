"""The service without BentoML: every route behind the gate, as a Starlette application."""

from starlette.applications import Starlette

from serving import pages, pages_monitoring, routes_forecasts, routes_models, routes_records, routes_service
from serving.endpoint import Endpoint
from serving.gate import Gate
from serving.parts import Parts

__all__ = ["ENDPOINTS", "build_app"]

ENDPOINTS: tuple[Endpoint, ...] = (
    *routes_forecasts.ENDPOINTS,
    *routes_records.ENDPOINTS,
    *routes_models.ENDPOINTS,
    *routes_service.ENDPOINTS,
    *pages.ENDPOINTS,
    *pages_monitoring.ENDPOINTS,
)


def build_app(parts: Parts) -> Starlette:
    """The whole service over these parts."""
    app = Starlette()
    app.router.default = Gate(parts, ENDPOINTS)  # and not a mount: a path with a line break matches no route
    return app
