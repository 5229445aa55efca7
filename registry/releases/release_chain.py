"""The chain of a model's releases: each release.json is signed by a releaser and names the digest of the one before."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hospital.words.messages import Clause, Foreign, message
from registry.digests import canonical_json, read_plain_file, sha256_bytes
from registry.errors import ReleaseError, SignatureError
from registry.package.manifest import LARGEST, MODELS
from registry.releases.release import CARRIED, FORMAT, Link, refusal
from registry.releases.vouching import RELEASE
from registry.settings import Settings
from registry.trust.keys import Signed
from registry.trust.trusted_people import Trust

__all__ = ["first_released_at", "left_at", "read_chain", "release_folder", "release_stamp", "with_origin"]

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
            "trust_errors.releases.gone", model=model, floor=str(floor), folder=settings.releases
        )
    links: list[Link] = []
    for expected, number in enumerate(numbers, start=1):
        if number != expected:
            values = {
                "expected": str(expected),
                "number": f"{number:06d}",
                "folder": settings.releases / model,
            }
            raise ReleaseError("trust_errors.releases.missing", model=model, **values)
        link = with_origin(_link(settings, model, number, trust), links)
        if link.body["former_release"] != (links[-1].digest if links else None):
            places = {"number": str(number), "former": str(number - 1)}
            raise ReleaseError("trust_errors.releases.broken_chain", model=model, **places)
        links.append(link)
    return links


def with_origin(link: Link, earlier: Sequence[Link]) -> Link:
    """A link that knows which release its approvals were given for.

    Raises:
        ReleaseError: it says that it goes back to a release that there is not, or is not the same as that one.
    """
    at = earlier[-1].body.get("released_at") if earlier else None
    link = replace(link, former_at=at if isinstance(at, int) else None)
    number = link.body.get("rolled_back_to")
    if number is None:
        return replace(link, left_at=left_at(str(link.body.get("package_digest")), earlier))
    if not isinstance(number, int) or not 1 <= number <= len(earlier):
        raise ReleaseError(
            "trust_errors.releases.no_origin", model=link.body["model"], number=str(link.number)
        )
    former = earlier[number - 1]
    if any(link.body.get(name) != former.body.get(name) for name in CARRIED):
        places = {"number": str(link.number), "former": str(number)}
        raise ReleaseError("trust_errors.releases.other_origin", model=link.body["model"], **places)
    return replace(link, origin=former.origin or former)


def left_at(package_digest: str, links: Sequence[Link]) -> int | None:
    """Since when another package is in use in place of one that was released; None: it is in use, or never was."""
    packages = [str(link.body.get("package_digest")) for link in links]
    if package_digest not in packages or packages[-1] == package_digest:
        return None
    at = links[-1].body.get("released_at")
    return at if isinstance(at, int) else sys.maxsize  # a release without a time does not verify


def first_released_at(settings: Settings, trust: Trust) -> int | None:
    """Instant of the first release of any model that is signed and in its place; None: there is none."""
    times = []
    for model in MODELS:
        try:
            times += [link.body.get("released_at") for link in read_chain(settings, model, trust)[:1]]
        except ReleaseError:
            continue  # said by who serves it
    return min((at for at in times if isinstance(at, int)), default=None)


def _numbers(settings: Settings, model: str) -> list[int]:
    if model not in MODELS:
        raise ReleaseError("trust_errors.stops.no_model", model=model, models=tuple(MODELS))
    folder = settings.releases / model
    if folder.is_symlink():
        raise ReleaseError("trust_errors.releases.linked_model", model=model, folder=folder)
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if _NUMBER.fullmatch(path.name))


def _link(settings: Settings, model: str, number: int, trust: Trust) -> Link:
    name = f"{number:06d}"
    try:
        folder = release_folder(settings, model, number)
        if folder.is_symlink():
            raise refusal(model, number, "linked", names=folder.name)
        content = read_plain_file(folder / "release.json", alone=True, at_most=LARGEST)
    except OSError as error:
        raise refusal(model, number, "no_release_json", why=Foreign.of(error), number=name) from None
    try:
        signed = Signed.from_json(json.loads(content))
        releaser = trust.require(signed, "releaser", RELEASE)
        if content != canonical_json(signed.to_json()):
            raise SignatureError("trust_errors.releases.rewritten")
    except SignatureError as error:
        raise refusal(model, number, "changed", why=Clause(error)) from None
    except (ValueError, RecursionError):
        raise refusal(model, number, "changed", why=message("trust_errors.releases.no_json")) from None
    body = signed.body
    place = (body.get("format"), body.get("model"), body.get("sequence"))
    if place != (FORMAT, model, number) or "former_release" not in body:
        raise refusal(model, number, "other_place")
    return Link(number, signed, releaser, sha256_bytes(content))
