"""The door of this process's server: who has a request's head and no task for it yet is let in or turned away here.

BentoML starts the server before our parts are made, and knows nothing of them: the gate opens the door when it is made.
"""

from collections.abc import Callable, Sequence

from serving.limits.admission import Place

__all__ = ["PLACE", "Door", "knock", "open_door"]

PLACE = "vigie.place"
"""The key of a request's scope under which its place is handed on."""
Door = Callable[[bytes, bytes, Sequence[tuple[bytes, bytes]], bool], Place | bytes | None]
"""From method, target, headers and whether the connection stays open to a place, a whole response that refuses, or
nothing: it needs no place."""


def _open(method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]], keep: bool) -> None:
    """There is no gate yet, or none any more."""


_DOORS: list[Door] = [_open]


def open_door(door: Door | None) -> None:
    """From now on this one is asked; None: nobody is."""
    _DOORS[0] = door or _open


def knock(
    method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]], keep: bool
) -> Place | bytes | None:
    """What the door says."""
    return _DOORS[0](method, target, headers, keep)
