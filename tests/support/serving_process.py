"""The service with fake parts, for tests that need a real process: ``bentoml serve`` runs its `Vigie`."""

from assembly.routes import ENDPOINTS
from serving.service import build_service
from tests.support.serving_fakes import parts_of_environment

Vigie = build_service(parts_of_environment, lambda: ENDPOINTS)
