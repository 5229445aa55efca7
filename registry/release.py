"""Releases: what serving loads, and nothing else. Signed, numbered, chained, verified to the last byte.

``releases/{model}/{number}/``: package/, report.json, card.json, policy.toml, release.json. Moving an alias or
editing a file changes nothing that is served: it only makes a release that does not verify.
"""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hospital.times import instant
from registry.board import REVIEW, author_of, standing_reviews
from registry.candidates import MODELS, REGISTRATION, Candidate, candidate
from registry.database import open_database, writing
from registry.digests import canonical_json, sha256_file, sync_folder, write_atomically
from registry.errors import (
    PackageError,
    PolicyError,
    PromotionError,
    ReleaseError,
    RegistryError,
    SignatureError,
)
from registry.journal import append
from registry.keys import Key, Signed
from registry.package import package_digest, verify_package
from registry.policy import load_policy
from registry.settings import Settings
from registry.trust import Trust, load_trust, save_trust

__all__ = ["RELEASE", "Release", "current_release", "load_release", "promote", "release_stamp", "rollback"]

RELEASE = "vigie-release-v1"
_FILES = {"report_digest": "report.json", "card_digest": "card.json", "policy_digest": "policy.toml"}


@dataclass(frozen=True)
class Release:
    """A verified release.

    Attributes:
        sequence: its number. body: what the releaser signed. digest: of release.json.
        scope: (unit group, horizon in hours) for which the version may speak.
    """

    model: str
    version: str
    sequence: int
    folder: Path
    body: dict[str, Any]
    digest: str

    @property
    def package(self) -> Path:
        """The package's directory."""
        return self.folder / "package"

    @property
    def package_digest(self) -> str:
        """The package's digest."""
        return str(self.body["package_digest"])

    @property
    def released_at(self) -> int:
        """Instant of the signature."""
        return int(self.body["released_at"])

    @property
    def scope(self) -> frozenset[tuple[str, float]]:
        """Unit groups and horizons for which the version may speak."""
        return frozenset((str(c["unit_group"]), float(c["horizon_hours"])) for c in self.body["scope"])

    @property
    def policy_digest(self) -> str:
        """The policy it was judged by."""
        return str(self.body["policy_digest"])

    def json(self, name: str) -> dict[str, Any]:
        """Its report.json or card.json."""
        body: dict[str, Any] = json.loads((self.folder / name).read_bytes())
        return body


def promote(settings: Settings, model: str, version: str, key: Key, *, now: datetime) -> Release:
    """Releases a version: everything is verified, then one folder appears whole, then the floor rises.

    Raises:
        PromotionError: every reason why it may not be released.
    """
    found, trust = candidate(settings.candidates, model, version), load_trust(settings.trust)
    reasons, approvals = _obstacles(settings, found, trust, key)
    if reasons:
        raise PromotionError(
            f"{model} version {version} may not be released:\n" + "\n".join(f"  - {r}" for r in reasons)
        )
    body = {
        "model": model,
        "version": version,
        **found.digests(),
        "scope": found.json("report.json")["scope"],
        "registration": found.registration,
        "approvals": [signed.to_json() for signed in approvals],
    }
    return _write(settings, trust, key, body, found.package, found.folder, "promote", now)


def rollback(
    settings: Settings, model: str, key: Key, *, now: datetime, to_sequence: int | None = None
) -> Release:
    """A new release, with the next number, of the package released before (or of an earlier number).

    Raises:
        PromotionError: there is no earlier release, or the key may not release.
    """
    current = current_release(settings, model)
    if current is None or current.sequence < 2:
        raise PromotionError(f"{model} has no earlier release to go back to.")
    trust = load_trust(settings.trust)
    number = current.sequence - 1 if to_sequence is None else to_sequence
    if not 1 <= number < current.sequence:
        raise PromotionError(f"{model} has no earlier release {number}.")
    earlier = _read(settings, model, number, trust)
    kept = ("model", "version", "package_digest", *_FILES, "scope", "registration", "approvals")
    body = {name: earlier.body[name] for name in kept}
    refusal = _releaser_fault(trust, key, earlier.body["registration"])
    if refusal:
        raise PromotionError(f"{model} may not be rolled back: {refusal}")
    return _write(settings, trust, key, body, earlier.package, earlier.folder, "roll back", now)


def current_release(settings: Settings, model: str) -> Release | None:
    """The release in use, verified; None where there has never been one.

    Raises:
        ReleaseError: the newest release, or the chain behind it, does not verify.
    """
    numbers = _numbers(settings, model)
    trust = load_trust(settings.trust)
    floor = trust.lowest_release.get(model, 0)
    if not numbers:
        if floor:
            raise ReleaseError(
                f"{model}: release {floor} is gone from {settings.releases}: restore it from a copy."
            )
        return None
    return load_release(settings, model, numbers[-1], trust)


