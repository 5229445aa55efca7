"""Whom an installation trusts: public keys with roles, the policy in force, the lowest acceptable releases.

One file, ``trust.json``, in a folder that the service can read and not write. Whoever administers it holds
the root of trust; everything else is verified against it.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from registry.digests import canonical_json, read_plain_file, sha256_bytes, write_atomically
from registry.errors import SignatureError, TrustError
from registry.people.person_names import NAME_RULE, is_person_name, same_person
from registry.policy.board_rules import FUNCTIONS
from registry.trust.ceremony import verify_statements
from registry.trust.keys import Key, Signed, is_demo_key, is_public_key

__all__ = [
    "ROLES",
    "Trust",
    "TrustedKey",
    "create_trust",
    "load_trust",
    "locked_trust",
    "save_trust",
    "trust_digest",
    "update_trust",
]

ROLES = ("author", "board", "releaser", "checker", "service", *FUNCTIONS)
FILE = "trust.json"
_LOCK = ".lock"


@dataclass(frozen=True)
class TrustedKey:
    """A person's public key and roles.

    Attributes:
        retired: the person has left: what they signed stays valid, they sign nothing more. A key that was
        stolen is taken out instead, and with it falls whatever it signed.
    """

    name: str
    public_key: str
    roles: tuple[str, ...]
    retired: bool = False


@dataclass(frozen=True)
class Trust:
    """What ``trust.json`` says.

    Attributes:
        demo: whether demo keys are good here; set when the folder is made and never after.
        keys: one person a key, one key a person: neither a name nor a key stands twice.
        policy_digest: of the policy in force.
        lowest_release: by model; a lower sequence number is refused.
        released_before: by model, the last release of before the policy came in force: up to it, releases that were
            judged by another policy are served.
        statements: about people and policy, signed (`registry.trust.ceremony`); none before the founding.
        stopped: by model, the signed stop that stands; whatever stands there stops it.
    """

    demo: bool
    keys: tuple[TrustedKey, ...]
    policy_digest: str
    lowest_release: Mapping[str, int]
    released_before: Mapping[str, int] = field(default_factory=dict)
    statements: tuple[Mapping[str, Any], ...] = ()
    stopped: Mapping[str, Any] = field(default_factory=dict)

    @property
    def founded(self) -> bool:
        """Whether its board has signed who is who; from then on a quorum signs each change."""
        return bool(self.statements)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The keys as the file and its statements name them."""
        return [
            {"name": k.name, "public_key": k.public_key, "roles": list(k.roles)}
            | ({"retired": True} if k.retired else {})
            for k in self.keys
        ]

    @property
    def signed(self) -> bool:
        """Whether people and policy are those of the last statement; before the founding there is nothing to be."""
        last = self.statements[-1]["body"] if self.statements else None
        return last is None or (last["keys"], last["policy_digest"]) == (self.entries, self.policy_digest)

    def require(self, signed: Signed, role: str, purpose: str, *, acting: bool = False) -> str:
        """The name of `signer`."""
        return self.signer(signed, role, purpose, acting=acting).name

    def signer(self, signed: Signed, role: str, purpose: str, *, acting: bool = False) -> TrustedKey:
        """Whose signature this is, by the trust file, if that person may sign this; `acting`: now, not once.

        Raises:
            SignatureError: the signature does not verify, or is of an unknown key, another role or purpose.
        """
        if signed.purpose != purpose:
            raise SignatureError(f"{signed.name} signed something else than this ({signed.purpose}).")
        if is_demo_key(signed.public_key) and not self.demo:
            raise SignatureError(
                f"{signed.name} is a demo key, known to everybody: it is refused outside the demo's home."
            )
        key = self.key_of(signed.public_key)
        if key is None:
            raise SignatureError(
                f"The key of {signed.name} is not in the trust folder: have it added with vigie key trust."
            )
        if role not in key.roles:
            raise SignatureError(f"{key.name} does not have the role {role} in the trust folder.")
        if acting and key.retired:
            raise SignatureError(f"{key.name}'s key is retired: it signs nothing more.")
        signed.verify()
        return key

    def key_of(self, public_key: str) -> TrustedKey | None:
        """The entry of a key; None: it is not trusted, or was taken out."""
        return next((k for k in self.keys if k.public_key == public_key), None)

    def with_key(self, name: str, public_key: str, roles: tuple[str, ...]) -> "Trust":
        """The same with a key added, or its roles changed.

        Raises:
            TrustError: a demo key outside a demo, no key, an unknown role, a name that is taken or is none.
        """
        if not is_public_key(public_key):
            raise TrustError(
                "That is no Ed25519 public key: copy it from the person's key file as it stands."
            )
        if is_demo_key(public_key) and not self.demo:
            raise TrustError("Demo keys are known to everybody: they are refused outside the demo's home.")
        if not roles or set(roles) - set(ROLES):
            raise TrustError(f"Roles are {', '.join(ROLES)}.")
        if {"checker", "service"} & set(roles) and len(roles) > 1:
            raise TrustError(
                "The check's key and the service's are nobody else's: they sign what was computed and written, and "
                "decide nothing."
            )
        if not is_person_name(name):
            raise TrustError(NAME_RULE)
        others, added = (
            tuple(k for k in self.keys if k.public_key != public_key),
            TrustedKey(name, public_key, roles),
        )
        other = next((k for k in others if _same(k, added)), None)
        if other is not None:
            raise TrustError(
                f"Another key is called {other.name}: one person, one name, one key, however it is written. If this is "
                "somebody else, write both names in full."
            )
        return replace(self, keys=(*others, added))

    def with_person(self, key: Key, roles: tuple[str, ...]) -> "Trust":
        """`with_key` for a key at hand."""
        return self.with_key(key.name, key.public_key, roles)

    def with_retired(self, name: str) -> "Trust":
        """The same with a person's key retired.

        Raises:
            TrustError: nobody has that name.
        """
        if all(k.name != name for k in self.keys):
            raise TrustError(f"Nobody in the trust folder is called {name}.")
        return replace(self, keys=tuple(replace(k, retired=True) if k.name == name else k for k in self.keys))

    def without(self, name: str) -> "Trust":
        """The same with a person's keys taken out: with them falls whatever rests on that person alone.

        Raises:
            TrustError: nobody has that name.
        """
        if all(k.name != name for k in self.keys):
            raise TrustError(f"Nobody in the trust folder is called {name}.")
        return replace(self, keys=tuple(k for k in self.keys if k.name != name))

    def with_policy(self, policy_digest: str) -> "Trust":
        """The same with another policy in force; what is released now may go on, what comes is judged by it."""
        before = self.released_before if policy_digest == self.policy_digest else dict(self.lowest_release)
        return replace(self, policy_digest=policy_digest, released_before=before)

    def with_stop(self, model: str, signed: Mapping[str, Any]) -> "Trust":
        """The same with a model stopped."""
        return replace(self, stopped={**self.stopped, model: signed})

    def without_stop(self, model: str) -> "Trust":
        """The same with a model that may speak again."""
        return replace(self, stopped={name: s for name, s in self.stopped.items() if name != model})

    def with_floor(self, model: str, sequence: int) -> "Trust":
        """The same with the lowest acceptable release of a model raised; never lowered."""
        lowest = max(sequence, self.lowest_release.get(model, 0))
        return replace(self, lowest_release={**self.lowest_release, model: lowest})


