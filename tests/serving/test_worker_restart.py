"""What the supervisor starts again, how often it looks, and that a worker ends with it from its first moment on."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from circus.exc import ConflictError

from serving.worker_restart import keep_running, look_often
from tests.support.repository import ROOT
from tests.support.waiting import wait_for


def test_what_runs_beside_the_service_is_started_again(tmp_path: Path) -> None:
    """However it ended, after a pause."""
    code = "open('starts', 'a').write('x'); raise SystemExit(3)"
    enough = keep_running([sys.executable, "-c", code], tmp_path, pause_seconds=0.05)
    starts = tmp_path / "starts"
    wait_for(lambda: starts.exists() and len(starts.read_text()) >= 3, "third start")
    enough.set()


def test_the_supervisor_looks_often_and_restarts_in_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever BentoML asks for; a look that it refuses while it starts or ends workers is none."""
    from bentoml._internal.utils import circus

    made = SimpleNamespace()

    def refuse() -> None:
        raise ConflictError("arbiter is already running")

    def make(watchers: list[SimpleNamespace], **more: object) -> SimpleNamespace:
        made.watchers, made.more = watchers, more
        return SimpleNamespace(manage_watchers=refuse)

    monkeypatch.setattr(circus, "create_standalone_arbiter", make)
    look_often()
    watcher = SimpleNamespace(respawn=False, args=["-m", "_bentoml_impl.worker.service", "x:Vigie"])
    supervisor = circus.create_standalone_arbiter([watcher], check_delay=10, sockets=[])
    assert made.more == {"check_delay": 0.5, "sockets": []}
    assert watcher.respawn
    assert watcher.args == ["-m", "serving.orphan_watch", "_bentoml_impl.worker.service", "x:Vigie"]
    assert supervisor.manage_watchers() is None


def test_a_worker_ends_with_its_supervisor_while_it_loads(tmp_path: Path) -> None:
    """Before anything of the service is there: a module that loads for ever is ended."""
    (tmp_path / "endless.py").write_text("import sys, time\nassert sys.argv[1:] == ['a']\ntime.sleep(60)\n")
    places = os.pathsep.join([str(ROOT), str(tmp_path)])
    ended = subprocess.run(
        [sys.executable, "-m", "serving.orphan_watch", "endless", "a"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": places, "VIGIE_SUPERVISOR": "999999999"},
        timeout=40,
    )
    assert ended.returncode == -signal.SIGTERM
