"""`vigie train`, `compare`, `explain`, `why` and `counterfactual`: a version, another beside it, and what it says."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import (
    AuthorKey,
    ExplainedNumber,
    HorizonsOption,
    Json,
    LanguageOption,
    MappingFile,
    Model,
    Prediction,
    Seed,
    TablesPath,
    Threads,
    day,
)
from cli.installation import boarding_threshold, now, read_settings, read_tables
from cli.mlflow_note import show_in_mlflow
from cli.reader import note, say, spoken_language
from cli.training_summary import print_summary
from hospital.errors import VigieError
from hospital.words.messages import Lines, message

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from hospital.dataset.splits import Kind
    from hospital.ingest.reading_findings import Finding
    from registry.record.tokens import Caller
    from registry.settings import Settings
    from serving.explanations.given_predictions import GivenPredictions
    from training.train import Trained

__all__ = ["app"]

app = typer.Typer()


TestFrom = Annotated[date | None, typer.Option("--test-from", metavar="DATE", parser=day)]
BaselineOnly = Annotated[
    bool,
    typer.Option("--baseline-only"),
]
Tune = Annotated[
    int | None,
    typer.Option(
        "--tune",
        metavar="N",
        min=1,
        max=500,
    ),
]
NoAblation = Annotated[bool, typer.Option("--no-ablation")]
Comment = Annotated[str, typer.Option("--comment", metavar="TEXT")]


@app.command()
def train(
    model: Model,
    data: TablesPath,
    mapping: MappingFile = None,
    horizons: HorizonsOption = None,
    test_from: TestFrom = None,
    key: AuthorKey = None,
    baseline_only: BaselineOnly = False,
    tune: Tune = None,
    no_ablation: NoAblation = False,
    seed: Seed = 1,
    threads: Threads = 1,
    comment: Comment = "",
    as_json: Json = False,
) -> int:
    """Train a model and register it as a candidate."""
    from cli.progress import bar
    from registry.trust.keys import load_key
    from serving.supervisor import make_home
    from training.packages.xgboost_loading import load_alone

    load_alone()
    from training.packages.package_request import Request
    from training.train import train as train_model

    settings, author = read_settings(), load_key(key) if key else None
    make_home(settings.home)
    tables = read_tables(settings, data, mapping)
    test_start = _start(test_from, tables.zone) if test_from else None
    kind: Kind = "baseline" if baseline_only else "model"
    request = Request(
        model,
        horizons or (),
        test_start,
        seed,
        threads,
        kind,
        trials=tune or 0,
        ablation=not no_ablation,
        boarders_above=boarding_threshold(settings),
    )
    with bar() as progress:
        done = train_model(
            request, tables, settings, key=author, now=now(), progress=progress, comment=comment
        )
    show_in_mlflow(settings, model)
    _print_notes(done, tables.findings, baseline=baseline_only, as_json=as_json)
    _print_trained(done, signed=author is not None, as_json=as_json)
    return 0


def _start(first: date, zone: "ZoneInfo") -> int:
    """The instant at which a day begins in a hospital's zone.

    Raises:
        VigieError: the zone never had that day.
    """
    from hospital.times import TimeError, instant, start_of_day

    try:
        return instant(start_of_day(first, zone))
    except TimeError:
        raise VigieError("verbs.train.no_such_day", zone=str(zone), day=first) from None


def _print_notes(done: "Trained", findings: "Iterable[Finding]", *, baseline: bool, as_json: bool) -> None:
    """What the author should know; beside JSON it goes to standard error, so that machines can read the output."""
    from hospital.dataset.splits import BASELINE_FIRST_DAYS

    stream = sys.stderr if as_json else sys.stdout
    for finding in findings:
        note(f"{finding.table}: {finding.words(spoken_language())}", to=stream)
    if not baseline and done.days < BASELINE_FIRST_DAYS:
        note(message("verbs.train.short_history", n=round(done.days)), to=stream)


def _print_trained(done: "Trained", *, signed: bool, as_json: bool) -> None:
    candidate = done.candidate
    if as_json:
        body = {"model": candidate.model, "version": candidate.version, "metrics": done.metrics}
        print(json.dumps(body))
        return
    print_summary(done, signed=signed)


@app.command()
def compare(
    model: Model,
    first: Annotated[str, typer.Argument(metavar="A")],
    second: Annotated[str, typer.Argument(metavar="B")],
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR|FILE"),
    ] = None,
    mapping: MappingFile = None,
    as_json: Json = False,
    language: LanguageOption = None,
) -> int:
    """Compare two versions on rows that neither was trained on."""
    from cli.progress import bar
    from registry.compare.comparison import compare as compare_versions
    from registry.compare.comparison_table import print_comparison
    from registry.mlflow_store import add_to_run

    settings = read_settings()
    tables = read_tables(settings, data, mapping) if data else None
    with bar(hidden=as_json) as progress:
        comparison = compare_versions(settings, model, first, second, tables=tables, progress=progress)
    body = comparison.for_machines()
    files = {f"comparisons/vs-{first}.json": json.dumps(body, indent=2)}
    add_to_run(settings.home, model, second, metrics=comparison.metrics(), files=files)
    if as_json:
        print(json.dumps(body))
    else:
        print_comparison(comparison, language or settings.language)
    return 0


@app.command()
def explain(
    model: Model,
    data: TablesPath,
    out: Annotated[Path, typer.Option(metavar="FILE.parquet", show_default=False)],
    version: Annotated[str | None, typer.Option(metavar="N")] = None,
    mapping: MappingFile = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg")] = None,
    language: LanguageOption = None,
) -> int:
    """Forecast and explain every row, into one Parquet file."""
    from cli.progress import bar
    from hospital.mapping.mapping_file import load_mapping
    from registry.bulk.plot import plot_drivers, plottable
    from registry.bulk.run import Request, explain_all

    settings = read_settings()
    if plot is not None:
        plottable(plot)
    columns = load_mapping(mapping) if mapping else None
    spoken = language or settings.language
    request = Request(model, version, data, columns, out, spoken)
    with bar() as progress:
        done = explain_all(
            request, settings, progress=progress, tell=lambda words: note(words, spoken, to=sys.stderr)
        )
    for finding in done.findings:
        note(f"{finding.table}: {finding.words(spoken)}", spoken)
    if done.kept:
        say("explain.kept", spoken, n=done.kept, parts=done.parts)
    say("explain.rows", spoken, n=done.rows, model=model, version=done.subject.version, out=out)
    if plot is not None:
        plot_drivers(out, plot)
        say("explain.drawn", spoken, plot=plot)
    return 0


@app.command()
def why(
    prediction: Prediction,
    of: ExplainedNumber = "p50",
    since: Annotated[str | None, typer.Option("--since", metavar="TIME")] = None,
    against: Annotated[str | None, typer.Option("--against", metavar="ID")] = None,
    language: LanguageOption = None,
    as_json: Json = False,
) -> int:
    """Say why a prediction is as it is, differs from another, or is as uncertain."""
    from serving.messages.counterfactual_bodies import explanation_request
    from serving.messages.explain_options import explain_options

    other = {name: v for name, v in (("at", since), ("prediction_id", against)) if v is not None} or "typical"
    settings = read_settings()
    with _given(settings) as (given, connection, caller, at):
        body = {"prediction_id": prediction, "explain": {"of": of, "reference": other}}
        request = explanation_request(body, at)
        options = explain_options(request.explain, language or settings.language)
        found = given.explanation(connection, caller, request.prediction_id, options, at)
    print(found.model_dump_json() if as_json else "\n".join(found.explanation["reasons"]))
    return 0


@app.command()
def counterfactual(
    prediction: Prediction,
    at_most: Annotated[float | None, typer.Option("--at-most", metavar="NUMBER")] = None,
    at_least: Annotated[float | None, typer.Option("--at-least", metavar="NUMBER")] = None,
    of: ExplainedNumber = "p50",
    language: LanguageOption = None,
    as_json: Json = False,
) -> int:
    """Say what the model would say of a prediction if a lever stood elsewhere."""
    from serving.messages.counterfactual_bodies import counterfactual_request
    from serving.messages.question_records import ExplainOptions

    body = {"prediction_id": prediction, "of": of, "at_most": at_most, "at_least": at_least}
    settings = read_settings()
    with _given(settings) as (given, connection, caller, at):
        request = counterfactual_request(body)
        options = ExplainOptions(0, "typical", language or settings.language)
        found = given.counterfactuals(connection, caller, request, options, at)
    said = [*(c.sentence for c in found.counterfactuals), *found.sentences]
    print(found.model_dump_json() if as_json else "\n".join(said))
    return 0


@contextmanager
def _given(settings: "Settings") -> "Iterator[tuple[GivenPredictions, Connection, Caller, int]]":
    """What explains predictions; what is wrong with the question is said as any error of the command line."""
    from serving.composition import recorded_predictions
    from serving.errors import Problem

    try:
        with recorded_predictions(settings) as found:
            yield found
    except Problem as problem:
        faults = tuple(message("verbs.why.fault", path=f.path, what=f) for f in problem.faults)
        if not faults:
            raise
        raise VigieError("verbs.why.refused", why=problem, faults=Lines(faults)) from None
