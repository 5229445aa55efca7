"""Sealed snapshots and what training reported of their rows, once they are older than the policy wants evidence kept.

What a release in use rests on stays, and what a version that was registered within the term was trained on: its check
reads it. A snapshot goes whole, with an entry that names it before it goes; a check of its versions then says that it
is missing.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from hospital.times import DAY, instant
from registry.candidates.candidates import candidates
from registry.candidates.snapshots import SEAL
from registry.folder_lock import PENDING, one_at_a_time
from registry.package.manifest import MODELS
from registry.record.database import opened_database, writing
from registry.record.journal import append
from registry.releases.releases import current_release
from registry.settings import Settings

__all__ = ["old_snapshots", "remove_snapshots"]

_ACTION = "retain sealed files"


def old_snapshots(settings: Settings, days: int, now: datetime) -> list[Path]:
    """Folders of snapshots and files of evidence that are older than so many days, and that nothing wanted rests on.

    Raises:
        VigieError: a registration or the release in use cannot be read: then nobody knows what it rests on.
    """
    before = instant(now) - days * DAY
    wanted = set(_wanted(settings, before))
    evidence = (settings.home / "evidence").glob("*.npz")
    found = [p for p in settings.snapshots.glob("*") if (p / SEAL).is_file()]
    return sorted(path for path in (*found, *evidence) if path.stem not in wanted and _changed(path) < before)


def remove_snapshots(settings: Settings, days: int, *, actor: str, now: datetime) -> list[Path]:
    """Removes them, with an entry of the journal that names each; killed in between, the next run removes the rest."""
    if not settings.snapshots.is_dir():
        return []
    with one_at_a_time(settings.snapshots):
        found = old_snapshots(settings, days, now)
        if not found:
            return []
        subjects = {f"{path.parent.name}/{path.name}": "removed" for path in found} | {"days": str(days)}
        with opened_database(settings.database) as engine, writing(engine) as connection:
            append(
                connection,
                actor=actor,
                action=_ACTION,
                subjects=subjects,
                reason="term of the policy",
                now=now,
            )
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
                path.with_suffix(".erased.json").unlink(missing_ok=True)
                path.with_name(f"{path.name}{PENDING}").unlink(missing_ok=True)
    return found


def _wanted(settings: Settings, before: int) -> Iterator[str]:
    """Names, without ``sha256:``, of what versions registered since an instant and releases in use rest on."""
    for model in MODELS:
        for found in candidates(settings.candidates, model):
            body = found.registration["body"]
            if not isinstance(body.get("at"), int) or body["at"] >= before:
                yield from _names(body)
        release = current_release(settings, model) if (settings.trust / "trust.json").exists() else None
        if release is not None:
            yield from _names(release.body["registration"]["body"])


def _names(registration: dict[str, Any]) -> Iterator[str]:
    for field in ("data_digest", "evidence_digest"):
        yield str(registration.get(field, "")).removeprefix("sha256:")


def _changed(path: Path) -> int:
    """Instant at which a file, or the seal of a snapshot, was written."""
    return int((path / SEAL if path.is_dir() else path).stat().st_mtime * 1_000_000)
