"""Tags and aliases in MLflow: what the signed files say, whatever anybody writes there; and no verb depends on it."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from cli.main import main
from registry.candidates.candidates import Candidate
from registry.mlflow_records import Data, Flavour
from registry.mlflow_standing import check_metrics, follow
from registry.mlflow_store import record, tracking_uri
from registry.record.database import open_database, writing
from registry.record.journal import append, entries
from registry.releases.promotion import promote
from registry.releases.releases import current_release
from registry.rollback.rollback import approve_rollback, rollback
from tests.support.installation import Installation, after
from tests.support.new_databases import new_mlflow

pytestmark = pytest.mark.usefixtures("english")

MODEL = "wait-time"
FLAVOUR = Flavour("nowhere", {"hour": "double"}, frozenset(), ("p50",), "{}")
DATA = Data("sha256:" + "a" * 64, "sha256:" + "b" * 64, {"visits": 3})


def client_of(installation: Installation) -> MlflowClient:
    """MLflow as a data scientist opens it."""
    uri = tracking_uri(installation.settings.home)
    return MlflowClient(uri, uri)


def register(installation: Installation, version: str, author: str | None = "author") -> Candidate:
    """A candidate that MLflow knows."""
    found = installation.register(version, author=author)
    home = installation.settings.home
    new_mlflow(home)
    assert (
        record(home, MODEL, found.package, FLAVOUR, data=DATA, parameters={}, metrics={}, tags={}) == version
    )
    return found


def check(installation: Installation, found: Candidate) -> Candidate:
    """Sealed and journaled, as a check does."""
    installation.check(found)
    subjects = {"model": MODEL, "version": found.version, **found.digests()}
    with writing(open_database(installation.settings.database)) as connection:
        append(
            connection, actor="vigie check", action="check", subjects=subjects, now=after(0.5), reason="pass"
        )
    return found


def release(installation: Installation, found: Candidate, hours: float) -> None:
    """Approved by both of the board, and released."""
    installation.approve(found, "ada", "bob", hours=hours)
    promote(
        installation.settings,
        MODEL,
        found.version,
        installation.people["releaser"],
        now=after(hours + 1),
    )


def at(hours: float) -> str:
    """As a tag writes it."""
    return f"{after(hours):%Y-%m-%dT%H:%M:%SZ}"


def shown(installation: Installation, version: str) -> dict[str, str]:
    """The tags of a version."""
    assert follow(installation.settings, MODEL) is None
    return dict(client_of(installation).get_model_version(MODEL, version).tags)


def aliases(installation: Installation) -> dict[str, str]:
    """The aliases of the model."""
    assert follow(installation.settings, MODEL) is None
    standing = client_of(installation).get_registered_model(MODEL).aliases
    return {alias: str(version) for alias, version in standing.items()}


def test_tags_say_who_did_what_and_when(installation: Installation) -> None:
    """Of the check, the board and the releaser; a refusal that is taken back is shown no more."""
    found = register(installation, "1")
    assert shown(installation, "1") == {}
    check(installation, found)
    assert shown(installation, "1") == {"checked": f"vigie check {at(0.5)}, pass"}
    installation.approve(found, "bob", decision="refuse", hours=1)
    assert shown(installation, "1")["refused"] == f"bob {at(1)}"
    release(installation, found, 2)
    assert shown(installation, "1") == {
        "checked": f"vigie check {at(0.5)}, pass",
        "approved": f"ada {at(2)}, bob {at(2)}",
        "released": f"releaser {at(3)}, release 1",
    }


def test_aliases_follow_the_signed_chain(installation: Installation) -> None:
    """The newest signed candidate and the newest release, back again with a roll-back; unsigned is no candidate."""
    first = check(installation, register(installation, "1"))
    assert aliases(installation) == {"candidate": "1"}
    release(installation, first, 1)
    assert aliases(installation) == {"candidate": "1", "released": "1"}
    second = check(installation, register(installation, "2"))
    assert aliases(installation) == {"candidate": "2", "released": "1"}
    release(installation, second, 3)
    register(installation, "3", author=None)
    assert aliases(installation) == {"candidate": "2", "released": "2"}
    approve_rollback(installation.settings, MODEL, installation.people["ada"], now=after(5))
    rollback(installation.settings, MODEL, installation.people["releaser"], now=after(5))
    assert aliases(installation) == {"candidate": "2", "released": "1"}
    assert shown(installation, "1")["released"] == f"releaser {at(5)}, release 3"


def test_what_anybody_writes_in_mlflow_is_believed_by_nobody(installation: Installation) -> None:
    """The release stays, and the next verb draws the picture again; others' tags are left alone."""
    release(installation, check(installation, register(installation, "1")), 1)
    register(installation, "2")
    assert follow(installation.settings, MODEL) is None
    before, client = current_release(installation.settings, MODEL), client_of(installation)
    client.set_registered_model_alias(MODEL, "released", "2")
    client.set_model_version_tag(MODEL, "2", "approved", "ada 2026-01-01T00:00:00Z")
    client.set_model_version_tag(MODEL, "2", "mine", "kept")
    client.set_model_version_tag(MODEL, "1", "released", "mallory")
    assert current_release(installation.settings, MODEL) == before
    assert aliases(installation) == {"candidate": "2", "released": "1"}
    assert shown(installation, "2") == {"mine": "kept"}
    assert shown(installation, "1")["released"] == f"releaser {at(2)}, release 1"


