"""How long an answer that nobody asked for anew is shown again: a page left open must not fill the record."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass

from hospital.times import MINUTE

__all__ = ["Reuse"]

_MOST_KEYS = 64


@dataclass(frozen=True)
class _Shown:
    at: int
    received: int


class Reuse:
    """The moment of the answers that are shown, by key.

    Args:
        unchanged: microseconds for which an answer is shown again while nothing was received.
        unasked: and for which a page that renews itself shows it again whatever was received.
    """

    def __init__(self, unchanged: int = 15 * MINUTE, unasked: int = 10 * MINUTE) -> None:
        self._unchanged, self._unasked = unchanged, unasked
        self._lock = threading.Lock()
        self._shown: dict[Hashable, _Shown] = {}

    def moment(self, key: Hashable, now: int, received: int, *, asked: bool) -> int:
        """The instant whose answer is to be shown: an earlier one's, or `now`, and then a new one is made.

        Args:
            received: instant of the last reception.
            asked: by a person, not by the page itself.
        """
        with self._lock:
            shown = self._shown.get(key)
            if shown is not None and 0 <= now - shown.at < self._age(shown, now, received, asked=asked):
                return shown.at
            if len(self._shown) >= _MOST_KEYS:
                self._shown.clear()
            self._shown[key] = _Shown(now, received)
            return now

    def unchanged(self, key: Hashable, now: int, received: int) -> int | None:
        """The instant of the answer that is shown, where nothing came since and it is not old; None: there is none."""
        with self._lock:
            shown = self._shown.get(key)
        is_fresh = shown is not None and received == shown.received and 0 <= now - shown.at < self._unchanged
        return shown.at if shown is not None and is_fresh else None

    def forget(self, key: Hashable) -> None:
        """No answer was made after all."""
        with self._lock:
            self._shown.pop(key, None)

    def _age(self, shown: _Shown, now: int, received: int, *, asked: bool) -> int:
        if received == shown.received:
            return self._unchanged
        if not asked:
            return self._unasked
        return MINUTE if now // MINUTE == shown.at // MINUTE else 0
