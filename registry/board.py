"""Reviews: board members sign the digests of package, card, policy and report, approving or refusing."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hospital.times import instant
from registry.candidates import REGISTRATION, Candidate, candidate
from registry.database import open_database, writing
from registry.digests import canonical_json, write_atomically
from registry.errors import ReviewError, SignatureError
from registry.journal import append
from registry.keys import Key, Signed
from registry.settings import Settings
from registry.trust import Trust, load_trust

__all__ = ["REVIEW", "Decision", "Standing", "review", "reviews", "standing_reviews"]

REVIEW = "vigie-review-v1"
Decision = Literal["approve", "refuse"]
_DIGESTS = ("package_digest", "card_digest", "policy_digest", "report_digest")


@dataclass(frozen=True)
class Standing:
    """A board member's latest review of the candidate as it is now."""

    name: str
    decision: str
    comment: str
    signed: Signed


def review(
    settings: Settings, model: str, version: str, key: Key, decision: Decision, comment: str, *, now: datetime
) -> Signed:
    """Signs and keeps a review.

    Raises:
        ReviewError: no comment, an unsigned candidate, the author's own, or somebody not of the board.
        CandidateError: the candidate is missing or not checked.
    """
    if not comment.strip():
        raise ReviewError("A review needs a comment: say why, for those who come after.")
    found, trust = candidate(settings.candidates, model, version), load_trust(settings.trust)
    author = author_of(found, trust)
    digests = found.digests()
    body = {
        "model": model,
        "version": version,
        **digests,
        "decision": decision,
        "comment": comment.strip(),
        "at": instant(now),
    }
    signed = key.sign(REVIEW, body)
    try:
        name = trust.require(signed, "board", REVIEW)
    except SignatureError as error:
        raise ReviewError(f"This review cannot be given. {error}") from None
    if name == author or key.public_key == found.signed_registration.public_key:
        raise ReviewError(f"{name} is the author of this version: nobody reviews their own work.")
    folder = found.folder / "reviews"
    number = len(list(folder.glob("*.json"))) + 1 if folder.is_dir() else 1
    subjects = {"model": model, "version": version, **digests}
    with writing(open_database(settings.database)) as connection:
        append(connection, actor=name, action=decision, subjects=subjects, reason=comment.strip(), now=now)
        # Within the journal's lock, so that no two reviews get one number; a crash before commit leaves a review
        # that the journal does not know: it is the same person's signed word and may be given again.
        write_atomically(folder / f"{number:04d}-{name}.json", canonical_json(signed.to_json()))
    return signed


def author_of(found: Candidate, trust: Trust) -> str:
    """The name of a candidate's author, verified.

    Raises:
        ReviewError: nobody signed the registration, or somebody who may not.
    """
    try:
        return trust.require(found.signed_registration, "author", REGISTRATION)
    except SignatureError as error:
        raise ReviewError(
            f"{found.model} version {found.version} cannot be reviewed or released: its registration does not verify. "
            f"{error} Train it again with --key."
        ) from None


def reviews(found: Candidate) -> list[Signed]:
    """Every review that was given, the oldest first; not verified."""
    folder = found.folder / "reviews"
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    return [Signed.from_json(json.loads(path.read_bytes())) for path in paths]


def standing_reviews(found: Candidate, trust: Trust) -> list[Standing]:
    """Each board member's latest verified review of exactly what the candidate is now."""
    digests, latest = found.digests(), {}
    for signed in reviews(found):
        current = all(signed.body.get(name) == digests[name] for name in _DIGESTS)
        same = signed.body.get("model") == found.model and signed.body.get("version") == found.version
        if not (current and same):
            continue
        try:
            name = trust.require(signed, "board", REVIEW)
        except SignatureError:
            continue
        latest[name] = Standing(name, str(signed.body["decision"]), str(signed.body["comment"]), signed)
    return list(latest.values())