def load_release(settings: Settings, model: str, number: int, trust: Trust) -> Release:
    """A release verified to the last byte, with the chain behind it.

    Raises:
        ReleaseError: which file is wrong, and what to do.
    """
    floor = trust.lowest_release.get(model, 0)
    if number < floor:
        raise ReleaseError(
            f"{model}: release {number} is older than the lowest acceptable one, {floor}: restore it."
        )
    release = _read(settings, model, number, trust)
    _verify_people(release, trust)
    _verify_chain(settings, release, trust)
    return release


def release_stamp(settings: Settings, model: str) -> tuple[int, int]:
    """Something that changes when there may be another release: (newest number, change time of the trust file)."""
    numbers = _numbers(settings, model)
    trust = settings.trust / "trust.json"
    return (numbers[-1] if numbers else 0, trust.stat().st_mtime_ns if trust.exists() else 0)


def _obstacles(
    settings: Settings, found: Candidate, trust: Trust, key: Key
) -> tuple[list[str], list[Signed]]:
    reasons: list[str] = []
    try:
        author_of(found, trust)
        digests = found.digests()
        verify_package(found.package)
    except RegistryError as error:
        return [str(error)], []
    if found.registration["body"].get("package_digest") != digests["package_digest"]:
        reasons.append("the package is not the one that its author signed: train it again")
    report = found.json("report.json")
    if (
        report.get("digest") != digests["package_digest"]
        or report.get("policy_digest") != digests["policy_digest"]
    ):
        reasons.append("the report is about another package or policy: run vigie check again")
    if report.get("verdict") != "pass":
        worst = [g["name"] for g in report.get("gates", []) if g["verdict"] not in ("pass", "not applicable")]
        reasons.append(f"its check says {report.get('verdict')} ({', '.join(worst)}): only pass opens")
    if digests["policy_digest"] != trust.policy_digest:
        reasons.append("it was checked under another policy than the one in force: run vigie check again")
    needed = 2
    try:
        needed = load_policy((found.folder / "policy.toml").read_bytes()).approvals
    except PolicyError as error:
        reasons.append(str(error))
    standing = standing_reviews(found, trust)
    author_key = found.signed_registration.public_key
    approvals = [s for s in standing if s.decision == "approve" and s.signed.public_key != author_key]
    refusals = [s.name for s in standing if s.decision == "refuse"]
    if refusals:
        reasons.append(f"{', '.join(refusals)} refused it: a refusal stands until that person replaces it")
    if len(approvals) < needed:
        reasons.append(
            f"it has {len(approvals)} of {needed} approvals: run vigie review {found.model} {found.version}"
        )
    refusal = _releaser_fault(trust, key, found.registration)
    if refusal:
        reasons.append(refusal)
    return reasons, [s.signed for s in approvals]


def _releaser_fault(trust: Trust, key: Key, registration: dict[str, Any]) -> str | None:
    try:
        name = trust.require(key.sign(RELEASE, {}), "releaser", RELEASE)
    except SignatureError as error:
        return f"the releaser may not sign: {error}"
    if Signed.from_json(registration).public_key == key.public_key:
        return f"{name} is its author: somebody else must release it"
    return None


def _write(
    settings: Settings,
    trust: Trust,
    key: Key,
    body: dict[str, Any],
    package: Path,
    source: Path,
    action: str,
    now: datetime,
) -> Release:
    model = str(body["model"])
    engine = open_database(settings.database)
    with writing(engine) as connection:  # the journal's lock: one promotion at a time
        numbers = _numbers(settings, model)
        former = _read(settings, model, numbers[-1], trust) if numbers else None
        sequence = (former.sequence if former else 0) + 1
        full = {
            "format": 1,
            **body,
            "sequence": sequence,
            "former_release": former.digest if former else None,
            "released_at": instant(now),
        }
        signed = key.sign(RELEASE, full)
        subjects = {
            "model": model,
            "version": str(body["version"]),
            "package_digest": str(body["package_digest"]),
        }
        append(connection, actor=key.name, action=action, subjects=subjects, now=now)
        folder = settings.releases / model / f"{sequence:06d}"
        building = folder.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(building, ignore_errors=True)
        shutil.copytree(package, building / "package")
        for name in _FILES.values():
            shutil.copy(source / name, building / name)
        write_atomically(building / "release.json", canonical_json(signed.to_json()))
        for path in building.rglob("*"):
            if path.is_file():
                with open(path, "rb") as file:
                    os.fsync(file.fileno())
        os.rename(building, folder)
        sync_folder(folder.parent)
        # A crash from here on leaves a whole, signed release above the floor; the journal then lacks its entry and
        # the next promotion continues its chain.
    save_trust(settings.trust, load_trust(settings.trust).with_floor(model, sequence))
    return load_release(settings, model, sequence, load_trust(settings.trust))


