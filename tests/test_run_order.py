"""The order in which two processes take the test files: the longest first, and each is there."""

from tests.support.longest_files import LONGEST, longest_first
from tests.support.repository import ROOT


def test_the_longest_files_are_there_and_come_first_in_their_order() -> None:
    """One that was moved or renamed would be run at the end, with a process that waits for it."""
    paths = [ROOT / "tests" / name for name in LONGEST]
    assert [path for path in paths if not path.is_file()] == []
    assert [longest_first(path) for path in paths] == list(range(len(paths)))
    assert longest_first(ROOT / "tests" / "test_run_order.py") == len(LONGEST)


def test_make_test_leaves_the_order_to_us() -> None:
    """By itself xdist takes the files with most tests first, which are not the longest."""
    (command,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if "pytest -n" in line]
    assert "--dist loadfile" in command
    assert "--no-loadscope-reorder" in command
