"""A file of checkpoints that is lost for good, accepted by a quorum of the board: an act that is signed.

The service began another in its place, which covers at once what nothing vouches for any more. Who wrote the journal
anew would have taken the file away, too: so the loss is named by every later look, and as a fault until people who
know what happened have signed for it.
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
from registry.checkpoints.vouching import vouch
from registry.digests import canonical_json, sha256_bytes
from registry.errors import CheckpointError
from registry.record.database import opened_database
from registry.record.journal import Head
from registry.settings import Settings
from registry.trust.keys import Key
from registry.trust.trust_store import load_trust, locked_trust
from registry.trust.trusted_people import Trust

__all__ = ["AcceptedLoss", "accept_lost_file"]


@dataclass(frozen=True)
class AcceptedLoss:
    """A loss that the board accepted.

    Attributes:
        names: who signed.
        covered: up to which entry the file that was begun anew covers all at once.
    """

    names: tuple[str, ...]
    covered: int


def accept_lost_file(
    settings: Settings, keys: Sequence[Key], *, reason: str, now: datetime, known_since: int | None = None
) -> AcceptedLoss:
    """Accepts that the file of checkpoints was lost and begun anew: verify names that from here on as lost.

    Args:
        settings: of the installation.
        keys: of members of the board; signatures that were given before, of this very loss, are counted with them.
        reason: how it was lost, in the journal for ever; each member signs the same words.
        now: when.
        known_since: instant of the first release that somebody signed, as `vouch` is given it.

    Raises:
        CheckpointError: there is nothing to accept, the journal or the checkpoints are damaged besides, or members have
            yet to sign: signatures that were given are kept.
        TrustError: the trust folder is broken.
    """
    if not is_said(reason):
        raise CheckpointError("trust_errors.checkpoints.no_reason_lost")
    with locked_trust(settings.trust), opened_database(settings.database) as engine:
        trust = load_trust(settings.trust)
        if not trust.founded:
            raise CheckpointError("trust_errors.checkpoints.not_founded")
        body, stands = _loss(settings, trust, engine, known_since)
        act = signed_by_quorum(settings, trust, {**body, "reason": reason.strip()}, keys)
        subjects = {name: str(body[name]) for name in ("checkpoint", "first", "covered")}
        names = carry_out(settings, engine, trust, act, subjects, stands, now)
    return AcceptedLoss(names, int(body["covered"]))


def _loss(
    settings: Settings, trust: Trust, engine: Engine, known_since: int | None
) -> tuple[dict[str, Any], Head]:
    """What is to be accepted, without its reason; and up to where the file that is there vouches."""
    with engine.connect() as connection:
        found = vouch(
            connection,
            CheckpointFile(settings.checkpoints),
            accepted_keys(settings),
            statements=trust.statements,
            known_since=known_since,
        )
    if found.journal.faults or found.damaged or found.newest != found.last:
        raise CheckpointError("trust_errors.checkpoints.damaged_lost")
    if found.last is None:
        raise CheckpointError("trust_errors.checkpoints.none_yet")
    if found.begun_late is None:
        raise CheckpointError("trust_errors.checkpoints.not_lost")
    body = {
        "format": 1,
        "checkpoint": found.last.line,
        "first": found.begun_late.line,
        "covered": found.begun_late.seq,
        "statement": sha256_bytes(canonical_json(trust.statements[-1]["body"])),
    }
    return body, Head(found.last.seq, found.last.digest)
