"""A running BentoML service for tests: its own process group, home and port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import ROOT

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
def run_service(home: Path) -> Iterator[Running]:
    """The service with fake parts, ready; ended with its process group afterwards."""
    home.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), home / "log.txt"
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("VIGIE_", "PROMETHEUS_"))}
    environment |= {
        "VIGIE_TEST_HOME": str(home),
        "BENTOML_HOME": str(home / "bentoml"),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "bentoml", "serve", "tests.support.serving_process:Vigie"]
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
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
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-3000:])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
