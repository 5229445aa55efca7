"""A worker whose supervisor was killed ends itself: it would hold the port, and the next start would find it taken.

``python -m serving.orphan_watch MODULE …`` runs a module that does so from its first moment on, while it still loads.
"""

import ctypes
import os
import runpy
import signal
import sys
import threading
import time

__all__ = ["SUPERVISOR", "end_with_supervisor"]

SUPERVISOR = "VIGIE_SUPERVISOR"
"""The environment variable with the process id of the supervisor, set by `vigie serve`."""
_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 20.0
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def end_with_supervisor() -> None:
    """Watches the process that started this one; without it, what is in flight is finished and this one ends.

    The port is given up at once. On Linux the kernel tells when the supervisor dies; elsewhere, and where it died
    before this was asked for, a thread notices.
    """
    parent = int(os.environ.get(SUPERVISOR) or os.getppid())
    if parent <= 1:
        return  # of a container's first process there is nothing to watch: the container ends with it
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    threading.Thread(target=_watch, args=(parent,), name="vigie-orphan-watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)  # it did not end: whatever hangs must not hold the port


def _run_module(name: str) -> None:
    sys.argv = sys.argv[1:]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    end_with_supervisor()
    _run_module(sys.argv[1])
