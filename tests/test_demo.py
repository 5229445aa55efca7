"""The demo as a new user runs it: stopped in the middle, started again, and quick once it is done."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from registry.candidates import MODELS
from registry.release import current_release
from registry.settings import Settings
from registry.trust import load_trust

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo is run."""
    return tmp_path_factory.mktemp("demo")


def _start(folder: Path) -> "subprocess.Popen[str]":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "vigie.py"), "demo", "--no-serve", "--port", str(port)]
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
    assert "490 days, kept" in said
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


def test_run_again_it_keeps_everything(folder: Path) -> None:
    """Nothing is simulated, trained, checked or released twice."""
    if not (folder / "vigie-demo" / "releases").exists():
        pytest.fail("the demo did not finish before")
    again = _start(folder)
    said, _ = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert said.count("kept") >= 5
    assert load_trust(folder / "vigie-demo" / "trust").lowest_release == {"bed-demand": 1, "wait-time": 1}
