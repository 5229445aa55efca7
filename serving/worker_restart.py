"""What is killed is started again at once: the workers, and what runs beside them.

BentoML looks after its workers each ten seconds, and in a container it ends with them. So its supervisor (circus) is
made here to look twice a second.
"""

import logging
import subprocess
import threading
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

__all__ = ["keep_running", "look_often"]

_LOOK_SECONDS = 0.5
_LOG = logging.getLogger("vigie.supervisor")


def look_often() -> None:
    """Has the supervisor that BentoML makes in this process look often."""
    from bentoml._internal.utils import circus

    circus.create_standalone_arbiter = _often(circus.create_standalone_arbiter)


def _often(make: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(make)
    def made(watchers: Sequence[Any], **more: Any) -> Any:
        for watcher in watchers:
            watcher.respawn = True
            watcher.args = _watched(list(watcher.args))
        supervisor = make(watchers, **{**more, "check_delay": _LOOK_SECONDS})
        supervisor.manage_watchers = _unless_busy(supervisor.manage_watchers)
        return supervisor

    return made


def _watched(arguments: list[str]) -> list[str]:
    """Python's arguments, with which a worker ends with its supervisor while it still loads, too."""
    return ["-m", "serving.orphan_watch", *arguments[1:]] if arguments[:1] == ["-m"] else arguments


def _unless_busy(look: Callable[[], Any]) -> Callable[[], Any]:
    """Does not look while workers are being started or ended: circus refuses that, and its refusal would be logged."""

    def looked() -> Any:
        from circus.exc import ConflictError

        try:
            return look()
        except ConflictError:
            return None

    return looked


def keep_running(command: Sequence[str], folder: Path, pause_seconds: float = 5.0) -> threading.Event:
    """Starts a process beside the service, and again whenever it has ended, for as long as this process lives.

    Args:
        pause_seconds: before it is started again: one that cannot start must not take all the time there is.

    Returns:
        What ends that when it is set; the process itself ends otherwise.
    """
    enough = threading.Event()

    def keep() -> None:
        while not enough.is_set():
            ended = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL).wait()
            if not enough.wait(pause_seconds):
                _LOG.warning("the process beside the service ended (%d) and is started again", ended)

    threading.Thread(target=keep, name="vigie-beside", daemon=True).start()
    return enough
