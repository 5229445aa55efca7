"""Publication of a release, by promotion or roll-back: in which order, so that a failure leaves nothing half done.

1. the trust folder is held, so that of two promotions one waits and then sees the other's; what one that was
   killed has left is completed (`registry.releases.recovery`);
2. every obstacle is looked for, and all are named at once;
3. the release is built in a hidden folder and verified there exactly as serving will verify it;
4. the journal's entry is written, not yet committed; the folder gets its name; the entry is committed. If
   the commit fails the folder is taken back;
5. the lowest acceptable number rises: with it, at once, the release is in use. Killed before it, the release is not
   served, and the next command completes it.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from hospital.times import instant
from registry.candidates.candidates import SIGNED_FILES
from registry.digests import canonical_json, sha256_bytes, sync_folder, write_atomically
from registry.errors import PromotionError
from registry.record.database import opened_database, writing
from registry.record.journal import append
from registry.releases.journal_entry import subjects_of
from registry.releases.recovery import mend
from registry.releases.release import FORMAT, Link, Release
from registry.releases.release_chain import release_folder, with_origin
from registry.releases.releases import load_release, verify_release
from registry.releases.vouching import RELEASE
from registry.settings import Settings
from registry.trust.keys import Key
from registry.trust.trust_store import load_trust, locked_trust, save_trust
from registry.trust.trusted_people import Trust

__all__ = ["Hold", "Plan", "make_release"]


@dataclass(frozen=True)
class Plan:
    """What is to be released: the signed part that does not depend on the number, and where its files are."""

    body: dict[str, Any]
    package: Path
    files: Path


@dataclass(frozen=True)
class Hold:
    """What a release is prepared with while nobody else can release: see the module's first two steps."""

    settings: Settings
    model: str
    key: Key
    trust: Trust
    links: list[Link]
    connection: Connection
    now: datetime


def make_release(
    settings: Settings,
    model: str,
    key: Key,
    action: str,
    plan: Callable[[Hold], Plan],
    now: datetime,
    reason: str,
    version: str | None = None,
) -> Release:
    """Makes and journals a release as the module says, of what a plan makes of the state that is held.

    Args:
        settings: of the installation.
        model: whose release.
        key: the releaser's.
        action: as the journal names it.
        plan: finds every obstacle, and what is to be released.
        now: when.
        reason: why.
        version: to be promoted; None: rolled back.

    Raises:
        PromotionError: from the plan. ReleaseError, TrustError: chain or trust folder are broken.
    """
    with locked_trust(settings.trust):
        trust, links, mended = mend(settings, model, load_trust(settings.trust), now)
        if mended is not None and _is_asked_for(mended, key, version):
            return load_release(settings, model, mended.number, trust)
        folder: Path | None = None
        try:
            with opened_database(settings.database) as engine, writing(engine) as connection:
                hold = Hold(settings, model, key, trust, links, connection, now)
                link, building = _build(hold, plan(hold), now)
                subjects = subjects_of(link)
                append(
                    connection, actor=link.releaser, action=action, subjects=subjects, reason=reason, now=now
                )
                folder = _appear(settings, model, building, link.number)
        except BaseException:
            if folder is not None:
                _take_back(folder)
            raise
        raised = trust.with_floor(model, link.number)
        save_trust(settings.trust, raised)
        return load_release(settings, model, link.number, raised)


def _is_asked_for(mended: Link, key: Key, version: str | None) -> bool:
    """Whether a release that was killed is the very one that is asked for again: then that is done.

    Args:
        mended: what was completed.
        key: of whoever asks.
        version: to be promoted; None: a roll-back is asked for, which once more would go back too far.
    """
    same = mended.body["rolled_back_to"] is not None if version is None else mended.body["version"] == version
    return bool(same) and mended.signed.public_key == key.public_key


def _build(hold: Hold, planned: Plan, now: datetime) -> tuple[Link, Path]:
    """The next release, signed and verified in a hidden folder."""
    number = len(hold.links) + 1
    body = {
        "format": FORMAT,
        **planned.body,
        "sequence": number,
        "released_at": instant(now),
        "former_release": hold.links[-1].digest if hold.links else None,
    }
    signed = hold.key.sign(RELEASE, body)
    releaser = hold.trust.require(signed, "releaser", RELEASE)
    content = canonical_json(signed.to_json())
    parent = release_folder(hold.settings, hold.model, number).parent
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(".building-*"):  # of a promotion that was killed: nobody else builds now
        shutil.rmtree(left, ignore_errors=True)
    building = parent / f".building-{number:06d}-{os.getpid()}"
    building.mkdir()
    try:
        shutil.copytree(planned.package, building / "package")
        for name in SIGNED_FILES.values():
            shutil.copyfile(planned.files / name, building / name)
        write_atomically(building / "release.json", content)
        link = with_origin(Link(number, signed, releaser, sha256_bytes(content)), hold.links)
        verify_release(hold.settings, hold.model, link, hold.trust, folder=building, entered=instant(now))
        _make_durable(building)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return link, building


def _make_durable(building: Path) -> None:
    for path in building.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
    for folder in (building / "package", building, building.parent.parent):
        sync_folder(folder)


def _appear(settings: Settings, model: str, building: Path, number: int) -> Path:
    folder = release_folder(settings, model, number)
    try:
        os.rename(building, folder)
    except OSError:
        shutil.rmtree(building, ignore_errors=True)
        raise PromotionError("trust_errors.promotion.appeared", number=str(number), model=model) from None
    sync_folder(folder.parent)
    return folder


def _take_back(folder: Path) -> None:
    hidden = folder.with_name(f".building-{folder.name}-back")
    os.rename(folder, hidden)
    shutil.rmtree(hidden, ignore_errors=True)
