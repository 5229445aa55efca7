"""What was freed goes back to the system, once a minute."""

import ctypes
import sys
from pathlib import Path

import pytest

from serving.freed_memory import FreedMemory
from serving.http.clock import system_time


def test_it_is_given_back_once_a_minute() -> None:
    """Not before a minute has gone by, nor twice in one."""
    calls: list[float] = []
    at = [1_000.0]
    memory = FreedMemory(lambda: calls.append(at[0]), lambda: at[0])
    for gone_by in (0.0, 59.9, 60.0, 60.5, 119.9, 120.0):
        at[0] = 1_000.0 + gone_by
        memory.look(system_time())
    assert calls == [1_060.0, 1_120.0]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc and /proc")
def test_what_lies_free_between_two_pieces_in_use_goes_back() -> None:
    """Of 40 MB that were taken in small pieces, and freed but for the last, hardly anything is held afterwards."""
    library = ctypes.CDLL(None)
    library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    library.free.argtypes = [ctypes.c_void_p]
    at = [0.0]
    memory = FreedMemory(seconds=lambda: at[0])
    pieces = [library.malloc(60_000) for _ in range(700)]
    for piece in pieces:
        ctypes.memset(piece, 1, 60_000)
    for piece in pieces[:-1]:
        library.free(piece)
    before = _resident_mb()
    at[0] = 60.0
    memory.look(system_time())
    given_back = before - _resident_mb()
    library.free(pieces[-1])
    assert given_back > 30


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
