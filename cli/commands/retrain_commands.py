"""`vigie retrain --if-due`: a candidate where one is due, and why; never a release."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.arguments import AuthorKey, Json, MappingFile, ModelName, TablesPath, Threads
from cli.installation import boarding_threshold, now, read_settings, read_tables
from cli.mlflow_note import show_in_mlflow
from cli.reader import said, say
from cli.usage_text import refused
from hospital.errors import VigieError

if TYPE_CHECKING:
    from hospital.ingest.hospital_reader import HospitalTables
    from registry.monitoring.retraining_due import Due
    from registry.settings import Settings
    from registry.trust.keys import Key

__all__ = ["app"]

app = typer.Typer()


@app.command()
def retrain(
    data: TablesPath,
    if_due: Annotated[bool, typer.Option("--if-due")] = False,
    model: Annotated[ModelName | None, typer.Option()] = None,
    mapping: MappingFile = None,
    key: AuthorKey = None,
    threads: Threads = 1,
    as_json: Json = False,
) -> int:
    """Train a candidate where one is due, never a release.

    Exit codes: 0 trained, 1 not due, 2 an error.
    """
    if not if_due:
        raise refused("if_due", "--if-due")
    from registry.monitoring.retraining_due import due
    from registry.package.manifest import MODELS
    from registry.record.database import opened_database
    from registry.trust.keys import load_key

    settings, started = read_settings(), now()
    author = load_key(key) if key else None
    tables = read_tables(settings, data, mapping)
    results: list[dict[str, Any]] = []
    for name in [model] if model else MODELS:
        with opened_database(settings.database) as engine, engine.connect() as connection:
            state = due(settings, connection, name, tables, now=started)
        version = None
        if state.due:
            version = _train(name, state, tables, settings, author, threads, started, hidden=as_json)
        results.append(state.for_machines() | {"version": version})
        if not as_json:
            _print_result(state, version)
    if as_json:
        print(json.dumps(results))
    return 0 if any(result["version"] is not None for result in results) else 1


def _train(
    model: str,
    state: "Due",
    tables: "HospitalTables",
    settings: "Settings",
    author: "Key | None",
    threads: int,
    started: datetime,
    *,
    hidden: bool,
) -> str:
    """Trains the model that is due; returns its version."""
    from cli.progress import bar
    from training.packages.xgboost_loading import load_alone

    load_alone()
    from training.packages.package_request import Request
    from training.train import train

    horizons = state.horizons_hours if model == "bed-demand" else ()
    threshold = boarding_threshold(settings)
    request = Request(model, horizons, None, 1, threads, ablation=False, boarders_above=threshold)
    comment = said("retrain.comment", reasons=state.reasons)
    try:
        with bar(hidden=hidden) as progress:
            done = train(
                request, tables, settings, key=author, now=started, progress=progress, comment=comment
            )
    except VigieError as error:
        raise VigieError("verbs.retrain.failed", model=model, why=error) from None
    show_in_mlflow(settings, model)
    return done.candidate.version


def _print_result(state: "Due", version: str | None) -> None:
    if version is None:
        say("retrain.not_due", model=state.model, obstacles=state.obstacles)
        for reason in state.reasons:
            say("retrain.though", reason=reason)
        return
    say("retrain.done", model=state.model, version=version, reasons=state.reasons)
    say("retrain.next", command=f"vigie check {state.model} {version}")
