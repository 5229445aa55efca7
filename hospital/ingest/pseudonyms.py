"""Pseudonyms: keyed HMACs, made before anything is stored (GDPR art. 4(5): the key is kept apart)."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hospital.errors import VigieError

__all__ = ["PSEUDONYM_BYTES", "load_or_create_key", "pseudonym", "pseudonym_bytes", "pseudonyms_of"]

PSEUDONYM_BYTES = 16
"""128 bits: no two of a hospital's ids meet."""
_KEY_BYTES = 32


def pseudonym(key: bytes, value: str) -> str:
    """The pseudonym of an id: 32 hex digits, the same for the same key and id.

    Raises:
        ValueError: the key is empty, which would make pseudonyms that anyone can compute.
    """
    return pseudonym_bytes(key, value).hex()


def pseudonym_bytes(key: bytes, value: str) -> bytes:
    """The pseudonym of an id as the 16 bytes that its hex digits write.

    Raises:
        ValueError: as `pseudonym`.
    """
    if not key:
        raise ValueError("The key of the pseudonyms is empty: load it with load_or_create_key.")
    return hmac.digest(key, value.encode(), hashlib.sha256)[:PSEUDONYM_BYTES]


def pseudonyms_of(key: bytes, sent: dict[str, str] | None = None) -> Callable[[str], bytes]:
    """What makes the pseudonyms of a key, as bytes; `sent` gets the id of each as it came."""
    if sent is None:
        return partial(pseudonym_bytes, key)

    def noted(value: str) -> bytes:
        made = pseudonym_bytes(key, value)
        sent[made.hex()] = value
        return made

    return noted


def load_or_create_key(path: Path) -> bytes:
    """The installation's key; made on first use, readable by its owner alone.

    Two processes that start at once get the same key: it appears under its name only when it is whole.

    Raises:
        VigieError: the file does not hold a key.
    """
    if not path.exists():
        _create(path)
    try:
        # A pipe in its place would be waited for, for ever.
        key = bytes.fromhex(path.read_text(encoding="ascii").strip()) if path.is_file() else b""
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise VigieError("errors.history.no_pseudonym_key", name=path.name, n=_KEY_BYTES)
    return key


def _create(path: Path) -> None:
    building = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(building, path)  # fails where another process was first: its key counts
        except FileExistsError:
            return
    finally:
        building.unlink(missing_ok=True)
