"""Fixtures of the record's tests: a new database, once of each kind."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from registry.record.database import open_database


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database as Vigie makes it, without a row."""
    found = open_database(database_url)
    yield found
    found.dispose()
