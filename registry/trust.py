"""Whom an installation trusts: public keys with roles, the policy in force, the lowest acceptable releases.

One file, ``trust.json``, in a folder that the service can read and not write. Whoever administers it holds the
root of trust; everything else is verified against it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from registry.digests import canonical_json, write_atomically
from registry.errors import SignatureError, TrustError
from registry.keys import Key, Signed, is_demo_key

__all__ = ["ROLES", "Trust", "TrustedKey", "create_trust", "load_trust", "save_trust"]

ROLES = ("author", "board", "releaser")
FILE = "trust.json"


@dataclass(frozen=True)
class TrustedKey:
    """A person's public key and roles."""

    name: str
    public_key: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Trust:
    """What ``trust.json`` says.

    Attributes:
        demo: whether demo keys are good here; set when the folder is made and never after.
        policy_digest: of the policy in force. lowest_release: by model; a lower sequence number is refused.
    """

    demo: bool
    keys: tuple[TrustedKey, ...]
    policy_digest: str
    lowest_release: Mapping[str, int]

    def require(self, signed: Signed, role: str, purpose: str) -> str:
        """The name of who signed, if that person may sign this.

        Raises:
            SignatureError: the signature does not verify, or is of an unknown key, another role or purpose.
        """
        if signed.purpose != purpose:
            raise SignatureError(f"{signed.name} signed something else than this ({signed.purpose}).")
        if is_demo_key(signed.public_key) and not self.demo:
            raise SignatureError(
                f"{signed.name} is a demo key, known to everybody: it is refused outside the demo's home."
            )
        key = next((k for k in self.keys if k.public_key == signed.public_key), None)
        if key is None:
            raise SignatureError(
                f"The key of {signed.name} is not in the trust folder: have it added with vigie key trust."
            )
        if role not in key.roles:
            raise SignatureError(f"{key.name} does not have the role {role} in the trust folder.")
        signed.verify()
        return key.name

    def with_key(self, name: str, public_key: str, roles: tuple[str, ...]) -> "Trust":
        """The same with a key added, or its roles changed.

        Raises:
            TrustError: a demo key outside a demo, an unknown role, a name that another key has.
        """
        if is_demo_key(public_key) and not self.demo:
            raise TrustError("Demo keys are known to everybody: they are refused outside the demo's home.")
        if not roles or set(roles) - set(ROLES):
            raise TrustError(f"Roles are {', '.join(ROLES)}.")
        others = tuple(k for k in self.keys if k.public_key != public_key)
        if any(k.name == name for k in others):
            raise TrustError(f"Another key is called {name}: one person, one name.")
        return replace(self, keys=(*others, TrustedKey(name, public_key, roles)))

    def with_person(self, key: Key, roles: tuple[str, ...]) -> "Trust":
        """`with_key` for a key at hand."""
        return self.with_key(key.name, key.public_key, roles)

    def with_floor(self, model: str, sequence: int) -> "Trust":
        """The same with the lowest acceptable release of a model raised; never lowered."""
        lowest = max(sequence, self.lowest_release.get(model, 0))
        return replace(self, lowest_release={**self.lowest_release, model: lowest})


def create_trust(folder: Path, *, policy_digest: str, demo: bool = False) -> Trust:
    """Makes a trust folder without keys.

    Raises:
        TrustError: there is one already.
    """
    if (folder / FILE).exists():
        raise TrustError(f"{folder} holds a trust file already.")
    trust = Trust(demo, (), policy_digest, {})
    save_trust(folder, trust)
    return trust


def load_trust(folder: Path) -> Trust:
    """Reads a trust folder.

    Raises:
        TrustError: it is missing or broken.
    """
    try:
        body: dict[str, Any] = json.loads((folder / FILE).read_bytes())
        keys = tuple(TrustedKey(k["name"], k["public_key"], tuple(k["roles"])) for k in body["keys"])
        lowest = {str(model): int(number) for model, number in body["lowest_release"].items()}
        if body["format"] != 1 or not isinstance(body["demo"], bool):
            raise ValueError
        return Trust(body["demo"], keys, str(body["policy_digest"]), lowest)
    except OSError:
        raise TrustError(f"There is no trust file in {folder}: make one with vigie key trust.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TrustError(
            f"The trust file in {folder} cannot be read: restore it from your own copy."
        ) from None


def save_trust(folder: Path, trust: Trust) -> None:
    """Writes a trust folder's file, whole or not at all."""
    body = {
        "format": 1,
        "demo": trust.demo,
        "keys": [{"name": k.name, "public_key": k.public_key, "roles": list(k.roles)} for k in trust.keys],
        "policy_digest": trust.policy_digest,
        "lowest_release": dict(trust.lowest_release),
    }
    try:
        write_atomically(folder / FILE, canonical_json(body))
    except OSError as error:
        raise TrustError(f"The trust folder {folder} cannot be written ({error.strerror}).") from None
