"""Work in a child process that is killed, or whose file operation fails, at each moment at which files change."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

__all__ = ["FAILED", "KILLED", "at_moment"]

KILLED, FAILED = 9, 3
_CHANGES = frozenset({"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.chmod", "os.truncate"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def at_moment(number: int, way: str, folder: Path, work: Callable[[], object]) -> int:
    """Does some work in a child that is killed, or whose file operation fails, at a moment; how the child ended.

    Args:
        number: of the moment, from 1 on.
        way: "kill", or "fail": no space left.
        folder: under which changes of files count, beside whatever is made durable and commits.
        work: is done.

    Returns:
        `KILLED`, `FAILED`, or 0 where the work was done before so many moments; 1: something else was raised.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _arm(number, way, str(folder))
            work()
            code = 0
        except OSError:
            code = FAILED
        except BaseException:
            code = FAILED if way == "fail" else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _arm(number: int, way: str, folder: str) -> None:
    """Counts what changes files under a folder, what is made durable, and commits; ends the process at a number."""
    count, sync = 0, os.fsync

    def moment() -> None:
        nonlocal count
        count += 1
        if count == number:
            if way == "kill":
                os._exit(KILLED)
            raise OSError(28, "No space left on device")

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        changes = name in _CHANGES or (name == "open" and int(arguments[2] or 0) & _WRITES)
        if changes and str(arguments[0]).startswith(folder):
            moment()

    def durable(handle: int) -> None:
        moment()
        sync(handle)

    os.fsync = durable
    event.listen(Engine, "commit", lambda _: moment())
    sys.addaudithook(hook)
