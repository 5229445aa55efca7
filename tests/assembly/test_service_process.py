"""The service's processes: how they start, what stops a start, and how they end."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry.settings import Settings
from serving.errors import SettingsError
from serving.supervisor import check_can_serve
from tests.support.running_service import ROOT, free_port, run_service
from tests.support.service_bytes import VISIT, head, worker_of
from tests.support.waiting import wait_for


def test_it_ends_cleanly(tmp_path: Path) -> None:
    """Asked to stop, it answers what is in flight, ends with exit code 0 and shows no traceback."""
    with run_service(tmp_path, body_seconds=10.0) as running:
        body = json.dumps({"visits": [VISIT]}).encode()
        more = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nexpect: 100-continue\r\n"
        where = ("127.0.0.1", running.port)
        with socket.create_connection(where, 20) as idle, socket.create_connection(where, 20) as connection:
            idle.sendall(b"GET /healthz HTTP/1.1\r\nhost: vigie\r\n\r\n")
            assert idle.recv(65_536).startswith(b"HTTP/1.1 200")
            connection.sendall(head(running, more))
            assert connection.recv(65_536).startswith(b"HTTP/1.1 100")  # it reads the body
            os.kill(running.process.pid, signal.SIGINT)
            idle_end(idle)
            connection.sendall(body)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        assert running.process.wait(20) == 0
        assert "Traceback" not in running.log.read_text()


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    """In one line that says what to do; so is a home that cannot be written."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(home=tmp_path / "home", port=taken.getsockname()[1])
        with pytest.raises(SettingsError, match="VIGIE_PORT"):
            check_can_serve(settings)
    check_can_serve(settings.model_copy(update={"port": free_port()}))
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="VIGIE_HOME"):
        check_can_serve(settings.model_copy(update={"home": tmp_path / "file" / "home"}))
    with pytest.raises(SettingsError, match="IP address"):
        check_can_serve(settings.model_copy(update={"host": "localhost"}))


def test_a_database_that_cannot_be_opened_is_named_in_a_line(tmp_path: Path) -> None:
    """With exit code 2, and nothing is left running."""
    (tmp_path / "not-a-database").write_bytes(b"no SQLite file, for sure" * 100)
    environment = {n: v for n, v in os.environ.items() if not n.startswith("VIGIE_")}
    environment |= {"VIGIE_HOME": str(tmp_path / "home"), "VIGIE_PORT": str(free_port())}
    environment |= {"VIGIE_DATABASE_URL": f"sqlite:///{tmp_path / 'not-a-database'}"}
    done = subprocess.run(
        [sys.executable, "-m", "cli", "serve"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("vigie: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("tell", "ending"), [(os.kill, signal.SIGTERM), (os.killpg, signal.SIGINT)], ids=["SIGTERM", "Ctrl-C"]
)
def test_the_real_parts_start_on_an_empty_home(
    tmp_path: Path, tell: Callable[[int, int], None], ending: int
) -> None:
    """Nothing released: it lives, is not ready, and says what to do; asked to stop, its monitor ends with it.

    SIGTERM reaches the service alone, Ctrl-C at a terminal all that it started.
    """
    port = free_port()
    environment = {n: v for n, v in os.environ.items() if not n.startswith("VIGIE_")}
    environment |= {"VIGIE_HOME": str(tmp_path / "home"), "VIGIE_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "serve"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:

        def not_ready() -> dict[str, Any] | None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2)
            except urllib.error.HTTPError as error:
                return dict(json.loads(error.read()))
            except OSError:
                assert process.poll() is None
            return None

        told = wait_for(not_ready, "answer of a service that is not ready")
        assert told["ready"] is False
        assert told["models"]["wait-time"] == {"status": "not released"}
        (monitor,) = _monitors_of(process.pid)
        tell(process.pid, ending)
        output = process.communicate(timeout=20)[0].decode()
        wait_for(lambda: not _monitors_of(process.pid), f"end of the monitor {monitor}", 10)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
    assert process.returncode == 0
    assert "Traceback" not in output
    assert "vigie: " not in output
    lines = [json.loads(line) for line in output.splitlines()]
    assert len(lines) > 3
    assert all({"at", "level", "log", "message"} <= set(line) for line in lines)


def idle_end(connection: socket.socket) -> None:
    """Waits until the service closes a connection that waits for its next request: it has begun to stop."""
    while connection.recv(65_536):
        pass


def _monitors_of(parent: int) -> list[int]:
    """Processes of `vigie monitor` that follow this service."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (place / "cmdline").read_bytes().split(b"\0")
            if b"monitor" in words and str(parent).encode() in words:
                found.append(int(place.name))
    return found


def test_a_killed_supervisor_leaves_no_worker_that_holds_the_port(tmp_path: Path) -> None:
    """kill -9 of the supervisor alone: its worker ends by itself, and the next start has the port at once."""
    with run_service(tmp_path / "first") as running:
        worker = worker_of(running.process.pid)
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait(10)
        begun = time.monotonic()
        check_can_serve(Settings(home=tmp_path / "home", port=running.port))
        assert time.monotonic() - begun < 3.0
        wait_for(lambda: not Path(f"/proc/{worker}").exists(), "end of the worker", 20)


def test_a_worker_notices_by_itself_that_its_supervisor_is_gone() -> None:
    """Also where the supervisor died before the worker could ask the kernel for a notice."""
    code = (
        "import os, signal, time\n"
        "os.environ['VIGIE_SUPERVISOR'] = '999999999'\n"
        "from serving.orphan_watch import end_with_supervisor\n"
        "end_with_supervisor()\n"
        "time.sleep(30)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=20)
    assert ended.returncode == -signal.SIGTERM
