"""Whom an installation trusts: public keys with roles, the policy in force, the lowest acceptable releases.

One file, ``trust.json``, in a folder that the service can read and not write. Whoever administers it holds
the root of trust; everything else is verified against it.
"""

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

from hospital.words.messages import Clause
from registry.digests import canonical_json, read_plain_file, sha256_bytes, write_atomically
from registry.errors import TrustError
from registry.people.person_names import is_person_name
from registry.trust.ceremony import verify_statements
from registry.trust.keys import is_public_key
from registry.trust.spare_file import keep_spare, take_spare
from registry.trust.trusted_people import Trust, TrustedKey, same_owner

__all__ = [
    "create_trust",
    "load_trust",
    "locked_trust",
    "save_trust",
    "trust_digest",
    "update_trust",
]

FILE = "trust.json"
_LOCK = ".lock"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def create_trust(folder: Path, *, policy_digest: str, demo: bool = False) -> Trust:
    """Makes a trust folder without keys.

    Raises:
        TrustError: there is one already.
    """
    with locked_trust(folder):
        if (folder / FILE).exists():
            raise TrustError("trust_errors.trust.made_already", folder=folder)
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
            raise TrustError("trust_errors.trust.not_signed")
        return trust
    except TrustError as error:
        raise TrustError("trust_errors.trust.changed_by_hand", folder=folder, why=Clause(error)) from None
    except OSError:
        raise TrustError("trust_errors.trust.none", folder=folder) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TrustError("trust_errors.trust.unreadable", folder=folder) from None


def _numbers(by_model: dict[str, Any]) -> dict[str, int]:
    if not all(type(number) is int and number >= 0 for number in by_model.values()):
        raise ValueError
    return dict(by_model)


def _key(entry: dict[str, Any]) -> TrustedKey:
    retired = entry.get("retired", False)
    if not isinstance(retired, bool):
        raise ValueError
    return TrustedKey(entry["name"], entry["public_key"], tuple(entry["roles"]), retired)


def _stand_once(keys: tuple[TrustedKey, ...]) -> bool:
    """Whether no key stands twice, and no two names may be one person's."""
    pairs = list(combinations(keys, 2))
    return len({k.public_key for k in keys}) == len(keys) and not any(same_owner(a, b) for a, b in pairs)


def save_trust(folder: Path, trust: Trust) -> None:
    """Writes a trust folder's file, whole or not at all; for a change of what stands there, `update_trust`.

    Raises:
        TrustError: it would make a demo of what is none (or the reverse), lower a release number, or fails.
    """
    if (folder / FILE).exists():
        former = load_trust(folder)
        if former.demo != trust.demo:
            raise TrustError(
                "trust_errors.trust.as_a_demo" if former.demo else "trust_errors.trust.without_a_demo",
                folder=folder,
            )
        if trust.statements[: len(former.statements)] != former.statements:
            raise TrustError("trust_errors.trust.statements_taken_back")
        lowered = [m for m, n in former.lowest_release.items() if trust.lowest_release.get(m, 0) < n]
        if lowered:
            raise TrustError("trust_errors.trust.lowered", models=", ".join(lowered))
    if not trust.signed:
        raise TrustError("trust_errors.trust.needs_quorum")
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
        raise _unwritable(folder, error) from None
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
    content = _content(trust)
    try:
        try:
            write_atomically(folder / FILE, content)
        except OSError as error:
            if error.errno not in _NO_ROOM or not take_spare(folder, FILE, content):
                raise
    except OSError as error:
        raise _unwritable(folder, error) from None
    keep_spare(folder)


def _unwritable(folder: Path, error: OSError) -> TrustError:
    return TrustError("trust_errors.trust.unwritable", folder=folder, why=error)
