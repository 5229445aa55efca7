"""kill -9 at a moment that a seed chooses: of a worker, the supervisor, the whole service, a promotion."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from registry.releases.releases import current_release
from tests.support.demo_versions import approve_next_version, key_file
from tests.support.live_service import LiveService, is_alive, live_service, processes, vigie
from tests.support.small_demo import SmallDemo
from tests.support.waiting import wait_for
from tests.support.writers import Maker, Writers, lost_or_doubled, writing_to

__all__ = ["KINDS", "Experiment", "Kill", "experiment", "kill"]

KINDS = ("worker", "supervisor", "starting supervisor", "service", "promote")
_PATIENCE_SECONDS = 90.0


@dataclass(frozen=True)
class Kill:
    """One kill and its end.

    Attributes:
        kind: of `KINDS`.
        seconds: from the kill until all was as before: the service answers, or the version is in use.
        started_seconds: from the kill until there was a new process in its place; 0: none was to come by itself.
        faults: what was not as promised.
    """

    kind: str
    seconds: float
    started_seconds: float = 0.0
    faults: tuple[str, ...] = ()


def kill(kind: str, service: LiveService, demo: SmallDemo, rng: random.Random) -> Kill:
    """Kills at a random moment of the second to come, and waits until all is well again."""
    if kind == "promote":
        return _kill_promotion(service, demo, rng)
    time.sleep(rng.uniform(0.0, 1.0))  # the moment is the experiment
    if kind == "worker":
        return _kill_worker(service, rng)
    return _kill_service(kind, service, rng)


@dataclass(frozen=True)
class Experiment:
    """Kills under writers, and what was left of it.

    Attributes:
        faults: what was not as promised, of kills, of what was written, and of what `vigie journal verify` says.
        seconds: that it took, without the first start.
    """

    kills: tuple[Kill, ...]
    writers: Writers
    seconds: float
    faults: tuple[str, ...]


def experiment(
    demo: SmallDemo, kinds: Sequence[str], makers: Sequence[Maker], seed: int, *, workers: int = 1
) -> Experiment:
    """Starts a service on a home, kills one after the other while writers write, and looks at the record."""
    rng, kills = random.Random(seed), []  # noqa: S311 - to repeat
    with live_service(demo, workers=workers) as service:
        begun = time.monotonic()
        with writing_to(demo, service.port, makers, pause=0.01) as writers:
            wait_for(lambda: writers.acknowledged, "acknowledged write")
            for kind in kinds:
                kills.append(kill(kind, service, demo, rng))
                wait_for(partial(_writes_on, writers, len(writers.acknowledged)), "write after a kill", 60)
        seconds = time.monotonic() - begun
    faults = [f"{k.kind}: {fault}" for k in kills for fault in k.faults]
    faults += lost_or_doubled(demo.settings, writers)
    verified = vigie(demo.settings, "journal", "verify")
    words = verified.communicate(timeout=_PATIENCE_SECONDS)
    faults += [] if verified.returncode == 0 else [f"journal verify: {words[0][-500:]}{words[1][-500:]}"]
    return Experiment(tuple(kills), writers, seconds, tuple(faults))


def _writes_on(writers: Writers, since: int) -> bool:
    """Whether more writes are acknowledged than there were."""
    return len(writers.acknowledged) > since


def _kill_worker(service: LiveService, rng: random.Random) -> Kill:
    before, faults = service.workers(), []
    begun = time.monotonic()
    service.kill(rng.choice(before))
    wait_for(lambda: set(service.workers()) - set(before), "new worker", _PATIENCE_SECONDS)
    started = time.monotonic() - begun
    if started > 3.0:
        faults.append(f"a new worker was started only after {started:.1f} s")
    _wait_until_alive(service)
    return Kill("worker", time.monotonic() - begun, started, tuple(faults))


def _kill_service(kind: str, service: LiveService, rng: random.Random) -> Kill:
    """The supervisor alone, while it starts or later, or all processes; then `vigie serve` again at once."""
    if kind == "starting supervisor":
        service.kill(service.supervisor, *processes(service.supervisor))
        service.start(ready=False)
        time.sleep(rng.uniform(0.2, 4.0))
    left = processes(service.supervisor)
    service.kill(service.supervisor, *(left if kind == "service" else ()))
    begun, faults = time.monotonic(), []
    try:
        service.start(_PATIENCE_SECONDS)
    except AssertionError as error:
        faults.append(f"the next start failed: {str(error)[-300:]}")
        wait_for(lambda: not _alive(left), "end of what was left", _PATIENCE_SECONDS)
        service.start(_PATIENCE_SECONDS)
    seconds = time.monotonic() - begun
    wait_for(lambda: not _alive(left), f"end of what the {kind} left", 30)
    return Kill(kind, seconds, faults=tuple(faults))


def _kill_promotion(service: LiveService, demo: SmallDemo, rng: random.Random) -> Kill:
    """`vigie promote`, killed while it works; the same command again does it, or says that it is done."""
    version = approve_next_version(demo)
    command = ("promote", "wait-time", version, "--key", str(key_file(demo, "releaser")))
    first, begun = vigie(demo.settings, *command), time.monotonic()
    _wait_until_busy(demo, first.pid, rng)
    first.kill()
    first.communicate()
    again = vigie(demo.settings, *command)
    _, error = again.communicate(timeout=_PATIENCE_SECONDS)
    faults = []
    if again.returncode != 0 and "in use already" not in error:
        faults.append(f"the command again said: {error[-300:]}")
    release = current_release(demo.settings, "wait-time")
    if release is None or release.version != version:
        faults.append(f"release in use: {release and release.version}, and not {version}")
    wait_for(lambda: _served(service, demo) == version, "service of the version", _PATIENCE_SECONDS)
    return Kill("promote", time.monotonic() - begun, faults=tuple(faults))


def _wait_until_busy(demo: SmallDemo, pid: int, rng: random.Random) -> None:
    """Until a random moment of what changes something: from when the trust folder is held; a start changes nothing."""
    lock = demo.settings.trust / ".lock"

    def holds() -> bool:
        handles = Path(f"/proc/{pid}/fd")
        try:
            return any(h.resolve() == lock.resolve() for h in handles.iterdir()) or not handles.exists()
        except OSError:
            return True

    wait_for(holds, "promotion that holds the trust folder", _PATIENCE_SECONDS)
    time.sleep(rng.uniform(0.0, 0.4))


def _served(service: LiveService, demo: SmallDemo) -> str:
    headers = {"authorization": f"Bearer {demo.token}"}
    try:
        found = httpx.get(f"{service.url}/v1/models", headers=headers, timeout=10).json()
    except (httpx.HTTPError, ValueError):
        return ""
    return next((str(m["version"]) for m in found.get("released", ()) if m["name"] == "wait-time"), "")


def _wait_until_alive(service: LiveService) -> None:
    def alive() -> bool:
        try:
            return httpx.get(f"{service.url}/livez", timeout=_PATIENCE_SECONDS).status_code == 200
        except httpx.HTTPError:
            return False

    wait_for(alive, "answer of a service whose worker was killed", _PATIENCE_SECONDS)


def _alive(pids: list[int]) -> list[int]:
    return [p for p in pids if is_alive(p)]
