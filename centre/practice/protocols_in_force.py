"""The protocols in use on a day, as routes and pages read them: verified anew at most every few seconds."""

import threading
import time
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from centre.practice.protocol_file import Protocol
from centre.practice.protocols_in_use import protocols_in_use
from serving.interface.installation import Parts
from serving.interface.statements import moment

__all__ = ["protocols_in_force"]

_SECONDS = 5.0
_LOCK = threading.Lock()
_READ: dict[tuple[str, str, date], tuple[float, tuple[Protocol, ...]]] = {}


def protocols_in_force(parts: Parts, at: int, zone: ZoneInfo) -> Sequence[Protocol]:
    """The protocols in use on the hospital's day of an instant; none where the trust folder cannot be read.

    A page asks for all of them, and each takes several signatures to verify: what was verified is taken for a while.
    """
    settings, day = parts.settings, moment(at).astimezone(zone).date()
    key = str(settings.home), str(settings.trust), day
    with _LOCK:
        kept = _READ.get(key)
        if kept is not None and time.monotonic() - kept[0] < _SECONDS:
            return kept[1]
    found = protocols_in_use(settings, day)
    with _LOCK:
        if len(_READ) > 8:
            _READ.clear()
        _READ[key] = time.monotonic(), found
    return found
