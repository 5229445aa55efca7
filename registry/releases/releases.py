"""A release as it lies on disk: what serving loads, and nothing else. Verified to the last byte before use.

``releases/{model}/{number}/``: package/, report.json, card.json, policy.toml, check.json, release.json. Moving an alias
or editing a file changes nothing that is served: it only makes a release that does not verify.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from hospital.words.messages import Foreign, message
from registry.candidates.candidates import SIGNED_FILES
from registry.candidates.sealed_check import Sealed, check_faults
from registry.candidates.standing_reviews import signed_by
from registry.digests import read_plain_file, sha256_bytes
from registry.errors import PackageError, PolicyError, ReleaseError
from registry.package.manifest import LARGEST, read_package
from registry.policy.board_policy import load_policy
from registry.releases.journal_entry import ReleaseRecord, release_record
from registry.releases.release import Link, Release, refusal
from registry.releases.release_chain import read_chain, release_folder
from registry.releases.release_times import policy_faults, time_faults
from registry.releases.retirement import retirement_faults
from registry.releases.vouching import rules_of, vouching_faults
from registry.settings import Settings
from registry.trust.policy_in_force import policy_of_digest
from registry.trust.trust_store import load_trust
from registry.trust.trusted_people import Trust

__all__ = ["current_release", "load_release", "verify_release", "vouch"]


def current_release(settings: Settings, model: str) -> Release | None:
    """The release in use, verified; None where there has never been one.

    It is that of the lowest acceptable number, which rises last: a later one was killed before it was complete. That
    number stands in the trust file without a signature: it is never below the newest that the journal has an entry of.

    Raises:
        ReleaseError: the newest release, or the chain behind it, does not verify; which file, and what to do.
    """
    trust = load_trust(settings.trust)
    links = read_chain(settings, model, trust)
    record = release_record(settings)
    entered = 0 if record is None else record.newest(model)
    number = max(trust.lowest_release.get(model, 0), entered)
    if number > len(links):
        places = {"floor": str(number), "folder": settings.releases}
        raise ReleaseError("trust_errors.releases.gone", model=model, **places)
    return _verified(settings, model, links[number - 1], trust, record) if number else None


def load_release(settings: Settings, model: str, number: int, trust: Trust) -> Release:
    """The release of a number, verified with the chain around it.

    Raises:
        ReleaseError: it is below the lowest acceptable one, or does not verify.
    """
    floor = trust.lowest_release.get(model, 0)
    if number < floor:
        raise ReleaseError("trust_errors.releases.older", model=model, number=str(number), floor=str(floor))
    links = read_chain(settings, model, trust)
    if not 1 <= number <= len(links):
        raise ReleaseError(
            "trust_errors.releases.none", model=model, number=str(number), folder=settings.releases
        )
    return verify_release(settings, model, links[number - 1], trust)


def verify_release(
    settings: Settings,
    model: str,
    link: Link,
    trust: Trust,
    *,
    folder: Path | None = None,
    entered: int | None = None,
) -> Release:
    """A link's release, every file and person behind it verified.

    Args:
        settings: of the installation.
        model: whose release.
        link: its place in the chain.
        trust: whom the installation trusts now.
        folder: another place of its files, where it is not in its own yet.
        entered: instant of an entry that is about to be written; None: the journal's is looked up.

    Raises:
        ReleaseError: which file is wrong, and what to do.
    """
    return _verified(settings, model, link, trust, release_record(settings), folder, entered)


def _verified(
    settings: Settings,
    model: str,
    link: Link,
    trust: Trust,
    record: ReleaseRecord | None,
    folder: Path | None = None,
    entered: int | None = None,
) -> Release:
    """As `verify_release`; `record`: what the journal says of releases, None where it cannot be read."""
    folder = release_folder(settings, model, link.number) if folder is None else folder
    try:
        sealed = _verified_files(link, folder, model)
        vouch(settings, link, trust, sealed.files)
        _verify_meaning(model, link, sealed, trust)
        _verify_times(settings, link, trust, record, entered)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        kind = type(error).__name__
        raise refusal(model, link.number, "files_unreadable", kind=kind, name=folder.name) from None
    return Release(
        model, str(link.body["version"]), link.number, folder, link.body, link.digest, sealed.files, link
    )


def _verified_files(link: Link, folder: Path, model: str) -> Sealed:
    """The signed files, each read once: every byte is what was signed, and there is no file besides."""
    body, number = link.body, link.number
    known = {*SIGNED_FILES.values(), "release.json", "package"}
    extra = sorted({path.name for path in folder.iterdir()} - known)
    if extra:
        raise refusal(model, number, "extra", names=", ".join(extra), folder=folder.name)
    linked = sorted(name for name in known if (folder / name).is_symlink())
    if linked:
        raise refusal(model, number, "linked", names=", ".join(linked))
    files: dict[str, bytes] = {}
    for signed, name in SIGNED_FILES.items():
        try:
            files[name] = read_plain_file(folder / name, alone=True, at_most=LARGEST)
        except OSError as error:
            raise refusal(model, number, "unreadable", name=name, why=Foreign.of(error)) from None
        if sha256_bytes(files[name]) != body[signed]:
            raise refusal(model, number, "not_signed", name=name)
    try:
        package = read_package(folder / "package", alone=True)
    except PackageError as error:
        raise refusal(model, number, "package", why=error) from None
    if package.digest != body["package_digest"]:
        raise refusal(model, number, "not_signed", name="package/manifest.json")
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
    model = str(link.body["model"])
    try:
        own, in_force = (
            load_policy(files["policy.toml"]),
            policy_of_digest(settings.trust, trust.policy_digest),
        )
    except PolicyError as error:
        raise refusal(model, link.number, "policy", why=error) from None
    approved = link if link.origin is None else link.origin
    faults = []
    if own.digest != in_force.digest and approved.number > trust.released_before.get(model, 0):
        faults.append(message("trust_errors.releases.other_policy"))
    faults += vouching_faults(
        link.signed,
        approved.body,
        trust,
        rules_of(own, in_force),
        json.loads(files["check.json"]),
        approved.left_at,
    )
    if faults:
        raise refusal(model, link.number, "faulty", faults=tuple(faults))


def _verify_times(
    settings: Settings, link: Link, trust: Trust, record: ReleaseRecord | None, entered: int | None
) -> None:
    """By chain, content and journal it was made when it says, past no refusal, policy or retirement."""
    board = policy_of_digest(settings.trust, trust.policy_digest).board
    approved = link if link.origin is None else link.origin
    signed = signed_by(settings.candidates / str(link.body["model"]), trust)
    faults = time_faults(record, link, board, entered, signed)
    faults += policy_faults(record, approved, str(link.body["policy_digest"]), trust.policy_digest)
    faults += retirement_faults(record, link, trust, entered)
    if faults:
        raise refusal(str(link.body["model"]), link.number, "faulty", faults=tuple(faults))


def _verify_meaning(model: str, link: Link, sealed: Sealed, trust: Trust) -> None:
    """A trusted check passed this package under this policy, and the signed scope is the one that it found."""
    report, body = sealed.report, link.body
    faults = check_faults(sealed, body["registration"]["body"], trust)
    expected = {"verdict": "pass", "scope": body["scope"]}
    wrong = [field for field, value in expected.items() if report.get(field) != value]
    faults += [message("trust_errors.releases.not_carried", fields=", ".join(wrong))] if wrong else []
    if faults:
        raise refusal(model, link.number, "check_again", faults=tuple(faults))
    if not isinstance(body["released_at"], int):
        raise refusal(model, link.number, "no_time")