def create_trust(folder: Path, *, policy_digest: str, demo: bool = False) -> Trust:
    """Makes a trust folder without keys.

    Raises:
        TrustError: there is one already.
    """
    with locked_trust(folder):
        if (folder / FILE).exists():
            raise TrustError(f"{folder} holds a trust file already: it is never made anew.")
        trust = Trust(demo, (), policy_digest, {})
        _write(folder, trust)
    return trust


def load_trust(folder: Path) -> Trust:
    """Reads a trust folder.

    Raises:
        TrustError: it is missing or broken.
    """
    try:
        body: dict[str, Any] = json.loads(read_plain_file(folder / FILE, follow=True))
        keys = tuple(_key(k) for k in body["keys"])
        lowest, before = _numbers(body["lowest_release"]), _numbers(body.get("released_before", {}))
        if body["format"] != 1 or not isinstance(body["demo"], bool):
            raise ValueError
        if not all(is_person_name(k.name) and is_public_key(k.public_key) for k in keys):
            raise ValueError
        if not _stand_once(keys):
            raise ValueError
        statements = tuple(body.get("statements", ()))
        verify_statements(statements, demo=body["demo"])
        stopped = {str(model): signed for model, signed in body.get("stopped", {}).items()}
        trust = Trust(body["demo"], keys, str(body["policy_digest"]), lowest, before, statements, stopped)
        if not trust.signed:
            raise TrustError("people or policy are not those that the board signed")
        return trust
    except TrustError as error:
        raise TrustError(
            f"The trust file in {folder} was changed by hand: {error}. Restore it from your own copy."
        ) from None
    except OSError:
        raise TrustError(f"There is no trust file in {folder}: make one with vigie key trust.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TrustError(
            f"The trust file in {folder} cannot be read, or names a person or a key twice: "
            "restore it from your own copy."
        ) from None


