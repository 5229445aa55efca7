"""The chain of a model's releases: each release.json is signed by a releaser and names the digest of the one before."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from registry.digests import canonical_json, read_plain_file, sha256_bytes
from registry.errors import ReleaseError, SignatureError
from registry.package.manifest import LARGEST, MODELS
from registry.releases.release import CARRIED, FORMAT, Link
from registry.releases.vouching import RELEASE
from registry.settings import Settings
from registry.trust.keys import Signed
from registry.trust.trusted_people import Trust

__all__ = ["left_at", "read_chain", "release_folder", "release_stamp", "with_origin"]

_NUMBER = re.compile(r"[0-9]{6}")


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


def _numbers(settings: Settings, model: str) -> list[int]:
    if model not in MODELS:
        raise ReleaseError(f"There is no model {model}: Vigie has {' and '.join(MODELS)}.")
    folder = settings.releases / model
    if folder.is_symlink():
        raise ReleaseError(
            f"{model}: {folder} is a link elsewhere: put the folder of its releases itself there, from a copy."
        )
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if _NUMBER.fullmatch(path.name))


def _link(settings: Settings, model: str, number: int, trust: Trust) -> Link:
    where = f"{model}: release {number} is refused"
    try:
        folder = release_folder(settings, model, number)
        if folder.is_symlink():
            raise ReleaseError(f"{where}: {folder.name} is a link elsewhere; restore it from a copy.")
        content = read_plain_file(folder / "release.json", alone=True, at_most=LARGEST)
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
