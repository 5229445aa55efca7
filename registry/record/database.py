"""The database: SQLite on one machine, PostgreSQL in production; the same tables, the same code."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
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
    "alarms",
    "decisions",
    "existing_database",
    "in_force_since",
    "journal",
    "metadata",
    "migrate",
    "monitoring_runs",
    "observations",
    "open_database",
    "opened_database",
    "payloads",
    "predictions",
    "tokens",
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

metadata = MetaData()
_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys by itself

observations = Table(
    "observations",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("row_id", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("superseded_at", BigInteger),
    Column("active_until", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("journal_seq", BigInteger, nullable=False, server_default="0"),
    Column("salt", Text, nullable=False, server_default=""),
    UniqueConstraint("kind", "row_id", "received_at", name="uq_observations_revision"),
    Index("ix_observations_active", "kind", "active_until", "superseded_at"),
    Index("ix_observations_entry", "journal_seq"),
)


def in_force_since(since: int) -> ColumnElement[bool]:
    """Versions of `observations` that may matter at `since` (an instant) or later.

    `active_until` is when what they describe was over, or their reception where that was later; and they were not
    superseded before. Else a stay that was received as open, and as closed since, would seem open for ever.
    """
    o = observations.c
    return (o.active_until >= since) & (o.superseded_at.is_(None) | (o.superseded_at >= since))


predictions = Table(
    "predictions",
    metadata,
    Column("prediction_id", Text, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("journal_seq", BigInteger, nullable=False),
)
decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("prediction_id", Text, ForeignKey("predictions.prediction_id"), nullable=False),
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("value", Text),
    Column("actor", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("journal_seq", BigInteger, nullable=False),
    Index("ix_decisions_prediction", "prediction_id"),
)
journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subjects", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload_digest", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
payloads = Table(
    "payloads",
    metadata,
    Column("seq", BigInteger, ForeignKey("journal.seq"), primary_key=True, autoincrement=False),
    Column("salt", Text, nullable=False),
    Column("payload", Text, nullable=False),
)
tokens = Table(
    "tokens",
    metadata,
    Column("token_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("scopes", Text, nullable=False, server_default="[]"),
    Column("identity", Text, nullable=False, server_default=""),
    Index("uq_tokens_identity", "identity", unique=True),
)
alarms = Table(
    "alarms",
    metadata,
    Column("alarm_id", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("release", BigInteger, nullable=False),
    Column("family", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("stops", BigInteger, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("journal_seq", BigInteger, nullable=False),
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_day", BigInteger),
    Column("acknowledged_by", Text),
    Column("acknowledged_reason", Text),
    Index("ix_alarms_release", "model", "release"),
)
monitoring_runs = Table(
    "monitoring_runs",
    metadata,
    Column("model", Text, primary_key=True),
    Column("release", BigInteger, primary_key=True, autoincrement=False),
    Column("run_at", BigInteger, nullable=False),
    Column("until_day", BigInteger, nullable=False),
    Column("figures", Text, nullable=False),
)


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