def _numbers(by_model: dict[str, Any]) -> dict[str, int]:
    return {str(model): int(number) for model, number in by_model.items()}


def _key(entry: dict[str, Any]) -> TrustedKey:
    retired = entry.get("retired", False)
    if not isinstance(retired, bool):
        raise ValueError
    return TrustedKey(entry["name"], entry["public_key"], tuple(entry["roles"]), retired)


def _stand_once(keys: tuple[TrustedKey, ...]) -> bool:
    """Whether no key stands twice, and no two names may be one person's."""
    pairs = list(combinations(keys, 2))
    return len({k.public_key for k in keys}) == len(keys) and not any(_same(a, b) for a, b in pairs)


def _same(one: TrustedKey, other: TrustedKey) -> bool:
    """Whether two keys are one person's who has one already; a retired key of the very same name is the former one."""
    if one.name == other.name and (one.retired or other.retired):
        return False
    if is_demo_key(one.public_key) and is_demo_key(other.public_key):
        return one.name == other.name
    return same_person(one.name, other.name)


def save_trust(folder: Path, trust: Trust) -> None:
    """Writes a trust folder's file, whole or not at all; for a change of what stands there, `update_trust`.

    Raises:
        TrustError: it would make a demo of what is none (or the reverse), lower a release number, or fails.
    """
    if (folder / FILE).exists():
        former = load_trust(folder)
        if former.demo != trust.demo:
            raise TrustError(
                f"{folder} was made {'as' if former.demo else 'without'} a demo: that never changes."
            )
        if trust.statements[: len(former.statements)] != former.statements:
            raise TrustError(
                "What the board signed about its people is never taken back: sign a change of it."
            )
        lowered = [m for m, n in former.lowest_release.items() if trust.lowest_release.get(m, 0) < n]
        if lowered:
            raise TrustError(
                f"The lowest acceptable release of {', '.join(lowered)} is never lowered: roll back."
            )
    if not trust.signed:
        raise TrustError(
            "Who is who and which policy is in force was signed by the board: a quorum of it signs each change."
        )
    _write(folder, trust)


def update_trust(folder: Path, change: Callable[[Trust], Trust]) -> Trust:
    """Changes the trust file with nobody else writing in between; returns what stands there now.

    Raises:
        TrustError: see `save_trust`.
    """
    with locked_trust(folder):
        changed = change(load_trust(folder))
        save_trust(folder, changed)
    return changed


@contextmanager
def locked_trust(folder: Path) -> Iterator[None]:
    """Holds the trust folder: who changes it waits. Not to be nested.

    Raises:
        TrustError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise TrustError(_unwritable(folder, error)) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for left in folder.glob(
            f".{FILE}.*"
        ):  # of a command that was killed while it wrote: nobody else writes now
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(handle)


def trust_digest(trust: Trust) -> str:
    """The digest that the file has when it says this."""
    return sha256_bytes(_content(trust))


def _content(trust: Trust) -> bytes:
    body = {
        "format": 1,
        "demo": trust.demo,
        "keys": trust.entries,
        "policy_digest": trust.policy_digest,
        "lowest_release": dict(trust.lowest_release),
        "released_before": dict(trust.released_before),
        "stopped": dict(trust.stopped),
    } | ({"statements": list(trust.statements)} if trust.statements else {})
    return canonical_json(body)


def _write(folder: Path, trust: Trust) -> None:
    try:
        write_atomically(folder / FILE, _content(trust))
    except OSError as error:
        raise TrustError(_unwritable(folder, error)) from None


def _unwritable(folder: Path, error: OSError) -> str:
    return (
        f"The trust folder {folder} cannot be written ({error.strerror}): "
        "do this where it is not mounted read-only."
    )
