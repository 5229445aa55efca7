"""A home that is copied or moved: nothing in it names the folder that it was made in, and nothing is written there."""

import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient

from cli.demo.service_process import service
from cli.main import main
from hospital.times import moment
from registry.mlflow_store import tracking_uri
from registry.settings import Settings
from tests.support.installation import Installation
from tests.support.repository import ROOT
from tests.support.running_service import free_port
from tests.support.small_demo import SmallDemo

pytestmark = pytest.mark.usefixtures("english")


def _naming(home: Path, place: Path) -> list[str]:
    """The files of a home that hold the path of a folder, but for the log of the service's process."""
    words = str(place).encode()
    files = (p for p in sorted(home.rglob("*")) if p.is_file() and p.name != "service.log")
    return [str(p.relative_to(home)) for p in files if words in p.read_bytes()]


def _contents(home: Path) -> dict[str, bytes]:
    return {str(p.relative_to(home)): p.read_bytes() for p in home.rglob("*") if p.is_file()}


def _work(demo: SmallDemo, home: Path, data: Path, patch: pytest.MonkeyPatch) -> None:
    """Imports, serves a page and a forecast, monitors and makes a token, in this home."""
    patch.setenv("VIGIE_HOME", str(home))
    assert main(["import", str(data)]) == 0
    settings = Settings(home=home, port=free_port())
    with service(settings, datetime.fromisoformat(moment(demo.end).isoformat())):
        url, headers = f"http://127.0.0.1:{settings.port}", {"authorization": f"Bearer {demo.token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            assert client.get("/").status_code == 200
            body = {"units": [], "horizons_hours": [24], "hospital": True}
            assert client.post("/v1/bed-demand", json=body).status_code == 200
    assert main(["monitor", "--once"]) in (0, 1)
    assert main(["token", "create", "copied", "--role", "auditor"]) == 0


def test_nothing_in_a_home_names_its_folder_and_a_copy_leaves_it_alone(
    small_demo: SmallDemo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After training, registration, release, import, service and monitor; then all of it again in a copy."""
    data = small_demo.settings.home.parent / "data"
    first, second = tmp_path / "first" / "home", tmp_path / "second" / "home"
    first.parent.mkdir()
    demo = small_demo.copied(first)
    assert _naming(first, small_demo.settings.home.parent) == []
    _work(demo, first, data, monkeypatch)
    assert _naming(first, tmp_path) == []
    second.parent.mkdir()
    copied = demo.copied(second)
    before = _contents(first)
    _work(copied, second, data, monkeypatch)
    assert _contents(first) == before
    assert _naming(second, tmp_path) == []


def _release(home: Path, data: Path, version: str, patch: pytest.MonkeyPatch) -> None:
    """The whole way of a version without trees, to its release; every step is shown in MLflow."""
    patch.setenv("VIGIE_HOME", str(home))
    keys = {
        name: ["--key", str(home / "keys" / f"{name}.json")] for name in ("author", "ada", "bob", "releaser")
    }
    train = ["train", "wait-time", "--data", str(data), "--baseline-only", "--seed", version]
    assert main([*train, *keys["author"]]) == 0
    assert main(["check", "wait-time", version]) == 0
    for name in ("ada", "bob"):
        review = ["review", "wait-time", version, "--approve", "--comment", "read"]
        assert main([*review, *keys[name]]) == 0
    assert main(["promote", "wait-time", version, *keys["releaser"]]) == 0


def _in_mlflow(home: Path) -> tuple[str, set[str], set[str]]:
    """Which version is released there, the names of its tags, and what its check has filed."""
    store = MlflowClient(tracking_uri(home), tracking_uri(home))
    version = store.get_model_version_by_alias("wait-time", "released")
    filed = {Path(one.path).name for one in store.list_artifacts(version.run_id, "check")}
    return version.version, set(version.tags), filed


def test_a_home_with_checked_reviewed_and_promoted_versions_can_be_copied_and_moved(
    hospital_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that check, board, releaser or MLflow wrote names the folder: each goes on by itself."""
    first, second, third = (tmp_path / name / "home" for name in ("first", "second", "third"))
    Installation.make(first)
    shutil.copy(first / "keys" / "checker.json", first / "checker.key")
    _release(first, hospital_folder, "1", monkeypatch)
    assert _naming(first, tmp_path) == []
    assert _naming(first, hospital_folder) == []
    shutil.copytree(first, second)
    before = _contents(first)
    _release(second, hospital_folder, "2", monkeypatch)
    assert _in_mlflow(second)[0] == 2
    assert _contents(first) == before
    assert _naming(second, tmp_path) == []
    third.parent.mkdir()
    first.rename(third)
    monkeypatch.setenv("VIGIE_HOME", str(third))
    version, tags, filed = _in_mlflow(third)
    assert version == 1
    assert {tag.split(".")[0] for tag in tags} >= {"checked", "approved", "released"}
    assert {"report.json"} <= filed
    # In a process of its own, as a person would: MLflow keeps where a run's files lie as long as a process lives.
    checked = subprocess.run([sys.executable, "-m", "cli", "check", "wait-time", "1"], cwd=ROOT, check=False)
    assert checked.returncode == 0
    assert not first.exists()
    assert _naming(third, tmp_path) == []
