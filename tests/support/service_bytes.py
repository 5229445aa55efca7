"""Bytes to a running service and processes of it: what its tests send, and what they look at."""

import contextlib
import os
from pathlib import Path

from tests.support.running_service import Running

__all__ = ["VISIT", "head", "resident_bytes", "worker_of"]

VISIT = {"visit_id": "a", "arrived_at": "2025-11-03T02:30:00Z", "triage": "3A"}


def head(running: Running, more: str = "", path: str = "/v1/wait-time", method: str = "POST") -> bytes:
    """The head of a request; every further line ends with a line break."""
    token = running.tokens["admin"]
    lines = f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n"
    return (lines + more + "\r\n").encode("latin-1")


def worker_of(supervisor: int) -> int:
    """The process that answers."""
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == supervisor and b"worker.service" in (place / "cmdline").read_bytes():
                return int(place.name)
    raise AssertionError(f"{supervisor} has no worker")


def resident_bytes(process: int) -> int:
    """Memory of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
