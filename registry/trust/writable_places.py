"""By which places this account could change whom an installation trusts: the folder, its file, and what they lie in.

Who can write a folder can put another one in the place of what lies there, whoever that belongs to. And who owns a
place can open it for writing, whatever its mode says now.
"""

import os
import stat
from pathlib import Path

from registry.trust.trust_store import FILE

__all__ = ["places_above", "writable_places"]


def writable_places(folder: Path) -> list[Path]:
    """The trust folder and its file, where they are there and this account can write them, or let itself."""
    return [place for place in (folder, folder / FILE) if _is_writable(place)]


def places_above(folder: Path) -> list[Path]:
    """Folders above one that is there in which this account can put another in its place, the nearest first."""
    if not os.path.exists(folder):  # or closed to this account
        return []
    found: list[Path] = []
    for place in dict.fromkeys((folder.absolute(), folder.resolve(), (folder / FILE).resolve())):
        for child, above in zip((place, *place.parents), place.parents, strict=False):
            if above not in found and _is_writable(above) and not _is_kept(child, above):
                found.append(above)
    return [place for place in found if place not in (folder, folder.resolve())]


def _is_writable(place: Path) -> bool:
    try:
        if os.access(place, os.W_OK, effective_ids=True):
            return True
        read_only = bool(os.statvfs(place).f_flag & os.ST_RDONLY)
        return place.stat().st_uid == os.geteuid() and not read_only
    except OSError:  # another account's, and closed to this one
        return False


def _is_kept(child: Path, above: Path) -> bool:
    """Whether the folder lets nobody rename what is another's, as /tmp does (the sticky bit)."""
    try:
        found, owner = above.stat(), child.lstat().st_uid
    except OSError:
        return False
    return bool(found.st_mode & stat.S_ISVTX) and os.geteuid() not in (0, found.st_uid, owner)
