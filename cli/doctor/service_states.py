"""States of what is served: trust, the releases, and the processes that serve or hold the port."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from cli.doctor.states import State, Weight
from hospital.errors import VigieError
from registry.settings import Settings

__all__ = ["service_states"]

_WORKERS = (b"assembly.service:Vigie", b"serving.service:Vigie")
"""What workers were started with, by this Vigie and by those of before."""


def service_states(settings: Settings, now: datetime) -> Iterator[State]:
    """The states of trust and releases, then of the processes."""
    yield from _release_states(settings, now)
    orphans = _orphans()
    if orphans:
        yield State("orphans", Weight.FAULT, {"n": len(orphans)}, partial(_end, orphans))
    elif _answers(settings):
        yield State("service_runs", Weight.GOOD, {"port": settings.port})
        if _clock_of_service(settings) == "clock_stepped":
            yield State("clock_stepped", Weight.FAULT)
    else:
        yield State("service_stands", Weight.NOTICE, {"port": settings.port})


def _release_states(settings: Settings, now: datetime) -> Iterator[State]:
    from hospital.holidays.school_holidays import ends_soon, last_school_day
    from registry.package.manifest import MODELS, verify_package
    from registry.releases.releases import current_release
    from registry.trust.trust_store import load_trust
    from registry.trust.writable_places import places_above, writable_places

    if not (settings.trust / "trust.json").exists():
        yield State("trust_missing", Weight.NOTICE, {"path": settings.trust})
        return
    try:
        load_trust(settings.trust)
    except VigieError as error:
        yield State("trust_broken", Weight.FAULT, {"why": error})
        return
    if writable_places(settings.trust):
        yield State("trust_writable", Weight.NOTICE, {"path": settings.trust})
    elif above := places_above(settings.trust):
        places = ", ".join(str(place) for place in above)
        yield State("trust_replaceable", Weight.NOTICE, {"path": settings.trust, "places": places})
    for model in MODELS:
        try:
            release = current_release(settings, model)
            place = verify_package(release.package).place if release is not None else None
        except (VigieError, OSError) as error:
            yield State("release_refused", Weight.FAULT, {"model": model, "why": error})
            continue
        if release is None or place is None:
            yield State("release_missing", Weight.NOTICE, {"model": model})
        else:
            yield State("release_good", Weight.GOOD, {"model": model, "number": release.sequence})
            if place.locality.school_zone and ends_soon(now.astimezone(place.zone).date()):
                values = {"model": model, "last": last_school_day()}
                yield State("school_calendar_ends", Weight.NOTICE, values)


def _orphans() -> list[int]:
    """Workers of this account whose supervisor is gone: their parent is the first process."""
    found: list[int] = []
    with suppress(OSError):
        if b"serve" in Path("/proc/1/cmdline").read_bytes():
            return found  # a container's first process is the supervisor itself
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
            words = (place / "cmdline").read_bytes().split(b"\0")
            is_ours = place.stat().st_uid == os.getuid() and any(name in words for name in _WORKERS)
            if parent == 1 and is_ours and any(b"_bentoml_impl.worker" in word for word in words):
                found.append(int(place.name))
        except (OSError, ValueError, IndexError):
            continue  # it has ended meanwhile
    return found


def _end(processes: list[int]) -> None:
    for process in processes:
        os.kill(process, signal.SIGTERM)


def _answers(settings: Settings) -> bool:
    try:
        with socket.create_connection((settings.host, settings.port), timeout=1):
            return True
    except OSError:
        return False


def _clock_of_service(settings: Settings) -> str:
    """What the service says of its clock: it alone has a time that nobody sets; "" where none of ours answers."""
    where = HTTPConnection(settings.host, settings.port, timeout=3)
    try:
        where.request("GET", "/readyz")
        return str(json.loads(where.getresponse().read()).get("clock", ""))
    except (OSError, HTTPException, ValueError, AttributeError):
        return ""
    finally:
        where.close()