def test_a_damaged_version_hides_no_other(installation: Installation) -> None:
    """It is a candidate no more; the others are shown as they are."""
    first, second = check(installation, register(installation, "1")), register(installation, "2")
    check(installation, second)
    shutil.rmtree(second.package)
    installation.approve(first, "ada")
    assert aliases(installation) == {"candidate": "1"}
    assert shown(installation, "1")["approved"] == f"ada {at(1)}"


def _garbage(home: Path) -> None:
    (home / "mlflow.db").write_bytes(b"not a database" * 100)


def _gone(home: Path) -> None:
    (home / "mlflow.db").unlink()


def _folder(home: Path) -> None:
    (home / "mlflow.db").unlink()
    (home / "mlflow.db").mkdir()


def _empty(home: Path) -> None:
    (home / "mlflow.db").write_bytes(b"")


def _unknown(home: Path) -> None:
    with closing(sqlite3.connect(home / "mlflow.db")) as connection, connection:
        connection.execute("DELETE FROM model_versions")


@pytest.mark.parametrize("spoil", [_garbage, _gone, _folder, _empty, _unknown])
def test_no_verb_depends_on_mlflow(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
) -> None:
    """Review, release and roll-back are done, journaled and exit with 0; a note says what MLflow does not show."""
    home = installation.settings.home
    monkeypatch.setenv("VIGIE_HOME", str(home))
    first = check(installation, register(installation, "1"))
    release(installation, first, 1)
    check(installation, register(installation, "2"))
    spoil(home)
    key = {name: str(home / "keys" / f"{name}.json") for name in ("ada", "bob", "releaser")}
    for name in ("ada", "bob"):
        assert main(["review", MODEL, "2", "--approve", "--comment", "read", "--key", key[name]]) == 0
    assert main(["promote", MODEL, "2", "--key", key["releaser"]]) == 0
    assert main(["rollback", MODEL, "--key", key["ada"], "--key", key["releaser"]]) == 0
    said = capsys.readouterr().err
    assert said.count("note: done and recorded, but not shown in MLflow. MLflow's store in ") == 4
    assert "Traceback" not in said
    current = current_release(installation.settings, MODEL)
    assert current is not None
    assert (current.version, current.sequence) == ("1", 3)
    with open_database(installation.settings.database).connect() as connection:
        assert [e.action for e in entries(connection)][-5:] == [
            *["approve", "approve", "promote"],
            *["approve roll back", "roll back"],
        ]


def test_a_locked_store_is_waited_for_and_then_left(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else writes for longer than anybody waits."""
    register(installation, "1")
    with closing(sqlite3.connect(installation.settings.home / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = follow(installation.settings, MODEL)
    assert said is not None
    assert "not shown in MLflow" in str(said)
    assert follow(installation.settings, MODEL) is None


def test_a_check_is_shown_with_its_figures_and_its_papers(installation: Installation) -> None:
    """Gates as metrics, their verdicts as tags, report and card as files, the data as a dataset."""
    version = check(installation, register(installation, "1"))
    assert follow(installation.settings, MODEL, "1") is None
    client = client_of(installation)
    run_id = str(client.get_model_version(MODEL, "1").run_id)
    run = client.get_run(run_id)
    assert run.data.metrics == {"gate/accuracy": 1.0}
    assert run.data.tags["gate.accuracy"] == "pass"
    (data,) = run.inputs.dataset_inputs
    assert (data.dataset.digest, json.loads(data.dataset.source)["data_digest"]) == ("a" * 36, DATA.digest)
    assert json.loads(data.dataset.profile) == {"rows of visits": 3}
    paths = {f.path for f in client.list_artifacts(run_id, "check")}
    assert paths == {f"check/{name}" for name in ("report.json", "card.json", "card.fr.html", "card.en.html")}
    folder = Path(client.download_artifacts(run_id, "check"))
    assert json.loads((folder / "report.json").read_text()) == version.json("report.json")
    assert json.loads((folder / "card.json").read_text()) == version.json("card.json")
    assert '<html lang="fr"' in (folder / "card.fr.html").read_text()


def test_figures_that_could_not_be_computed_are_missing_and_not_zero() -> None:
    """Names are those that MLflow takes; a gate is 1 only where it is open."""

    def finding(metric: str, group: str, value: float | None) -> dict[str, object]:
        return {"metric": metric, "group": group, "value": value}

    def row(group: str, horizon: float, coverage: float | None) -> dict[str, object]:
        return {"unit_group": group, "horizon_hours": horizon, "coverage": coverage}

    verdicts = ("pass", "not applicable", "inconclusive", "block")
    gates: list[dict[str, object]] = [{"name": v[:3], "verdict": v, "findings": []} for v in verdicts]
    judged = [finding("bias", "sex=F", -1.5), finding("bias", "sex=M", None), finding("bias", "a/b:<é>", 0.0)]
    gates.append({"name": "fairness", "verdict": "pass", "findings": judged})
    rows = [row("all", 0.0, 0.81), row("ED", 24.0, 0.0), row("MED", 24.0, None)]
    assert check_metrics({"gates": gates, "performance": rows}) == {
        "gate/pas": 1.0,
        "gate/not": 1.0,
        "gate/inc": 0.0,
        "gate/blo": 0.0,
        "gate/fairness": 1.0,
        "fairness/bias/sex_F": -1.5,
        "fairness/bias/a_b__é_": 0.0,
        "coverage/all": 0.81,
        "coverage/ED/24h": 0.0,
    }
