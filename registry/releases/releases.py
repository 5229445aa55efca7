"""A release as it lies on disk: what serving loads, and nothing else. Verified to the last byte before use.

``releases/{model}/{number}/``: package/, report.json, card.json, policy.toml, check.json, release.json. Moving an alias
or editing a file changes nothing that is served: it only makes a release that does not verify.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from registry.candidates.candidates import SIGNED_FILES
from registry.candidates.sealed_check import Sealed, check_faults
from registry.digests import canonical_json, read_plain_file, sha256_bytes
from registry.errors import PackageError, PolicyError, ReleaseError, SignatureError
from registry.package.manifest import MODELS, read_package
from registry.policy.board_policy import load_policy
from registry.releases.vouching import RELEASE, rules_of, vouching_faults
from registry.settings import Settings
from registry.trust.keys import Signed
from registry.trust.policy_in_force import policy_of_digest
from registry.trust.trust_store import Trust, load_trust

__all__ = [
    "CARRIED",
    "RELEASE",
    "Link",
    "Release",
    "current_release",
    "left_at",
    "load_release",
    "read_chain",
    "release_folder",
    "release_stamp",
    "verify_release",
    "vouch",
    "with_origin",
]

FORMAT = 1
CARRIED = ("model", "version", "package_digest", *SIGNED_FILES, "scope", "registration", "approvals")
"""What a roll-back takes over from the release that it goes back to."""
_NUMBER = re.compile(r"[0-9]{6}")


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
            raise ReleaseError(
                f"{self.model}: release {self.sequence} is refused: its package was changed while it was loaded. "
                "Restore it from a copy."
            )


@dataclass(frozen=True)
class Link:
    """A release.json whose signature and place in the chain hold; the files beside it are not looked at.

    Attributes:
        releaser: the name, in the trust file, of who signed.
        digest: of the file.
        origin: of a roll-back, the release that was approved; None: this one was.
        left_at: of an approved package that was in use and left: instant of the release that is in its place.
    """

    number: int
    signed: Signed
    releaser: str
    digest: str
    origin: "Link | None" = None
    left_at: int | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What the releaser signed."""
        return self.signed.body


def current_release(settings: Settings, model: str) -> Release | None:
    """The release in use, verified; None where there has never been one.

    It is that of the lowest acceptable number, which rises last: a later one was killed before it was complete.

    Raises:
        ReleaseError: the newest release, or the chain behind it, does not verify; which file, and what to do.
    """
    trust = load_trust(settings.trust)
    links = read_chain(settings, model, trust)
    number = trust.lowest_release.get(model, 0)
    return verify_release(settings, model, links[number - 1], trust) if number else None


def load_release(settings: Settings, model: str, number: int, trust: Trust) -> Release:
    """The release of a number, verified with the chain around it.

    Raises:
        ReleaseError: it is below the lowest acceptable one, or does not verify.
    """
    floor = trust.lowest_release.get(model, 0)
    if number < floor:
        raise ReleaseError(
            f"{model}: release {number} is older than the lowest acceptable one, {floor}. "
            f"Restore release {floor} from a copy, or roll back, which makes a new release."
        )
    links = read_chain(settings, model, trust)
    if not 1 <= number <= len(links):
        raise ReleaseError(f"{model}: there is no release {number} in {settings.releases}.")
    return verify_release(settings, model, links[number - 1], trust)


def release_stamp(settings: Settings, model: str) -> tuple[int, ...]:
    """What changes when there may be another release: the newest number, then what the trust file's folder entry says.

    A time of change alone can be set back, or be the same for two files written one after the other.
    """
    numbers = _numbers(settings, model)
    try:
        found = (settings.trust / "trust.json").stat()
        changed = (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)
    except OSError:
        changed = (0, 0, 0, 0)
    return (numbers[-1] if numbers else 0, *changed)


def release_folder(settings: Settings, model: str, number: int) -> Path:
    """Where the release of a number lies."""
    return settings.releases / model / f"{number:06d}"


