"""A database that was restored from an older backup, accepted by a quorum of the board: an act that is signed.

Until then nothing is signed over it. The acceptance stands in the checkpoints' file with the signatures of the members,
so that what was lost is named by every later look, whatever becomes of the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from hospital.contracts.text_cleaning import is_said
from registry.checkpoints.board_signing import carry_out, signed_by_quorum
from registry.checkpoints.checkpoint_file import CheckpointFile
from registry.checkpoints.service_key import accepted_keys
from registry.checkpoints.vouching import Vouching, vouch
from registry.digests import canonical_json, sha256_bytes
from registry.errors import CheckpointError
from registry.record.database import opened_database
from registry.record.journal import GENESIS, Head
from registry.settings import Settings
from registry.trust.keys import Key
from registry.trust.trust_store import load_trust, locked_trust
from registry.trust.trusted_people import Trust

__all__ = ["Accepted", "accept_restore"]


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
    if not is_said(reason):
        raise CheckpointError("trust_errors.checkpoints.no_reason")
    with locked_trust(settings.trust), opened_database(settings.database) as engine:
        trust = load_trust(settings.trust)
        if not trust.founded:
            raise CheckpointError("trust_errors.checkpoints.not_founded")
        body = {**_restore(settings, trust, engine), "reason": reason.strip()}
        act = signed_by_quorum(settings, trust, body, keys)
        subjects = {name: str(body[name]) for name in ("checkpoint", "lost", "stands")}
        stands = Head(body["stands"], body["stands_digest"])
        names = carry_out(settings, engine, trust, act, subjects, stands, now)
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
