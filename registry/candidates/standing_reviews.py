"""Reviews that stand: of each member of the board the latest, verified, of exactly what the candidate is now.

A refusal is of the version, whatever becomes of its files: it stands until that person approves it or withdraws it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from registry.candidates.candidates import REGISTRATION, REVIEW, SIGNED_FILES, Candidate
from registry.digests import read_plain_file, sha256_bytes
from registry.errors import ReviewError, SignatureError
from registry.record.tables.record_tables import journal
from registry.trust.keys import Signed
from registry.trust.trusted_people import Trust

__all__ = [
    "DECISIONS",
    "Standing",
    "author_of",
    "last_decisions",
    "review_files",
    "reviews",
    "signed_by",
    "standing_refusals",
    "standing_reviews",
]

DECISIONS = ("approve", "refuse", "withdraw")
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


def author_of(found: Candidate, trust: Trust) -> str:
    """The name of a candidate's author, verified; the registration is of this candidate's package.

    Raises:
        ReviewError: nobody signed the registration, somebody who may not, or it is another candidate's.
    """
    which = {"model": found.model, "version": found.version}
    try:
        signed = found.signed_registration
        name = trust.require(signed, "author", REGISTRATION)
    except SignatureError as error:
        raise ReviewError("trust_errors.reviews.registration", **which, why=error) from None
    expected = {"model": found.model, "version": found.version, "package_digest": _package_digest(found)}
    if any(signed.body.get(field) != value for field, value in expected.items()):
        raise ReviewError("trust_errors.reviews.other_package", **which)
    return name


def reviews(found: Candidate) -> list[Signed]:
    """Every review that was given, the oldest first; not verified.

    Raises:
        SignatureError: a file among them is none.
    """
    return [_read(path) for path in review_files(found)]


def standing_reviews(found: Candidate, trust: Trust) -> list[Standing]:
    """Each board member's latest verified review of exactly what the candidate is now.

    A file that is no review, or of nobody of the board, counts for nothing; who refused is what `standing_refusals`
    finds.
    """
    digests, latest = found.digests(), dict[str, Standing]()
    for path in review_files(found):
        try:
            signed = _read(path)
            name = trust.require(signed, "board", REVIEW, acting=True)
        except SignatureError:
            continue
        body = signed.body
        current = all(body.get(field) == digests[field] for field in _DIGESTS)
        same = body.get("model") == found.model and body.get("version") == found.version
        at, decision = body.get("at"), body.get("decision")
        if not (current and same and isinstance(at, int) and decision in DECISIONS):
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
    is_signed = signed_by(found.folder.parent, trust)
    said = last_decisions(_journaled(connection, found, package), is_signed)
    refused = {name for name, decision in said.items() if decision == "refuse"}
    latest: dict[str, tuple[int, str]] = {}
    for path in review_files(found):
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


def last_decisions(
    acts: Iterable[tuple[str, str, Mapping[str, str]]], signed: Callable[[str, str, Mapping[str, str]], bool]
) -> dict[str, str]:
    """By person, what the journal says they last decided.

    An entry that lifts a refusal counts where a review lies beside it that this person signed, and that no entry before
    it was of: whoever can write the database could else take a refusal back in the name of who gave it.

    Args:
        acts: person, decision and subjects of entries about a version or its package, in order.
        signed: whether the review that an entry names is that person's.
    """
    said: dict[str, str] = {}
    known: set[str] = set()
    for name, decision, subjects in acts:
        digest = str(subjects.get("review_digest", ""))
        lifts = decision != "refuse" and said.get(name) == "refuse"
        if not lifts or (digest not in known and signed(name, decision, subjects)):
            said[name] = decision
        known |= {digest} - {""}
    return said


def signed_by(model: Path, trust: Trust) -> Callable[[str, str, Mapping[str, str]], bool]:
    """What says whether a review that an entry names is that person's: one of its digest lies there and verifies.

    Args:
        model: the folder of a model's candidates: a refusal of a package is also lifted by approving another version
            of it.
        trust: by which it is verified.
    """

    def is_signed(name: str, decision: str, subjects: Mapping[str, str]) -> bool:
        for path in sorted(model.glob("*/reviews/[!.]*.json")):
            try:
                content = read_plain_file(path)
                if sha256_bytes(content) != subjects.get("review_digest"):
                    continue
                review = Signed.from_json(json.loads(content))
                if trust.require(review, "board", REVIEW) != name:
                    continue
            except (OSError, ValueError, RecursionError, SignatureError):
                continue
            about = {field: subjects.get(field) for field in ("model", "version", "package_digest")}
            if all(review.body.get(k) == v for k, v in {**about, "decision": decision}.items()):
                return True
        return False

    return is_signed


def _journaled(
    connection: Connection, found: Candidate, package: str
) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Person, decision and subjects of the journal's entries about a version or its package, in order."""
    columns = journal.c.actor, journal.c.action, journal.c.subjects
    query = select(*columns).where(journal.c.action.in_(DECISIONS)).order_by(journal.c.seq)
    for actor, action, text in connection.execute(query):
        subjects = json.loads(text)
        if _about(subjects, found, package):
            yield str(actor), str(action), subjects


def _about(body: Mapping[str, object], found: Candidate, package: str) -> bool:
    same = body.get("model") == found.model
    return same and (body.get("version") == found.version or body.get("package_digest") == package)


def _package_digest(found: Candidate) -> str | None:
    try:
        return found.package_digest
    except OSError:
        return None


def review_files(found: Candidate) -> list[Path]:
    """The files of reviews that were given, the oldest first."""
    folder = found.folder / "reviews"
    return sorted(folder.glob("[!.]*.json")) if folder.is_dir() else []


def _read(path: Path) -> Signed:
    try:
        return Signed.from_json(json.loads(read_plain_file(path)))
    except (OSError, ValueError, RecursionError):
        raise SignatureError("trust_errors.reviews.unreadable", name=path.name) from None
