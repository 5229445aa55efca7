"""A package is inert: trees, numbers and names. Whether a file of it could be run, or would be when it is read."""

import json
from pathlib import Path

from registry.package.packed_arrays import read_arrays

__all__ = ["executable_files"]

_STARTS = (b"\x7fELF", b"MZ", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
"""Of programs of Linux, Windows, the shell, Java and macOS."""
_ANY_EXECUTE = 0o111


def executable_files(directory: Path) -> tuple[str, ...]:
    """Names of files that may be run or that would run code when read: by their rights, their start, their content."""
    return tuple(sorted(p.name for p in directory.iterdir() if _is_executable(p)))


def _is_executable(path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_mode & _ANY_EXECUTE:
        return True
    content = path.read_bytes()
    if content.startswith(_STARTS):
        return True
    if path.suffix == ".npz":
        return not _only_numbers(content)
    if path.suffix == ".json":
        return not _is_json(content)
    return path.suffix != ".ubj" or not content.startswith(b"{")


def _only_numbers(content: bytes) -> bool:
    """An archive of arrays, none of objects: those are pickles, which run code when they are read."""
    try:
        return all(array.dtype.kind in "biufU" for array in read_arrays(content).values())
    except ValueError:
        return False


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
