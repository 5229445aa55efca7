"""systemd's own reader finds nothing wrong with the units that are delivered."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

UNITS = sorted((ROOT / "deploy").glob("*.service")) + sorted((ROOT / "deploy").glob("*.timer"))
MOST_EXPOSED = 5.0


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """The units, with a program that is there in the place of the one that an installation has."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    for unit in UNITS:
        text = unit.read_text("utf-8").replace("/opt/vigie/.venv/bin/vigie", sys.executable)
        (tmp_path / unit.name).write_text(text, "utf-8")
    return [str(tmp_path / unit.name) for unit in UNITS]


def test_they_are_read_without_a_complaint(units: list[str]) -> None:
    """A name that systemd does not know is passed over: what it should do is not done."""
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    own = [line for line in (done.stdout + done.stderr).splitlines() if "vigie" in line]
    assert own == []
    assert len(units) == 3


@pytest.mark.parametrize("name", [unit.name for unit in UNITS if unit.suffix == ".service"])
def test_they_leave_the_service_little_that_it_does_not_need(units: list[str], name: str) -> None:
    """By systemd's own count, of 10: what a service that was taken over could reach."""
    unit = next(path for path in units if path.endswith(f"/{name}"))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit], capture_output=True, text=True, check=False
    )
    if "Overall exposure level" not in done.stdout:
        pytest.skip("this systemd-analyze does not judge files")
    exposure = float(done.stdout.rpartition(":")[2].split()[0])
    assert exposure <= MOST_EXPOSED
