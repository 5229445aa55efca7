"""A hospital's history on its way into the observations: prepared in parts that outlive a stop, then stored at once.

Preparing takes most of the time and holds nobody up. Storing is one transaction, so that nobody is ever answered from
half a history; stopped before its end, it leaves the parts, and the same import goes on from them.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from hospital.arrays import Array
from hospital.contracts.tables import TABLES
from hospital.words.messages import Message, message
from registry.digests import canonical_json, sha256_bytes, write_atomically
from registry.record.observation_batches import Batch
from serving.errors import HistoryImportError, Problem
from serving.state.history_import import parts_since
from serving.state.observation_versions import version_of
from serving.state.observations import Counts, changes, import_versions

__all__ = ["PARTS", "History", "StagedHistory", "forget_parts", "staged_history"]

PARTS = "history-import"
"""The folder of parts, in the home."""
_ROWS = 20_000
_LOCK = ".lock"

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class History:
    """What is to be brought in.

    Attributes:
        tables: columns by table, as `hospital.ingest.event_columns.columns_of` gives them, ids already
            pseudonyms.
        since: instant; versions that say nothing about then or later are left out.
        audit: names of audit attributes.
        source: digest of the files, of which the columns alone come.
    """

    tables: Mapping[str, Mapping[str, Array]]
    since: int
    audit: Sequence[str]
    source: str


class StagedHistory:
    """A history whose parts lie in a folder.

    Attributes:
        kept: how many parts were there before.
    """

    def __init__(self, folder: Path, parts: Sequence[tuple[str, Path]], kept: int, source: str) -> None:
        self.kept = kept
        self._folder, self._parts, self._source = folder, parts, source

    def store(self, connection: Connection, progress: Progress, now: datetime) -> dict[str, Counts]:
        """Stores every part, with one entry of the journal that covers all.

        The connection is one of `registry.record.database.writing`, which commits all or nothing.

        Raises:
            HistoryImportError: versions contradict what is stored: how many, by table.
        """
        batch = Batch(connection)
        counts: dict[str, Counts] = {}
        conflicts: dict[str, int] = {}
        for number, (kind, path) in enumerate(self._parts):
            progress(f"store {kind}", number / len(self._parts))
            try:
                part = import_versions(connection, kind, _read(path), batch)
            except Problem as error:
                conflicts[kind] = conflicts.get(kind, 0) + len(error.faults)
                continue
            so_far = counts.setdefault(kind, Counts())
            so_far.new += part.new
            so_far.revised += part.revised
            so_far.unchanged += part.unchanged
        if conflicts:
            raise HistoryImportError("problems.contradicted_import", listed=_listed(conflicts))
        subjects = {**changes(counts), "source": self._source}
        batch.enter(connection, actor="vigie import", action="import", subjects=subjects, now=now)
        return counts

    def clear(self) -> None:
        """Takes the parts away, once they are stored."""
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def staged_history(home: Path, history: History, progress: Progress) -> Iterator[StagedHistory]:
    """The history in parts: those of a former run that was stopped, and the rest made now. One import at a time.

    Raises:
        HistoryImportError: another import is at work in this home.
    """
    root = home / PARTS
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(root) as free:
        if not free:
            raise HistoryImportError("problems.import_at_work")
        yield _staged(root, history, progress)


def forget_parts(home: Path) -> bool:
    """Takes away the parts of imports that were stopped, which may hold a person who was erased since.

    The next import makes them again of the hospital's files. False: an import is at work, and may store what it holds.
    """
    root = home / PARTS
    if not root.is_dir():
        return True
    with _alone(root) as free:
        for folder in root.iterdir() if free else ():
            if folder.is_dir():
                shutil.rmtree(folder)
    return free


@contextmanager
def _alone(root: Path) -> Iterator[bool]:
    """Whether nobody else is at work on the parts; nobody else is until this ends."""
    handle = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _staged(root: Path, history: History, progress: Progress) -> StagedHistory:
    folder = root / _name(history)
    for other in root.iterdir():  # of an import of other files that nobody went on with
        if other.is_dir() and other != folder:
            shutil.rmtree(other)
    sizes = {kind: columns["received_at"].size for kind, columns in history.tables.items()}
    parts, kept, done = [], 0, 0
    for kind, columns in history.tables.items():
        for number, rows in enumerate(parts_since(kind, columns, history.since, history.audit, size=_ROWS)):
            progress(f"prepare {kind}", min(done / max(sum(sizes.values()), 1), 1.0))
            path = folder / f"{kind}-{number:05d}.json"
            if path.exists():
                kept += 1
            else:
                versions = [version_of(kind, row, int(row["received_at"])) for row in rows]
                write_atomically(path, canonical_json(versions), mode=0o600)
            parts.append((kind, path))
            done += len(rows)
    return StagedHistory(folder, parts, kept, history.source)


def _name(history: History) -> str:
    """A name that is another one where the parts would be: for other files, another key of pseudonyms, other rows."""
    shapes = {
        kind: [
            sorted(columns),
            int(columns["received_at"].size),
            [str(columns[n][:1]) for n in TABLES[kind].key],
        ]
        for kind, columns in history.tables.items()
    }
    asked = {"source": history.source, "since": history.since, "shapes": shapes, "rows": _ROWS}
    return sha256_bytes(canonical_json(asked)).removeprefix("sha256:")[:32]


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        versions: list[dict[str, Any]] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise HistoryImportError("problems.unreadable_part", path=path, folder=path.parent) from None
    return versions


def _listed(conflicts: Mapping[str, int]) -> tuple[Message, ...]:
    return tuple(
        message("problems.rows_of", n=count, table=message(f"tables.{kind}"))
        for kind, count in conflicts.items()
    )
