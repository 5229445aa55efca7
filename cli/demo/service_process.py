"""The demo's service: a child process in a session of its own, that is never left behind."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from cli.child_process import command, environment
from hospital.errors import VigieError
from registry.settings import Settings

__all__ = ["LOG", "end", "endings_put_off", "interrupt_on_endings", "post", "refuse_taken_port", "service"]

LOG = "service.log"
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_READY_SECONDS = 60
_END_SECONDS = 30  # more than the 20 in which the service ends its worker whatever that is doing
_AGAIN_SECONDS = 1


def interrupt_on_endings() -> None:
    """A closed terminal and SIGTERM end the demo as Ctrl-C does: with what it started."""
    for ending in _ENDINGS:
        signal.signal(ending, signal.default_int_handler)


def refuse_taken_port(port: int) -> None:
    """Finds out early, before minutes of work.

    Raises:
        VigieError: somebody listens there, or it is no port.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OverflowError:
            raise VigieError("verbs.demo.port") from None
        except OSError:
            raise VigieError("verbs.demo.port_taken", port=str(port)) from None


@contextmanager
def service(settings: Settings, start: datetime) -> Iterator["subprocess.Popen[bytes]"]:
    """The service, ready, its clock beginning at `start`; ended when the block is left, however it is left.

    Raises:
        VigieError: it stopped, or did not answer in time.
    """
    kept = {name: value for name, value in environment().items() if not name.startswith("VIGIE_")}
    kept |= {
        "VIGIE_HOME": str(settings.home),
        "VIGIE_PORT": str(settings.port),
        "VIGIE_CLOCK_START": start.isoformat(),
        "VIGIE_LANGUAGE": settings.language,
    }
    process = None
    try:
        with endings_put_off(), open(settings.home / LOG, "ab") as log:
            process = subprocess.Popen(
                command("serve"), env=kept, stdout=log, stderr=log, start_new_session=True
            )
        _wait_until_ready(process, settings)
        yield process
    finally:
        if process is not None:
            end(process)


@contextmanager
def endings_put_off() -> Iterator[None]:
    """Ctrl-C waits until the block is left: in the middle of a start nobody would know what to end.

    A handler and no mask: what is started takes over a mask, and an ignored signal, but no handler.
    """
    came: list[int] = []
    before = {ending: signal.signal(ending, lambda number, _: came.append(number)) for ending in _ENDINGS}
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)
    if came:
        raise KeyboardInterrupt


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a service, started or still starting.

    It is asked again and again: BentoML's supervisor forgets a SIGTERM that comes while it starts its worker (circus
    refuses to quit in the middle of ``start_watchers``). Killed, it would leave the worker, which has a session of
    its own, holding the port.
    """
    with endings_put_off():
        deadline = time.monotonic() + _END_SECONDS
        while process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_AGAIN_SECONDS)


def _wait_until_ready(process: "subprocess.Popen[bytes]", settings: Settings) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise VigieError("verbs.demo.service_stopped", log=settings.home / LOG)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise VigieError("verbs.demo.service_slow", seconds=_READY_SECONDS)


def post(settings: Settings, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the service answers to a POST.

    Raises:
        VigieError: it answered with a problem, in its words.
    """
    request = urllib.request.Request(
        f"http://127.0.0.1:{settings.port}{path}",
        json.dumps(body).encode(),
        {
            "content-type": "application/json",
            "authorization": f"Bearer {token}",
            "accept-language": settings.language,
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own http address
            body_of_answer: dict[str, Any] = json.loads(answer.read())
            return body_of_answer
    except urllib.error.HTTPError as error:
        problem = json.loads(error.read() or b"{}")
        why = problem.get("detail") or problem.get("title")
        raise VigieError("verbs.demo.answered", path=path, status=str(error.code), why=why) from None
