"""The service with fake parts, for tests that need a real process: `bentoml serve serving_process:Vigie`."""

from serving_fakes import parts_of_environment

from serving.service import build_service

Vigie = build_service(parts_of_environment)