def _numbers(settings: Settings, model: str) -> list[int]:
    if model not in MODELS:
        raise ReleaseError(f"There is no model {model}: Vigie has {' and '.join(MODELS)}.")
    folder = settings.releases / model
    return sorted(int(p.name) for p in folder.iterdir() if p.name.isdigit()) if folder.is_dir() else []


def _read(settings: Settings, model: str, number: int, trust: Trust) -> Release:
    """One release by itself: the releaser's signature, every digest, no file too many."""
    folder = settings.releases / model / f"{number:06d}"
    where = f"{model}: release {number} is refused"
    try:
        content = (folder / "release.json").read_bytes()
        signed = Signed.from_json(json.loads(content))
        trust.require(signed, "releaser", RELEASE)
    except OSError:
        raise ReleaseError(f"{where}: release.json cannot be read; restore it from a copy.") from None
    except (SignatureError, ValueError) as error:
        raise ReleaseError(f"{where}: release.json was changed or is not the releaser's. {error}") from None
    body = signed.body
    if body.get("model") != model or body.get("sequence") != number or body.get("format") != 1:
        raise ReleaseError(
            f"{where}: release.json belongs to another model or number; restore it from a copy."
        )
    for name, file in _FILES.items():
        if not (folder / file).is_file() or sha256_file(folder / file) != body.get(name):
            raise ReleaseError(
                f"{where}: {file} was changed after it was signed; restore it from a copy or roll back."
            )
    extra = {p.name for p in folder.iterdir()} - {*_FILES.values(), "release.json", "package"}
    if extra:
        raise ReleaseError(f"{where}: {', '.join(sorted(extra))} does not belong there; remove it.")
    try:
        verify_package(folder / "package")
    except PackageError as error:
        raise ReleaseError(f"{where}: {error} Restore it from a copy or roll back.") from None
    if package_digest(folder / "package") != body.get("package_digest"):
        raise ReleaseError(
            f"{where}: package/manifest.json was changed after it was signed; restore it from a copy."
        )
    digest = sha256_file(folder / "release.json")
    return Release(model, str(body["version"]), number, folder, body, digest)


def _verify_people(release: Release, trust: Trust) -> None:
    """Author, board and releaser are who they must be, and different people."""
    where = f"{release.model}: release {release.sequence} is refused"
    try:
        registration = Signed.from_json(release.body["registration"])
        author = trust.require(registration, "author", REGISTRATION)
        approvals = [Signed.from_json(a) for a in release.body["approvals"]]
        names = {trust.require(a, "board", REVIEW) for a in approvals}
        releaser = Signed.from_json(json.loads((release.folder / "release.json").read_bytes())).name
    except SignatureError as error:
        raise ReleaseError(f"{where}: a signature in it does not verify. {error}") from None
    needed = load_policy((release.folder / "policy.toml").read_bytes()).approvals
    signed = all(
        a.body.get("decision") == "approve"
        and a.body.get("version") == release.version
        and a.body.get("model") == release.model
        and all(a.body.get(n) == release.body[n] for n in (*_FILES, "package_digest"))
        for a in approvals
    )
    if registration.body.get("package_digest") != release.package_digest or not signed:
        raise ReleaseError(f"{where}: what was signed is another version; promote it again.")
    if len(names) < needed or author in names or author == releaser:
        raise ReleaseError(f"{where}: it lacks approvals by {needed} people other than its author.")
    if release.json("report.json").get("verdict") != "pass":
        raise ReleaseError(f"{where}: its report does not say pass.")


def _verify_chain(settings: Settings, release: Release, trust: Trust) -> None:
    """Each release names the digest of the one before it, back to the first."""
    following = release
    for number in range(release.sequence - 1, 0, -1):
        path = settings.releases / release.model / f"{number:06d}" / "release.json"
        where = f"{release.model}: release {release.sequence} is refused: the chain behind it is broken at {number}"
        try:
            signed = Signed.from_json(json.loads(path.read_bytes()))
            trust.require(signed, "releaser", RELEASE)
        except (OSError, ValueError, SignatureError):
            raise ReleaseError(f"{where}; restore release {number} from a copy.") from None
        digest = sha256_file(path)
        if following.body["former_release"] != digest:
            raise ReleaseError(f"{where}; restore release {number} from a copy.")
        following = Release(release.model, "", number, path.parent, signed.body, digest)
    if following.body["former_release"] is not None:
        raise ReleaseError(
            f"{release.model}: release {release.sequence} is refused: its first release names another."
        )
