"""The demo's home is its account's own, as every home is: it may go on as an installation's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.demo.steps import make_demo_home
from registry.digests import PRIVATE
from registry.policy.board_policy import default_policy
from registry.settings import Settings


@pytest.fixture
def usual() -> Iterator[None]:
    """Whatever the shell allows others; put back afterwards."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual")
def test_nobody_else_reads_a_file_of_the_demo(tmp_path: Path) -> None:
    """Its database, releases and the settings that a person adds were readable by every account of the machine."""
    make_demo_home(Settings(home=tmp_path / "vigie-demo"), default_policy())
    made = [tmp_path / "vigie-demo", *(tmp_path / "vigie-demo").rglob("*")]
    assert {path.name for path in made} >= {"vigie.db", "trust.json"}
    open_to_others = {path.name: oct(path.stat().st_mode) for path in made if path.stat().st_mode & PRIVATE}
    assert set(open_to_others) <= {".lock"}
