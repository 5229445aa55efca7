"""A database that was restored from an older backup, accepted by a quorum of the board: an act that is signed.

Until then nothing is signed over it. The acceptance stands in the checkpoints' file with the signatures of the members,
so that what was lost is named by every later look, whatever becomes of the database.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from hospital.times import instant
from registry.checkpoints.accepted_restore import RESTORE, members_of, signatures_of
from registry.checkpoints.checkpoint_file import Checkpoint, CheckpointFile
from registry.checkpoints.checkpointing import require_chain
from registry.checkpoints.service_key import accepted_keys, service_key
from registry.checkpoints.trust_audit import ACCEPT
from registry.checkpoints.vouching import Vouching, vouch
from registry.digests import canonical_json, read_plain_file, sha256_bytes, sha256_file, write_atomically
from registry.errors import CheckpointError, SignatureError
from registry.record.database import opened_database, writing
from registry.record.journal import GENESIS, Head, append, entries_of
from registry.settings import Settings
from registry.trust.keys import Key, Signed
from registry.trust.trust_store import FILE, load_trust, locked_trust
from registry.trust.trusted_people import Trust

__all__ = ["Accepted", "accept_restore"]

_PENDING = "restore.json"


@dataclass(frozen=True)
class Accepted:
    """A restore that the board accepted.

    Attributes:
        names: who signed.
        stands: the last entry that is as a checkpoint saw it; 0: none.
        lost: up to which entry the others are gone or another.
    """

    names: tuple[str, ...]
    stands: int
    lost: int


def accept_restore(settings: Settings, keys: Sequence[Key], *, reason: str, now: datetime) -> Accepted:
    """Accepts that the journal is an older one than checkpoints saw, so that it is signed for again from here on.

    Args:
        settings: of the installation.
        keys: of members of the board; signatures that were given before, of this very restore, are counted with them.
        reason: why it was restored, in the journal for ever; each member signs the same words.
        now: when.

    Raises:
        CheckpointError: there is nothing to accept, the journal or the checkpoints are damaged besides, or members have
            yet to sign: signatures that were given are kept.
        TrustError: the trust folder is broken.
    """
    if not reason.strip():
        raise CheckpointError("trust_errors.checkpoints.no_reason")
    with locked_trust(settings.trust), opened_database(settings.database) as engine:
        trust = load_trust(settings.trust)
        if not trust.founded:
            raise CheckpointError("trust_errors.checkpoints.not_founded")
        body = {**_restore(settings, trust, engine), "reason": reason.strip()}
        acceptance = _signed(settings, trust, body, keys)
        names = tuple(sorted(members_of(trust.statements, acceptance)))
        head = _enter(settings, engine, acceptance, names, reason, now)
        _add_line(settings, engine, acceptance, head, now)
        (settings.trust / _PENDING).unlink(missing_ok=True)
    return Accepted(names, int(body["stands"]), int(body["lost"]))


def _restore(settings: Settings, trust: Trust, engine: Engine) -> dict[str, Any]:
    """What is to be accepted, without its reason."""
    with engine.connect() as connection:
        found = vouch(
            connection,
            CheckpointFile(settings.checkpoints),
            accepted_keys(settings),
            statements=trust.statements,
        )
    last = found.newest
    if last is None or last == found.last:
        raise CheckpointError("trust_errors.checkpoints.not_older")
    _require_whole(found)
    stands = found.last
    return {
        "format": 1,
        "checkpoint": last.line,
        "lost": last.seq,
        "stands": 0 if stands is None else stands.seq,
        "stands_digest": GENESIS if stands is None else stands.digest,
        "statement": sha256_bytes(canonical_json(trust.statements[-1]["body"])),
    }


def _require_whole(found: Vouching) -> None:
    if found.journal.faults or found.damaged:
        raise CheckpointError("trust_errors.checkpoints.damaged")


def _signed(settings: Settings, trust: Trust, body: dict[str, Any], keys: Sequence[Key]) -> dict[str, Any]:
    """The acceptance with enough signatures.

    Raises:
        CheckpointError: they are not enough yet, or one of them is nobody's who may sign it.
    """
    path = settings.trust / _PENDING
    given = {s.public_key: s for s in (*_collected(path, body), *(key.sign(RESTORE, body) for key in keys))}
    try:
        names = {trust.require(s, "board", RESTORE, acting=True) for s in given.values()}
    except SignatureError as error:
        raise CheckpointError("trust_errors.checkpoints.not_accepted", why=error) from None
    acceptance = {"body": body, "signatures": [given[k].to_json()["signature"] for k in sorted(given)]}
    quorum = int(trust.statements[-1]["body"]["quorum"])
    if len(names) < quorum:
        if keys:
            write_atomically(path, canonical_json(acceptance))
        raise CheckpointError("trust_errors.checkpoints.signatures", n=len(names), quorum=quorum)
    return acceptance


def _collected(path: Path, body: Mapping[str, Any]) -> list[Signed]:
    """Signatures that were given before, of this very restore; what is no such file counts for nothing."""
    try:
        pending = json.loads(read_plain_file(path))
        return signatures_of(pending) if pending["body"] == body else []
    except (OSError, ValueError, KeyError, TypeError, SignatureError, RecursionError):
        return []


def _enter(
    settings: Settings,
    engine: Engine,
    acceptance: Mapping[str, Any],
    names: Sequence[str],
    reason: str,
    now: datetime,
) -> Head:
    """The entry of the acceptance, unless a command that was killed has written it; the head with it."""
    subjects = {name: str(acceptance["body"][name]) for name in ("checkpoint", "lost", "stands")}
    subjects["restore_digest"] = sha256_bytes(canonical_json(acceptance["body"]))
    with writing(engine) as connection:
        for entry in entries_of(connection, (ACCEPT,)):
            if entry.subjects.get("restore_digest") == subjects["restore_digest"]:
                return Head(entry.seq, entry.digest)
        subjects["trust_digest"] = sha256_file(settings.trust / FILE)
        made = append(
            connection,
            actor=", ".join(names),
            action=ACCEPT,
            subjects=subjects,
            reason=reason.strip(),
            now=now,
        )
    return Head(made.seq, made.digest)


def _add_line(
    settings: Settings, engine: Engine, acceptance: dict[str, Any], head: Head, now: datetime
) -> Checkpoint:
    """The line of the acceptance: a checkpoint up to its entry, which may have a lower number than the one before."""
    body, key = acceptance["body"], service_key(settings)
    with engine.connect() as connection, CheckpointFile(settings.checkpoints).held() as file:
        if file.last is None or file.last.line != body["checkpoint"]:
            raise CheckpointError("trust_errors.checkpoints.changed_file")
        _require_chain(connection, Head(body["stands"], body["stands_digest"]), head)
        trust = sha256_file(settings.trust / FILE)
        return file.add(key, head.seq, head.digest, instant(now), trust, restore=acceptance)


def _require_chain(connection: Connection, stands: Head, head: Head) -> None:
    if require_chain(connection, stands, until=head.seq) != head:
        raise CheckpointError("trust_errors.checkpoints.changed_journal")