def read_chain(settings: Settings, model: str, trust: Trust) -> list[Link]:
    """Every release.json from 1 on: the releaser's signature, and the digest of the one before.

    Raises:
        ReleaseError: one is missing, changed or out of its place, or the newest is below the floor.
    """
    numbers = _numbers(settings, model)
    floor = trust.lowest_release.get(model, 0)
    if (numbers[-1] if numbers else 0) < floor:
        raise ReleaseError(
            f"{model}: release {floor} is gone from {settings.releases}: restore it from a copy."
        )
    links: list[Link] = []
    for expected, number in enumerate(numbers, start=1):
        if number != expected:
            raise ReleaseError(
                f"{model}: release {expected} is missing from {settings.releases / model}: restore it from a "
                f"copy. If {number:06d} was never released, remove that folder."
            )
        link = with_origin(_link(settings, model, number, trust), links)
        if link.body["former_release"] != (links[-1].digest if links else None):
            raise ReleaseError(
                f"{model}: release {number}'s release.json does not follow release {number - 1}: the chain "
                f"is broken there. Restore releases {number - 1} and {number} from a copy."
            )
        links.append(link)
    return links


def with_origin(link: Link, earlier: Sequence[Link]) -> Link:
    """A link that knows which release its approvals were given for.

    Raises:
        ReleaseError: it says that it goes back to a release that there is not, or is not the same as that one.
    """
    number = link.body.get("rolled_back_to")
    if number is None:
        return replace(link, left_at=left_at(str(link.body.get("package_digest")), earlier))
    if not isinstance(number, int) or not 1 <= number <= len(earlier):
        raise ReleaseError(
            f"{link.body['model']}: release {link.number} goes back to a release that there is not."
        )
    former = earlier[number - 1]
    if any(link.body.get(name) != former.body.get(name) for name in CARRIED):
        raise ReleaseError(
            f"{link.body['model']}: release {link.number} is not what release {number} was, to which it goes back. "
            "Roll back again."
        )
    return replace(link, origin=former.origin or former)


def left_at(package_digest: str, links: Sequence[Link]) -> int | None:
    """Since when another package is in use in place of one that was released; None: it is in use, or never was."""
    packages = [str(link.body.get("package_digest")) for link in links]
    if package_digest not in packages or packages[-1] == package_digest:
        return None
    at = links[-1].body.get("released_at")
    return at if isinstance(at, int) else sys.maxsize  # a release without a time does not verify


def verify_release(
    settings: Settings, model: str, link: Link, trust: Trust, *, folder: Path | None = None
) -> Release:
    """A link's release, every file and person behind it verified; `folder` is another place of its files.

    Raises:
        ReleaseError: which file is wrong, and what to do.
    """
    where = f"{model}: release {link.number} is refused"
    folder = release_folder(settings, model, link.number) if folder is None else folder
    try:
        sealed = _verified_files(where, folder, model, link.body)
        vouch(settings, link, trust, sealed.files)
        _verify_meaning(where, link.body, sealed, trust)
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ReleaseError(
            f"{where}: its files cannot be read ({type(error).__name__}): restore {folder.name} from a copy."
        ) from None
    return Release(
        model, str(link.body["version"]), link.number, folder, link.body, link.digest, sealed.files, link
    )


def _numbers(settings: Settings, model: str) -> list[int]:
    if model not in MODELS:
        raise ReleaseError(f"There is no model {model}: Vigie has {' and '.join(MODELS)}.")
    folder = settings.releases / model
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if _NUMBER.fullmatch(path.name))


def _link(settings: Settings, model: str, number: int, trust: Trust) -> Link:
    where = f"{model}: release {number} is refused"
    try:
        folder = release_folder(settings, model, number)
        if folder.is_symlink():
            raise ReleaseError(f"{where}: {folder.name} is a link elsewhere; restore it from a copy.")
        content = read_plain_file(folder / "release.json", alone=True)
    except OSError as error:
        raise ReleaseError(
            f"{where}: its release.json cannot be read ({error.strerror}). Restore it from a copy; if {number:06d} "
            "was never released, remove that folder."
        ) from None
    try:
        signed = Signed.from_json(json.loads(content))
        releaser = trust.require(signed, "releaser", RELEASE)
        if content != canonical_json(signed.to_json()):
            raise ValueError("its bytes are not those that were written")
    except (SignatureError, ValueError, RecursionError) as error:
        raise ReleaseError(
            f"{where}: its release.json was changed or is not a releaser's ({error}). Restore it from a copy."
        ) from None
    body = signed.body
    place = (body.get("format"), body.get("model"), body.get("sequence"))
    if place != (FORMAT, model, number) or "former_release" not in body:
        raise ReleaseError(
            f"{where}: its release.json belongs to another model or number. Restore it from a copy."
        )
    return Link(number, signed, releaser, sha256_bytes(content))


