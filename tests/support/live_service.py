"""`vigie serve` on a real home, in processes of its own: started, killed by parts or whole, started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hospital.times import moment
from registry.settings import Settings
from tests.support.repository import ROOT
from tests.support.running_service import free_port, wait_until_ready
from tests.support.small_demo import SmallDemo

__all__ = ["LiveService", "is_alive", "live_service", "processes", "vigie"]

_WORKER = b"_bentoml_impl.worker.service"


@dataclass
class LiveService:
    """A service that is run by the command line.

    Attributes:
        settings: of its home.
        port: where it listens, again after each start.
        environment: more variables of its processes.
        start_at: where its clock begins; None: the real time.
        process: the supervisor, once it was started.
    """

    settings: Settings
    port: int
    environment: Mapping[str, str]
    start_at: datetime | None = None
    process: "subprocess.Popen[bytes] | None" = None
    _seen: set[int] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What all its processes wrote."""
        return self.settings.home / "service.log"

    @property
    def supervisor(self) -> int:
        """The process that was started."""
        assert self.process is not None
        return self.process.pid

    def start(self, seconds: float = 90, *, ready: bool = True) -> None:
        """Starts it, and waits until it is ready where that is asked for."""
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", "serve"],
                cwd=ROOT,
                env=_environment(self.settings) | self._own(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if ready:
            wait_until_ready(self.process, self.port, self.log, seconds)

    def _own(self) -> dict[str, str]:
        own = {"VIGIE_PORT": str(self.port), "VIGIE_MONITOR": "false", **self.environment}
        return own if self.start_at is None else own | {"VIGIE_CLOCK_START": self.start_at.isoformat()}

    def workers(self) -> list[int]:
        """The processes that answer, with those that are still starting."""
        found = [p for p in processes(self.supervisor) if _WORKER in _command(p)]
        self._seen.update(found)
        return found

    def kill(self, *pids: int) -> None:
        """kill -9."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None and self.process.pid in pids:
            self.process.wait(10)

    def end(self) -> None:
        """Ends it by SIGTERM, else by force, with all that it ever started."""
        if self.process is None:
            return
        with suppress(FileNotFoundError):
            self.workers()
        deadline = time.monotonic() + 30
        while self.process.poll() is None:  # asked again: a supervisor that starts a worker forgets the first
            asked = signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, asked)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
        self.kill(*(p for p in self._seen if _WORKER in _command(p)))

    def worker_of_port(self, port: int) -> int | None:
        """The worker that has the connection from this port of ours; None: nobody has taken it yet."""
        inode = _inode_of_connection(self.port, port)
        return next((w for w in self.workers() if inode and inode in _sockets(w)), None)


@contextmanager
def live_service(
    demo: SmallDemo, *, workers: int = 1, environment: Mapping[str, str] | None = None, start: bool = True
) -> Iterator[LiveService]:
    """A service on the home of a small hospital, whose clock begins where its data end; ended afterwards."""
    own = {"BENTOML_CONFIG_OPTIONS": f"services.vigie.workers={workers}"} if workers > 1 else {}
    service = LiveService(demo.settings, free_port(), own | dict(environment or {}), moment(demo.end))
    try:
        if start:
            service.start()
        yield service
    finally:
        service.end()


def vigie(settings: Settings, *arguments: str) -> "subprocess.Popen[str]":
    """The command line on a home, as a process of its own; its words come by `communicate`."""
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT,
        env=_environment(settings) | {"VIGIE_LANGUAGE": "en"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes(parent: int) -> list[int]:
    """All that descend from a process."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            above = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(above, []).append(int(place.name))
    found = [parent]
    for process in found:  # grows as it goes
        found += children.get(process, [])
    return found[1:]


def is_alive(pid: int) -> bool:
    """Whether a process runs: one that has ended may stand in the list until somebody asks how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (OSError, IndexError):
        return False


def _environment(settings: Settings) -> dict[str, str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("VIGIE_", "PROMETHEUS_"))}
    kept |= {"VIGIE_HOME": str(settings.home), "BENTOML_HOME": str(settings.home / "bentoml")}
    kept |= {"VIGIE_REQUESTS_PER_TOKEN": "1e6", "VIGIE_REQUESTS_PER_ADDRESS": "1e6"}
    kept |= {"BENTOML_DO_NOT_TRACK": "true", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    return kept | ({"VIGIE_DATABASE_URL": settings.database_url} if settings.database_url else {})


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _inode_of_connection(local: int, remote: int) -> str | None:
    """The inode of the service's end of a connection on the loopback."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if [int(end.rpartition(":")[2], 16) for end in words[1:3]] == [local, remote] and words[9] != "0":
            return words[9]
    return None


def _sockets(pid: int) -> set[str]:
    found = set()
    for handle in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(OSError):
            found.add(os.readlink(handle).removeprefix("socket:[").rstrip("]"))
    return found
