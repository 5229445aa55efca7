"""The tables as the code declares them are those that SQLite has: its own word for keys, gaps and numbers."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Table

import registry.record.request_keys
import registry.record.tables.access_tables
import registry.record.tables.recommendation_tables
import registry.record.tombstones  # noqa: F401
from registry.record.database import JOURNAL_LOCK, open_database
from registry.record.tables.record_tables import metadata

TABLES = sorted(metadata.tables)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A new database, opened without a line of ours."""
    path: Path = tmp_path_factory.mktemp("tables") / "vigie.db"
    open_database(f"sqlite:///{path}").dispose()
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def _declared(name: str) -> Table:
    return metadata.tables[name]


@pytest.mark.parametrize("name", TABLES)
def test_what_may_be_missing_is_declared_as_it_is(raw: sqlite3.Connection, name: str) -> None:
    """A column that must be filled is refused empty by the database; one that may be unknown may stay so."""
    real = {row[1]: not row[3] and not row[5] for row in raw.execute(f"PRAGMA table_info('{name}')")}
    assert {column.name: column.nullable for column in _declared(name).columns} == real


@pytest.mark.parametrize("name", TABLES)
def test_the_key_that_the_code_counts_on_is_the_databases(raw: sqlite3.Connection, name: str) -> None:
    """Two rows of one key are refused by the database itself, whoever writes them."""
    rows = raw.execute(f"PRAGMA table_info('{name}')").fetchall()
    real = [row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5]]
    assert [column.name for column in _declared(name).primary_key.columns] == real


@pytest.mark.parametrize("name", TABLES)
def test_what_the_database_numbers_itself_is_declared(raw: sqlite3.Connection, name: str) -> None:
    """Entries and what stands under their numbers are numbered by the journal, and by nothing else."""
    numbered = _declared(name).autoincrement_column
    kinds = {row[1]: row[2] for row in raw.execute(f"PRAGMA table_info('{name}')") if row[5]}
    whole = [column for column, kind in kinds.items() if kind == "INTEGER" and len(kinds) == 1]
    assert ([] if numbered is None else [numbered.name]) == whole


@pytest.mark.parametrize("name", TABLES)
def test_an_index_that_is_unique_is_unique(raw: sqlite3.Connection, name: str) -> None:
    """Two tokens of one identity are refused by the database itself."""
    real = {row[1]: bool(row[2]) for row in raw.execute(f"PRAGMA index_list('{name}')") if row[3] == "c"}
    assert {str(index.name): bool(index.unique) for index in _declared(name).indexes} == real


def test_two_versions_of_vigie_take_the_same_lock() -> None:
    """While one is replaced by the next both write: the lock's number is for ever that of its name."""
    assert JOURNAL_LOCK.to_bytes(5, "big") == b"VIGIE"
