"""MLflow: where data scientists find every version with its parameters, metrics and package. The one importer.

MLflow is the workshop's book, not the chain of trust: moving an alias there changes nothing that is served.
"""

import fcntl
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")

import logging

import mlflow.pyfunc
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry
from mlflow.types import ColSpec, Schema
from mlflow.types.schema import AnyType
from sqlalchemy import Engine, event

from registry.digests import sync_folder
from registry.errors import StoreError
from registry.mlflow_artifacts import ROOT, SCHEME, HomeArtifactRepository
from registry.mlflow_database import make_relative, require_writable
from registry.mlflow_records import Data, Flavour
from registry.settings import sqlite_url

__all__ = ["add_to_run", "mark", "record", "tracking_uri"]

_EXPERIMENT = "vigie"
_EXAMPLE = "input_example.json"
_AT_ONCE = 100
"""Of parameters, the most that MLflow takes in a transaction."""
_DIGEST_LENGTH = 36
"""How much of a digest MLflow keeps; the source has the whole."""

_artifact_repository_registry.register(SCHEME, HomeArtifactRepository)

for _name in ("mlflow", "alembic"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def tracking_uri(home: Path) -> str:
    """MLflow's store of an installation."""
    return sqlite_url(home / "mlflow.db")


_NOTICE = (
    "For data scientists. Not what is served: the service reads the newest signed release alone, and answers by the "
    "best baseline outside its trusted scope, of which this model knows nothing."
)


def record(
    home: Path,
    model: str,
    package: Path,
    flavour: Flavour,
    *,
    data: Data,
    parameters: Mapping[str, object],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> str:
    """Records a run with the package as artefact and registers it as a new version; returns its number.

    Raises:
        StoreError: the store cannot be read or written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(home):
            _make_store(home)
        client = MlflowClient(tracking_uri(home), tracking_uri(home))
        run = client.create_run(_experiment(client), run_name=model, tags=dict(tags))
        _log(client, run.info.run_id, parameters, metrics)
        client.log_artifacts(run.info.run_id, str(package), "package")
        _log_flavour(client, run.info.run_id, flavour)
        client.log_inputs(run.info.run_id, [_dataset(data)])
        client.set_terminated(run.info.run_id)
        try:
            client.create_registered_model(model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = client.create_model_version(
            model, run.info.artifact_uri, run.info.run_id, tags=dict(tags), description=_NOTICE
        )
    except (MlflowException, OSError) as error:
        raise StoreError("registry.mlflow.unusable", home=home, kind=type(error).__name__) from None
    return str(version.version)


def _log(
    client: MlflowClient, run_id: str, parameters: Mapping[str, object], metrics: Mapping[str, float]
) -> None:
    """Many in a transaction: one by one each waits for the disk, some hundred times."""
    params = [Param(name, str(value)) for name, value in parameters.items()]
    at = time.time_ns() // 1_000_000
    figures = [Metric(name, number, at, 0) for name, number in metrics.items()]
    for first in range(0, max(len(params), len(figures)), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        client.log_batch(run_id, metrics=figures[some], params=params[some])


def _log_flavour(client: MlflowClient, run_id: str, flavour: Flavour) -> None:
    """Writes ``MLmodel`` and its example beside the package, in which a file more would be one that nobody signed."""
    inputs = [
        ColSpec(AnyType() if kind == "any" else kind, name, name not in flavour.optional)
        for name, kind in flavour.inputs.items()
    ]
    outputs = [ColSpec("double", name) for name in flavour.outputs]
    described = Model(
        run_id=run_id,
        signature=ModelSignature(Schema(inputs), Schema(outputs)),
        metadata={"notice": _NOTICE},
        saved_input_example_info={
            "artifact_path": _EXAMPLE,
            "type": "dataframe",
            "pandas_orient": "split",
        },
    )
    mlflow.pyfunc.add_to_model(described, loader_module=flavour.loader, data="package")
    with tempfile.TemporaryDirectory(prefix="vigie-") as folder:
        described.save(str(Path(folder) / "MLmodel"))
        (Path(folder) / _EXAMPLE).write_text(flavour.example)
        client.log_artifacts(run_id, folder)


def _dataset(data: Data) -> DatasetInput:
    source = json.dumps({"data_digest": data.digest, "seal_digest": data.seal})
    dataset = Dataset(
        "hospital tables",
        data.digest.removeprefix("sha256:")[:_DIGEST_LENGTH],
        "vigie-snapshot",
        source,
        profile=json.dumps({f"rows of {table}": rows for table, rows in sorted(data.rows.items())}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def add_to_run(
    home: Path,
    model: str,
    version: str,
    *,
    metrics: Mapping[str, float],
    files: Mapping[str, str],
    tags: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Adds what a check or a comparison found to the run of a version: figures, texts by their paths, and tags.

    Raises:
        StoreError: the store cannot be read or written, or does not know the version.
    """
    with _taken(home):
        client = MlflowClient(tracking_uri(home), tracking_uri(home))
        run_id = str(client.get_model_version(model, version).run_id)
        for name, text in files.items():
            client.log_text(run_id, text, name)
        for tag, value in tags.items():
            client.set_tag(run_id, tag, value)
        _log(client, run_id, {}, metrics)


def mark(
    home: Path,
    model: str,
    tags: Mapping[str, Mapping[str, str]],
    ours: Collection[str],
    aliases: Mapping[str, str | None],
) -> None:
    """Sets tags and aliases of a model's versions, and takes away what is not among them.

    Args:
        tags: by version.
        ours: tags that are taken away where they are not given; others are left alone.
        aliases: the version of each; None: of none.

    Raises:
        StoreError: the store cannot be read or written, or does not know one of the versions.
    """
    with _taken(home):
        client = MlflowClient(tracking_uri(home), tracking_uri(home))
        there = {str(v.version): v.tags for v in client.search_model_versions(f"name = '{model}'")}
        for version in sorted(set(tags) & set(there), key=int):
            given = tags[version]
            for name in [n for n in ours if n in there[version] and n not in given]:
                client.delete_model_version_tag(model, version, name)
            for name in [n for n in given if there[version].get(n) != given[n]]:
                client.set_model_version_tag(model, version, name, given[name])
        standing = client.get_registered_model(model).aliases if there else {}
        for alias, wanted in aliases.items():
            if wanted in there:
                client.set_registered_model_alias(model, alias, wanted)
            elif alias in standing:
                client.delete_registered_model_alias(model, alias)
    unknown = sorted(set(tags) - set(there), key=int)
    if unknown:
        raise StoreError("registry.mlflow.unknown", home=home, model=model, versions=", ".join(unknown))


@contextmanager
def _taken(home: Path) -> Iterator[None]:
    """What is written inside is taken by the store, or a StoreError says so."""
    try:
        require_writable(home)
        yield
    except (MlflowException, OSError, sqlite3.Error) as error:
        raise StoreError("registry.mlflow.not_taken", home=home, kind=type(error).__name__) from None


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    """Two trainings begun together would both make the store's tables, and each find the other's half."""
    with open(home / "mlflow.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_store(home: Path) -> None:
    """Makes the store aside and puts it in place whole: a run may be stopped while its tables are made."""
    path, building = home / "mlflow.db", home / "mlflow.db.new"
    if path.exists():
        make_relative(path)
        return
    for left in home.glob("mlflow.db.new*"):
        left.unlink()
    with _unsynced(building):
        MlflowClient(sqlite_url(building)).search_experiments()
    make_relative(building)
    with closing(sqlite3.connect(building)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with building.open("rb+") as file:
        os.fsync(file.fileno())
    os.rename(building, path)
    sync_folder(home)


@contextmanager
def _unsynced(building: Path) -> Iterator[None]:
    """Connections to this file wait for no disk: MLflow's hundred migrations are synced whole, at their end."""

    def relax(connection: sqlite3.Connection, _: object) -> None:
        (_, _, name), *_rest = connection.execute("PRAGMA database_list").fetchall()
        if name == os.path.realpath(building):
            connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", relax)
    try:
        yield
    finally:
        event.remove(Engine, "connect", relax)


def _experiment(client: MlflowClient) -> str:
    found = client.get_experiment_by_name(_EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    try:
        return str(client.create_experiment(_EXPERIMENT, artifact_location=ROOT))
    except MlflowException:  # somebody else made it in the meantime
        again = client.get_experiment_by_name(_EXPERIMENT)
        if again is None:
            raise
        return str(again.experiment_id)
