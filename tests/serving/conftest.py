"""Fixtures of the service's tests: fake parts over a real database, and who asks them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.gateway.service_parts import Parts
from tests.support.fake_service import Service, start
from tests.support.serving_fakes import make_parts


@pytest.fixture
def parts_and_tokens(quick_path: Path) -> Iterator[tuple[Parts, dict[str, str]]]:
    """Parts over SQLite, and a token for each role."""
    parts, tokens = make_parts(quick_path / "home")
    yield parts, tokens
    parts.workers.close()
    parts.readiness.close()
    parts.engine.dispose()


@pytest.fixture
def service(quick_path: Path, database_url: str) -> Iterator[Service]:
    """The service over a new database, once of each kind."""
    found = start(quick_path, database_url)
    yield found
    found.parts.workers.close()
    found.parts.close()
