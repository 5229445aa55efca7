"""Ed25519 keys of people, and what they sign.

A signature is over the canonical JSON of a purpose and a body, so that what was signed as one thing can never
be shown as another.
"""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash

from registry.digests import canonical_json, read_plain_file, sync_folder
from registry.errors import KeyFileError, SignatureError
from registry.people.person_names import NAME_RULE, is_person_name
from registry.people.private_keys import encrypted_pem, is_pem, read_pem

__all__ = [
    "DEMO_ROLES",
    "Key",
    "Signed",
    "create_key",
    "demo_key",
    "is_demo_key",
    "is_public_key",
    "load_key",
]

DEMO_ROLES = ("author", "board-1", "board-2", "releaser", "checker")
FORMAT = 1


@dataclass(frozen=True)
class Signed:
    """A body that somebody signed for a purpose.

    Attributes:
        name: what the signer goes by. Nothing rests on it: `Trust.require` knows a person by the key.
    """

    body: dict[str, Any]
    name: str
    public_key: str
    purpose: str
    value: str

    def to_json(self) -> dict[str, Any]:
        """The JSON object that is kept."""
        signature = {
            "name": self.name,
            "public_key": self.public_key,
            "purpose": self.purpose,
            "value": self.value,
        }
        return {"body": self.body, "signature": signature}

    @classmethod
    def from_json(cls, value: Any) -> "Signed":
        """Reads `to_json`'s object; the signature is not verified yet.

        Raises:
            SignatureError: it is not a signed body.
        """
        try:
            signature = value["signature"]
            parts = [signature[name] for name in ("name", "public_key", "purpose", "value")]
            if not isinstance(value["body"], dict) or not all(isinstance(p, str) for p in parts):
                raise TypeError
        except (TypeError, KeyError):
            raise SignatureError("trust_errors.keys.not_signed") from None
        return cls(value["body"], *parts)

    def verify(self) -> None:
        """Raises SignatureError unless the signature is that of the public key over the body and purpose."""
        try:
            public = Ed25519PublicKey.from_public_bytes(_decode(self.public_key))
            public.verify(_decode(self.value), _message(self.purpose, self.body))
        except (InvalidSignature, ValueError, TypeError, RecursionError):
            raise SignatureError("trust_errors.keys.not_verified", name=self.name) from None


@dataclass(frozen=True, repr=False)
class Key:
    """A person's key. `repr` shows the public part alone."""

    name: str
    public_key: str
    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"Key(name={self.name!r}, public_key={self.public_key!r})"

    def sign(self, purpose: str, body: dict[str, Any]) -> Signed:
        """Signs a body for a purpose."""
        return Signed(
            body, self.name, self.public_key, purpose, _encode(self.private.sign(_message(purpose, body)))
        )


def is_public_key(text: str) -> bool:
    """Whether a text is the one way to write an Ed25519 public key: two spellings would be two people.

    Points of small order are none (RFC 8032 leaves them to whoever verifies): one signature, which everybody can write
    down, verifies under them over anything, so whoever is trusted by one has their name signed by anybody.
    """
    try:
        raw = _decode(text)
    except ValueError:
        return False
    y = int.from_bytes(raw, "little") & ((1 << 255) - 1)  # without the sign of x
    return len(raw) == 32 and y < _FIELD and y not in _SMALL_ORDER


_FIELD = 2**255 - 19
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
"""y of a point of order 8."""
_SMALL_ORDER = frozenset({0, 1, _FIELD - 1, _EIGHTH, _FIELD - _EIGHTH})
"""y of the eight points whose order divides 8."""


def create_key(name: str, path: Path, *, passphrase: str | None = None) -> Key:
    """Makes a key and writes it, whole or not at all, to a new file that its owner alone can read.

    Args:
        name: of the person.
        path: of the file.
        passphrase: under which it is written, as PEM; None: it is written in Vigie's own form, in clear.

    Raises:
        KeyFileError: the name is none, the file exists, the passphrase is empty, or it cannot be written.
    """
    if not is_person_name(name):
        raise KeyFileError(NAME_RULE)
    key = _new_key(name)
    content = _in_clear(key) if passphrase is None else encrypted_pem(name, key.private, passphrase)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, content)
    except FileExistsError:
        raise KeyFileError("trust_errors.keys.exists", path=path) from None
    except OSError as error:
        raise KeyFileError("trust_errors.keys.unwritable", path=path, why=error) from None
    except ValueError:  # "", ".", a text with a zero byte
        raise KeyFileError("trust_errors.keys.no_file_name") from None
    return key


def _in_clear(key: Key) -> bytes:
    body = {
        "format": FORMAT,
        "name": key.name,
        "public_key": key.public_key,
        "private_key": _encode(key.private.private_bytes_raw()),
    }
    return canonical_json(body)


def _new_key(name: str) -> Key:
    """A random key whose public part does not begin with a dash: a command line would read an option."""
    while True:
        key = _key(name, Ed25519PrivateKey.generate())
        if not key.public_key.startswith("-"):
            return key


def _write_once(path: Path, content: bytes) -> None:
    """A new private file, whole from its first moment; a link, unlike a rename, never replaces one."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def load_key(path: Path) -> Key:
    """Reads a key file: Vigie's own form, PEM under a passphrase, or OpenSSH's.

    Raises:
        KeyFileError: it is missing, readable by others, no key file, or its two halves are not one key; its passphrase
            is missing or wrong.
    """
    try:
        mode = path.stat().st_mode
        content = read_plain_file(path, follow=True)
    except OSError as error:
        raise KeyFileError("trust_errors.keys.unreadable", path=path, why=error) from None
    if mode & 0o077:
        raise KeyFileError("trust_errors.keys.open_to_others", path=path)
    if is_pem(content):
        return _key(*read_pem(content, path))
    try:
        body = json.loads(content)
        key = _key(str(body["name"]), Ed25519PrivateKey.from_private_bytes(_decode(body["private_key"])))
        if body["format"] != FORMAT or not is_person_name(key.name):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeyFileError("trust_errors.keys.no_key_file", path=path) from None
    if body.get("public_key") != key.public_key:
        raise KeyFileError("trust_errors.keys.other_half", path=path)
    return key


def demo_key(role: str) -> Key:
    """The demo's key of a role: made from a published text, so that everybody knows it."""
    digest = Hash(SHA256())
    digest.update(f"Vigie demo key, known to everybody: {role}".encode())
    return _key(f"demo-{role}", Ed25519PrivateKey.from_private_bytes(digest.finalize()))


def is_demo_key(public_key: str) -> bool:
    """Whether a public key is one of the demo's."""
    return public_key in _demo_public_keys()


@cache
def _demo_public_keys() -> frozenset[str]:
    return frozenset(demo_key(role).public_key for role in DEMO_ROLES)


def _key(name: str, private: Ed25519PrivateKey) -> Key:
    return Key(name, _encode(private.public_key().public_bytes_raw()), private)


def _message(purpose: str, body: dict[str, Any]) -> bytes:
    return canonical_json({"purpose": purpose, "body": body})


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def _decode(text: str) -> bytes:
    raw = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
    if _encode(raw) != text:  # spare bits in the last digit: another spelling of the same bytes
        raise ValueError
    return raw
