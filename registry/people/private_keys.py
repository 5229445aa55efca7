"""Private keys in files: Vigie's own form, PEM (PKCS#8, under a passphrase or not), and OpenSSH's; Ed25519 alone."""

import os
import re
import sys
from base64 import b64decode, urlsafe_b64encode
from getpass import getpass
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
        raise KeyFileError(
            "The passphrase cannot be used: it is text of at most 1023 bytes. Nothing is written."
        ) from None
    return f"Vigie key of {name}\n".encode() + pem


def read_pem(content: bytes, path: Path) -> tuple[str, Ed25519PrivateKey]:
    """A person's name and private key; one that names nobody goes by its file's name.

    The passphrase is asked for on the terminal, unless `PASSPHRASE` holds it.

    Raises:
        KeyFileError: it is no Ed25519 key, or the passphrase is missing or wrong.
    """
    begin = _BEGIN.search(content)
    if begin is None:
        raise KeyFileError(f"{path} is no key file: make one with vigie key create NAME.")
    body = content[begin.start() :]
    openssh = begin.group(1) == _OPENSSH
    locked = _openssh_locked(body) if openssh else b"ENCRYPTED" in body
    if locked and openssh and find_spec("bcrypt") is None:
        raise KeyFileError(
            f"{path} is an OpenSSH key under a passphrase, which Python reads only with the library bcrypt: install it "
            "(pip install bcrypt), or make a key of Vigie's own with vigie key create NAME --passphrase."
        )
    passphrase = _passphrase(path) if locked else None
    load = load_ssh_private_key if openssh else load_pem_private_key
    try:
        private = load(body, None if passphrase is None else passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if passphrase is not None:
            where = f" in {PASSPHRASE}" if os.environ.get(PASSPHRASE) else ""
            raise KeyFileError(
                f"The passphrase{where} does not open {path}: it is another one, or the file was changed."
            ) from None
        raise KeyFileError(f"{path} is a private key that cannot be read: use your copy.") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(
            f"{path} is a private key of another kind: Vigie signs with Ed25519 (vigie key create NAME, or "
            "ssh-keygen -t ed25519)."
        )
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
    first = _ask("Passphrase of the new key: ", "The new key's passphrase")
    _require(first)
    if _ask("The same again: ", "The new key's passphrase") != first:
        raise KeyFileError("The two passphrases differ: nothing is written. Run this again.")
    return first


def _passphrase(path: Path) -> str:
    return os.environ.get(PASSPHRASE, "") or _ask(f"Passphrase of {path}: ", f"The passphrase of {path}")


def _ask(prompt: str, what: str) -> str:
    if not sys.stdin.isatty():
        raise KeyFileError(f"{what} is not known: put it into {PASSPHRASE}, or run this on a terminal.")
    try:
        return getpass(prompt)
    except (EOFError, KeyboardInterrupt):
        raise KeyFileError(f"{what} was not given: nothing is done.") from None


def _require(passphrase: str) -> None:
    if not passphrase.strip():
        raise KeyFileError("An empty passphrase protects nothing: give one, or leave out --passphrase.")


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
