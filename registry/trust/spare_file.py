"""Room for one more change of the trust file on a disk that is full: a stop waits for nobody who makes some.

A file of that size lies beside it. Where nothing can be written any more, the change is written over it, and it takes
the trust file's place: whole or not at all, as always.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from registry.digests import sync_folder, write_atomically

__all__ = ["SPARE", "keep_spare", "take_spare"]

SPARE = "trust.spare"
_BYTES = 131_072
"""Several times a trust file with its statements and stops."""


def keep_spare(folder: Path) -> None:
    """Makes the file where there is none, or it was used; on a disk that is full there is none until there is room."""
    path = folder / SPARE
    with suppress(OSError):
        if not path.is_file() or path.stat().st_size < _BYTES:
            write_atomically(path, os.urandom(_BYTES))  # of zeros a file system may keep nothing


def take_spare(folder: Path, name: str, content: bytes) -> bool:
    """Whether `content` stands under a name of the folder now, written over the spare file.

    Raises:
        OSError: it was written, and cannot take its place.
    """
    path = folder / SPARE
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or found.st_size < len(content):
            return False
        if os.pwrite(handle, content, 0) != len(content):
            return False
        os.ftruncate(handle, len(content))
        os.fchmod(handle, stat.S_IMODE((folder / name).stat().st_mode))
        os.fsync(handle)
    except OSError:
        return False
    finally:
        os.close(handle)
    os.rename(path, folder / name)
    sync_folder(folder)
    return True
