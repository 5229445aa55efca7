"""Private keys in files: Vigie's own form, PEM (PKCS#8, under a passphrase or not), and OpenSSH's; Ed25519 alone."""

import getpass
import os
import re
import sys
from base64 import b64decode, urlsafe_b64encode
from importlib.util import find_spec
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from hospital.words.catalogue import text
from hospital.words.language import named_language
from hospital.words.messages import Message, message
from registry.errors import KeyFileError
from registry.people.person_names import is_person_name

__all__ = ["PASSPHRASE", "ask_new_passphrase", "encrypted_pem", "is_pem", "openssh_public", "read_pem"]

PASSPHRASE = "VIGIE_KEY_PASSPHRASE"  # noqa: S105 - the variable's name
"""The variable of the environment that holds a passphrase."""
_NAME = re.compile(rb"^Vigie key of (.{1,256}?)\r?$", re.MULTILINE)
_BEGIN = re.compile(rb"^-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----", re.MULTILINE)
_OPENSSH = b"OPENSSH PRIVATE KEY"


def is_pem(content: bytes) -> bool:
    """Whether a file holds a private key between lines of dashes."""
    return _BEGIN.search(content) is not None


def encrypted_pem(name: str, private: Ed25519PrivateKey, passphrase: str) -> bytes:
    """A key file under a passphrase: a line with the person's name, then PKCS#8.

    Raises:
        KeyFileError: the passphrase is empty, too long for the library, or no text.
    """
    _require(passphrase)
    try:
        encryption = BestAvailableEncryption(passphrase.encode())
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    except ValueError:
        raise KeyFileError("trust_errors.keys.passphrase_unusable") from None
    return f"Vigie key of {name}\n".encode() + pem


def read_pem(content: bytes, path: Path) -> tuple[str, Ed25519PrivateKey]:
    """A person's name and private key; one that names nobody goes by its file's name.

    The passphrase is asked for on the terminal, unless `PASSPHRASE` holds it.

    Raises:
        KeyFileError: it is no Ed25519 key, or the passphrase is missing or wrong.
    """
    begin = _BEGIN.search(content)
    if begin is None:
        raise KeyFileError("trust_errors.keys.no_key_file", path=path)
    body = content[begin.start() :]
    openssh = begin.group(1) == _OPENSSH
    locked = _openssh_locked(body) if openssh else b"ENCRYPTED" in body
    if locked and openssh and find_spec("bcrypt") is None:
        raise KeyFileError("trust_errors.keys.needs_bcrypt", path=path)
    passphrase = _passphrase(path) if locked else None
    load = load_ssh_private_key if openssh else load_pem_private_key
    try:
        private = load(body, None if passphrase is None else passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if passphrase is not None:
            if os.environ.get(PASSPHRASE):
                raise KeyFileError(
                    "trust_errors.keys.wrong_passphrase_in", variable=PASSPHRASE, path=path
                ) from None
            raise KeyFileError("trust_errors.keys.wrong_passphrase", path=path) from None
        raise KeyFileError("trust_errors.keys.private_unreadable", path=path) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError("trust_errors.keys.other_kind", path=path)
    return _name(content[: begin.start()], path), private


def openssh_public(text: str) -> str:
    """A line of OpenSSH's (``ssh-ed25519 AAAA… comment``) as Vigie writes the key; another text as it is."""
    if not text.lstrip().startswith("ssh-"):
        return text
    try:
        public = load_ssh_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        return text
    if not isinstance(public, Ed25519PublicKey):
        return text
    return urlsafe_b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def ask_new_passphrase() -> str:
    """A passphrase for a new key: from `PASSPHRASE`, or asked for twice on the terminal without echo.

    Raises:
        KeyFileError: it is empty, the two differ, or there is no terminal.
    """
    passphrase = os.environ.get(PASSPHRASE, "")
    if passphrase:
        return passphrase
    first = _ask(message("trust_errors.keys.passphrase_of_new"))
    _require(first)
    if _ask(message("trust_errors.keys.passphrase_again")) != first:
        raise KeyFileError("trust_errors.keys.passphrases_differ")
    return first


def _passphrase(path: Path) -> str:
    return os.environ.get(PASSPHRASE, "") or _ask(message("trust_errors.keys.passphrase_of", path=path))


def _ask(what: Message) -> str:
    if not sys.stdin.isatty():
        raise KeyFileError("trust_errors.keys.passphrase_unknown", what=what, variable=PASSPHRASE)
    spoken = named_language(os.environ)
    try:
        return getpass.getpass(text("trust_errors.keys.prompt", spoken, what=what.words(spoken)))
    except (EOFError, KeyboardInterrupt):
        raise KeyFileError("trust_errors.keys.passphrase_not_given", what=what) from None


def _require(passphrase: str) -> None:
    if not passphrase.strip():
        raise KeyFileError("trust_errors.keys.passphrase_empty")


def _openssh_locked(body: bytes) -> bool:
    """Whether an OpenSSH key names a cipher; what cannot be read is not, and fails when it is loaded."""
    digits = b"".join(line for line in body.split(b"\n") if not line.startswith(b"-----"))
    try:
        raw = b64decode(digits)
    except ValueError:
        return False
    magic = b"openssh-key-v1\0"
    length = int.from_bytes(raw[len(magic) : len(magic) + 4], "big")
    cipher = raw[len(magic) + 4 : len(magic) + 4 + length]
    return raw.startswith(magic) and cipher != b"none"


def _name(before: bytes, path: Path) -> str:
    named = _NAME.search(before)
    name = named.group(1).decode("utf-8", "replace") if named is not None else path.stem
    return name if is_person_name(name) else "key"
