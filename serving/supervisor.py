"""Starts the service: `vigie serve`, and supervises it. What answers is loaded by the worker alone."""

import ipaddress
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hospital.errors import VigieError
from hospital.words.messages import in_words, message
from registry.digests import PRIVATE
from registry.settings import Settings
from registry.trust.writable_places import places_above, writable_places
from serving.database_setup import CANNOT_OPEN
from serving.errors import SettingsError
from serving.http.request_log import configure, warn
from serving.orphan_watch import SUPERVISOR
from serving.worker_restart import keep_running, look_often

__all__ = ["check_can_serve", "make_home", "serve"]

ROOT = Path(__file__).resolve().parent.parent
_GRACE_SECONDS = 20
_PORT_SECONDS = 3.0
"""How long a taken port is waited for: the worker of a service that was killed gives it up within a second."""


def check_can_serve(settings: Settings) -> None:
    """Finds what would stop the service before anything is started.

    Raises:
        SettingsError: in one line, what is wrong and what to do.
    """
    make_home(settings.home)
    _look_at_trust(settings)
    try:
        ipaddress.ip_address(settings.host)
    except ValueError:
        raise SettingsError("problems.serve.host", host=repr(settings.host)) from None
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    deadline = time.monotonic() + _PORT_SECONDS
    while not _port_is_free(family, settings):
        if time.monotonic() > deadline:
            raise SettingsError("problems.serve.taken", address=f"{settings.host}:{settings.port}")
        time.sleep(0.1)


def _port_is_free(family: int, settings: Settings) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except PermissionError:
            raise SettingsError("problems.serve.port_rights", port=str(settings.port)) from None
        except (OSError, OverflowError):
            return False
    return True


def _look_at_trust(settings: Settings) -> None:
    """Says loudly where the service could rewrite whom it trusts; with VIGIE_STRICT that is refused."""
    writable = tuple(place.name for place in writable_places(settings.trust))
    above = () if writable else tuple(str(place) for place in places_above(settings.trust))
    if not writable and not above:
        return
    key = "problems.serve.writable_trust" if writable else "problems.serve.replaceable_trust"
    words = message(key, folder=settings.trust, places=writable or above)
    if settings.strict:
        raise SettingsError("problems.serve.strict", why=words)
    warn(in_words("problems.serve.warning", {"why": words}, settings.language))


def serve(settings: Settings, service: str, *, monitor_command: Sequence[str] = ()) -> int:
    """Checks, then is BentoML's supervisor; Ctrl-C and SIGTERM finish what is in flight and end it.

    The database is made or migrated by a child, so that no worker needs to, while BentoML loads here: of the two the
    longer is waited for, and the supervisor stays without what only answers need.

    Args:
        service: what answers, as BentoML names it (``module:name``), handed down by the caller,
            since it stands above serving.
        monitor_command: what watches the released versions, handed down by the caller, since it stands above serving.
            It is started beside the service in the folder that holds this code, if the settings want a monitor, and
            again where it was killed; it has to end with this process by itself. Empty: there is no monitor.

    Raises:
        VigieError: it cannot start; nothing is left running.
    """
    check_can_serve(settings)
    os.environ.update(_environment(settings))
    os.chdir(ROOT)
    opening = subprocess.Popen(
        [sys.executable, "-m", "serving.database_setup"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        run = _bentoml(settings, service)
        _, wrong = opening.communicate()
    except BaseException:
        opening.terminate()
        raise
    if opening.returncode:
        if opening.returncode == CANNOT_OPEN:
            said = wrong.strip()  # in the installation's language
            raise VigieError(said)
        # The error's name alone: its text may hold values.
        name = wrong.strip().rsplit("\n", 1)[-1].split(":")[0]
        raise VigieError("problems.serve.database", kind=name or str(opening.returncode))
    sys.stdout.flush()
    if settings.monitor and monitor_command:
        keep_running(monitor_command, ROOT)
    run()
    return 0


def _bentoml(settings: Settings, name: str) -> Callable[[], object]:
    """What `bentoml serve` does for this service, loaded and ready to be run until it is stopped.

    In this process, so that it loads while the database is opened; an exec of its command line would load it anew.
    """
    from _bentoml_impl.loader import load  # type: ignore[import-untyped]
    from _bentoml_impl.server import serve_http  # type: ignore[import-untyped]
    from bentoml._internal.log import configure_server_logging

    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    configure_server_logging()
    configure()
    look_often()
    service = load(name, str(ROOT))
    service.inject_config()
    return partial(
        serve_http,
        name,
        working_dir=str(ROOT),
        host=settings.host,
        port=settings.port,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def _environment(settings: Settings) -> dict[str, str]:
    """The settings as the workers read them, from wherever they were started."""
    named = {
        "BENTOML_DO_NOT_TRACK": "true",
        SUPERVISOR: str(os.getpid()),
        "MALLOC_ARENA_MAX": "2",  # as many as work at once; the C library would keep eight a core
        "VIGIE_HOME": str(settings.home.resolve()),
        "VIGIE_RELEASES": str(settings.releases.resolve()),
        "VIGIE_TRUST": str(settings.trust.resolve()),
        "VIGIE_SERVICE_KEY": str(settings.service_key.resolve()),
        "VIGIE_CHECKPOINTS": str(settings.checkpoints.resolve()),
        "VIGIE_LEVELS": str(settings.levels.resolve()),
        "VIGIE_SKILLS": str(settings.skills.resolve()),
        "VIGIE_LANGUAGE": settings.language,
        "VIGIE_MONITOR_MINUTES": str(settings.monitor_minutes),
        "VIGIE_REQUESTS_PER_TOKEN": str(settings.requests_per_token),
        "VIGIE_REQUESTS_PER_ADDRESS": str(settings.requests_per_address),
        "VIGIE_FORECASTS_AT_ONCE": str(settings.forecasts_at_once),
        "VIGIE_REQUESTS_AT_ONCE": str(settings.requests_at_once),
    }
    if settings.pseudonym_key_file is not None:
        named["VIGIE_PSEUDONYM_KEY"] = str(settings.pseudonym_key_file.resolve())
    if settings.database_url:
        named["VIGIE_DATABASE_URL"] = settings.database_url
    if settings.clock_start is not None:
        named["VIGIE_CLOCK_START"] = settings.clock_start.isoformat()
    return named


def make_home(home: Path) -> None:
    """Makes the folder of an installation, or raises SettingsError where it cannot be written."""
    try:
        os.umask(PRIVATE)
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f".writable.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingsError("problems.serve.unwritable_home", home=home, why=error) from None
