"""Reviews: board members sign the digests of package, card, policy and report, approving or refusing.

Every review is kept, ``reviews/{number}-{name}.json``; of each person the latest by its signed time counts,
and only if it is about exactly what the candidate is now. A refusal is of the version, whatever becomes of its files:
it stands until that person approves it or withdraws the refusal.
"""

from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from hospital.contracts.text_cleaning import is_said
from hospital.times import instant
from registry.candidates.candidates import REVIEW, Candidate, candidate
from registry.candidates.sealed_check import Sealed, check_faults, read_sealed
from registry.candidates.standing_reviews import (
    DECISIONS,
    author_of,
    review_files,
    standing_refusals,
    standing_reviews,
)
from registry.digests import canonical_json, sha256_bytes, write_atomically
from registry.errors import ReviewError, SignatureError
from registry.record.database import opened_database, writing
from registry.record.journal import append
from registry.settings import Settings
from registry.trust.keys import Key, Signed
from registry.trust.trust_store import load_trust
from registry.trust.trusted_people import Trust

__all__ = [
    "Decision",
    "require_sound",
    "review",
]

Decision = Literal["approve", "refuse", "withdraw"]


def review(
    settings: Settings,
    model: str,
    version: str,
    key: Key,
    decision: Decision,
    comment: str,
    *,
    now: datetime,
    seen: Sealed | None = None,
) -> Signed:
    """Signs and keeps a review, and writes it into the journal.

    Args:
        settings: of the installation.
        model, version: what is reviewed.
        key: of a member of the board.
        decision: approve, refuse, or withdraw one's own refusal.
        comment: why.
        now: when.
        seen: what was shown before: its very bytes are signed, and must still be those that are there.

    Raises:
        ReviewError: no comment, an unsigned candidate or check, the author's own, or somebody not of the board.
        CandidateError, PackageError: the candidate is missing, not checked, or was changed.
    """
    if decision not in DECISIONS:
        raise ReviewError("trust_errors.reviews.decision")
    if not is_said(comment):
        raise ReviewError("trust_errors.reviews.comment")
    found, trust = candidate(settings.candidates, model, version), load_trust(settings.trust)
    author = author_of(found, trust)
    sealed = read_sealed(found)
    if seen is not None and seen.digests != sealed.digests:
        raise ReviewError("trust_errors.reviews.changed_since")
    if decision != "withdraw":
        require_sound(found, sealed, trust)
    body = {
        "model": model,
        "version": version,
        **sealed.digests,
        "decision": decision,
        "comment": comment.strip(),
        "at": instant(now),
    }
    signed = key.sign(REVIEW, body)
    try:
        name = trust.require(signed, "board", REVIEW, acting=True)
    except SignatureError as error:
        raise ReviewError("trust_errors.reviews.not_given", why=error) from None
    if name == author or key.public_key == found.signed_registration.public_key:
        raise ReviewError("trust_errors.reviews.author", name=name)
    path = None
    try:
        with opened_database(settings.database) as engine, writing(engine) as connection:
            path = _keep(connection, found, name, signed, trust, now)
    except BaseException:
        if path is not None:
            path.unlink(missing_ok=True)
        raise
    return signed


def require_sound(found: Candidate, sealed: Sealed, trust: Trust) -> None:
    """Raises ReviewError unless what was sealed is what a trusted check made of this very version."""
    faults = check_faults(sealed, found.registration["body"], trust)
    if faults:
        raise ReviewError(
            "trust_errors.reviews.unsound", model=found.model, version=found.version, faults=tuple(faults)
        )


def _keep(
    connection: Connection, found: Candidate, name: str, signed: Signed, trust: Trust, now: datetime
) -> Path:
    """Entry, then file, then commit, all within the journal's lock: no two reviews get one number.

    A crash before the commit leaves a signed review that the journal does not know: it is that person's word
    all the same. One whose commit fails is taken back.
    """
    decision, package = signed.body["decision"], str(signed.body["package_digest"])
    if decision == "withdraw" and name not in standing_refusals(connection, found, package, trust):
        raise ReviewError("trust_errors.reviews.no_refusal", name=name)
    earlier = [s for s in standing_reviews(found, trust) if s.name == name]
    if decision != "refuse" and earlier and earlier[0].at > signed.body["at"]:  # a no waits for no clock
        raise ReviewError("trust_errors.reviews.dated_later", name=name)
    content = canonical_json(signed.to_json())
    append(
        connection,
        actor=name,
        action=str(signed.body["decision"]),
        subjects={**_subjects(found), "review_digest": sha256_bytes(content)},
        reason=str(signed.body["comment"]),
        now=now,
    )
    taken = [int(p.name[:4]) for p in review_files(found) if p.name[:4].isdigit()]
    path = found.folder / "reviews" / f"{max(taken, default=0) + 1:04d}-{name}.json"
    write_atomically(path, content)
    return path


def _subjects(found: Candidate) -> dict[str, str]:
    return {"model": found.model, "version": found.version, **found.digests()}
