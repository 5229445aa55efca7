"""Writes checkpoints: after every verb that writes, and while the service runs, before they are due.

Before anything is signed, the entries since the last checkpoint are read: a chain that does not go on from what was
signed, because it was cut, put back or written anew, is not signed over.
"""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from hospital.times import instant
from registry.checkpoints.checkpoint_file import CheckpointFile
from registry.checkpoints.service_key import service_key
from registry.digests import sha256_file
from registry.errors import CheckpointError, RegistryError
from registry.record.database import opened_database
from registry.record.journal import GENESIS, Entry, Head, entries, head
from registry.record.tables.record_tables import journal
from registry.settings import Settings
from registry.trust.keys import Key
from registry.trust.trust_store import FILE

__all__ = ["MOST_ENTRIES", "MOST_SECONDS", "Checkpointer", "checkpoint", "require_chain"]

MOST_ENTRIES = 1_000
MOST_SECONDS = 60.0
_SOON = 30.0
"""Seconds after which new entries are signed: the rest of `MOST_SECONDS` is for a slow disk."""


def checkpoint(settings: Settings, *, now: datetime) -> int:
    """Signs all that the journal of an installation holds; returns the number of entries that are covered.

    Raises:
        RegistryError: the journal is not what was signed before; or a file cannot be read or written.
    """
    key = service_key(settings)
    with opened_database(settings.database) as engine, engine.connect() as connection:
        return _sign(connection, settings, key, now)


def _without_folders(error: RegistryError) -> str:
    """What an error says, of a file its name alone."""
    values = {k: Path(str(v)).name if k == "path" else v for k, v in error.values.items()}
    return str(RegistryError(str(error.args[0]) if error.args else "", **values))


class Checkpointer:
    """Signs while the service runs: call `look` often; it asks the database for a number, and signs when it is time.

    Attributes:
        fault: why nothing can be signed; "" where it can. `/readyz` shows it to anybody: files without their folders.
        covered: how many entries the last checkpoint covers.
    """

    def __init__(
        self, engine: Engine, settings: Settings, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine, self._settings, self._seconds = engine, settings, seconds
        self._key: Key | None = None
        self._new_since: float | None = None
        self.fault, self.covered = "", -1

    def look(self, now: datetime) -> None:
        """Signs where half a minute has gone by since the first entry that is not covered, or half of a thousand came.

        Raises:
            RegistryError: as `checkpoint`; `fault` says the same.
        """
        try:
            self._look(now)
        except RegistryError as error:
            self.fault = _without_folders(error)
            raise
        except Exception as error:  # a database or a disk that does not answer: its words may hold values
            self.fault = str(CheckpointError("trust_errors.checkpoints.unsigned", kind=type(error).__name__))
            raise
        self.fault = ""

    def _look(self, now: datetime) -> None:
        with self._engine.connect() as connection:
            newest = head(connection).seq
            if newest == self.covered:
                self._new_since = None
                return
            if self._new_since is None:
                self._new_since = self._seconds()
            waited = self._seconds() - self._new_since
            first = self.covered < 0
            if not first and 0 < newest - self.covered < MOST_ENTRIES // 2 and waited < _SOON:
                return
        if self._key is None:
            self._key = service_key(self._settings)
        with self._engine.connect() as connection:
            self.covered = _sign(connection, self._settings, self._key, now)
        self._new_since = None

    def finish(self, now: datetime) -> None:
        """Signs what is left, when the service ends."""
        if self.covered >= 0:
            self._new_since = self._seconds() - _SOON
            self.look(now)


def _sign(connection: Connection, settings: Settings, key: Key, now: datetime) -> int:
    """Adds checkpoints up to the head, at most `MOST_ENTRIES` apart."""
    trust_file = settings.trust / FILE
    trust = sha256_file(trust_file) if trust_file.exists() else ""
    with CheckpointFile(settings.checkpoints).held() as file:
        last = Head(0, GENESIS) if file.last is None else Head(file.last.seq, file.last.digest)
        _require_standing(connection, last)
        unsigned = last
        for entry in entries(connection, after=last.seq):
            _require_next(entry, unsigned)
            unsigned = Head(entry.seq, entry.digest)
            if unsigned.seq - last.seq >= MOST_ENTRIES:
                file.add(key, unsigned.seq, unsigned.digest, instant(now), trust)
                last = unsigned
        if unsigned.seq > last.seq:
            file.add(key, unsigned.seq, unsigned.digest, instant(now), trust)
        return unsigned.seq


def _require_standing(connection: Connection, last: Head) -> None:
    if last.seq == 0:
        return
    digest = connection.scalar(select(journal.c.digest).where(journal.c.seq == last.seq))
    if digest != last.digest:
        raise CheckpointError(
            "trust_errors.checkpoints.gone" if digest is None else "trust_errors.checkpoints.other",
            seq=str(last.seq),
        )


def require_chain(connection: Connection, stands: Head, *, until: int) -> Head:
    """The last entry up to a number, all after `stands` following it as they must.

    Raises:
        CheckpointError: one of them does not, or `stands` is not there.
    """
    _require_standing(connection, stands)
    last = stands
    for entry in entries(connection, after=stands.seq):
        if entry.seq > until:
            break
        _require_next(entry, last)
        last = Head(entry.seq, entry.digest)
    return last


def _require_next(entry: Entry, last: Head) -> None:
    if (entry.seq, entry.previous) != (last.seq + 1, last.digest) or entry.digest != entry.computed_digest():
        raise CheckpointError("trust_errors.checkpoints.does_not_follow", seq=str(entry.seq))
