"""A running BentoML service for tests: its own process group, home and port."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import ROOT
from tests.support.waiting import wait_for

__all__ = ["Running", "free_port", "run_service", "wait_until_ready"]


@dataclass
class Running:
    """The process, where it listens, its tokens by role and its log."""

    process: "subprocess.Popen[bytes]"
    port: int
    tokens: dict[str, str]
    log: Path

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def run_service(
    home: Path, *, body_seconds: float = 1.0, grace_seconds: int | None = None
) -> Iterator[Running]:
    """The service with fake parts, ready; ended with its process group afterwards.

    Args:
        body_seconds: how long a body may take to come.
        grace_seconds: how long open answers are waited for at the end, as `vigie serve` has it; None: as BentoML does.
    """
    home.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), home / "log.txt"
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("VIGIE_", "PROMETHEUS_"))}
    environment |= {
        "VIGIE_TEST_HOME": str(home),
        "VIGIE_TEST_BODY_SECONDS": str(body_seconds),
        "BENTOML_HOME": str(home / "bentoml"),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "bentoml", "serve", "tests.support.serving_process:Vigie"]
    grace = [] if grace_seconds is None else ["--timeout-graceful-shutdown", str(grace_seconds)]
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), *grace],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_ready(process, port, log)
        lines = (home / "tokens.txt").read_text().splitlines()
        yield Running(process, port, dict(line.split(" ") for line in lines), log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)


def wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path, seconds: float = 60) -> None:
    """Waits for /readyz."""

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()[-3000:]
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
            return True
        return False

    wait_for(is_ready, f"answer of a service that is ready; its log is {log}", seconds)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
