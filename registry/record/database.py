"""The database: SQLite on one machine, PostgreSQL in production; the same tables, the same code."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from registry.errors import RegistryError
from registry.record.compiled_sql import execute

__all__ = [
    "JOURNAL_LOCK",
    "REVISION",
    "existing_database",
    "migrate",
    "open_database",
    "opened_database",
    "writing",
    "writing_on",
]

REVISION = "0011"
"""The newest of `registry/record/migrations`."""
_VERSIONS = Table("alembic_version", MetaData(), Column("version_num", Text))
_BUSY_SECONDS = 20
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Of PostgreSQL's connections, seconds (the last: milliseconds): for a server that vanished nobody waits minutes."""
JOURNAL_LOCK = 0x5649474945
"""PostgreSQL's advisory lock of whoever appends to the journal."""


def open_database(url: str) -> Engine:
    """An engine for a SQLAlchemy URL, its tables up to date.

    Raises:
        RegistryError: the URL is none, or the database cannot be opened or written, or is a newer Vigie's.
    """
    engine = _engine(url)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        migrate(engine)
    except DBAPIError as error:
        engine.dispose()
        raise RegistryError("registry.record.unopened", url=shown, kind=type(error.orig).__name__) from None
    except _NewerError:
        engine.dispose()
        raise RegistryError("registry.record.newer", url=shown) from None
    return engine


@contextmanager
def opened_database(url: str) -> Iterator[Engine]:
    """`open_database` for one piece of work; its connections are closed at the end."""
    engine = open_database(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def existing_database(url: str) -> Iterator[Engine]:
    """A database as it is, for one look: nothing is made, and no table is brought up to date.

    Raises:
        RegistryError: the URL is none, or there is no such file.
    """
    if url.startswith("sqlite:") and not Path(make_url(url).database or "").is_file():
        raise RegistryError("registry.record.unopened", url=url, kind="FileNotFoundError")
    engine = _engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise NoSuchModuleError
    except (ArgumentError, NoSuchModuleError):
        raise RegistryError("registry.record.no_url") from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        _make_folder(Path(parsed.database).parent)
        if Path(parsed.database).is_fifo():  # SQLite would wait for it, for ever
            raise RegistryError("registry.record.unopened", url=url, kind="OSError")
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed, pool_pre_ping=True, isolation_level="READ COMMITTED", connect_args=_PATIENCE
        )
    engine = create_engine(parsed)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def migrate(engine: Engine) -> None:
    """Brings the tables to the newest form; where they are, nothing is locked or written."""
    with engine.connect() as connection:
        if inspect(connection).has_table(_VERSIONS.name) and connection.scalar(select(_VERSIONS)) == REVISION:
            return
    _upgrade(engine)


def _upgrade(engine: Engine) -> None:
    # Here, since a service whose tables are as they must be never needs it: it takes twelve megabytes.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with writing(engine) as connection:  # whoever else migrates waits, then finds it done
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise _NewerError from None


class _NewerError(Exception):
    """The tables are of a form that this Vigie does not know."""


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction in which the journal may be appended to: one at a time, all or nothing.

    SQLite has one writer; BEGIN IMMEDIATE makes it this one before anything is read. PostgreSQL's advisory
    lock does the same, and what is read under it was committed by whoever held it before: each statement sees
    what is committed then (READ COMMITTED, set by `open_database` whatever the server's default).
    """
    with engine.connect() as connection, writing_on(connection):
        yield connection


@contextmanager
def writing_on(connection: Connection) -> Iterator[None]:
    """`writing` on a connection that has been read from; what it read ends here, and nothing is written of it."""
    if connection.in_transaction():
        connection.rollback()
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.execution_options(vigie_write=True)
    with connection.begin():
        if not sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": JOURNAL_LOCK})
        yield


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RegistryError("verbs.new_home.unwritable", home=folder, why=error) from None


def _configure_sqlite(connection: Any, record: Any) -> None:
    (_, _, path), *_rest = connection.execute("PRAGMA database_list").fetchall()
    record.info["file"] = (path, _file_of(path))
    connection.isolation_level = None  # we say BEGIN ourselves
    connection.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    _write_ahead(connection)
    # secure_delete: what is erased is overwritten, and does not lie in free pages until they are used again.
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _file_of(path: str) -> tuple[int, int] | None:
    """Which file has this name now; None: none, or the database is in memory."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _write_ahead(connection: Any) -> None:
    """Sets the journal mode, which SQLite refuses at once, whatever its timeout, while another command sets it."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("vigie_write", False)
    path, file = connection.connection.info["file"]
    if writes and _file_of(path) != file:
        # SQLite would go on writing into a file that has no name any more, and say that it is done.
        gone = sqlite3.OperationalError("the database's file is gone or another one lies in its place")
        raise OperationalError("BEGIN", None, gone, connection_invalidated=True)
    execute(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")
