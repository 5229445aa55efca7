"""`make help` lists every target with what it is for, and needs no environment."""

import re
import subprocess

from tests.support.repository import ROOT


def test_every_target_says_what_it_is_for() -> None:
    """In the order of the Makefile, one a line."""
    targets = re.findall(r"^([a-z][a-z-]*):(?!=)", ROOT.joinpath("Makefile").read_text("utf-8"), re.MULTILINE)
    assert {"setup", "demo", "test", "lint", "mutants", "help"} <= set(targets)
    listed = subprocess.run(["make", "-C", ROOT, "help"], capture_output=True, text=True, check=True).stdout
    lines = [line for line in listed.splitlines() if "directory" not in line]
    assert [line.split()[0] for line in lines] == targets
    assert all(len(line.split()) > 1 for line in lines)
