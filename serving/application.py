"""The service without BentoML: every route behind the gate, as a Starlette application."""

from starlette.applications import Starlette

from serving.gateway.endpoint import Endpoint
from serving.gateway.request_gate import Gate
from serving.gateway.service_parts import Parts
from serving.pages import monitoring_page, start_page
from serving.routes import forecasts, health, models, records

__all__ = ["ENDPOINTS", "build_app"]

ENDPOINTS: tuple[Endpoint, ...] = (
    *forecasts.ENDPOINTS,
    *records.ENDPOINTS,
    *models.ENDPOINTS,
    *health.ENDPOINTS,
    *start_page.ENDPOINTS,
    *monitoring_page.ENDPOINTS,
)


def build_app(parts: Parts) -> Starlette:
    """The whole service over these parts."""
    app = Starlette()
    app.router.default = Gate(parts, ENDPOINTS)  # and not a mount: a path with a line break matches no route
    return app
