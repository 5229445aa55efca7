"""Pseudonyms: keyed HMACs, made before anything is stored (GDPR art. 4(5): the key is kept apart)."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

__all__ = ["load_or_create_key", "pseudonym"]

_HEX = 32  # 128 bits: no two of a hospital's ids meet


def pseudonym(key: bytes, value: str) -> str:
    """The pseudonym of an id: 32 hex digits, the same for the same key and id."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:_HEX]


def load_or_create_key(path: Path) -> bytes:
    """The installation's key; made on first use, readable by its owner alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text().strip())
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return bytes.fromhex(path.read_text().strip())
