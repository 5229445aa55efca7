"""What a release is: its signed body, its verified files, and its place in the chain."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hospital.features.definition_digest import feature_digest
from hospital.words.messages import message
from hospital.words.names import OwnNames
from registry.candidates.candidates import SIGNED_FILES
from registry.errors import ReleaseError
from registry.package.manifest import Manifest
from registry.trust.keys import Signed

__all__ = ["CARRIED", "FORMAT", "Link", "Release", "refusal"]

FORMAT = 1
CARRIED = ("model", "version", "package_digest", *SIGNED_FILES, "scope", "registration", "approvals")
"""What a roll-back takes over from the release that it goes back to."""


@dataclass(frozen=True)
class Release:
    """A verified release.

    Attributes:
        sequence: its number.
        folder: where its files are.
        body: what the releaser signed.
        digest: of release.json.
        files: content by name of its signed files, as it was verified.
        link: its place in the chain, and who signed it.
    """

    model: str
    version: str
    sequence: int
    folder: Path
    body: dict[str, Any]
    digest: str
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    link: "Link | None" = field(default=None, repr=False)

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
    def names(self) -> OwnNames:
        """What the hospital calls its groups and attributes, as its card has it."""
        given: OwnNames = self.json("card.json").get("names", {})
        return given

    @property
    def policy_digest(self) -> str:
        """The policy it was judged by."""
        return str(self.body["policy_digest"])

    def json(self, name: str) -> dict[str, Any]:
        """Its report.json or card.json: of the bytes that were verified, whatever lies there now."""
        body: dict[str, Any] = json.loads(self.files[name])
        return body

    def require_same(self, digest: str) -> None:
        """Raises ReleaseError unless a package that was read after this release was verified is the one it holds.

        Args:
            digest: of the package's bytes, as they were read.
        """
        if digest != self.package_digest:
            raise refusal(self.model, self.sequence, "changed_while_loaded")

    def require_definitions(self, manifest: Manifest) -> None:
        """Raises ReleaseError where this Vigie defines the features of the package otherwise than when it was fitted.

        It would be asked by other numbers than it learned from, and nobody judged what it answers then. A package of
        baselines asks no feature.

        Args:
            manifest: the package's.
        """
        if manifest.kind == "model" and manifest.feature_digest != feature_digest(manifest.name):
            raise refusal(self.model, self.sequence, "other_definitions")


@dataclass(frozen=True)
class Link:
    """A release.json whose signature and place in the chain hold; the files beside it are not looked at.

    Attributes:
        releaser: the name, in the trust file, of who signed.
        digest: of the file.
        origin: of a roll-back, the release that was approved; None: this one was.
        former_at: instant of the release before it; None: it is the first, or that one has none.
        left_at: of an approved package that was in use and left: instant of the release that is in its place.
    """

    number: int
    signed: Signed
    releaser: str
    digest: str
    origin: "Link | None" = None
    left_at: int | None = None
    former_at: int | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What the releaser signed."""
        return self.signed.body


def refusal(model: str, number: int, key: str, /, **values: object) -> ReleaseError:
    """Why a release is refused, by the key of the reason's text and what fills it."""
    why = message(f"trust_errors.releases.{key}", **values)
    return ReleaseError("trust_errors.releases.refused", model=model, number=str(number), why=why)
