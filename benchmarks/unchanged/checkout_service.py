"""A checkout's service as a process of its own, and questions put to it."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.unchanged.questions import Question

__all__ = ["SideError", "environment", "free_port", "post", "service"]

_READY_SECONDS = 300
_LOG = "service.log"


class SideError(RuntimeError):
    """A side could not be made."""


def environment(home: Path, **more: str) -> dict[str, str]:
    """This one's without its Vigie settings, and with those of an installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIGIE_")}
    return {**kept, "OMP_WAIT_POLICY": "PASSIVE", "VIGIE_HOME": str(home), **more}


@contextmanager
def service(
    root: Path, folder: Path, home: Path, clock: datetime, **more: str
) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """The service of a checkout, ready: its process and its address.

    Args:
        root: the checkout. folder: where its log is written. home: its installation. more: of its environment.
    """
    port = free_port()
    more = {"VIGIE_PORT": str(port), "VIGIE_CLOCK_START": clock.isoformat(), "VIGIE_MONITOR": "false", **more}
    with open(folder / _LOG, "wb") as log:
        process = subprocess.Popen(
            [str(root / ".venv/bin/vigie"), "serve"],
            cwd=folder,
            env=environment(home, **more),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, base, folder)
        yield process, base
    finally:
        _end(process)


def _wait_until_ready(process: "subprocess.Popen[bytes]", base: str, folder: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5) as answer:  # noqa: S310 - our own http address
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise SideError(f"The service did not get ready: see {folder / _LOG}.")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Asks it again and again: its supervisor forgets a SIGTERM that comes while it starts its worker."""
    for _ in range(30):
        if process.poll() is not None:
            return
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            continue
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def post(base: str, token: str, question: Question) -> dict[str, Any]:
    """The answer to a question.

    Raises:
        SideError: it is a refusal.
    """
    head = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    request = urllib.request.Request(base + question.path, json.dumps(question.body).encode(), head)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - our own http address
            found: dict[str, Any] = json.loads(answer.read())
            return found
    except urllib.error.HTTPError as error:
        raise SideError(f"{question.path} answered {error.code}: {error.read().decode()[:500]}") from None


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
