"""Forks that answer: one runs a function, writes what it returns, and ends. Their time is limited twice."""

import contextlib
import ctypes
import gc
import json
import math
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Answer", "Fork", "Limits", "TimeLimit", "processor_seconds", "start", "time_limit"]

_DIES_WITH_PARENT = 1
_GRACE_SECONDS = 5.0
_reached: list[float] = []  # when this process's limit was reached; the tests themselves may have caught it


class TimeLimit(BaseException):
    """Raised within a fork whose time is over; no ``except Exception`` of a mutant holds it up."""


@dataclass(frozen=True)
class Limits:
    """Seconds of processor time and of the clock, and bytes that may be taken beyond what the parent has.

    The clock's is generous, since the machine may be busy with something else.
    """

    processor: float
    clock: float
    memory: int = 4 << 30


@dataclass(frozen=True)
class Answer:
    """What a fork came to. value: what its function returned; None: it ended without. late: a limit was reached."""

    value: Any
    late: bool
    status: int


@dataclass
class Fork:
    """A running fork; `processor`: seconds that it may take, and past a grace is killed at by the system."""

    pid: int
    pipe: int
    processor: float = math.inf

    def wait(self, clock: float) -> Answer:
        """Waits for the answer; past the clock's seconds the fork is told to end, then killed."""
        received, late, ends = b"", False, time.monotonic() + clock
        while True:
            ready, _, _ = select.select([self.pipe], [], [], max(0.0, ends - time.monotonic()))
            if ready:
                piece = os.read(self.pipe, 1 << 16)
                received += piece
                if not piece or received.endswith(b"\n"):
                    break
            elif late:
                self.kill()
            else:
                late, ends = True, time.monotonic() + _GRACE_SECONDS
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGXCPU)
        os.close(self.pipe)
        self.kill()  # what it left running
        _, status, used = os.wait4(self.pid, 0)
        late = late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU)
        # One that does not end at the limit, as its tests still write of it, is killed after the grace.
        late = late or (os.WIFSIGNALED(status) and used.ru_utime + used.ru_stime >= self.processor)
        if not received.endswith(b"\n"):
            return Answer(None, late, status)
        told = json.loads(received)
        return Answer(told["value"], late or told["late"], status)

    def kill(self) -> None:
        """Kills it and what it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):  # before it has a group of its own
            os.kill(self.pid, signal.SIGKILL)


def start(work: Callable[[Callable[[Any], None]], None], log: Path, limits: Limits | None = None) -> Fork:
    """Forks; the fork runs `work`, which gets a function that reports a value of JSON, and ends.

    Args:
        log: where its standard output and error go.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Fork(pid, reading, math.inf if limits is None else max(1, round(limits.processor)))
    status = 1
    try:
        # Pytest collects garbage at its end, several times: what was there before the fork is none of it.
        gc.freeze()
        os.close(reading)
        _settle(log, limits)

        def report(value: Any) -> None:
            _write(writing, json.dumps({"value": value, "late": bool(_reached)}).encode() + b"\n")

        work(report)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def processor_seconds() -> float:
    """Processor time of this process and of the children it waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TimeLimit within a fork once a part of its work has taken so much processor time."""
    signal.signal(signal.SIGPROF, _over)
    # Again and again: what is raised while an object is being cleared away is lost.
    signal.setitimer(signal.ITIMER_PROF, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _settle(log: Path, limits: Limits | None) -> None:
    """A group of its own, so that Ctrl-C ends it by its parent alone; the limits; the streams."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    streams = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(streams, 1)
    os.dup2(streams, 2)
    if limits is None:
        return
    signal.signal(signal.SIGXCPU, _over)
    seconds = max(1, round(limits.processor))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + int(_GRACE_SECONDS)))
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + limits.memory,) * 2)


def _over(*_: object) -> None:
    _reached.append(time.monotonic())
    raise TimeLimit


def _write(pipe: int, content: bytes) -> None:
    while content:
        content = content[os.write(pipe, content) :]
