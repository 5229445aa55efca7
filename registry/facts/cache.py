"""Files that a check makes once and reads again: kept with their digest, so that a damaged one is made anew."""

from pathlib import Path

from registry.digests import sha256_bytes, write_atomically

__all__ = ["keep", "kept"]


def keep(path: Path, content: bytes) -> None:
    """Keeps bytes under a name."""
    write_atomically(path, sha256_bytes(content).encode() + b"\n" + content)


def kept(path: Path) -> bytes | None:
    """The bytes kept under a name; None where there are none, or where they are not what was kept."""
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return content if digest.decode("ascii", "replace") == sha256_bytes(content) else None
