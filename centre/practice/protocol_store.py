"""Protocols of an installation: every version as it was written, who signed what of it, and which one is in use.

A version is added by an author, reviewed by members of the board over the digest of its bytes, and put in use by a
releaser, who are all different people, as those of a model are. A newer version changes nothing until somebody puts it
in use; what is in use and was changed on the disk since, or is not vouched for any more, is in use no longer.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection

from centre.practice.protocol_file import Protocol, ProtocolError, read_protocol
from serving.interface.files import VigieError, canonical_json, is_said, read_plain_file, write_atomically
from serving.interface.statements import (
    Key,
    Message,
    Policy,
    RegistryError,
    Settings,
    SignatureError,
    Signed,
    Trust,
    append,
    instant,
    load_trust,
    message,
    opened_database,
    writing,
)

__all__ = ["ProtocolStore", "ProtocolStoreError", "StoredVersion"]

ADDED, REVIEWED, IN_USE = "vigie-protocol-v1", "vigie-protocol-review-v1", "vigie-protocol-use-v1"
Decision = Literal["approve", "refuse"]
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class ProtocolStoreError(VigieError):
    """What was asked of a protocol cannot be done: why, and what to do next."""


@dataclass(frozen=True)
class StoredVersion:
    """A version of a protocol, and what people signed of it.

    Attributes:
        author: who added it.
        approvals: members of the board whose latest word approves these bytes.
        refusals: those whose latest word refuses them.
        used_since: instant since when it is the one in use; None: it is not.
    """

    protocol: Protocol
    author: str
    approvals: tuple[str, ...]
    refusals: tuple[str, ...]
    used_since: int | None = None


class ProtocolStore:
    """The protocols in an installation's home.

    Args:
        settings: of the installation.
        policy: in force; it says how many members of the board must approve.
    """

    def __init__(self, settings: Settings, policy: Policy) -> None:
        self._settings, self._policy = settings, policy
        self._folder = settings.home / "protocols"

    def add(self, content: bytes, key: Key, *, now: datetime) -> Protocol:
        """Keeps a version as its author wrote it.

        Raises:
            ProtocolError: the file is no protocol.
            ProtocolStoreError: the version is there with other bytes, or the key is no author's.
        """
        protocol = read_protocol(content)
        folder = self._version(protocol.protocol_id, protocol.version)
        body = self._body(protocol, now)
        signed, name = self._signed(key, "author", ADDED, body)
        newest = max(self._versions(protocol.protocol_id), default=0)
        if protocol.version <= newest:
            numbers = {"newest": str(newest), "next": str(newest + 1)}
            raise ProtocolStoreError("practice.refused.taken", name=protocol.protocol_id, **numbers)
        with self._recorded(name, "protocol added", protocol, f"version {protocol.version}", now):
            write_atomically(folder / "protocol.md", content)
            write_atomically(folder / "added.json", canonical_json(signed.to_json()))
        return protocol

    def review(
        self, protocol_id: str, version: int, key: Key, decision: Decision, comment: str, *, now: datetime
    ) -> None:
        """Signs and keeps the review of a member of the board, over the bytes that are there.

        Raises:
            ProtocolStoreError: no such version, no comment, or somebody who may not, its author among them.
        """
        if not is_said(comment):
            raise ProtocolStoreError("practice.refused.no_comment")
        stored = self.version(protocol_id, version)
        body = {
            **self._body(stored.protocol, now),
            "decision": decision,
            "comment": comment.strip(),
        }
        signed, name = self._signed(key, "board", REVIEWED, body)
        if name == stored.author:
            raise ProtocolStoreError("practice.refused.own_work", name=name)
        folder = self._version(protocol_id, version) / "reviews"
        with self._recorded(name, f"protocol {decision}", stored.protocol, comment.strip(), now):
            write_atomically(folder / f"{_next(folder):04d}.json", canonical_json(signed.to_json()))

    def put_in_use(self, protocol_id: str, version: int, key: Key, reason: str, *, now: datetime) -> None:
        """Makes a version the one in use, in place of the one that was.

        Raises:
            ProtocolStoreError: with every obstacle: approvals that lack, a refusal, a validity that is over, somebody
                who may not.
        """
        stored = self.version(protocol_id, version)
        obstacles = self._obstacles(stored, now.date())
        if not is_said(reason):
            obstacles.append(message("practice.refused.no_reason"))
        signed, name = self._signed(key, "releaser", IN_USE, self._body(stored.protocol, now))
        if name in (stored.author, *stored.approvals):
            obstacles.append(message("practice.refused.same_person", name=name))
        if obstacles:
            at, faults = str(version), tuple(obstacles)
            raise ProtocolStoreError("practice.refused.not_used", name=protocol_id, version=at, faults=faults)
        folder = self._folder / protocol_id / "uses"
        with self._recorded(name, "protocol in use", stored.protocol, reason.strip(), now):
            write_atomically(folder / f"{_next(folder):04d}.json", canonical_json(signed.to_json()))

    def version(self, protocol_id: str, version: int) -> StoredVersion:
        """A version with what verifies of what was signed.

        Raises:
            ProtocolStoreError: it is not there, or nobody who is trusted added these bytes.
        """
        folder = self._version(protocol_id, version)
        try:
            protocol = read_protocol(read_plain_file(folder / "protocol.md"))
            added = _read_signed(folder / "added.json")
            trust = load_trust(self._settings.trust)
            author = trust.require(added, "author", ADDED)
        except (OSError, RegistryError, ProtocolError):
            raise ProtocolStoreError(
                "practice.refused.no_version", name=protocol_id, version=str(version)
            ) from None
        if not _about(added, protocol) or (protocol.protocol_id, protocol.version) != (protocol_id, version):
            raise ProtocolStoreError("practice.refused.not_signed", name=protocol_id, version=str(version))
        latest = self._latest_reviews(folder, protocol, trust)
        by = {d: tuple(sorted(n for n, one in latest.items() if one == d)) for d in ("approve", "refuse")}
        return StoredVersion(protocol, author, by["approve"], by["refuse"], self._used_since(protocol, trust))

    def versions(self) -> list[StoredVersion]:
        """Every sound version of every protocol, by id and version."""
        out = []
        for folder in sorted(self._folder.glob("*/")):
            for version in sorted(self._versions(folder.name)):
                try:
                    out.append(self.version(folder.name, version))
                except ProtocolStoreError:
                    continue
        return out

    def in_use(self, day: date) -> list[StoredVersion]:
        """The versions in use that are valid on a day and vouched for still, by id."""
        return [
            one for one in self.versions() if one.used_since is not None and not self._obstacles(one, day)
        ]

    def _obstacles(self, stored: StoredVersion, day: date) -> list[Message]:
        found = []
        approvals = [name for name in stored.approvals if name != stored.author]
        if len(approvals) < self._policy.approvals:
            found.append(
                message("practice.refused.approvals", given=len(approvals), n=self._policy.approvals)
            )
        if stored.refusals:
            found.append(message("practice.refused.refusals", names=tuple(stored.refusals)))
        if not stored.protocol.is_valid(day):
            term = {"first": stored.protocol.valid_from, "last": stored.protocol.valid_until}
            found.append(message("practice.refused.not_valid", day=day, **term))
        return found

    def _latest_reviews(self, folder: Path, protocol: Protocol, trust: Trust) -> dict[str, str]:
        latest: dict[str, tuple[int, str]] = {}
        for path in _numbered(folder / "reviews"):
            try:
                signed = _read_signed(path)
                name = trust.require(signed, "board", REVIEWED)
            except RegistryError:
                continue
            at, decision = signed.body.get("at"), signed.body.get("decision")
            known = _about(signed, protocol) and decision in ("approve", "refuse")
            if known and isinstance(at, int) and at >= latest.get(name, (at, ""))[0]:
                latest[name] = at, str(decision)
        return {name: decision for name, (_, decision) in latest.items()}

    def _used_since(self, protocol: Protocol, trust: Trust) -> int | None:
        """Since when these bytes are in use: the latest use names them; None where it names others, or does not verify.

        One that does not verify brings none of before back: nobody put that in use again.
        """
        uses = _numbered(self._folder / protocol.protocol_id / "uses")
        try:
            signed = _read_signed(uses[-1]) if uses else None
            if signed is None or not trust.require(signed, "releaser", IN_USE):
                return None
        except RegistryError:
            return None
        return int(signed.body["at"]) if _about(signed, protocol) else None

    def _signed(self, key: Key, role: str, purpose: str, body: dict[str, Any]) -> tuple[Signed, str]:
        signed = key.sign(purpose, body)
        try:
            return signed, load_trust(self._settings.trust).require(signed, role, purpose, acting=True)
        except SignatureError as error:
            raise ProtocolStoreError("practice.refused.key", why=error) from None

    @contextmanager
    def _recorded(
        self, actor: str, action: str, protocol: Protocol, reason: str, now: datetime
    ) -> Iterator[Connection]:
        """Within the journal's lock: the entry, then the files, then the commit."""
        with opened_database(self._settings.database) as engine, writing(engine) as connection:
            subjects = {
                "protocol": protocol.protocol_id,
                "protocol_version": str(protocol.version),
                "protocol_digest": protocol.digest,
            }
            append(connection, actor=actor, action=action, subjects=subjects, reason=reason, now=now)
            yield connection

    def _body(self, protocol: Protocol, now: datetime) -> dict[str, Any]:
        return {
            "protocol": protocol.protocol_id,
            "version": protocol.version,
            "digest": protocol.digest,
            "at": instant(now),
        }

    def _version(self, protocol_id: str, version: int) -> Path:
        if not _ID.fullmatch(protocol_id):
            raise ProtocolStoreError("practice.refused.no_id")
        return self._folder / protocol_id / str(version)

    def _versions(self, protocol_id: str) -> list[int]:
        names = (path.parent.name for path in (self._folder / protocol_id).glob("*/protocol.md"))
        return [int(name) for name in names if name.isdigit()]


def _about(signed: Signed, protocol: Protocol) -> bool:
    mine = {"protocol": protocol.protocol_id, "version": protocol.version, "digest": protocol.digest}
    return all(signed.body.get(name) == value for name, value in mine.items())


def _read_signed(path: Path) -> Signed:
    try:
        return Signed.from_json(json.loads(read_plain_file(path)))
    except (OSError, ValueError, RecursionError):
        raise SignatureError("practice.refused.unread") from None


def _numbered(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*.json") if p.stem.isdigit())


def _next(folder: Path) -> int:
    return max((int(p.stem) for p in _numbered(folder)), default=0) + 1
