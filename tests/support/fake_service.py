"""The service over fake parts and a real database, asked by people of every role."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from serving.gateway.service_parts import Parts
from tests.support.serving_fakes import FakeForecaster, InProcess, make_parts

__all__ = ["VISIT", "Service", "start"]

VISIT = {"visit_id": "Dupont-1984", "arrived_at": "2025-11-03T02:30:00Z", "triage": "3A", "age_years": 41}


@dataclass
class Service:
    """The service of one test."""

    parts: Parts
    tokens: dict[str, str]
    client: InProcess

    def ask(self, method: str, path: str, body: Any = None, role: str = "application", **more: Any) -> Any:
        """A response, asked for with a role's token."""
        headers = {"authorization": f"Bearer {self.tokens[role]}"}
        return self.client.request(method, path, json=body, headers=headers, **more)

    @property
    def forecaster(self) -> FakeForecaster:
        """The fake behind it."""
        assert isinstance(self.parts.forecaster, FakeForecaster)
        return self.parts.forecaster

    def count(self, table: Any) -> int:
        """Rows of a table."""
        with self.parts.engine.connect() as connection:
            return len(connection.execute(select(table)).all())


def start(home: Path, url: str | None = None) -> Service:
    """A service over fresh parts."""
    parts, tokens = make_parts(home, url)
    return Service(parts, tokens, InProcess(parts))
