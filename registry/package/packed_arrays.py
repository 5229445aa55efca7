"""Arrays of a package, read within bounds: an archive of a megabyte may say that it holds a thousand gigabytes."""

import io
import zipfile
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_arrays"]

_MOST = 512 * 2**20
"""Bytes of all arrays of an archive: far more than any package has, and less than a service has memory."""


def read_arrays(content: bytes, most: int = _MOST) -> dict[str, NDArray[np.generic]]:
    """The arrays of an archive, by name; none is of objects, which are pickles and run code when they are read.

    Args:
        most: bytes of all of them.

    Raises:
        ValueError: it is none, holds more than `most` bytes, or an array says that it is larger than what is there.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > most:
                raise ValueError
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (
        OSError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        MemoryError,
        OverflowError,
    ):
        raise ValueError from None
