"""Candidates: what an installation keeps of each registered version, for the check, the board and the pages.

``candidates/{model}/{version}/``: package/, registration.json, and after a check report.json, card.json,
policy.toml and check.json, which signs them; then reviews/.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hospital.words.messages import Foreign
from hospital.words.names import OwnNames
from registry.digests import canonical_json, read_plain_file, sha256_bytes, write_atomically
from registry.errors import CandidateError
from registry.package.manifest import MODELS, package_digest
from registry.trust.keys import Key, Signed

__all__ = [
    "CHECK",
    "JUDGED_FILES",
    "REGISTRATION",
    "REVIEW",
    "SIGNED_FILES",
    "Candidate",
    "candidate",
    "candidates",
    "check_body",
    "register",
]

REGISTRATION = "vigie-registration-v1"
CHECK = "vigie-check-v1"
REVIEW = "vigie-review-v1"
JUDGED_FILES = {"card_digest": "card.json", "policy_digest": "policy.toml", "report_digest": "report.json"}
"""What a check makes, by the name of the digest that it signs."""
SIGNED_FILES = {**JUDGED_FILES, "check_digest": "check.json"}
"""What a check seals, its own signature among it, by the name of the digest that the board and the releaser sign."""


@dataclass(frozen=True)
class Candidate:
    """A registered version's folder."""

    model: str
    version: str
    folder: Path

    @property
    def package(self) -> Path:
        """The package's directory."""
        return self.folder / "package"

    @property
    def names(self) -> OwnNames:
        """What the hospital calls its groups and attributes, as its package has it."""
        given: OwnNames = self.json("package/manifest.json").get("names", {})
        return given

    @property
    def package_digest(self) -> str:
        """Digest of its package's manifest."""
        return package_digest(self.package)

    @property
    def registration(self) -> dict[str, Any]:
        """What was registered: {"body": …, "signature": … or None}."""
        return self.json("registration.json")

    @property
    def signed_registration(self) -> Signed:
        """The registration as signed by the author.

        Raises:
            SignatureError: nobody signed it.
        """
        return Signed.from_json(self.registration)

    @property
    def checked(self) -> bool:
        """Whether `vigie check` has sealed a report and a card."""
        return all((self.folder / name).exists() for name in SIGNED_FILES.values())

    def json(self, name: str) -> dict[str, Any]:
        """One of its JSON files.

        Raises:
            CandidateError: it is missing or no JSON object.
        """
        try:
            body = json.loads(read_plain_file(self.folder / name))
        except OSError:
            key = "no_check_file" if name in ("report.json", "card.json") else "no_file"
            raise self._error(key, name=name) from None
        except (ValueError, RecursionError):
            raise self._error("no_json", name=name) from None
        if not isinstance(body, dict):
            raise self._error("no_object", name=name)
        return body

    def require_checked(self) -> None:
        """Raises CandidateError unless a check has sealed it."""
        if not self.checked:
            raise self._error("not_checked")

    def digests(self) -> dict[str, str]:
        """Digests of what the board signs: package, card, policy, report, and the check's signature of them."""
        self.require_checked()
        try:
            return {"package_digest": package_digest(self.package)} | {
                key: sha256_bytes(read_plain_file(self.folder / name)) for key, name in SIGNED_FILES.items()
            }
        except OSError as error:
            raise self._error("unreadable", name=Path(error.filename).name, why=Foreign.of(error)) from None

    def _error(self, key: str, /, **values: object) -> CandidateError:
        return CandidateError(
            f"trust_errors.candidates.{key}", model=self.model, version=self.version, **values
        )

    def seal(
        self, report: Mapping[str, Any], card: Mapping[str, Any], policy: bytes, key: Key | None
    ) -> None:
        """Keeps what a check made, and signs it; earlier reviews were of other digests and count no more.

        Args:
            report: its verdicts and scope.
            card: the model card.
            policy: the text that it judged by.
            key: the check's own; without it nothing is signed, and the board will not review it.
        """
        made = {
            "policy.toml": policy,
            "card.json": canonical_json(card),
            "report.json": canonical_json(report),
        }
        digests = {field: sha256_bytes(made[name]) for field, name in JUDGED_FILES.items()}
        body = check_body(self.registration["body"], digests, report)
        signed: Any = {"body": body, "signature": None} if key is None else key.sign(CHECK, body).to_json()
        for name, content in {**made, "check.json": canonical_json(signed)}.items():
            write_atomically(self.folder / name, content)


def check_body(
    registration: Mapping[str, Any], digests: Mapping[str, str], report: Mapping[str, Any]
) -> dict[str, Any]:
    """What a check signs: which package it judged on which data, and what it made of them.

    Args:
        registration: what the author signed.
        digests: of `JUDGED_FILES`.
        report: whose verdict and scope are named.
    """
    named = ("model", "version", "package_digest", "data_digest", "seal_digest")
    judged = {field: digests[field] for field in JUDGED_FILES}
    found = {"verdict": report.get("verdict"), "scope": report.get("scope")}
    return {"format": 1, **{field: registration.get(field) for field in named}, **judged, **found}


def candidate(folder: Path, model: str, version: str) -> Candidate:
    """The folder of a version.

    Raises:
        CandidateError: there is no such model or version here.
    """
    if model not in MODELS:
        raise CandidateError("trust_errors.stops.no_model", model=model, models=tuple(MODELS))
    found = Candidate(model, version, folder / model / version)
    if not _is_version(version) or not (found.folder / "registration.json").exists():
        known = ", ".join(c.version for c in candidates(folder, model))
        key = "trust_errors.candidates.no_version" if known else "trust_errors.candidates.no_version_yet"
        raise CandidateError(key, model=model, version=version, known=known)
    return found


def candidates(folder: Path, model: str) -> list[Candidate]:
    """Every version of a model, the oldest first."""
    if not (folder / model).is_dir():
        return []
    versions = [p for p in (folder / model).iterdir() if _is_version(p.name)]
    found = [p for p in versions if (p / "registration.json").exists()]
    return [Candidate(model, p.name, p) for p in sorted(found, key=lambda p: int(p.name))]


def register(
    folder: Path, model: str, version: str, package: Path, body: Mapping[str, Any], key: Key | None
) -> Candidate:
    """Keeps a new version: its package, then the registration that makes it one.

    Raises:
        CandidateError: there is a version of that number: a registration is never replaced.
    """
    target = Candidate(model, version, folder / model / version)
    if (target.folder / "registration.json").exists():
        raise CandidateError("trust_errors.candidates.exists", model=model, version=version)
    # What is left is that of a registration that was killed: it has no registration.json.
    shutil.rmtree(target.folder, ignore_errors=True)
    target.folder.mkdir(parents=True)
    shutil.copytree(package, target.package)
    full = {**body, "model": model, "version": version, "package_digest": package_digest(target.package)}
    signed: Any = {"body": full, "signature": None} if key is None else key.sign(REGISTRATION, full).to_json()
    write_atomically(target.folder / "registration.json", canonical_json(signed))
    return target


def _is_version(text: str) -> bool:
    return text.isascii() and text.isdigit()
