"""Digests and files that are whole or not there."""

import errno
import hashlib
import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

__all__ = [
    "PRIVATE",
    "canonical_json",
    "read_plain_file",
    "sha256_bytes",
    "sha256_file",
    "sync_folder",
    "write_atomically",
]


def canonical_json(body: Any) -> bytes:
    """The one way to write a JSON value: keys sorted, no spaces, UTF-8, a line end; NaN is refused."""
    return _CANONICAL.encode(body).encode() + b"\n"


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def sha256_bytes(content: bytes) -> str:
    """Digest of bytes, as ``sha256:<64 hex digits>``."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Digest of a plain file's bytes, whatever their number; a link to one will do.

    Raises:
        OSError: it is not there, cannot be read, or is a folder, a pipe, a socket or a device.
    """
    _require_plain(path.stat(), path, alone=False)
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        _require_plain(os.fstat(file.fileno()), path, alone=False)
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


USUAL = 64 * 2**20
"""Bytes that a file has at most unless somebody says otherwise: more than any that Vigie writes but tables and logs."""


def read_plain_file(
    path: Path, *, follow: bool = False, alone: bool = False, at_most: int | None = USUAL
) -> bytes:
    """The bytes of a plain file; anything else is refused without being opened: opening a pipe may never return.

    Args:
        path: of the file.
        follow: a link to a plain file will do (a mounted trust folder may consist of such links).
        alone: a file that has a second name elsewhere is refused: through that name it can be changed.
        at_most: bytes; a larger file is refused without being read: one of a terabyte of holes costs its maker nothing.
            None: a table, which may be of any size.

    Raises:
        OSError: it is not there, cannot be read, is too large, or is a link, a folder, a pipe, a socket or a device.
    """
    found = path.stat() if follow else path.lstat()
    _require_plain(found, path, alone=alone)
    # Should it become something else at this moment, opening it neither follows nor waits.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    with os.fdopen(os.open(path, flags), "rb") as file:
        opened = os.fstat(file.fileno())
        _require_plain(opened, path, alone=alone)
        if at_most is None:
            return file.read()
        content = b"" if opened.st_size > at_most else file.read(at_most + 1)
        if opened.st_size > at_most or len(content) > at_most:  # it may grow while it is read
            raise OSError(errno.EFBIG, f"is larger than {at_most // 2**20} MiB", str(path))
        return content


def _require_plain(found: os.stat_result, path: Path, *, alone: bool) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is no plain file", str(path))
    if alone and found.st_nlink > 1:
        raise OSError(errno.EMLINK, "has a second name elsewhere (a hard link)", str(path))


PRIVATE = 0o077
"""What others may not do with what Vigie writes, as a umask has it."""


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Writes a file whole or not at all: temporary name in its folder, fsync, rename, fsync of the folder.

    Args:
        mode: its permissions; None: its owner's alone, and readable by all where the folder is open to others, as a
            trust folder is that another account's service reads.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode is None:
        mode = 0o644 if path.parent.stat().st_mode & PRIVATE else 0o600
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
