"""What takes long to make and is the same for all tests: made by one of the processes that run them, copied by each."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

__all__ = ["made_once"]


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of this process's own, with what `make` put into the first one of this run of the tests.

    Whoever asks while another makes it waits for it. One that was not finished is made anew.
    """
    own = factory.getbasetemp()
    root = (
        own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    )  # which all processes of a run have in common
    folder, done = root / f"{name}-made-once", root / f"{name}-made-once.done"
    with (root / f"{name}-made-once.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return Path(shutil.copytree(folder, factory.mktemp(name), dirs_exist_ok=True))
