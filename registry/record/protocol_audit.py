"""Signed files of protocols beside the entries of the journal that were made with them: one that was taken away shows.

Without the newest file of a use the version before it is in use again, and without that of a refusal nobody refused.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

from registry.digests import read_plain_file
from registry.record.journal import Entry, entries_of
from registry.record.journal_audit import JournalFault

__all__ = ["edited"]

_FILES = {
    "protocol added": "{version}/added.json",
    "protocol approve": "{version}/reviews/*.json",
    "protocol refuse": "{version}/reviews/*.json",
    "protocol in use": "uses/*.json",
}
"""Where the file of an entry lies, in its protocol's folder."""


def edited(connection: Connection, folder: Path) -> list[JournalFault]:
    """Entries whose signed file is gone, or another; for `vigie journal verify`.

    Args:
        connection: to the journal.
        folder: of all protocols of a home.
    """
    return [
        JournalFault(entry.seq, f"the signed file of {_words(entry)} is gone, or was changed")
        for entry in entries_of(connection, tuple(_FILES))
        if not any(_is_of(body, entry) for body in _bodies(folder, entry))
    ]


def _bodies(folder: Path, entry: Entry) -> Iterator[dict[str, object]]:
    """What the files say in which that of an entry must be; what cannot be read is none."""
    name, version = entry.subjects.get("protocol", ""), entry.subjects.get("protocol_version", "")
    own = folder / name
    if own.parent != folder or not version.isdecimal():
        return  # an entry that was edited: it names no protocol
    for path in sorted(own.glob(_FILES[entry.action].format(version=version))):
        try:
            body = json.loads(read_plain_file(path))["body"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(body, dict):
            yield body


def _is_of(body: dict[str, object], entry: Entry) -> bool:
    said = (body.get("protocol"), str(body.get("version")), body.get("digest"), body.get("at"))
    names = ("protocol", "protocol_version", "protocol_digest")
    same = said == (*(entry.subjects.get(name) for name in names), entry.at)
    decided = entry.action.rpartition(" ")[2]
    return same and (decided not in ("approve", "refuse") or body.get("decision") == decided)


def _words(entry: Entry) -> str:
    version = f"{entry.subjects.get('protocol')!r} version {entry.subjects.get('protocol_version')}"
    return f"{entry.action!r} ({version}, by {entry.actor!r})"
