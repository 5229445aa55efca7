"""The file of checkpoints: a line each, signed, and chained to the one before; lines are added, never changed.

A checkpoint says: at this time, entry so-and-so of the journal had this digest. It covers all entries up to that one.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.digests import canonical_json, read_plain_file, sha256_bytes, sync_folder
from registry.errors import CheckpointError, SignatureError
from registry.trust.keys import Key, Signed

__all__ = ["PURPOSE", "Checkpoint", "CheckpointFile", "Line", "body_of"]

PURPOSE = "journal checkpoint"
FIRST = ""
_TAIL = 65_536
_LONGEST_LINE = 2**26
_LARGEST = 2**31
"""Bytes of the file: half of a thousand a minute for eight years."""


@dataclass(frozen=True)
class Checkpoint:
    """What one line says.

    Attributes:
        seq, digest: number and digest of the last entry that it covers.
        at: instant.
        trust: digest of the trust file then, "" where there was none.
        previous: digest of the line before, "" on the first.
        line: this line's own digest.
        restore: what the board signed of a restore, or a lost file, that it accepts here (`board_acts`); or None.
    """

    seq: int
    digest: str
    at: int
    trust: str
    previous: str
    line: str
    signed: Signed
    restore: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Line:
    """A line of the file; checkpoint: None where it is none."""

    number: int
    checkpoint: Checkpoint | None


def body_of(seq: int, digest: str, at: int, trust: str, previous: str) -> dict[str, Any]:
    """What is signed."""
    return {"format": 1, "seq": seq, "digest": digest, "at": at, "trust": trust, "previous": previous}


class CheckpointFile:
    """The file at a path; it need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[Line]:
        """Every line; signatures are not verified. What a crash left of a last line is passed over.

        Raises:
            CheckpointError: the file is there, and cannot be read.
        """
        try:
            content = read_plain_file(self.path, follow=True, at_most=_LARGEST)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CheckpointError("trust_errors.checkpoints.unreadable", path=self.path, why=error) from None
        whole = content[: content.rfind(b"\n") + 1]
        return [Line(i, _checkpoint(line)) for i, line in enumerate(whole.splitlines(keepends=True), 1)]

    @contextmanager
    def held(self) -> Iterator["_Held"]:
        """The file, with nobody else writing to it.

        Raises:
            CheckpointError: it cannot be written, or its last line is no checkpoint.
        """
        try:
            new = not self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise _unwritable(self.path, error) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield _Held(self.path, handle, new)
        except OSError as error:
            raise _unwritable(self.path, error) from None
        finally:
            os.close(handle)


class _Held:
    """The file while it is locked."""

    def __init__(self, path: Path, handle: int, new: bool) -> None:
        self._path, self._handle, self._new = path, handle, new
        self.last = self._read_last()

    def _read_last(self) -> Checkpoint | None:
        """The last whole line; a last line without its end was never acknowledged, and is taken away."""
        size, length = os.fstat(self._handle).st_size, _TAIL
        while True:  # what a board signed may be longer: its line is read from its beginning
            start = max(size - length, 0)
            tail = os.pread(self._handle, size - start, start)
            end = tail.rfind(b"\n") + 1
            is_whole = start == 0 or (end > 0 and tail.rfind(b"\n", 0, end - 1) >= 0)
            if is_whole or length > _LONGEST_LINE:
                break
            length *= 2
        if start + end < size:
            os.ftruncate(self._handle, start + end)
        if end == 0:
            return None
        last = _checkpoint(tail[tail.rfind(b"\n", 0, end - 1) + 1 : end])
        if last is None:
            raise CheckpointError("trust_errors.checkpoints.no_checkpoint", path=self._path)
        return last

    def add(
        self,
        key: Key,
        seq: int,
        digest: str,
        at: int,
        trust: str,
        *,
        restore: Mapping[str, Any] | None = None,
    ) -> Checkpoint:
        """Adds a checkpoint, durable when this returns."""
        previous = FIRST if self.last is None else self.last.line
        body = body_of(seq, digest, at, trust, previous)
        signed = key.sign(
            PURPOSE, body if restore is None else {**body, "format": 2, "restore": dict(restore)}
        )
        line = canonical_json(signed.to_json())
        os.lseek(self._handle, 0, os.SEEK_END)
        written = 0
        while written < len(line):
            written += os.write(self._handle, line[written:])
        os.fsync(self._handle)
        if self._new:
            sync_folder(self._path.parent)
            self._new = False
        self.last = Checkpoint(seq, digest, at, trust, previous, sha256_bytes(line), signed, restore)
        return self.last


def _checkpoint(line: bytes) -> Checkpoint | None:
    """What a line says, if it is written as a checkpoint is; its signature is not verified."""
    try:
        signed = Signed.from_json(json.loads(line))
        b = signed.body
        found = Checkpoint(
            b["seq"],
            b["digest"],
            b["at"],
            b["trust"],
            b["previous"],
            sha256_bytes(line),
            signed,
            b.get("restore"),
        )
        numbers = all(type(n) is int for n in (found.seq, found.at))
        texts = all(type(t) is str for t in (found.digest, found.trust, found.previous))
        form = b["format"] == (1 if found.restore is None else 2) and isinstance(
            found.restore, Mapping | None
        )
        same = form and canonical_json(signed.to_json()) == line
    except (ValueError, KeyError, TypeError, RecursionError, SignatureError):
        return None
    return found if numbers and texts and same else None


def _unwritable(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError("trust_errors.checkpoints.unwritable", path=path, why=error)
