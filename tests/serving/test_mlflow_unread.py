"""Nothing in serving reads MLflow: an alias that is moved there changes nothing that is served."""

import sys
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from hospital.times import moment
from registry.candidates.candidates import candidate
from registry.mlflow_records import Data, Flavour
from registry.mlflow_standing import follow
from registry.mlflow_store import record, tracking_uri
from tests.support.new_databases import new_mlflow
from tests.support.small_demo import Service, SmallDemo

FLAVOUR = Flavour("nowhere", {"hour": "double"}, frozenset(), ("p50",), "{}")
DATA = Data("sha256:" + "a" * 64, "sha256:" + "b" * 64, {"visits": 3})


def _asked(service: Service, end: int) -> dict[str, Any]:
    service.parts.releases.refresh()
    at = f"{moment(end):%Y-%m-%dT%H:%M:%SZ}"
    visit = {"visit_id": "x", "department": "ED", "triage": "3A", "arrived_at": at, "triaged_at": at}
    (found,) = service.ask("/v1/wait-time", {"visits": [visit]})["predictions"]
    return {"wait": found["wait_minutes"], "release": service.parts.releases.current("wait-time").digest}


def test_a_moved_alias_changes_nothing_that_is_served(small_demo: SmallDemo, tmp_path: Path) -> None:
    """The same answer of the same release, and no file of MLflow is opened for it."""
    demo = small_demo.copied(tmp_path / "home")
    home = demo.settings.home
    package = candidate(demo.settings.candidates, "wait-time", "1").package
    new_mlflow(home)
    for _ in range(2):
        record(home, "wait-time", package, FLAVOUR, data=DATA, parameters={}, metrics={}, tags={})
    assert follow(demo.settings, "wait-time") is None
    client = MlflowClient(tracking_uri(home), tracking_uri(home))
    assert str(client.get_model_version_by_alias("wait-time", "released").version) == "1"
    opened: list[str] = []
    watched = False

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watched and event in ("open", "sqlite3.connect"):
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)
    service = demo.service()
    try:
        before = _asked(service, demo.end)
        client.set_registered_model_alias("wait-time", "released", "2")
        client.delete_registered_model_alias("wait-time", "candidate")
        watched = True
        again, other = _asked(service, demo.end), demo.service()
        restarted = _asked(other, demo.end)
        watched = False
        other.close()
    finally:
        watched = False
        service.close()
    assert again == restarted == before
    assert any(str(home) in path for path in opened)
    assert not [path for path in opened if str(home) in path and "mlflow" in path]
