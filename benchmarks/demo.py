"""How long does the demo take, and how much memory do its processes hold together?

Memory is the proportional set size (PSS): a page that several processes share counts once among them, so that a sum
over processes is what the machine must have.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import Figure, conditions, publish

ROOT = Path(__file__).resolve().parent.parent
MOST_SECONDS, MOST_GB = 240.0, 4.0
EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Run:
    """One run of the demo.

    Attributes:
        seconds: wall clock, from its start to its end. most_bytes: largest sum of PSS at one time.
    """

    seconds: float
    most_bytes: int


def run(folder: Path) -> Run:
    """Runs the demo in this folder, where it makes its home, or goes on with it.

    Raises:
        RuntimeError: it did not finish: there is nothing to measure.
    """
    command = [sys.executable, "-m", "cli", "demo", "--no-serve", "--port", str(_free_port())]
    started, most = time.monotonic(), 0
    process = subprocess.Popen(command, cwd=folder)
    while process.poll() is None:
        most = max(most, sum(map(_pss_bytes, _family(process.pid))))
        time.sleep(EVERY_SECONDS)
    seconds = time.monotonic() - started
    if process.returncode != 0:
        raise RuntimeError(f"the demo ended with {process.returncode}: see above")
    return Run(seconds, most)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _family(root: int) -> list[int]:
    """The process and all that descend from it, in whatever sessions they are."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
        children.setdefault(parent, []).append(int(status.parent.name))
    found = [root]
    for process in found:  # grows as it goes
        found += children.get(process, [])
    return found


def _pss_bytes(process: int) -> int:
    """Of a process; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def main() -> int:
    """Runs the demo twice and publishes; returns 1 where a target is missed."""
    _refuse_a_system_without_pss()
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        first = run(Path(folder))
        again = run(Path(folder))
    figures = _figures(first, again)
    publish("demo", figures)
    return 0 if all(figure.met is not False for figure in figures) else 1


def _refuse_a_system_without_pss() -> None:
    if _pss_bytes(os.getpid()) == 0:
        raise RuntimeError(
            "This system does not tell of PSS (/proc/PID/smaps_rollup, Linux 4.14): not measured."
        )


def _figures(first: Run, again: Run) -> list[Figure]:
    where = f"{conditions()}; PSS of all its processes every {EVERY_SECONDS} s; environment installed before"
    gb = first.most_bytes / 1e9
    return [
        Figure(
            "first run, until both answers are shown",
            "s",
            f"under {MOST_SECONDS:g}",
            round(first.seconds, 1),
            first.seconds < MOST_SECONDS,
            where,
        ),
        Figure(
            "first run, most memory at one time",
            "GB",
            f"under {MOST_GB:g}",
            round(gb, 2),
            gb < MOST_GB,
            where,
        ),
        Figure("second run, finished steps kept", "s", None, round(again.seconds, 1), None, where),
        Figure(
            "second run, most memory at one time", "GB", None, round(again.most_bytes / 1e9, 2), None, where
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
