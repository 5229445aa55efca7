"""Reviews: board members sign the digests of package, card, policy and report, approving or refusing.

Every review is kept, ``reviews/{number}-{name}.json``; of each person the latest by its signed time counts,
and only if it is about exactly what the candidate is now. A refusal is of the version, whatever becomes of its files:
it stands until that person approves it or withdraws the refusal.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, select

from hospital.times import instant
from registry.candidates.candidates import REGISTRATION, REVIEW, SIGNED_FILES, Candidate, candidate
from registry.candidates.sealed_check import Sealed, check_faults, read_sealed
from registry.digests import canonical_json, read_plain_file, sha256_bytes, write_atomically
from registry.errors import ReviewError, SignatureError
from registry.record.database import journal, opened_database, writing
from registry.record.journal import append
from registry.settings import Settings
from registry.trust.keys import Key, Signed
from registry.trust.trust_store import Trust, load_trust

__all__ = [
    "Decision",
    "Standing",
    "author_of",
    "require_sound",
    "review",
    "reviews",
    "standing_refusals",
    "standing_reviews",
]

Decision = Literal["approve", "refuse", "withdraw"]
_DECISIONS = ("approve", "refuse", "withdraw")
_DIGESTS = ("package_digest", *SIGNED_FILES)


@dataclass(frozen=True)
class Standing:
    """A board member's latest review of the candidate as it is now.

    Attributes:
        at: instant of the signature.
    """

    name: str
    decision: str
    comment: str
    at: int
    signed: Signed


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
    if decision not in _DECISIONS:
        raise ReviewError("A review approves, refuses or withdraws: say --approve, --refuse or --withdraw.")
    if not comment.strip():
        raise ReviewError("A review needs a comment: say why, for those who come after.")
    found, trust = candidate(settings.candidates, model, version), load_trust(settings.trust)
    author = author_of(found, trust)
    sealed = read_sealed(found)
    if seen is not None and seen.digests != sealed.digests:
        raise ReviewError(
            "The card, report or policy changed since it was shown: read it again, then review."
        )
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
        raise ReviewError(f"This review cannot be given. {error}") from None
    if name == author or key.public_key == found.signed_registration.public_key:
        raise ReviewError(f"{name} is the author of this version: nobody reviews their own work.")
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
            f"{found.model} version {found.version} cannot be reviewed: {'; '.join(faults)}. "
            f"Run vigie check {found.model} {found.version} again."
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
        raise ReviewError(f"{name} has not refused this version: there is nothing to withdraw.")
    earlier = [s for s in standing_reviews(found, trust) if s.name == name]
    if earlier and earlier[0].at > signed.body["at"]:
        raise ReviewError(
            f"{name} gave a review that is dated later than this one: set this machine's clock, then review."
        )
    content = canonical_json(signed.to_json())
    append(
        connection,
        actor=name,
        action=str(signed.body["decision"]),
        subjects={**_subjects(found), "review_digest": sha256_bytes(content)},
        reason=str(signed.body["comment"]),
        now=now,
    )
    taken = [int(p.name[:4]) for p in _files(found) if p.name[:4].isdigit()]
    path = found.folder / "reviews" / f"{max(taken, default=0) + 1:04d}-{name}.json"
    write_atomically(path, content)
    return path


def author_of(found: Candidate, trust: Trust) -> str:
    """The name of a candidate's author, verified; the registration is of this candidate's package.

    Raises:
        ReviewError: nobody signed the registration, somebody who may not, or it is another candidate's.
    """
    where = f"{found.model} version {found.version} cannot be reviewed or released"
    try:
        signed = found.signed_registration
        name = trust.require(signed, "author", REGISTRATION)
    except SignatureError as error:
        raise ReviewError(
            f"{where}: its registration does not verify. {error} Train it again with --key."
        ) from None
    expected = {"model": found.model, "version": found.version, "package_digest": _package_digest(found)}
    if any(signed.body.get(field) != value for field, value in expected.items()):
        raise ReviewError(f"{where}: the package is not the one that its author signed. Train it again.")
    return name


def reviews(found: Candidate) -> list[Signed]:
    """Every review that was given, the oldest first; not verified.

    Raises:
        SignatureError: a file among them is none.
    """
    return [_read(path) for path in _files(found)]


def standing_reviews(found: Candidate, trust: Trust) -> list[Standing]:
    """Each board member's latest verified review of exactly what the candidate is now.

    A file that is no review, or of nobody of the board, counts for nothing; who refused is what `standing_refusals`
    finds.
    """
    digests, latest = found.digests(), dict[str, Standing]()
    for path in _files(found):
        try:
            signed = _read(path)
            name = trust.require(signed, "board", REVIEW, acting=True)
        except SignatureError:
            continue
        body = signed.body
        current = all(body.get(field) == digests[field] for field in _DIGESTS)
        same = body.get("model") == found.model and body.get("version") == found.version
        at, decision = body.get("at"), body.get("decision")
        if not (current and same and isinstance(at, int) and decision in _DECISIONS):
            continue
        if name not in latest or at >= latest[name].at:
            latest[name] = Standing(name, str(decision), str(body.get("comment", "")), at, signed)
    return sorted(latest.values(), key=lambda s: s.name)


def standing_refusals(connection: Connection, found: Candidate, package: str, trust: Trust) -> list[str]:
    """Who refused this version, and neither approved it nor withdrew that since.

    Both the journal and the signed files are asked, and a refusal that either knows stands: it is undone neither by
    deleting its file, nor by another check, another byte, another version of the same package, nor by retiring or
    taking out the key of whoever refused.

    Args:
        connection: to the database.
        found: the version's folder; it may be gone, and the journal alone know.
        package: the digest of its package.
        trust: by which signatures are verified.
    """
    refused = {
        name for name, decision in _journaled(connection, found, package).items() if decision == "refuse"
    }
    latest: dict[str, tuple[int, str]] = {}
    for path in _files(found):
        try:
            signed = _read(path)
            name = trust.require(signed, "board", REVIEW)
        except SignatureError:
            continue
        at, decision = signed.body.get("at"), str(signed.body.get("decision"))
        if (
            _about(signed.body, found, package)
            and isinstance(at, int)
            and at >= latest.get(name, (at, ""))[0]
        ):
            latest[name] = at, decision
    return sorted(refused | {name for name, (_, decision) in latest.items() if decision == "refuse"})


def _journaled(connection: Connection, found: Candidate, package: str) -> dict[str, str]:
    """By person, what the journal says they last decided about a version or its package."""
    columns = journal.c.actor, journal.c.action, journal.c.subjects
    query = select(*columns).where(journal.c.action.in_(_DECISIONS)).order_by(journal.c.seq)
    said: dict[str, str] = {}
    for actor, action, subjects in connection.execute(query):
        if _about(json.loads(subjects), found, package):
            said[str(actor)] = str(action)
    return said


def _about(body: Mapping[str, object], found: Candidate, package: str) -> bool:
    same = body.get("model") == found.model
    return same and (body.get("version") == found.version or body.get("package_digest") == package)


def _subjects(found: Candidate) -> dict[str, str]:
    return {"model": found.model, "version": found.version, **found.digests()}


def _package_digest(found: Candidate) -> str | None:
    try:
        return found.package_digest
    except OSError:
        return None


def _files(found: Candidate) -> list[Path]:
    folder = found.folder / "reviews"
    return sorted(folder.glob("[!.]*.json")) if folder.is_dir() else []


def _read(path: Path) -> Signed:
    try:
        return Signed.from_json(json.loads(read_plain_file(path)))
    except (OSError, ValueError, RecursionError):
        raise SignatureError(f"The review {path.name} cannot be read: restore it from a copy.") from None
