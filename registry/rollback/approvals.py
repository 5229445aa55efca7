"""Approvals of a way back, from one release to another: signed, journaled, collected until they are enough.

They lie in ``rollback-{model}.json`` beside the trust file, one of each person for each way. The release that
is left is named by its digest, so that none counts once another release is in use.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from registry.digests import canonical_json, read_plain_file, sha256_bytes, write_atomically
from registry.errors import PromotionError, SignatureError
from registry.record.journal import about, append
from registry.releases.release import Link
from registry.settings import Settings
from registry.trust.keys import Signed

__all__ = ["APPROVE", "Way", "collected", "enter", "keep", "way_back"]

APPROVE = "approve roll back"
"""The journal's action."""


@dataclass(frozen=True)
class Way:
    """From the present release back to an earlier one.

    Attributes:
        present: the newest release.
        target: the one whose package is to be released again.
    """

    present: Link
    target: Link

    @property
    def body(self) -> dict[str, Any]:
        """What an approval says of the way, besides its reason and its instant; serving holds the release to it."""
        return {
            "model": self.present.body["model"],
            "from_release": self.present.number,
            "from_digest": self.present.digest,
            "to_release": self.target.number,
            "package_digest": self.target.body["package_digest"],
        }

    def __str__(self) -> str:
        """In words."""
        ends = [
            f"release {link.number} (version {link.body['version']})" for link in (self.present, self.target)
        ]
        return f"{self.body['model']} from {ends[0]} back to {ends[1]}"


def way_back(model: str, links: Sequence[Link], to_sequence: int | None) -> Way:
    """The way to the release of a number, or without one to the package in use before the present one.

    Raises:
        PromotionError: there is no such earlier release, or its package is in use already.
    """
    if not links:
        raise PromotionError("trust_errors.rollback.no_release", model=model)
    present = links[-1].body["package_digest"]
    if to_sequence is None:
        first = next(i for i, link in enumerate(links) if link.body["package_digest"] == present)
        if first == 0:
            raise PromotionError("trust_errors.rollback.no_earlier", model=model)
        return Way(links[-1], links[first - 1])
    if not 1 <= to_sequence < links[-1].number:
        raise PromotionError("trust_errors.rollback.no_such", model=model, number=str(to_sequence))
    target = links[to_sequence - 1]
    if target.body["package_digest"] == present:
        raise PromotionError("trust_errors.rollback.in_use", model=model, number=str(to_sequence))
    return Way(links[-1], target)


def collected(settings: Settings, way: Way) -> list[Signed]:
    """Approvals that were given of this way; not verified. What is no such file counts for nothing."""
    return [s for s in _read(_path(settings, way)) if _of(s, way)]


def keep(settings: Settings, way: Way, signed: Signed) -> None:
    """Keeps an approval in place of that person's earlier one; those of a release that is no longer in use go."""
    path = _path(settings, way)
    others = [
        s
        for s in _read(path)
        if s.body.get("from_digest") == way.present.digest
        and not (s.public_key == signed.public_key and _of(s, way))
    ]
    write_atomically(path, canonical_json([s.to_json() for s in (*others, signed)]))


def enter(connection: Connection, name: str, signed: Signed, now: datetime) -> None:
    """Enters an approval into the journal, unless it is there.

    Args:
        connection: to the database, writing.
        name: of whoever signed, in the trust file.
        signed: the approval.
        now: when.
    """
    fields = ("model", "from_release", "to_release", "from_digest", "package_digest")
    digest = sha256_bytes(canonical_json(signed.to_json()))
    subjects = {field: str(signed.body[field]) for field in fields} | {"approval_digest": digest}
    if not about(connection, subjects):
        reason = str(signed.body.get("reason", ""))
        append(connection, actor=name, action=APPROVE, subjects=subjects, reason=reason, now=now)


def _of(signed: Signed, way: Way) -> bool:
    body: Mapping[str, Any] = signed.body
    return all(body.get(field) == value for field, value in way.body.items())


def _path(settings: Settings, way: Way) -> Path:
    return settings.trust / f"rollback-{way.body['model']}.json"


def _read(path: Path) -> list[Signed]:
    try:
        return [Signed.from_json(value) for value in json.loads(read_plain_file(path))]
    except (OSError, ValueError, TypeError, SignatureError, RecursionError):
        return []
