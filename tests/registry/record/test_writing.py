"""Transactions that write: one at a time, on the file that has the database's name, and nothing of what was before."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select
from sqlalchemy.exc import OperationalError

from registry.errors import RegistryError
from registry.record.compiled_sql import Insertion
from registry.record.database import existing_database, open_database, opened_database, writing, writing_on
from registry.record.tables.access_tables import spent_tickets
from registry.record.tables.record_tables import observations
from tests.support.old_database import migrate_to

_ROW = {"kind": "visits", "row_id": "v", "received_at": 1, "active_until": 9, "digest": "", "row": "{}"}


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(connection.execute(select(observations)).all())


def test_what_a_connection_did_before_ends_where_it_begins_to_write(database_url: str) -> None:
    """What it read may be old, and what it wrote without the lock was nobody's: both end there."""
    with opened_database(database_url) as engine:
        with engine.connect() as connection:
            connection.execute(insert(observations).values(**_ROW))
            with writing_on(connection):
                assert connection.execute(select(observations)).all() == []
                connection.execute(insert(observations).values(**_ROW | {"row_id": "w"}))
        assert _count(engine) == 1


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_as_many_rows_stand_as_were_given(database_url: str, rows: int) -> None:
    """By a statement that is made once: none, one, or several at once."""
    insertion = Insertion(spent_tickets)
    with opened_database(database_url) as engine:
        with writing(engine) as connection:
            insertion.run(connection, [{"ticket": f"t{n}", "until": n} for n in range(rows)])
        with engine.connect() as connection:
            found = connection.execute(select(spent_tickets).order_by(spent_tickets.c.until)).all()
    assert [tuple(row) for row in found] == [(f"t{n}", n) for n in range(rows)]


def test_whoever_writes_has_the_database_alone_from_the_beginning(tmp_path: Path) -> None:
    """Before anything is read: two that read the same last number would both write the next."""
    url = f"sqlite:///{tmp_path / 'vigie.db'}"
    with opened_database(url) as engine, writing(engine):
        other = sqlite3.connect(tmp_path / "vigie.db", timeout=0, isolation_level=None)
        assert other.execute("SELECT count(*) FROM observations").fetchone() == (
            0,
        )  # who reads does not wait
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_who_only_reads_keeps_nobody_from_writing(tmp_path: Path) -> None:
    """A page that is open does not stop the next forecast."""
    with opened_database(f"sqlite:///{tmp_path / 'vigie.db'}") as engine, engine.connect() as reader:
        assert reader.execute(select(observations)).all() == []
        other = sqlite3.connect(tmp_path / "vigie.db", timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_into_a_file_that_lost_its_name(tmp_path: Path, *, replaced: bool) -> None:
    """Deleted, or another put in its place: SQLite would say that it is done; the service takes it as lost."""
    path = tmp_path / "vigie.db"
    with opened_database(f"sqlite:///{path}") as engine:
        assert _count(engine) == 0
        path.rename(tmp_path / "away.db")
        if replaced:
            path.write_bytes(b"")
        with pytest.raises(OperationalError) as lost, writing(engine) as connection:
            connection.execute(insert(observations).values(**_ROW))
        assert lost.value.connection_invalidated
        assert _count(engine) == 0  # what is there can still be read


def test_a_database_in_memory_has_no_file_to_lose() -> None:
    """It is written as any other."""
    with opened_database("sqlite://") as engine:
        with writing(engine) as connection:
            connection.execute(insert(observations).values(**_ROW))
        assert _count(engine) == 1


class _Refusing(sqlite3.Connection):
    """SQLite's connection, that refuses to set the journal mode as it does while another command sets it."""

    left, code = 2, sqlite3.SQLITE_BUSY_RECOVERY

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if "journal_mode" in statement and self.left:
            self.left -= 1
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = self.code
            raise error
        return super().execute(statement, *values)


class _Broken(_Refusing):
    code = sqlite3.SQLITE_READONLY


@pytest.fixture
def factory() -> Iterator[list[type[sqlite3.Connection]]]:
    """Whose connections SQLAlchemy gets, once one is named."""
    named: list[type[sqlite3.Connection]] = []

    def connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        return sqlite3.connect(*arguments, **options, factory=named[0]) if named else None

    event.listen(Engine, "do_connect", connect)
    yield named
    event.remove(Engine, "do_connect", connect)


def test_two_commands_that_make_a_database_at_once_do_not_fail_each_other(
    tmp_path: Path, factory: list[type[sqlite3.Connection]]
) -> None:
    """SQLite refuses at once, whatever its timeout, while another sets the journal mode: it is asked again."""
    factory.append(_Refusing)
    with opened_database(f"sqlite:///{tmp_path / 'vigie.db'}") as engine:
        assert _count(engine) == 0


def test_what_waiting_does_not_mend_is_said_at_once(
    tmp_path: Path, factory: list[type[sqlite3.Connection]]
) -> None:
    """A disk that is read-only stays so: nobody waits twenty seconds for it."""
    factory.append(_Broken)
    with pytest.raises(RegistryError, match="cannot be opened"):
        open_database(f"sqlite:///{tmp_path / 'vigie.db'}")


def test_a_look_at_a_database_makes_nothing(tmp_path: Path) -> None:
    """No file where there is none, however the folder is called; and tables of before stay as they are."""
    missing = tmp_path / "none" / "vigie.db"
    for url in (f"sqlite:///{missing}", f"sqlite:///{tmp_path}", "sqlite://"):
        with pytest.raises(RegistryError, match="cannot be opened"), existing_database(url):
            pass
    assert list(tmp_path.iterdir()) == []
    with opened_database(f"sqlite:///{tmp_path / 'other.db'}") as engine:
        engine.dispose()
    older = f"sqlite:///{tmp_path / 'old.db'}"
    with sqlite3.connect(tmp_path / "old.db") as raw:
        raw.execute("VACUUM")
    with existing_database(older) as engine:
        migrate_to(engine, "0003")
    with existing_database(older) as engine, engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "0003"
