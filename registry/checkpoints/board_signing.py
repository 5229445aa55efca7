"""An act of the board about the checkpoints: signed by a quorum, an entry of the journal, and a line of their file."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from hospital.times import instant
from registry.checkpoints.board_acts import members_of, purpose_of, signatures_of
from registry.checkpoints.checkpoint_file import Checkpoint, CheckpointFile
from registry.checkpoints.checkpointing import require_chain
from registry.checkpoints.service_key import service_key
from registry.checkpoints.trust_audit import ACCEPT
from registry.digests import canonical_json, read_plain_file, sha256_bytes, sha256_file, write_atomically
from registry.errors import CheckpointError, SignatureError
from registry.record.database import writing
from registry.record.journal import Head, append, entries_of
from registry.settings import Settings
from registry.trust.keys import Key, Signed
from registry.trust.trust_store import FILE
from registry.trust.trusted_people import Trust

__all__ = ["carry_out", "signed_by_quorum"]

_PENDING = "restore.json"


def signed_by_quorum(
    settings: Settings, trust: Trust, body: dict[str, Any], keys: Sequence[Key]
) -> dict[str, Any]:
    """The act with enough signatures; those that were given before, of this very act, are counted.

    Raises:
        CheckpointError: they are not enough yet, or one of them is nobody's who may sign it.
    """
    path, purpose = settings.trust / _PENDING, purpose_of({"body": body})
    given = {s.public_key: s for s in (*_collected(path, body), *(key.sign(purpose, body) for key in keys))}
    try:
        names = {trust.require(s, "board", purpose, acting=True) for s in given.values()}
    except SignatureError as error:
        raise CheckpointError("trust_errors.checkpoints.not_accepted", why=error) from None
    act = {"body": body, "signatures": [given[k].to_json()["signature"] for k in sorted(given)]}
    quorum = int(trust.statements[-1]["body"]["quorum"])
    if len(names) < quorum:
        if keys:
            write_atomically(path, canonical_json(act))
        raise CheckpointError("trust_errors.checkpoints.signatures", n=len(names), quorum=quorum)
    return act


def carry_out(
    settings: Settings,
    engine: Engine,
    trust: Trust,
    act: dict[str, Any],
    subjects: Mapping[str, str],
    stands: Head,
    now: datetime,
) -> tuple[str, ...]:
    """Enters the act and adds its line, a checkpoint up to its entry; returns the names of who signed.

    Args:
        settings: of the installation, whose trust folder is held by the caller.
        engine: of its database.
        trust: its trust file.
        act: signed by a quorum.
        subjects: of its entry.
        stands: the last entry that is as a checkpoint saw it: from there on the journal is read before it is signed.
        now: when.

    Raises:
        CheckpointError: journal or file are not what was signed.
    """
    names = tuple(sorted(members_of(trust.statements, act)))
    head = _enter(settings, engine, act, names, subjects, now)
    _add_line(settings, engine, act, stands, head, now)
    (settings.trust / _PENDING).unlink(missing_ok=True)
    return names


def _collected(path: Path, body: Mapping[str, Any]) -> list[Signed]:
    """Signatures that were given before, of this very act; what is no such file counts for nothing."""
    try:
        pending = json.loads(read_plain_file(path))
        return signatures_of(pending) if pending["body"] == body else []
    except (OSError, ValueError, KeyError, TypeError, SignatureError, RecursionError):
        return []


def _enter(
    settings: Settings,
    engine: Engine,
    act: Mapping[str, Any],
    names: Sequence[str],
    subjects: Mapping[str, str],
    now: datetime,
) -> Head:
    """The entry of the act, unless a command that was killed has written it; the head with it."""
    digest = sha256_bytes(canonical_json(act["body"]))
    with writing(engine) as connection:
        for entry in entries_of(connection, (ACCEPT,)):
            if entry.subjects.get("restore_digest") == digest:
                return Head(entry.seq, entry.digest)
        about = {**subjects, "restore_digest": digest, "trust_digest": sha256_file(settings.trust / FILE)}
        made = append(
            connection,
            actor=", ".join(names),
            action=ACCEPT,
            subjects=about,
            reason=act["body"]["reason"],
            now=now,
        )
    return Head(made.seq, made.digest)


def _add_line(
    settings: Settings, engine: Engine, act: dict[str, Any], stands: Head, head: Head, now: datetime
) -> Checkpoint:
    """The line of the act: after a restore its entry may have a lower number than the line before."""
    key = service_key(settings)
    with engine.connect() as connection, CheckpointFile(settings.checkpoints).held() as file:
        if file.last is None or file.last.line != act["body"]["checkpoint"]:
            raise CheckpointError("trust_errors.checkpoints.changed_file")
        if require_chain(connection, stands, until=head.seq) != head:
            raise CheckpointError("trust_errors.checkpoints.changed_journal")
        trust = sha256_file(settings.trust / FILE)
        return file.add(key, head.seq, head.digest, instant(now), trust, restore=act)
