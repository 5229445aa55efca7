"""The demo as a new user runs it: stopped in the middle, started again, and quick once it is done."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.demo.service_process import end, endings_put_off, service
from registry.digests import sha256_file
from registry.record.database import open_database
from registry.record.journal import verify
from registry.settings import Settings
from registry.trust.candidates import MODELS
from registry.trust.promotion import current_release
from registry.trust.trust_store import load_trust
from tests.support.running_service import free_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo is run."""
    return tmp_path_factory.mktemp("demo")


def _start(folder: Path, port: int = 0) -> "subprocess.Popen[str]":
    port = port or free_port()
    command = [sys.executable, "-m", "cli", "demo", "--no-serve", "--port", str(port)]
    environment = {**os.environ, "COLUMNS": "160", "OMP_WAIT_POLICY": "PASSIVE"}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_the_demo_survives_ctrl_c_and_then_goes_the_whole_way(folder: Path) -> None:
    """Stopped while it trains it says so in a line; the next run finishes and prints both answers."""
    first = _start(folder)
    deadline = time.monotonic() + 240
    while not (folder / "vigie-demo" / "simulated.json").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(4)  # somewhere in the middle of training
    os.killpg(first.pid, signal.SIGINT)
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 130, said
    assert "Traceback" not in said
    assert "stopped" in said

    second = _start(folder)
    said, _ = second.communicate(timeout=900)
    assert second.returncode == 0, said
    assert "560 days, kept" in said
    for words in (
        "min, huit fois sur dix entre",
        "lits, huit fois sur dix entre",
        "→",
        "version 1",
        "demo-releaser",
    ):
        assert words in said
    for name in ("demo-author", "demo-board-1", "demo-board-2", "demo-releaser"):
        assert name in said
    settings = Settings(home=folder / "vigie-demo")
    for model in MODELS:
        release = current_release(settings, model)
        assert release is not None
        assert release.sequence == 1


@pytest.mark.parametrize("words", ["cli serve", "serving.database_setup", "serving.service"])
def test_ctrl_c_while_the_service_starts(folder: Path, words: str) -> None:
    """First thing, at its database, with its worker just begun: all ends, the port is free, the home is as it was."""
    home = folder / "vigie-demo"
    if not (home / "releases").exists():
        pytest.fail("the demo did not finish before")
    before, port = _contents(home), free_port()
    demo = _start(folder, port)
    deadline = time.monotonic() + 120
    while not any(words in command for command in _serving(port).values()):
        assert demo.poll() is None, demo.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(demo.pid, signal.SIGINT)
    said, _ = demo.communicate(timeout=60)
    left = _serving(port)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == {}
    assert demo.returncode == 130, said
    assert said.endswith("vigie: stopped; what was finished is kept, the rest is not there.\n")
    assert "Traceback" not in said
    assert "Serve" not in said  # the step is told when it is done: it did not answer yet
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
    assert _contents(home) == before
    with closing(sqlite3.connect(home / "vigie.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with open_database(Settings(home=home).database).connect() as connection:
        assert list(verify(connection)) == []


def _serving(port: int) -> dict[int, str]:
    """The command lines by process id of what the demo started to serve at this port, wherever it went."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"VIGIE_PORT={port}".encode() in (process / "environ").read_bytes().split(b"\0"):
                words = (process / "cmdline").read_bytes().split(b"\0")
                found[int(process.name)] = b" ".join(words).decode()
        except OSError:  # it ended meanwhile, or is another user's
            continue
    return found


def _contents(home: Path) -> dict[str, str]:
    """The digest of each file of the home, but for the log and the database, which live."""
    living = {"service.log", "vigie.db-wal", "vigie.db-shm"}
    files = [p for p in home.rglob("*") if p.is_file() and p.name not in living]
    return {str(p.relative_to(home)): sha256_file(p) if p.name != "vigie.db" else "" for p in files}


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_ends_the_demo_waits_until_its_child_is_known(ending: signal.Signals) -> None:
    """Put off while the service is being started, it comes right after, once."""
    before, said = signal.getsignal(ending), list[str]()

    def start() -> None:
        with endings_put_off():
            os.kill(os.getpid(), ending)
            time.sleep(0.01)  # Python would have raised by now
            said.append("started")

    with pytest.raises(KeyboardInterrupt):
        start()
    assert said == ["started"]
    assert signal.getsignal(ending) == before


def test_a_service_that_forgets_the_first_sigterm_is_asked_again() -> None:
    """As BentoML's supervisor does while it starts its worker; it still ends by itself, and is not killed."""
    program = (
        "import signal, sys, time; asked = []\n"
        "def ask(*_):\n    asked.append(1)\n    len(asked) > 1 and sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, ask); print('ready', flush=True)\n"
        "while True: time.sleep(0.1)"
    )
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == b"ready\n"
        end(process)
    assert process.returncode == 7


def test_run_again_it_keeps_everything(folder: Path) -> None:
    """Nothing is simulated, trained, checked or released twice."""
    if not (folder / "vigie-demo" / "releases").exists():
        pytest.fail("the demo did not finish before")
    again = _start(folder)
    said, _ = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert said.count("kept") >= 5
    assert load_trust(folder / "vigie-demo" / "trust").lowest_release == {"bed-demand": 1, "wait-time": 1}


def test_a_worker_that_forecasts_loads_none_of_the_workshop(folder: Path) -> None:
    """What its processes have mapped, once a released model is loaded: the engine, and no library that trains."""
    home = folder / "vigie-demo"
    if not (home / "releases").exists():
        pytest.fail("the demo did not finish before")
    port = free_port()
    settings = Settings(home=home, port=port)
    with service(settings, datetime.now(UTC)):
        mapped = "\n".join(Path(f"/proc/{pid}/maps").read_text() for pid in _serving(port))
    assert "kernel-" in mapped
    for library in (
        "xgboost",
        "shap",
        "pandas",
        "numba",
        "llvmlite",
        "sklearn",
        "mlflow",
        "pyarrow",
        "scipy",
    ):
        assert f"/{library}/" not in mapped, library
