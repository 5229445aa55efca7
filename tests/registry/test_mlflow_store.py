"""MLflow's store of a home: whole wherever the home is copied or moved to."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy import Engine, event

from registry.mlflow_artifacts import HomeArtifactRepository, home_of
from registry.mlflow_records import Data, Flavour
from registry.mlflow_store import add_to_run, record, tracking_uri

FLAVOUR = Flavour("nowhere", {"hour": "double"}, frozenset(), ("p50",), "{}")
DATA = Data("sha256:" + "a" * 64, "sha256:" + "b" * 64, {"visits": 3})


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Something to store."""
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    return folder


def register(home: Path, package: Path) -> str:
    """A version in the store of a home."""
    return record(
        home,
        "wait-time",
        package,
        FLAVOUR,
        data=DATA,
        parameters={"seed": 1},
        metrics={"mae": 2.0},
        tags={"data": "d"},
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which one version was registered: to be copied."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "made").mkdir()
    (folder / "made" / "manifest.json").write_text("{}")
    register(folder / "home", folder / "made")
    return folder / "home"


def client_of(home: Path) -> MlflowClient:
    """MLflow as a data scientist opens it."""
    return MlflowClient(tracking_uri(home), tracking_uri(home))


def files(folder: Path) -> dict[str, bytes]:
    """Every file by its path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def downloaded(home: Path, version: str, to: Path) -> dict[str, bytes]:
    """The package of a version, as MLflow hands it over."""
    client = client_of(home)
    run = str(client.get_model_version("wait-time", version).run_id)
    to.mkdir()
    return files(Path(client.download_artifacts(run, "package", str(to))))


def test_nothing_in_a_store_names_a_folder(tmp_path: Path, first: Path) -> None:
    """Neither where the home is, nor where Vigie was called from."""
    home = tmp_path / "l'hôpital 100%20?x"
    shutil.copytree(first, home)
    assert downloaded(home, "1", tmp_path / "one") == {"manifest.json": b"{}"}
    add_to_run(home, "wait-time", "1", metrics={"vs": 1.0}, files={"comparisons/vs.json": "{}"})
    for name, content in files(home).items():
        for folder in (str(first.parent), str(tmp_path), str(Path.cwd())):
            assert folder.encode() not in content, name


@pytest.mark.parametrize("former", ["stays", "deleted", "moved"])
def test_a_copied_home_writes_into_itself_alone(
    tmp_path: Path, first: Path, package: Path, former: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the old one holds is as it was; and it is not made again where it was deleted or the copy is its move."""
    old, new = tmp_path / "A", tmp_path / "B"
    shutil.copytree(first, old)
    if former == "moved":
        old.rename(new)
    else:
        shutil.copytree(old, new)
        if former == "deleted":
            shutil.rmtree(old)
    before = files(old) if former == "stays" else None
    (package / "manifest.json").write_text('{"second": 1}')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert register(Path("../B"), package) == "2"
    add_to_run(new, "wait-time", "2", metrics={"vs": 1.0}, files={"comparisons/vs.json": "{}"})
    if before is None:
        assert not old.exists()
    else:
        assert files(old) == before
    assert not list(elsewhere.iterdir())
    assert downloaded(new, "1", tmp_path / "one") == {"manifest.json": b"{}"}
    assert downloaded(new, "2", tmp_path / "two") == {"manifest.json": b'{"second": 1}'}
    written = [path for path in tmp_path.rglob("manifest.json") if b"second" in path.read_bytes()]
    assert sum(path.is_relative_to(new) for path in written) == 1
    assert {p.name for p in tmp_path.iterdir()} <= {"A", "B", "made", "elsewhere", "one", "two"}


def test_a_store_of_before_is_taken_over(tmp_path: Path, first: Path, package: Path) -> None:
    """Its absolute addresses become those of the home in which it stands, and nothing of them is left."""
    old, new = tmp_path / "A", tmp_path / "B"
    shutil.copytree(first, old)
    was = (old / "mlflow-artifacts").resolve().as_uri()
    with closing(sqlite3.connect(old / "mlflow.db")) as connection, connection:
        for table, column in (
            ("experiments", "artifact_location"),
            ("runs", "artifact_uri"),
            ("model_versions", "source"),
        ):
            connection.execute(
                f"UPDATE {table} SET {column} = replace({column}, 'vigie:/mlflow-artifacts', ?)",  # noqa: S608
                (was,),
            )
    old.rename(new)
    register(new, package)
    assert not old.exists()
    assert str(tmp_path).encode() not in (new / "mlflow.db").read_bytes()
    for version in ("1", "2"):
        assert downloaded(new, version, tmp_path / version) == {"manifest.json": b"{}"}


def test_an_address_outside_the_home_is_refused(tmp_path: Path) -> None:
    """And one whose home nobody can tell."""
    uri = tracking_uri(tmp_path)
    assert home_of(uri) == tmp_path.resolve()
    for address in ("vigie:/../other", "vigie:/a/../../b", "vigie:/%2e%2e/b"):
        with pytest.raises(MlflowException, match="outside of its home"):
            HomeArtifactRepository(address, uri)
    with pytest.raises(MlflowException, match="sqlite:///HOME"):
        HomeArtifactRepository("vigie:/mlflow-artifacts", "http://localhost:5000")


def _synced(connection: sqlite3.Connection) -> tuple[str, int]:
    """The file of a connection, and how it waits for the disk: 0: not at all, 2: at each transaction."""
    (_, _, name), *_rest = connection.execute("PRAGMA database_list").fetchall()
    return Path(name).name, connection.execute("PRAGMA synchronous").fetchone()[0]


def test_a_new_store_waits_for_the_disk_at_its_end_alone(tmp_path: Path, package: Path) -> None:
    """MLflow's migrations are many; whatever is written to the store in its place is durable as ever."""
    seen = set()
    pool = Engine, "commit", lambda connection: seen.add(_synced(connection.connection.driver_connection))
    event.listen(*pool)
    try:
        register(tmp_path / "home", package)
    finally:
        event.remove(*pool)
    assert {how for name, how in seen if name == "mlflow.db.new"} == {0}
    assert {how for name, how in seen if name == "mlflow.db"} == {2}


def test_what_a_version_is_given_is_few_transactions(tmp_path: Path, first: Path) -> None:
    """Each waits for the disk: hundreds of figures would take seconds. All of them are there."""
    home, commits = tmp_path / "home", []
    shutil.copytree(first, home)
    figures = {f"figure {number}": number / 7 for number in range(250)}
    counted = Engine, "commit", commits.append
    event.listen(*counted)
    try:
        add_to_run(home, "wait-time", "1", metrics=figures, files={})
    finally:
        event.remove(*counted)
    client = client_of(home)
    run = client.get_run(client.get_model_version("wait-time", "1").run_id)
    assert run.data.metrics == {"mae": 2.0, **figures}
    assert len(commits) < 20
