"""States of the record: whether the database answers and has this Vigie's form, the journal, tokens, the clock."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, create_engine, func, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from cli.doctor.journal_states import clock_states, journal_states, service_key_states
from cli.doctor.states import State, Weight
from hospital.errors import VigieError
from hospital.times import DAY, MINUTE, instant, moment
from registry.erasure.last_run import last_run
from registry.record.database import REVISION, open_database
from registry.record.tables.record_tables import observations
from registry.record.tokens import list_tokens
from registry.settings import Settings

__all__ = ["record_states"]

_SOON = timedelta(days=14)
_CLOCKS_DIFFER = 5 * MINUTE
_OVERDUE = 2 * DAY
_UNREADABLE = (SQLAlchemyError, ValueError, TypeError, AttributeError, OverflowError)
"""What reading a record ends with in which a table is gone, or a row holds what Vigie never writes there."""


def record_states(settings: Settings, now: datetime) -> Iterator[State]:
    """The states of the database, then of what is in it."""
    yield from service_key_states(settings)
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite":
        path = settings.home / "vigie.db" if not settings.database_url else None
        if path is not None and not path.exists():
            yield State("database_missing", Weight.NOTICE)
            return
        if path is not None and not path.is_file():  # a pipe would be waited for
            yield State("database_damaged", Weight.FAULT)
            return
        damage = "" if url.database is None else _damage(url.database)
        if damage:
            yield State("database_damaged", Weight.FAULT)
            return
    revision = _revision(settings)
    if revision is None:
        yield State("database_silent", Weight.FAULT)
    elif revision != REVISION:
        known = revision < REVISION
        mend = partial(_migrate, settings) if known else None
        yield State("database_older" if known else "database_newer", Weight.FAULT, {}, mend)
    else:
        yield State("database_good", Weight.GOOD)
        yield from _content_states(settings, now)
        yield _retention_state(settings, now)


def _retention_state(settings: Settings, now: datetime) -> State:
    """When the policy's terms were last carried out; a day of grace beyond the timer's."""
    at = last_run(settings)
    if at is None:
        return State("retention_never", Weight.NOTICE)
    when = {"last": moment(at)}
    late = not at <= instant(now) + _CLOCKS_DIFFER or instant(now) - at > _OVERDUE
    return (
        State("retention_overdue", Weight.NOTICE, when)
        if late
        else State("retention_good", Weight.GOOD, when)
    )


def _damage(path: str) -> str:
    """What SQLite finds wrong with the file; "": nothing, or it is busy."""
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)
        try:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return ""
    except sqlite3.DatabaseError:
        return "no database"
    return "" if found == "ok" else str(found)


def _revision(settings: Settings) -> str | None:
    """The form of the tables: "" where there are none, None where the database does not answer."""
    try:
        engine = create_engine(make_url(settings.database.replace("postgresql://", "postgresql+psycopg://")))
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    except (SQLAlchemyError, ImportError):
        return None


def _migrate(settings: Settings) -> None:
    open_database(settings.database).dispose()


def _content_states(settings: Settings, now: datetime) -> Iterator[State]:
    try:
        engine = open_database(settings.database)
    except VigieError:
        yield State("database_silent", Weight.FAULT)
        return
    try:
        with engine.connect() as connection:
            yield from journal_states(settings, connection)
            yield from clock_states(settings, connection, now)
            yield from _token_states(connection, now)
            rows = connection.scalar(select(func.count()).select_from(observations))
            if rows and not settings.pseudonym_key.exists():
                yield State("pseudonym_key_lost", Weight.FAULT, {"path": settings.pseudonym_key})
    except _UNREADABLE:
        yield State("record_unreadable", Weight.FAULT)
    finally:
        engine.dispose()


def _token_states(connection: Connection, now: datetime) -> Iterator[State]:
    tokens = [token for token in list_tokens(connection) if token.state(now) == "valid"]
    if not tokens:
        yield State("no_token", Weight.NOTICE)
    ends = instant(now + _SOON)
    for token in tokens:
        if token.expires_at is not None and token.expires_at < ends:
            values = {"name": token.identity, "id": token.token_id, "when": moment(token.expires_at).date()}
            yield State("token_ends", Weight.NOTICE, values)
