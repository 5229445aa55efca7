"""What a check sealed, read once: the bytes that are shown are those that are verified, signed and released.

The check signs what it made with a key of its own (role ``checker``): package, data, report, card and policy. A report
that was edited, a card that was forged, a wider scope or another policy is refused at review, promotion and serving.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from hospital.words.messages import Clause, Foreign, Message, message
from registry.candidates.candidates import CHECK, SIGNED_FILES, Candidate, check_body
from registry.digests import canonical_json, read_plain_file, sha256_bytes
from registry.errors import CandidateError, RegistryError, SignatureError
from registry.package.manifest import LARGEST, PackageFiles, read_package
from registry.settings import Settings
from registry.trust.keys import Key, Signed, create_key, demo_key, load_key
from registry.trust.trust_changes import trust_key
from registry.trust.trust_store import FILE, load_trust
from registry.trust.trusted_people import Trust

__all__ = ["CHECKER", "Sealed", "check_faults", "checker_key", "read_sealed"]

CHECKER = "vigie check"
"""What the check goes by among those whom an installation trusts."""


@dataclass(frozen=True)
class Sealed:
    """A version's package and what a check made of it, each file read once.

    Attributes:
        files: content by name, of `SIGNED_FILES`.
    """

    model: str
    version: str
    package: PackageFiles
    files: Mapping[str, bytes]

    @cached_property
    def digests(self) -> dict[str, str]:
        """Of what the board and the releaser sign."""
        made = {field: sha256_bytes(self.files[name]) for field, name in SIGNED_FILES.items()}
        return {"package_digest": self.package.digest} | made

    @cached_property
    def report(self) -> dict[str, Any]:
        """The verdicts and the scope."""
        return self._object("report.json")

    @cached_property
    def card(self) -> dict[str, Any]:
        """The model card."""
        return self._object("card.json")

    def _object(self, name: str) -> dict[str, Any]:
        try:
            body = json.loads(self.files[name])
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise CandidateError(
                "trust_errors.candidates.no_object", name=name, model=self.model, version=self.version
            )
        return body


def read_sealed(found: Candidate) -> Sealed:
    """What a check sealed of a version.

    Raises:
        CandidateError: it is not checked, or a file cannot be read. PackageError: the package does not verify.
    """
    found.require_checked()
    files: dict[str, bytes] = {}
    for name in SIGNED_FILES.values():
        try:
            files[name] = read_plain_file(found.folder / name, at_most=LARGEST)
        except OSError as error:
            values = {"name": name, "model": found.model, "version": found.version}
            raise CandidateError(
                "trust_errors.candidates.unreadable_check", **values, why=Foreign.of(error)
            ) from None
    return Sealed(found.model, found.version, read_package(found.package), files)


def check_faults(sealed: Sealed, registration: Mapping[str, Any], trust: Trust) -> list[Message]:
    """Why what was sealed is not what a trusted check made of this version; empty where it is.

    Args:
        sealed: of a candidate or of a release.
        registration: what the author signed.
        trust: whose check counts.
    """
    try:
        report, card = sealed.report, sealed.card
        signed = _signed(sealed.files["check.json"])
        trust.require(signed, "checker", CHECK)
    except (SignatureError, CandidateError) as error:
        return [message("trust_errors.check.untrusted", why=Clause(error))]
    expected = check_body(registration, sealed.digests, report)
    faults = [
        message("trust_errors.check.other_file", name=name)
        for field, name in SIGNED_FILES.items()
        if field in expected and signed.body.get(field) != expected[field]
    ]
    others = sorted(field for field in expected if field not in SIGNED_FILES)
    wrong = [field for field in others if signed.body.get(field) != expected[field]]
    faults += [message("trust_errors.check.other_version", fields=", ".join(wrong))] if wrong else []
    return faults + _disagreements(sealed, report, card)


def _signed(content: bytes) -> Signed:
    """The check's signature, in the one way to write it."""
    try:
        signed = Signed.from_json(json.loads(content))
        same = content == canonical_json(signed.to_json())
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise SignatureError("trust_errors.check.rewritten")
    return signed


def _disagreements(sealed: Sealed, report: Mapping[str, Any], card: Mapping[str, Any]) -> list[Message]:
    """Where the card says something else than the report or the package."""
    manifest = sealed.package.manifest.model_dump(mode="json")
    wrong = [field for field in card.keys() & report.keys() if card[field] != report[field]]
    wrong += [field for field in ("target", "features", "units") if card.get(field) != manifest[field]]
    data = card.get("data")
    if not isinstance(data, dict) or data.get("digest") != manifest["data_digest"]:
        wrong.append("data")
    identity = {
        "model": sealed.model,
        "version": sealed.version,
        "digest": sealed.package.digest,
        "policy_digest": sealed.digests["policy_digest"],
    }
    wrong += [field for field, value in identity.items() if report.get(field) != value]
    wrong += [field for field in ("verdict", "scope", "gates", "performance") if field not in card]
    return [message("trust_errors.check.disagreement", fields=", ".join(sorted(set(wrong))))] if wrong else []


def checker_key(settings: Settings, now: datetime) -> Key:
    """The check's key of this installation: made where there is none yet, and trusted while nobody else's is.

    Raises:
        KeyFileError: the file cannot be read or made.
    """
    trust = load_trust(settings.trust) if (settings.trust / FILE).exists() else None
    if trust is not None and trust.demo:
        return demo_key("checker")
    path = settings.checker_key
    key = load_key(path) if path.exists() else create_key(CHECKER, path)
    _trust_first(settings, trust, key, now)
    return key


def _trust_first(settings: Settings, trust: Trust | None, key: Key, now: datetime) -> None:
    """Trusts the first key of a check; where the folder cannot be written, the review says what is missing."""
    if trust is None or trust.founded or any("checker" in k.roles for k in trust.keys):
        return
    try:
        trust_key(
            settings, key.name, key.public_key, ("checker",), now=now, reason="the installation's check"
        )
    except RegistryError:
        return
