"""When the terms of the policy were last carried out: what the machine's timer does, and `vigie doctor` reads."""

import json
from datetime import datetime

from hospital.times import instant
from registry.digests import canonical_json, write_atomically
from registry.settings import Settings

__all__ = ["last_run", "note_run"]

_NAME = "retention.json"


def note_run(settings: Settings, now: datetime) -> None:
    """Notes that all was carried out, also where nothing was older: the journal tells of what was erased alone."""
    write_atomically(settings.home / _NAME, canonical_json({"at": instant(now)}))


def last_run(settings: Settings) -> int | None:
    """Instant of the last one; None: it never was, or the note cannot be read."""
    try:
        at = json.loads((settings.home / _NAME).read_bytes())["at"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return at if isinstance(at, int) and not isinstance(at, bool) else None
