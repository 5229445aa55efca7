"""Whether the database answers and takes writes: asked in threads of its own, so that no load and no lock delays it."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from registry.record.database import REVISION, writing_on
from registry.record.tables.access_tables import probe_writes
from serving.http.storage_faults import is_full

__all__ = ["Readiness", "StorageState"]

ANSWERS, SILENT, FULL, UNWRITABLE = "answers", "does not answer", "is full", "cannot be written"
_LOOK_SECONDS = 1.5
_WRITE_EVERY = 10.0
_LOCK_MILLISECONDS = 500
_BALLAST = 65_536
"""Bytes that a probe after a fault has to find room for: a few may fit into what is left of a page."""


@dataclass(frozen=True)
class StorageState:
    """What is known of the database.

    Attributes:
        database: ``answers``, ``does not answer``, ``is full`` or ``cannot be written``.
        clock: ``steady``, or what is wrong with it; ``unknown`` while the database does not answer.
    """

    database: str
    clock: str = "unknown"

    @property
    def good(self) -> bool:
        """Whether requests can be answered and recorded."""
        return self.database == ANSWERS


class Readiness:
    """Looks at the database, and at the releases on disk, without waiting long for either.

    Args:
        refresh: looks whether the releases on disk changed; called where `due`.
        clock_state: says how the clock stands.
    """

    def __init__(
        self,
        engine: Engine,
        refresh: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = _LOOK_SECONDS,
        clock_state: Callable[[], str] = lambda: "unknown",
    ) -> None:
        self._engine, self._refresh, self._clock, self._seconds = engine, refresh, clock, seconds
        self._clock_state = clock_state
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="vigie-probe")
        self._running: dict[str, Future[Any]] = {}
        self._lock = Lock()
        self._wrote_at, self._state = -_WRITE_EVERY, StorageState(ANSWERS)

    def fault(self) -> None:
        """A request met a fault of the storage: the next look writes, whenever the last one did."""
        self._wrote_at = -_WRITE_EVERY
        self._state = StorageState(UNWRITABLE)

    async def look(self) -> StorageState:
        """What is known after at most a second or two; a database that has not answered by then does not."""
        looked, _ = await asyncio.gather(
            self._within("database", self._look), self._within("releases", self._refresh)
        )
        return looked if isinstance(looked, StorageState) else StorageState(SILENT)

    def close(self) -> None:
        """Ends the threads; one that waits for a lock is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _within(self, name: str, work: Callable[[], Any]) -> Any:
        """What `work` gives in time, else None; one that is still running is joined, and not started twice."""
        with self._lock:
            future = self._running.get(name)
            if future is None or future.done():
                future = self._running[name] = self._pool.submit(work)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), self._seconds)
        except TimeoutError:
            return None

    def _look(self) -> StorageState:
        try:
            with self._engine.connect() as connection:
                # Not SELECT 1: SQLite makes an empty database where the file is gone, and it answers that.
                revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
            if revision != REVISION:
                return StorageState(SILENT)
            if self._clock() - self._wrote_at >= _WRITE_EVERY or not self._state.good:
                self._state = self._write()
                self._wrote_at = self._clock()
            return replace(self._state, clock=self._clock_state())
        except (SQLAlchemyError, OSError):
            return StorageState(SILENT)

    def _write(self) -> StorageState:
        try:
            if not self._state.good:
                self._commit(ballast="x" * _BALLAST)
            self._commit(ballast="")
        except DBAPIError as error:
            if _is_locked(error):
                return self._state if self._state.good else StorageState(ANSWERS)
            return StorageState(FULL if is_full(error) else UNWRITABLE)
        return StorageState(ANSWERS)

    def _commit(self, ballast: str) -> None:
        """Writes the one row, waiting for nobody's lock: another writer shows that writing works."""
        with self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            if connection.dialect.name != "sqlite" or not isinstance(driver, sqlite3.Connection):
                with connection.begin():
                    connection.execute(text(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}"))
                    _write_row(connection, ballast)
                return
            before = driver.execute("PRAGMA busy_timeout").fetchone()[0]
            driver.execute(f"PRAGMA busy_timeout={_LOCK_MILLISECONDS}")
            try:
                with writing_on(connection):
                    _write_row(connection, ballast)
            finally:
                driver.execute(f"PRAGMA busy_timeout={int(before)}")


def _write_row(connection: Connection, ballast: str) -> None:
    connection.execute(delete(probe_writes))
    connection.execute(insert(probe_writes).values(id=1, at=int(time.time()), ballast=ballast))


def _is_locked(error: DBAPIError) -> bool:
    """Whether somebody else writes at the moment."""
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(original, "sqlstate", None) == "55P03"