def _verified_files(where: str, folder: Path, model: str, body: dict[str, Any]) -> Sealed:
    """The signed files, each read once: every byte is what was signed, and there is no file besides."""
    known = {*SIGNED_FILES.values(), "release.json", "package"}
    extra = sorted({path.name for path in folder.iterdir()} - known)
    if extra:
        raise ReleaseError(f"{where}: {', '.join(extra)} does not belong in {folder.name}; remove it.")
    linked = sorted(name for name in known if (folder / name).is_symlink())
    if linked:
        raise ReleaseError(f"{where}: {', '.join(linked)} is a link elsewhere; restore it from a copy.")
    files: dict[str, bytes] = {}
    for signed, name in SIGNED_FILES.items():
        try:
            files[name] = read_plain_file(folder / name, alone=True)
        except OSError as error:
            raise ReleaseError(
                f"{where}: {name} cannot be read ({error.strerror}); restore it from a copy or roll back."
            ) from None
        if sha256_bytes(files[name]) != body[signed]:
            raise ReleaseError(
                f"{where}: {name} is not what was signed; restore it from a copy or roll back."
            )
    try:
        package = read_package(folder / "package", alone=True)
    except PackageError as error:
        raise ReleaseError(f"{where}: {error} Restore it from a copy or roll back.") from None
    if package.digest != body["package_digest"]:
        raise ReleaseError(
            f"{where}: package/manifest.json is not what was signed; restore it from a copy or roll back."
        )
    return Sealed(model, str(body["version"]), package, files)


def vouch(settings: Settings, link: Link, trust: Trust, files: Mapping[str, bytes]) -> None:
    """Whether those who signed a release still vouch for it, by the trust file and the policy that are in force now.

    Args:
        settings: where the text of the policy in force lies.
        link: the release.
        trust: whom the installation trusts now.
        files: the release's own policy.toml and check.json.

    Raises:
        ReleaseError: why they do not.
    """
    where = f"{link.body['model']}: release {link.number} is refused"
    try:
        own, in_force = (
            load_policy(files["policy.toml"]),
            policy_of_digest(settings.trust, trust.policy_digest),
        )
    except PolicyError as error:
        raise ReleaseError(
            f"{where}: its policy.toml, or the policy in force, may not be used. {error}"
        ) from None
    approved = link if link.origin is None else link.origin
    faults = []
    if own.digest != in_force.digest and approved.number > trust.released_before.get(
        str(link.body["model"]), 0
    ):
        faults.append(
            "it was judged by another policy than the one in force. Check, review and promote the version again"
        )
    faults += vouching_faults(
        link.signed,
        approved.body,
        trust,
        rules_of(own, in_force),
        json.loads(files["check.json"]),
        approved.left_at,
    )
    if faults:
        raise ReleaseError(f"{where}: {'; '.join(faults)}.")


def _verify_meaning(where: str, body: dict[str, Any], sealed: Sealed, trust: Trust) -> None:
    """A trusted check passed this package under this policy, and the signed scope is the one that it found."""
    report = sealed.report
    faults = check_faults(sealed, body["registration"]["body"], trust)
    expected = {"verdict": "pass", "scope": body["scope"]}
    wrong = [field for field, value in expected.items() if report.get(field) != value]
    faults += [f"its report.json does not carry it ({', '.join(wrong)})"] if wrong else []
    if faults:
        raise ReleaseError(f"{where}: {'; '.join(faults)}. Check the version and promote it again.")
    if not isinstance(body["released_at"], int):
        raise ReleaseError(f"{where}: its release.json has no time. Promote the version again.")
